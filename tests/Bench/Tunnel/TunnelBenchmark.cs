using MptTools.Bench.Report;
using MptTools.Engine.ControlPlane;
using MptTools.Lab;
using MptTools.Lab.Tests;

namespace MptTools.Bench.Tunnel;

/// <summary>The whole-tunnel benchmark, from the command line to the files.</summary>
internal static class TunnelBenchmark
{
    internal static int Run(IReadOnlyList<string> arguments)
    {
        if (TunnelOptions.Parse(arguments, out string fault) is not { } options
            || Plan.Make(options, Sections.All(options.Quick), out fault) is not { } plan)
        {
            Console.Error.WriteLine($"bench: {fault}");
            return Program.Usage;
        }
        string?[] missing =
        [
            SystemTools.WhyMissing("ip") ?? LabNetwork.WhyUnavailable(), SystemTools.WhyMissing("iperf3"),
            SystemTools.Ensure("ethtool", "ethtool"), SystemTools.WhyMissing("ping"),
        ];
        if (missing.Any(reason => reason is not null))
        {
            Console.Error.WriteLine($"bench: The tunnel cannot be measured here. {string.Join(' ', missing.Where(reason => reason is not null))}");
            return Program.Failed;
        }
        return Measure(plan, options);
    }

    private static int Measure(Plan plan, TunnelOptions options)
    {
        TimeBudget budget = TimeBudget.For(plan, options.Quick);
        PrintPlan(plan);
        Results results = new();
        List<Fault> faults = [];
        double reserved = plan.ExpectedSeconds;
        foreach (Section section in plan.Sections)
        {
            reserved -= section.ExpectedSeconds;
            SectionRun run = new(section, results, Console.Out);
            try
            {
                run.Run(budget, reserved);
            }
            catch (Exception e) when (e is LabException or MptCommandException)
            {
                faults.Add(new Fault(section.Name, e.Message));
                Console.Error.WriteLine($"bench: {e.Message}");
            }
            faults.AddRange(run.Faults);
        }
        RunReport report = new(
            [.. plan.Sections.Select(section => new ReportSection(section.Name, section.Title, [.. section.Subjects.Select(subject => (subject.Name, subject.Title))]))],
            results, MachineFacts.OfThisMachine(), faults, budget.Elapsed);
        Console.Out.Write(report.Render());
        report.Save(options.Output);
        return faults.Count == 0 ? Program.Done : Program.Failed;
    }

    private static void PrintPlan(Plan plan)
    {
        Console.Out.WriteLine("Everything is built in network namespaces; nothing else on this machine is touched.");
        foreach (Section section in plan.Sections)
        {
            Console.Out.WriteLine($"  {section.Name}: {string.Join(", ", section.Subjects.Select(subject => subject.Name))}; " +
                $"{string.Join(", ", section.Loads.Select(load => load.Name))}; {section.Rounds} round(s), about {section.ExpectedSeconds:0} s");
        }
        Console.Out.WriteLine($"About {plan.ExpectedSeconds:0} s altogether.");
        Console.Out.WriteLine();
    }
}
