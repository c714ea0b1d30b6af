namespace MptTools.Bench.Report;

/// <summary>What this product wants to reach, on two cores that carry both ends and the traffic's source and sink as well.</summary>
internal static class Bars
{
    private const double MegabytesPerMebibyte = 1.048576;

    internal static IReadOnlyList<Bar> All { get; } =
    [
        Ratio("TCP 1 stream, one path, of bare veth", InMain(Names.OnePath, Metric.Tcp1), InMain(Names.Veth, Metric.Tcp1), 0.33),
        Ratio("TCP 1 stream, two paths, of one path", InMain(Names.TwoPaths, Metric.Tcp1), InMain(Names.OnePath, Metric.Tcp1), 0.9),
        Ratio("TCP 4 streams of 1, one path", InMain(Names.OnePath, Metric.Tcp4), InMain(Names.OnePath, Metric.Tcp1), 0.85),
        Ratio("UDP 64 B, one path, of bare veth", InMain(Names.OnePath, Metric.Udp64), InMain(Names.Veth, Metric.Udp64), 0.9),
        Ratio("UDP 64 B, one path, of VXLAN", InMain(Names.OnePath, Metric.Udp64), InMain(Names.Vxlan, Metric.Udp64), 1.5),
        AtMost("CPU of both ends per GB, TCP 1 stream", InMain(Names.OnePath, Metric.CpuPerGigabyte), 0.5, "s"),
        AtMost("CPU per million packets of steady UDP", InMain(Names.OnePath, Metric.CpuPerMillionPackets), 6, "s"),
        AtMost("round trip, mean", InMain(Names.OnePath, Metric.PingAverage), 80, "us"),
        AtMost("garbage collections a round", InMain(Names.OnePath, Metric.Collections), 0, ""),
    ];

    private static SeriesKey InMain(string subject, Metric metric) => new(Names.Main, subject, metric.Name);

    private static Bar Ratio(string text, SeriesKey key, SeriesKey reference, double limit) =>
        new(text, key.Section, results => results.Ratio(key, reference), limit);

    private static Bar AtMost(string text, SeriesKey key, double limit, string unit) =>
        new(text, key.Section, results => results.Of(key), limit, AtLeast: false, unit);
}
