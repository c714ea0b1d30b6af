using MptTools.Bench.Report;
using MptTools.Bench.Tunnel;

namespace MptTools.Lab.Tests.Benchmark;

/// <summary>What the whole-tunnel benchmark is going to measure. Nothing is measured here.</summary>
public class PlanTests
{
    [Theory]
    [InlineData(600)]
    [InlineData(600, "--pwsh")]
    [InlineData(60, "--quick")]
    [InlineData(60, "--quick", "--only", "pwsh")]
    public void A_run_is_planned_within_what_it_promises(double promisedSeconds, params string[] arguments)
    {
        Plan plan = Make(arguments);
        Assert.NotEmpty(plan.Sections);
        Assert.InRange(plan.ExpectedSeconds, 1, promisedSeconds * 0.97);
        TimeBudget budget = TimeBudget.For(plan, arguments.Contains("--quick"));
        Assert.True(budget.Has(plan.ExpectedSeconds));
        Assert.False(budget.Has(promisedSeconds));
    }

    [Fact]
    public void Mappings_are_compared_on_request_only()
    {
        Assert.DoesNotContain(Make().Sections, section => section.Name == Names.Mapping);
        Assert.Equal(4, Assert.Single(Make("--only", Names.Mapping).Sections).Subjects.Count);
        Assert.Single(Assert.Single(Make("--only", Names.ByRules).Sections).Subjects);
    }

    [Fact]
    public void Quick_makes_the_main_table_in_one_round()
    {
        Section section = Assert.Single(Make("--quick").Sections);
        Assert.Equal((Names.Main, 1), (section.Name, section.Rounds));
        Assert.Equal([Names.Veth, Names.Vxlan, Names.OnePath, Names.TwoPaths], section.Subjects.Select(subject => subject.Name));
    }

    [Fact]
    public void Quick_makes_another_section_where_one_is_named() =>
        Assert.Equal(Names.Connections, Assert.Single(Make("--quick", "--only", Names.Connections).Sections).Name);

    [Fact]
    public void A_kind_of_which_nothing_is_named_is_not_restricted()
    {
        Plan plan = Make("--only", "udp64,veth,one-path", "--rounds", "7");
        Section section = Assert.Single(plan.Sections);
        Assert.Equal((Names.Main, 7), (section.Name, section.Rounds));
        Assert.Equal([Names.Veth, Names.OnePath], section.Subjects.Select(subject => subject.Name));
        Assert.Equal(["udp64"], section.Loads.Select(load => load.Name));
    }

    [Fact]
    public void Pwsh_is_measured_only_where_it_is_asked_for()
    {
        Assert.DoesNotContain(Make().Sections, section => section.Name == Names.Pwsh);
        Assert.Contains(Make("--pwsh").Sections, section => section.Name == Names.Pwsh);
        Assert.Equal(Names.Pwsh, Assert.Single(Make("--only", "pwsh").Sections).Name);
        Assert.Null(Plan.Make(TunnelOptions.Parse(["--quick", "--pwsh"], out _)!, Sections.All(quick: true), out string fault));
        Assert.Contains("--only pwsh", fault);
    }

    [Fact]
    public void What_asks_for_more_than_fits_takes_its_time()
    {
        Plan plan = Make("--quick", "--rounds", "100");
        Assert.True(TimeBudget.For(plan, quick: true).Has(plan.ExpectedSeconds));
    }

    [Fact]
    public void An_unknown_name_is_answered_with_those_there_are()
    {
        TunnelOptions options = TunnelOptions.Parse(["--only", "tcp2"], out _)!;
        Assert.Null(Plan.Make(options, Sections.All(options.Quick), out string fault));
        Assert.Contains("'tcp2'", fault);
        Assert.All(["tcp1", Names.Connections, Names.TwoPaths], name => Assert.Contains(name, fault));
    }

    [Fact]
    public void Every_bar_is_about_something_that_is_measured()
    {
        Results results = new();
        foreach ((Section section, SubjectSpec subject, Metric metric) in
            from section in Make("--pwsh").Sections.Concat(Make("--only", Names.Mapping).Sections) from subject in section.Subjects from metric in Metric.All select (section, subject, metric))
        {
            results.Add(new Sample(section.Name, 1, subject.Name, metric.Name, 1));
        }
        Assert.All(Bars.All, bar => Assert.NotNull(bar.Figure(results)));
    }

    private static Plan Make(params string[] arguments)
    {
        TunnelOptions? options = TunnelOptions.Parse(arguments, out string fault);
        Assert.True(options is not null, fault);
        Plan? plan = Plan.Make(options, Sections.All(options.Quick), out fault);
        Assert.True(plan is not null, fault);
        return plan;
    }
}
