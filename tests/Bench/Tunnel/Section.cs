using MptTools.Bench.Report;

namespace MptTools.Bench.Tunnel;

/// <summary>A part of the benchmark: subjects that are measured in turn, with the same loads.</summary>
/// <param name="Name">What it is called on the command line and in the JSON file.</param>
/// <param name="Title">What it is called in the report.</param>
/// <param name="Rounds">How often, unless told otherwise.</param>
/// <param name="Durations">How long each measurement goes.</param>
internal sealed record Section(
    string Name, string Title, int Rounds, Durations Durations, IReadOnlyList<SubjectSpec> Subjects, IReadOnlyList<Load> Loads)
{
    /// <summary>It is left out unless it, or one of its subjects, is asked for by name.</summary>
    internal bool IsOnRequest { get; init; }

    internal double ExpectedSeconds => Subjects.Sum(subject => subject.BuildSeconds) + Rounds * ExpectedSecondsOfRound;

    internal double ExpectedSecondsOfRound => Subjects.Sum(subject => Loads
        .Where(load => load.AppliesTo(subject.HasServers)).Sum(load => load.ExpectedSeconds(Durations)));
}

/// <summary>All sections there are.</summary>
internal static class Sections
{
    private static readonly Load Tcp1 = new TcpLoad(Metric.Tcp1, 1, MeasuresCpu: true);
    private static readonly Load Tcp4 = new TcpLoad(Metric.Tcp4, 4);
    private static readonly Load Tcp10 = new TenStreamsLoad();
    private static readonly Load Udp64 = new UdpLoad(Metric.Udp64, Metric.Udp64Loss, 64);
    private static readonly Load Udp1400 = new UdpLoad(Metric.Udp1400, Metric.Udp1400Loss, 1400);
    private static readonly Load Steady = new SteadyLoad();
    private static readonly Load Ping = new PingLoad();

    private static readonly SubjectSpec Veth = new VethSpec(Names.Veth, "bare veth");
    private static readonly SubjectSpec Vxlan = new VxlanSpec(Names.Vxlan, "VXLAN");
    private static readonly TunnelSpec OnePath = new(Names.OnePath, "one path");
    private static readonly TunnelSpec TwoPaths = new(Names.TwoPaths, "two paths") { Paths = 2, ReorderWindow = 1000 };

    /// <summary>Rules of every kind; only the last one matches what is measured, and it spreads as without rules.</summary>
    private static IReadOnlyList<string[]> FiftyRules =>
    [
        .. Enumerable.Range(0, 49).Select(i => (i % 5) switch
        {
            0 => (string[])["protocol = tcp udp", $"dst_port = {6000 + 10 * i}-{6004 + 10 * i} {100 + i}", "paths = 0"],
            1 => ["protocol = tcp", $"src_port = {1 + i} {100 + 2 * i}", "paths = 1"],
            2 => [$"dst_addr = 10.{i}.0.0/16 fd00:{i}::/32", "spread = flow"],
            3 => [$"src_addr = 192.168.{i}.0/24", $"dscp = {i}", "prefer = 0"],
            _ => ["protocol = udp", $"dscp = {i} ef", $"src_port = {200 + i}-{900 + i}", "spread = bytes"],
        }),
        ["dst_port = 1-65535", "paths = 0 1", "spread = packet"],
    ];

    /// <summary>In the order they are run.</summary>
    /// <param name="quick">With fewer rounds.</param>
    internal static IReadOnlyList<Section> All(bool quick)
    {
        int Rounds(int many) => quick ? 1 : many;
        Durations whole = quick ? Durations.Quick : Durations.Whole, brief = quick ? Durations.Quick : Durations.Short;
        return
        [
            new(Names.Main, "MptTools, the kernel's VXLAN and the bare link", Rounds(5), whole,
                [Veth, Vxlan, OnePath, TwoPaths], [Tcp1, Tcp4, Udp64, Udp1400, Steady, Ping]),
            new(Names.PlainLinks, "Links without TSO, GSO, GRO and USO", Rounds(3), whole,
                [Veth with { PlainLinks = true }, Vxlan with { PlainLinks = true }, OnePath with { PlainLinks = true }], [Tcp1]),
            new(Names.Offloads, "Without one of the offloads, and without all", Rounds(2), brief,
                [
                    Veth, OnePath,
                    .. from offload in (string[])["tun_tcp", "tun_udp", "tun_merge", "udp_segment", "udp_gro", "all"]
                       select new TunnelSpec(Names.Without(offload), offload == "all" ? "none" : $"no {offload}") { Arguments = ["--disable-offloads", offload] },
                ],
                [Tcp1]),
            new(Names.Threads, "Threads of the data plane", Rounds(3), brief,
                [.. from threads in (int[])[1, 2]
                    select new TunnelSpec($"threads-{threads}", threads == 1 ? "1 thread" : $"{threads} threads") { Arguments = ["--threads", $"{threads}"] }],
                [Tcp1, Tcp4, Ping]),
            new(Names.IPv6, "IPv6 inside and outside", Rounds(3), whole,
                [.. from outer in (int[])[4, 6]
                    from inner in (int[])[4, 6]
                    select new TunnelSpec(Names.Versions(inner, outer), $"IPv{inner} in IPv{outer}") { InnerVersion = inner, OuterVersion = outer }],
                [Tcp1]),
            new(Names.Connections, "Connections of one server", Rounds(3), brief,
                [.. from count in (int[])[1, 10, 100, 1000] select new ConnectionsSpec(count)], [Tcp1, Tcp10]),
            new(Names.Mapping, "Which packet takes which path, on two paths", Rounds(8), brief,
                [
                    TwoPaths with { Name = Names.ByPacket, Title = "packet" },
                    TwoPaths with { Name = Names.ByRules, Title = "50 rules", Mapping = ["mapping = combined"], Rules = FiftyRules },
                    TwoPaths with { Name = Names.ByBytes, Title = "bytes", Mapping = ["mapping = bytes"] },
                    TwoPaths with { Name = Names.ByFlow, Title = "flow", Mapping = ["mapping = flow"] },
                ],
                [Tcp1, Udp64]) { IsOnRequest = true },
            new(Names.Pwsh, "The server inside pwsh", Rounds(3), whole,
                [
                    new TunnelSpec(Names.OnePath, "mptsrv") { WarmUpSeconds = 5 },
                    new TunnelSpec(Names.InPwsh, "inside pwsh") { WarmUpSeconds = 5, Launch = PwshServer.Launch },
                ],
                [Tcp1]),
        ];
    }
}
