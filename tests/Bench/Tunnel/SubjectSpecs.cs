using MptTools.Lab;

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

    /// <summary>Seconds of traffic before the first measurement.</summary>
    internal int WarmUpSeconds { get; init; }

    /// <summary>Turns off what the links' devices can do for large packets, at both ends: TSO, GSO, GRO and USO.</summary>
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
            host.Run("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off", "tx-udp-segmentation", "off").EnsureSuccess();
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
