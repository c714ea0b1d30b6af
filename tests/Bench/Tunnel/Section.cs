using MptTools.Bench.Report;

namespace MptTools.Bench.Tunnel;

/// <summary>A part of the benchmark: subjects that are measured in turn, with the same loads.</summary>
/// <param name="Name">What it is called on the command line and in the JSON file.</param>
/// <param name="Title">What it is called in the report.</param>
/// <param name="Rounds">How often, unless told otherwise.</param>
internal sealed record Section(string Name, string Title, int Rounds, IReadOnlyList<SubjectSpec> Subjects, IReadOnlyList<Load> Loads)
{
    internal double ExpectedSeconds(Durations durations) =>
        Subjects.Sum(subject => subject.BuildSeconds + Rounds * Loads
            .Where(load => load.AppliesTo(subject.HasServers)).Sum(load => load.ExpectedSeconds(durations)));
}

/// <summary>All sections there are.</summary>
internal static class Sections
{
    internal static readonly Load Tcp1 = new TcpLoad(Metric.Tcp1, 1, MeasuresCpu: true);
    internal static readonly Load Tcp4 = new TcpLoad(Metric.Tcp4, 4);
    internal static readonly Load Udp64 = new UdpLoad(Metric.Udp64, Metric.Udp64Loss, 64);
    internal static readonly Load Udp1400 = new UdpLoad(Metric.Udp1400, Metric.Udp1400Loss, 1400);
    internal static readonly Load Steady = new SteadyLoad();
    internal static readonly Load Ping = new PingLoad();

    internal static readonly SubjectSpec BareVeth = new VethSpec(Names.Veth, "bare veth");
    internal static readonly SubjectSpec KernelVxlan = new VxlanSpec(Names.Vxlan, "VXLAN");
    internal static readonly TunnelSpec TunnelOnePath = new(Names.OnePath, "MptTools, one path");

    /// <summary>In the order they are run.</summary>
    internal static IReadOnlyList<Section> All(bool quick) =>
    [
        new Section(Names.Main, "Ours, the kernel's VXLAN and bare veth", quick ? 1 : 5,
            [BareVeth, KernelVxlan, TunnelOnePath, new TunnelSpec(Names.TwoPaths, "MptTools, two paths") { Paths = 2, ReorderWindow = 1000 }],
            [Tcp1, Tcp4, Udp64, Udp1400, Steady, Ping]),
    ];
}
