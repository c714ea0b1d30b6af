using MptTools.Bench.Report;
using MptTools.Lab;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Bench.Tunnel;

/// <summary>
/// One server with many connections, each with a path, a keepalive a second and a network of its own at both ends; and at the other end a
/// server with as many. Connections are told apart by the pair of tunnel addresses, so there are as many tunnels at the far end as
/// there may be (100), and at the near end, whose memory counts, one for each hundred connections.
/// </summary>
internal sealed record ConnectionsSpec(int Count) : SubjectSpec(Names.ConnectionsOf(Count), Count == 1 ? "1 connection" : $"{Count} connections")
{
    private const int CommandPort = 60456, FirstPort = 20000, MostTunnels = 100, MostMeasured = 10;

    private int FarTunnels => Math.Min(Count, MostTunnels);
    private int NearTunnels => (Count + FarTunnels - 1) / FarTunnels;

    internal override bool HasServers => true;

    internal override double BuildSeconds => 1.8 + Count * 0.02;

    internal override Subject Build(LabNetwork lab)
    {
        (LabHost near, LabHost far) = AddHosts(lab);
        Link(lab, near, far);
        int[] measured = [.. Enumerable.Range(0, Math.Min(Count, MostMeasured))];
        AddNetwork(near, measured.Select(NearNetwork));
        AddNetwork(far, measured.Select(FarNetwork));
        ConnectionFile[] connections = [.. Enumerable.Range(0, Count).Select(Connection)];
        BenchServer[] servers =
        [
            Start(lab, near, NearTunnels, NearTunnel, connections),
            Start(lab, far, FarTunnels, FarTunnel, connections.Select(connection => connection.Mirror(connection.Name))),
        ];
        foreach (BenchServer server in servers)
        {
            server.WaitUntilReady();
        }
        return new Subject
        {
            Name = Name,
            Near = near,
            Far = far,
            Addresses = [.. measured.Select(number => (NearNetwork(number), FarNetwork(number)))],
            FarDevices = [.. measured.Select(number => $"tun{number % FarTunnels}")],
            IsTun = true,
            Servers = servers,
            MemoryOf = servers[..1],
            PausedWhenIdle = Count >= 100,
        };
    }

    private ConnectionFile Connection(int number) =>
        new($"site{number}", NearTunnel(number / FarTunnels), FarTunnel(number % FarTunnels))
        {
            LocalPort = FirstPort + number,
            RemotePort = FirstPort + number,
            // A server that was stopped while others were measured must not find all its paths dead.
            Paths = [new PathFile("eth1", NearLink, FarLink) { Keepalive = 1, Dead = 3600 }],
            Networks = [new NetFile($"{NearNetwork(number)}/32", $"{FarNetwork(number)}/32")],
        };

    private static BenchServer Start(
        LabNetwork lab, LabHost host, int tunnels, Func<int, string> address, IEnumerable<ConnectionFile> connections)
    {
        ServerFiles files = lab.Own(new ServerFiles(
            CommandPort, [.. Enumerable.Range(0, tunnels).Select(number => new TunFile($"tun{number}", $"{address(number)}/24", null))]));
        foreach (ConnectionFile connection in connections)
        {
            files.Write(connection);
        }
        return BenchServer.Launch(host, files);
    }

    /// <summary>The hosts of the networks that send and receive live on the server's own host.</summary>
    private static void AddNetwork(LabHost host, IEnumerable<string> addresses)
    {
        foreach (string address in addresses)
        {
            host.AddAddress("lo", $"{address}/32");
        }
    }

    private static string NearTunnel(int number) => $"10.64.{number}.1";

    private static string FarTunnel(int number) => $"10.65.{number}.1";

    private static string NearNetwork(int number) => $"10.66.{number / 250}.{number % 250 + 1}";

    private static string FarNetwork(int number) => $"10.67.{number / 250}.{number % 250 + 1}";
}
