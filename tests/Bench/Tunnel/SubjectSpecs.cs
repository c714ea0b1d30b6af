using MptTools.Lab;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Bench.Tunnel;

/// <summary>Something to be measured: two hosts of its own, its own links, and what joins them.</summary>
/// <param name="Name">What it is called on the command line and in the JSON file: letters, digits, '-'.</param>
/// <param name="Title">What it is called in tables.</param>
internal abstract record SubjectSpec(string Name, string Title)
{
    protected const string NearLink = "10.1.1.2", FarLink = "10.1.1.3";

    internal virtual bool HasServers => false;

    /// <summary>Seconds that building is expected to take.</summary>
    internal virtual double BuildSeconds => 0.3;

    /// <summary>Turns off what the links' devices can do for large packets, at both ends.</summary>
    internal bool PlainLinks { get; init; }

    /// <summary>Builds it.</summary>
    /// <exception cref="LabException">It cannot be built here; the message says why.</exception>
    internal abstract Subject Build(LabNetwork lab);

    protected (LabHost Near, LabHost Far) AddHosts(LabNetwork lab)
    {
        // A host's name has no '-' in it.
        string name = Name.Replace('-', '_');
        return (lab.AddHost($"{name}.near"), lab.AddHost($"{name}.far"));
    }

    protected void Link(LabNetwork lab, LabHost near, LabHost far, int number = 1)
    {
        string device = $"eth{number}";
        lab.Link(
            near, device, [$"10.1.{number}.2/24", $"fd01:{number}::2/64"], far, device, [$"10.1.{number}.3/24", $"fd01:{number}::3/64"]);
        if (!PlainLinks)
        {
            return;
        }
        foreach (LabHost host in (LabHost[])[near, far])
        {
            string[] features = ["rx", "off", "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off", "tx-udp-segmentation", "off"];
            host.Run("ethtool", ["-K", device, .. features]).EnsureSuccess();
        }
    }
}

/// <summary>Two hosts joined by a veth pair: as fast as packets get from one namespace to the other.</summary>
internal sealed record VethSpec(string Name, string Title) : SubjectSpec(Name, Title)
{
    internal override Subject Build(LabNetwork lab)
    {
        (LabHost near, LabHost far) = AddHosts(lab);
        Link(lab, near, far);
        return new Subject { Name = Name, Near = near, Far = far, Addresses = [(NearLink, FarLink)], FarDevices = ["eth1"] };
    }
}

/// <summary>VXLAN (RFC 7348) as the kernel does it, over a veth pair.</summary>
internal sealed record VxlanSpec(string Name, string Title) : SubjectSpec(Name, Title)
{
    internal override Subject Build(LabNetwork lab)
    {
        (LabHost near, LabHost far) = AddHosts(lab);
        Link(lab, near, far);
        AddDevice(near, NearLink, FarLink, "10.0.0.2/24");
        AddDevice(far, FarLink, NearLink, "10.0.0.3/24");
        return new Subject { Name = Name, Near = near, Far = far, Addresses = [("10.0.0.2", "10.0.0.3")], FarDevices = ["vxlan0"] };
    }

    private static void AddDevice(LabHost host, string local, string remote, string address)
    {
        host.Ip("link", "add", "vxlan0", "type", "vxlan", "id", "42", "local", local, "remote", remote, "dstport", "4789", "dev", "eth1");
        host.AddAddress("vxlan0", address);
        host.SetLinkUp("vxlan0");
    }
}

/// <summary>Our tunnel, with a server on each host.</summary>
internal sealed record TunnelSpec(string Name, string Title) : SubjectSpec(Name, Title)
{
    /// <summary>The MTU that the samples in conf/ have.</summary>
    private const int TunnelMtu = 1440;

    private const int CommandPort = 60456;

    internal int Paths { get; init; } = 1;

    internal int ReorderWindow { get; init; }

    /// <summary>The IP version of the paths, and that of the traffic through the tunnel.</summary>
    internal int OuterVersion { get; init; } = 4;
    internal int InnerVersion { get; init; } = 4;

    /// <summary>Further arguments of mptsrv, at both ends.</summary>
    internal IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Starts a server that is not mptsrv; null for mptsrv.</summary>
    internal Func<LabHost, ServerFiles, BenchServer>? Launch { get; init; }

    internal override bool HasServers => true;

    internal override double BuildSeconds => 1.8;

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
