namespace MptTools.Bench.Report;

/// <summary>What this product wants to reach, on two cores that carry both ends and the traffic's source and sink as well.</summary>
internal static class Bars
{
    internal static IReadOnlyList<Bar> All { get; } =
    [
        Ratio("TCP 1 stream, one path, of bare veth", InMain(Names.OnePath, Metric.Tcp1), InMain(Names.Veth, Metric.Tcp1), 0.33),
        Ratio("TCP 1 stream, two paths, of one path", InMain(Names.TwoPaths, Metric.Tcp1), InMain(Names.OnePath, Metric.Tcp1), 0.9),
        Ratio("TCP 4 streams of 1, one path", InMain(Names.OnePath, Metric.Tcp4), InMain(Names.OnePath, Metric.Tcp1), 0.85),
        Ratio("TCP 1 stream, plain links, of bare veth", In(Names.PlainLinks, Names.OnePath, Metric.Tcp1), In(Names.PlainLinks, Names.Veth, Metric.Tcp1), 0.6),
        // 1.5 Gbit/s where bare veth carries 40.
        Ratio("TCP 1 stream, no offload of ours, of bare veth", In(Names.Offloads, Names.Without("all"), Metric.Tcp1), In(Names.Offloads, Names.Veth, Metric.Tcp1), 0.0375),
        Ratio("UDP 64 B, one path, of bare veth", InMain(Names.OnePath, Metric.Udp64), InMain(Names.Veth, Metric.Udp64), 0.9),
        Ratio("UDP 64 B, one path, of VXLAN", InMain(Names.OnePath, Metric.Udp64), InMain(Names.Vxlan, Metric.Udp64), 1.5),
        AtMost("CPU of both ends per GB, TCP 1 stream", InMain(Names.OnePath, Metric.CpuPerGigabyte), 0.5, "s"),
        AtMost("CPU per million packets of steady UDP", InMain(Names.OnePath, Metric.CpuPerMillionPackets), 6, "s"),
        AtMost("round trip, mean", InMain(Names.OnePath, Metric.PingAverage), 80, "us"),
        // A whole run has more than a minute of full load on it.
        new("garbage collections in all rounds", Names.Main, results => results.Total(InMain(Names.OnePath, Metric.Collections)), 0, AtLeast: false),
        Ratio("1000 connections, 1 stream, of 1 connection", Of1000(Metric.Tcp1), Of1(Metric.Tcp1), 0.9),
        Ratio("1000 connections, 10 streams, of 1 connection", Of1000(Metric.Tcp10), Of1(Metric.Tcp10), 0.9),
        AtMost("memory with 1 connection", Of1(Metric.Resident), 64, "MiB"),
        new("memory for each connection more", Names.Connections,
            results => results.Difference(Of1000(Metric.Resident), Of1(Metric.Resident))?.Times(1024.0 / 999), 256, AtLeast: false, "KiB"),
        Ratio("IPv6 in IPv4, of IPv4 in IPv4", Versions(6, 4), Versions(4, 4), 0.95),
        Ratio("IPv4 in IPv6, of IPv4 in IPv4", Versions(4, 6), Versions(4, 4), 0.95),
        Ratio("IPv6 in IPv6, of IPv4 in IPv4", Versions(6, 6), Versions(4, 4), 0.95),
        Ratio("TCP 1 stream with 50 rules, of none", InMapping(Names.ByRules, Metric.Tcp1), InMapping(Names.ByPacket, Metric.Tcp1), 0.95),
        Ratio("UDP 64 B with 50 rules, of none", InMapping(Names.ByRules, Metric.Udp64), InMapping(Names.ByPacket, Metric.Udp64), 0.95),
        Ratio("TCP 1 stream inside pwsh, of mptsrv", In(Names.Pwsh, Names.InPwsh, Metric.Tcp1), In(Names.Pwsh, Names.OnePath, Metric.Tcp1), 0.85),
    ];

    private static SeriesKey In(string section, string subject, Metric metric) => new(section, subject, metric.Name);

    private static SeriesKey InMain(string subject, Metric metric) => In(Names.Main, subject, metric);

    private static SeriesKey InMapping(string subject, Metric metric) => In(Names.Mapping, subject, metric);

    private static SeriesKey Of1(Metric metric) => In(Names.Connections, Names.ConnectionsOf(1), metric);

    private static SeriesKey Of1000(Metric metric) => In(Names.Connections, Names.ConnectionsOf(1000), metric);

    private static SeriesKey Versions(int inner, int outer) => In(Names.IPv6, Names.Versions(inner, outer), Metric.Tcp1);

    private static Bar Ratio(string text, SeriesKey key, SeriesKey reference, double limit) =>
        new(text, key.Section, results => results.Ratio(key, reference), limit);

    private static Bar AtMost(string text, SeriesKey key, double limit, string unit) =>
        new(text, key.Section, results => results.Of(key), limit, AtLeast: false, unit);
}
