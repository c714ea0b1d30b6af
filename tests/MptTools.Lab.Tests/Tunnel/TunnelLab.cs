using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What a <see cref="TunnelLab"/> is made of. Both ends are configured alike.</summary>
internal sealed record TunnelOptions
{
    /// <summary>The IP version of each path's addresses; as many links as numbers.</summary>
    internal int[] PathVersions { get; init; } = [4, 4];

    /// <summary>The IP version of the connection's tunnel addresses.</summary>
    internal int TunnelVersion { get; init; } = 4;

    /// <summary>What an emulated link does; null for a pair of veth devices. Links without an entry are veth.</summary>
    internal LinkConditions?[] Conditions { get; init; } = [];

    /// <summary>mtu of the tunnels.</summary>
    internal string TunnelMtu { get; init; } = "1440";

    /// <summary>The MTU of the links in bytes.</summary>
    internal int Mtu { get; init; } = LabNetwork.DefaultMtu;

    /// <summary>What both servers are started with beside their directory.</summary>
    internal string[] Arguments { get; init; } = [];

    /// <summary>Changes the connection before it is written, both ends' alike.</summary>
    internal Func<ConnectionFile, ConnectionFile> Connection { get; init; } = connection => connection;

    /// <summary>The same, with servers that move packets with so many threads.</summary>
    internal TunnelOptions WithThreads(string threads) => this with { Arguments = ["--threads", threads] };
}

/// <summary>Two hosts, links between them, and a server on each.</summary>
internal sealed class TunnelLab : IDisposable
{
    internal const string AddressA = "10.0.0.2", AddressB = "10.0.0.3", AddressA6 = "fd00::2", AddressB6 = "fd00::3";
    internal const int CommandPort = 60456;

    private readonly LabNetwork network = new("tunnel");
    private readonly LabLink[] links;
    private readonly int mtu;

    private TunnelLab(TunnelOptions options)
    {
        mtu = options.Mtu;
        A = network.AddHost("A");
        B = network.AddHost("B");
        links = [.. options.PathVersions.Select((_, index) => MakeLink(index, options.Conditions.ElementAtOrDefault(index)))];
        (string local, string remote) = (TunnelAddress("A", options.TunnelVersion), TunnelAddress("B", options.TunnelVersion));
        FileA = options.Connection(new ConnectionFile("toB", local, remote)
        {
            Paths = [.. options.PathVersions.Select((version, index) =>
                new PathFile($"eth{index + 1}", PathAddress("A", index, version), PathAddress("B", index, version)))],
        });
        FileB = FileA.Mirror("toA");
        FilesA = MakeFiles($"{AddressA}/24", $"{AddressA6}/64");
        FilesB = MakeFiles($"{AddressB}/24", $"{AddressB6}/64");
        FilesA.Write(FileA);
        FilesB.Write(FileB);

        ServerFiles MakeFiles(string ipv4, string ipv6) =>
            network.Own(new ServerFiles(CommandPort, new TunFile("tun0", ipv4, ipv6, options.TunnelMtu)) { Arguments = options.Arguments });
    }

    internal LabNetwork Network => network;
    internal LabHost A { get; }
    internal LabHost B { get; }
    internal IReadOnlyList<LabLink> Links => links;
    internal ConnectionFile FileA { get; }
    internal ConnectionFile FileB { get; }
    internal ServerFiles FilesA { get; }
    internal ServerFiles FilesB { get; }
    internal LabServer ServerA { get; set; } = null!;
    internal LabServer ServerB { get; set; } = null!;

    /// <summary>An address of link <paramref name="link"/> (from 0) at one of the hosts.</summary>
    internal static string PathAddress(string host, int link, int version) =>
        version == 4 ? $"10.1.{link + 1}.{Number(host)}" : $"fd01:{link + 1}::{Number(host)}";

    internal static string TunnelAddress(string host, int version) => version == 4 ? $"10.0.0.{Number(host)}" : $"fd00::{Number(host)}";

    /// <summary>
    /// Makes the lab, starts both servers, waits until all paths are up, runs the test, stops the servers and sees to it that
    /// they ended well and left nothing in the system.
    /// </summary>
    /// <param name="interfacesStay">False where the test itself makes other interfaces, so that the system cannot be as before.</param>
    internal static void Run(TunnelOptions options, Action<TunnelLab> test, bool interfacesStay = true)
    {
        using var lab = new TunnelLab(options);
        LabRun.Guard(lab.network, () => [lab.ServerA, lab.ServerB], () =>
        {
            Leftovers before = new(lab.A, lab.B);
            lab.Start();
            test(lab);
            lab.ServerA.StopCleanly();
            lab.ServerB.StopCleanly();
            if (interfacesStay)
            {
                before.AssertNone();
            }
        });
    }

    /// <summary>Makes the lab without starting anything.</summary>
    internal static void RunStopped(TunnelOptions options, Action<TunnelLab> test)
    {
        using var lab = new TunnelLab(options);
        LabRun.Guard(lab.network, () => [lab.ServerA, lab.ServerB], () => test(lab));
    }

    /// <summary>Starts both servers and waits until all paths are up, where there are keepalives to tell.</summary>
    internal void Start()
    {
        LabServer[] servers = LabServer.StartAll((A, FilesA, "tun0"), (B, FilesB, "tun0"));
        (ServerA, ServerB) = (servers[0], servers[1]);
        if (FileA.Paths.All(path => path.Keepalive > 0))
        {
            ServerA.WaitUntilUp();
            ServerB.WaitUntilUp();
        }
    }

    /// <summary>Makes a veth link in the place of one that was disposed.</summary>
    internal void MakeLinkAgain(int index) => links[index] = MakeLink(index, null);

    public void Dispose() => network.Dispose();

    private LabLink MakeLink(int index, LinkConditions? conditions)
    {
        string device = $"eth{index + 1}";
        string[] Addresses(string host) => [$"{PathAddress(host, index, 4)}/24", $"{PathAddress(host, index, 6)}/64"];
        return conditions is null
            ? network.Link(A, device, Addresses("A"), B, device, Addresses("B"), mtu)
            : network.EmulatedLink(A, device, Addresses("A"), B, device, Addresses("B"), conditions, mtu);
    }

    private static int Number(string host) => host == "A" ? 2 : 3;
}

/// <summary>The system as it was, to be compared with how it is.</summary>
internal sealed class Leftovers
{
    private readonly (LabHost Host, SystemState State)[] before;

    internal Leftovers(params IEnumerable<LabHost> hosts) => before = [.. hosts.Select(host => (host, SystemState.Of(host)))];

    /// <summary>What is other now, a line each.</summary>
    internal IReadOnlyList<string> Find() =>
    [
        .. from item in before
           from change in item.State.ChangesIn(SystemState.Of(item.Host))
           select $"{item.Host}: {change}",
    ];

    internal void AssertNone()
    {
        IReadOnlyList<string> changes = Find();
        Assert.True(changes.Count == 0, $"The system is not as it was:\n{string.Join('\n', changes)}");
    }
}

/// <summary>Adds what the servers said to the message of a test that fails.</summary>
internal static class LabRun
{
    /// <param name="servers">Those there are by the time of the failure; what runs of them tells its status.</param>
    internal static void Guard(LabNetwork network, Func<IEnumerable<LabServer?>> servers, Action test)
    {
        try
        {
            test();
        }
        catch (Exception e)
        {
            var said = new StringBuilder(e.Message);
            foreach (LabProcess process in network.Hosts.SelectMany(host => host.Processes))
            {
                said.Append("\n--- ").Append(process).Append('\n').Append(process.Output);
            }
            foreach (LabServer? server in servers())
            {
                said.Append(server?.Describe());
            }
            throw new LabException(said.ToString(), e);
        }
    }
}
