using MptTools.Lab;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Bench.Tunnel;

/// <summary>Our tunnel, with a server on each host.</summary>
internal sealed record TunnelSpec(string Name, string Title) : SubjectSpec(Name, Title)
{
    /// <summary>The MTU that the samples in conf/ have.</summary>
    private const string TunnelMtu = "1440";

    private const int CommandPort = 60456;

    internal int Paths { get; init; } = 1;

    internal int ReorderWindow { get; init; }

    /// <summary>The IP version of the paths, and that of the traffic through the tunnel.</summary>
    internal int OuterVersion { get; init; } = 4;
    internal int InnerVersion { get; init; } = 4;

    /// <summary>Lines of [connection] about the mapping, and those of each rule.</summary>
    internal IReadOnlyList<string> Mapping { get; init; } = [];
    internal IReadOnlyList<string[]> Rules { get; init; } = [];

    /// <summary>Further arguments of mptsrv, at both ends.</summary>
    internal IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Starts a server that is not mptsrv; null for mptsrv.</summary>
    internal Func<LabHost, ServerFiles, BenchServer>? Launch { get; init; }

    internal override bool HasServers => true;

    internal override double BuildSeconds => 1.8 + WarmUpSeconds;

    internal override Subject Build(LabNetwork lab)
    {
        (LabHost near, LabHost far) = AddHosts(lab);
        for (int i = 1; i <= Paths; i++)
        {
            Link(lab, near, far, i);
        }
        ConnectionFile connection = new("far", Inner(4, 2), Inner(4, 3))
        {
            ReorderWindow = ReorderWindow,
            Lines = Mapping,
            Rules = Rules,
            Paths = [.. Enumerable.Range(1, Paths).Select(i => new PathFile($"eth{i}", Outer(i, 2), Outer(i, 3)) { Keepalive = 1, Dead = 3 })],
        };
        BenchServer[] servers = [Start(lab, near, 2, connection), Start(lab, far, 3, connection.Mirror("near"))];
        foreach (BenchServer server in servers)
        {
            server.WaitUntilReady();
        }
        return new Subject
        {
            Name = Name,
            Near = near,
            Far = far,
            Addresses = [(Inner(InnerVersion, 2), Inner(InnerVersion, 3))],
            FarDevices = [BenchServer.FirstTunnel],
            IsTun = true,
            Servers = servers,
            MemoryOf = servers,
        };
    }

    private BenchServer Start(LabNetwork lab, LabHost host, int number, ConnectionFile connection)
    {
        ServerFiles files = lab.Own(new ServerFiles(
            CommandPort, new TunFile(BenchServer.FirstTunnel, $"{Inner(4, number)}/24", $"{Inner(6, number)}/64", TunnelMtu)));
        files.Write(connection);
        return Launch is null ? BenchServer.Launch(host, files, Arguments) : Launch(host, files);
    }

    private string Outer(int path, int host) => OuterVersion == 4 ? $"10.1.{path}.{host}" : $"fd01:{path}::{host}";

    private static string Inner(int version, int host) => version == 4 ? $"10.0.0.{host}" : $"fd00::{host}";
}
