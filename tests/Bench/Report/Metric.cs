namespace MptTools.Bench.Report;

/// <summary>A quantity that is measured.</summary>
/// <param name="Name">What it is called on the command line and in the JSON file.</param>
/// <param name="Title">What it is called in tables.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Decimals">How many digits after the point a table shows.</param>
/// <param name="MoreIsBetter">False for times and losses.</param>
internal sealed record Metric(string Name, string Title, string Unit, int Decimals, bool MoreIsBetter = true)
{
    internal static readonly Metric Tcp1 = new("tcp1", "TCP 1 stream", "Gbit/s", 2);
    internal static readonly Metric Tcp4 = new("tcp4", "TCP 4 streams", "Gbit/s", 2);
    internal static readonly Metric Tcp10 = new("tcp10", "TCP 10 streams", "Gbit/s", 2);
    internal static readonly Metric Udp64 = new("udp64", "UDP 64 B received", "k/s", 1);
    internal static readonly Metric Udp64Loss = new("udp64-loss", "UDP 64 B lost", "%", 1, MoreIsBetter: false);
    internal static readonly Metric Udp1400 = new("udp1400", "UDP 1400 B received", "Mbit/s", 0);
    internal static readonly Metric Udp1400Loss = new("udp1400-loss", "UDP 1400 B lost", "%", 1, MoreIsBetter: false);
    internal static readonly Metric PingMinimum = new("ping-min", "ping, shortest", "us", 0, MoreIsBetter: false);
    internal static readonly Metric PingAverage = new("ping", "ping, mean", "us", 0, MoreIsBetter: false);
    internal static readonly Metric CpuPerGigabyte = new("cpu-gb", "CPU per GB, TCP 1", "s", 3, MoreIsBetter: false);
    internal static readonly Metric CpuPerMillionPackets = new("cpu-mpkt", "CPU per 1e6 packets", "s", 2, MoreIsBetter: false);
    internal static readonly Metric Resident = new("rss", "resident memory", "MiB", 1, MoreIsBetter: false);
    internal static readonly Metric ResidentPeak = new("rss-peak", "resident, highest", "MiB", 1, MoreIsBetter: false);
    internal static readonly Metric Collections = new("gc", "collections a round", "", 0, MoreIsBetter: false);
    internal static readonly Metric Allocated = new("allocated", "allocated a round", "KiB", 0, MoreIsBetter: false);

    /// <summary>In the order tables have them.</summary>
    internal static IReadOnlyList<Metric> All { get; } =
    [
        Tcp1, Tcp4, Tcp10, Udp64, Udp64Loss, Udp1400, Udp1400Loss, PingMinimum, PingAverage, CpuPerGigabyte, CpuPerMillionPackets,
        Resident, ResidentPeak, Collections, Allocated,
    ];
}

/// <summary>One value, as it was measured.</summary>
/// <param name="Section">The part of the benchmark.</param>
/// <param name="Round">From 1.</param>
/// <param name="Subject">What was measured.</param>
/// <param name="Metric">Which quantity of it.</param>
/// <param name="Value">In the metric's unit.</param>
internal readonly record struct Sample(string Section, int Round, string Subject, string Metric, double Value);

/// <summary>A metric of a subject, in one section.</summary>
internal readonly record struct SeriesKey(string Section, string Subject, string Metric);
