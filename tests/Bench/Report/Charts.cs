using System.Globalization;

namespace MptTools.Bench.Report;

/// <summary>The chart that README shows.</summary>
internal static class Charts
{
    private static readonly (string Name, string Title)[] Subjects =
        [(Names.Vxlan, "VXLAN (kernel)"), (Names.OnePath, "one path"), (Names.TwoPaths, "two paths")];

    /// <summary>Null where bare veth was not measured.</summary>
    internal static BarChart? Throughput(Results results)
    {
        List<ChartGroup> groups =
        [
            .. from metric in (Metric[])[Metric.Tcp1, Metric.Tcp4, Metric.Udp64, Metric.Udp1400]
               let bars = Group(results, Names.Main, metric, $"{metric.Title}, {metric.Unit}")
               where bars is not null
               select bars,
        ];
        if (Group(results, Names.PlainLinks, Metric.Tcp1, "TCP 1 stream, links without segmentation offload, Gbit/s") is { } plain)
        {
            groups.Add(plain);
        }
        double longest = groups.SelectMany(group => group.Bars).Select(bar => bar.Value).DefaultIfEmpty().Max();
        return groups.Count == 0 ? null : new BarChart(
            "Throughput, as a fraction of what the bare link carries",
            "Two network namespaces joined by veth pairs; both ends of the tunnel, source and sink share the same cores.\n" +
            "Medians of the ratios within a round; in brackets the rate itself.\n" +
            "Made by: dotnet run -c Release --project tests/Bench -- tunnel",
            Maximum: Math.Max(1.1, longest), Mark: 1, MarkLabel: "bare veth", groups);
    }

    private static ChartGroup? Group(Results results, string section, Metric metric, string title)
    {
        List<ChartBar> bars = [];
        for (int i = 0; i < Subjects.Length; i++)
        {
            SeriesKey key = new(section, Subjects[i].Name, metric.Name);
            if (results.Ratio(key, key with { Subject = Names.Veth }) is { } ratio && results.Of(key) is { } value)
            {
                string note = string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.00}  ({value.Median.ToString($"F{metric.Decimals}", CultureInfo.InvariantCulture)})");
                bars.Add(new ChartBar(Subjects[i].Title, ratio.Median, note, i));
            }
        }
        return bars.Count == 0 ? null : new ChartGroup(title, bars);
    }
}
