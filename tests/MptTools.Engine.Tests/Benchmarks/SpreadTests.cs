using MptTools.Bench.Report;

namespace MptTools.Engine.Tests.Benchmarks;

public class SpreadTests
{
    private static readonly SeriesKey Ours = new("main", "one-path", "tcp1"), Bare = new("main", "veth", "tcp1");

    [Fact]
    public void NothingHasNoSpread() => Assert.Null(Spread.Of([]));

    [Fact]
    public void OneValueIsItsOwnMedian() => Assert.Equal(new Spread(7, 7, 7, 1), Spread.Of([7]));

    [Fact]
    public void OfAnOddNumberTheMiddleOneIsTheMedian() => Assert.Equal(new Spread(1, 3, 100, 5), Spread.Of([100, 3, 1, 2, 5]));

    [Fact]
    public void OfAnEvenNumberTheMeanOfTheTwoInTheMiddleIs() => Assert.Equal(new Spread(1, 2.5, 9, 4), Spread.Of([9, 1, 3, 2]));

    [Fact]
    public void HalfOfAllValuesAreOnEachSideOfTheMedian() => PropertyCheck.Holds(PropertyCheck.AnyUInt32, seed =>
    {
        Random random = new((int)seed);
        double[] values = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => (double)random.Next(10))];
        Spread spread = Spread.Of(values)!.Value;
        return spread.Minimum == values.Min() && spread.Maximum == values.Max() && spread.Count == values.Length
            && values.Count(value => value <= spread.Median) * 2 >= values.Length
            && values.Count(value => value >= spread.Median) * 2 >= values.Length;
    });

    [Fact]
    public void RatiosAreTakenWithinARoundAndThenTheirMedian()
    {
        // The machine was five times as fast in round 2. The ratio of the medians would be 4 / 10.
        Results results = Of((Ours, [4, 20, 3]), (Bare, [8, 50, 10]));
        Assert.Equal(new Spread(0.3, 0.4, 0.5, 3), results.Ratio(Ours, Bare));
        results = Of((Ours, [1, 2, 90]), (Bare, [10, 4, 100]));
        Assert.Equal(0.5, results.Ratio(Ours, Bare)!.Value.Median);
        Assert.Equal(0.2, results.Of(Ours)!.Value.Median / results.Of(Bare)!.Value.Median, precision: 12);
    }

    [Fact]
    public void ARoundThatLacksOneOfTheTwoDoesNotCount()
    {
        Results results = Of((Ours, [1, 2]));
        results.Add(new Sample(Bare.Section, 2, Bare.Subject, Bare.Metric, 8));
        results.Add(new Sample(Bare.Section, 3, Bare.Subject, Bare.Metric, 16));
        Assert.Equal(new Spread(0.25, 0.25, 0.25, 1), results.Ratio(Ours, Bare));
    }

    [Fact]
    public void NothingIsDividedByZeroOrByWhatWasNotMeasured()
    {
        Assert.Null(Of((Ours, [1, 2]), (Bare, [0, 0])).Ratio(Ours, Bare));
        Assert.Null(Of((Ours, [1, 2])).Ratio(Ours, Bare));
    }

    [Fact]
    public void DifferencesAreTakenWithinARound() =>
        Assert.Equal(new Spread(1, 2, 30, 3), Of((Ours, [11, 52, 130]), (Bare, [10, 50, 100])).Difference(Ours, Bare));

    [Fact]
    public void OneCollectionInOneRoundCounts()
    {
        SeriesKey collections = new(Names.Main, Names.OnePath, Metric.Collections.Name);
        Bar bar = Bars.All.Single(bar => bar.Text.Contains("collections"));
        Assert.False(bar.IsPassed(bar.Figure(Of((collections, [0, 0, 1])))!.Value.Median));
        Assert.True(bar.IsPassed(bar.Figure(Of((collections, [0, 0, 0])))!.Value.Median));
        Assert.Null(bar.Figure(new Results()));
    }

    [Fact]
    public void SeriesOfOtherSectionsAndMetricsAreApart()
    {
        Results results = Of((Ours, [1]), (Ours with { Section = "threads" }, [2]), (Ours with { Metric = "tcp4" }, [3]), (Bare, [4]));
        Assert.Equal(1, results.Of(Ours)!.Value.Median);
        Assert.True(results.Has("threads"));
        Assert.False(results.Has("ipv6"));
    }

    [Fact]
    public void BarsArePassedAtTheirLimit()
    {
        Bar atLeast = new("", "main", _ => null, 0.9), atMost = atLeast with { AtLeast = false };
        Assert.Equal((true, true, false), (atLeast.IsPassed(0.9), atLeast.IsPassed(1), atLeast.IsPassed(0.8999)));
        Assert.Equal((true, false, true), (atMost.IsPassed(0.9), atMost.IsPassed(1), atMost.IsPassed(0.8999)));
    }

    [Fact]
    public void EveryBarIsFoundAmongResultsThatHaveEverything()
    {
        Results results = new();
        string[] subjects =
        [
            Names.Veth, Names.Vxlan, Names.OnePath, Names.TwoPaths, Names.ByPacket, Names.ByRules, Names.InPwsh, Names.Without("all"), Names.ConnectionsOf(1), Names.ConnectionsOf(1000),
            .. from inner in (int[])[4, 6] from outer in (int[])[4, 6] select Names.Versions(inner, outer),
        ];
        string[] sections = [Names.Main, Names.PlainLinks, Names.Offloads, Names.Threads, Names.IPv6, Names.Connections, Names.Mapping, Names.Pwsh];
        foreach ((string section, string subject, Metric metric) in
            from section in sections from subject in subjects from metric in Metric.All select (section, subject, metric))
        {
            results.Add(new Sample(section, 1, subject, metric.Name, subject == Names.ConnectionsOf(1000) ? 1000 : 1));
        }
        Assert.All(Bars.All, bar => Assert.NotNull(bar.Figure(results)));
        // 999 MiB more for 999 connections more.
        Assert.Equal(1024, Bars.All.Single(bar => bar.Unit == "KiB").Figure(results)!.Value.Median);
    }

    private static Results Of(params (SeriesKey Key, double[] Values)[] series)
    {
        Results results = new();
        foreach ((SeriesKey key, double[] values) in series)
        {
            for (int i = 0; i < values.Length; i++)
            {
                results.Add(new Sample(key.Section, i + 1, key.Subject, key.Metric, values[i]));
            }
        }
        return results;
    }
}
