using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Networks behind the two ends, and which connection takes what goes there.</summary>
public class NetworkTests
{
    private const string LanA = "192.168.1.0/24", LanB = "192.168.2.0/24", LanA6 = "fd11::/64", LanB6 = "fd12::/64";

    [LabFact]
    public void A_host_behind_each_end_reaches_the_other() => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddRouter("A"), b = lab.AddRouter("B"), behindA = lab.AddHost("HA"), behindB = lab.AddHost("HB");
        lab.Network.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
        lab.Network.Link(a, "eth2", "10.1.2.2/24", b, "eth2", "10.1.2.3/24");
        lab.Network.Link(a, "lan", ["192.168.1.1/24", "fd11::1/64"], behindA, "eth0", ["192.168.1.10/24", "fd11::10/64"]);
        lab.Network.Link(b, "lan", ["192.168.2.1/24", "fd12::1/64"], behindB, "eth0", ["192.168.2.10/24", "fd12::10/64"]);
        behindA.AddRoute("default", "192.168.1.1");
        behindA.AddRoute("default", "fd11::1");
        behindB.AddRoute("default", "192.168.2.1");
        behindB.AddRoute("default", "fd12::1");
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 1000,
            Paths = [new PathFile("eth1", "10.1.1.2", "10.1.1.3"), new PathFile("eth2", "10.1.2.2", "10.1.2.3")],
            Networks = [new NetFile(LanA, LanB), new NetFile(LanA6, LanB6)],
        };
        lab.Configure(a, "10.0.0.2/24", "fd00::2/64", toB);
        lab.Configure(b, "10.0.0.3/24", "fd00::3/64", toB.Mirror("toA"));
        return () =>
        {
            Traffic.Ping(behindA, "192.168.2.10");
            Traffic.Ping(behindB, "fd11::10");
            // The end itself has no address of its LAN as its source.
            Traffic.Ping(a, "192.168.2.10");
            Traffic.Ping(b, "fd11::10");
            using VerifiedTcp tcp = new(behindA, behindB, "192.168.2.10", 4 << 20);
            using VerifiedTcp tcp6 = new(behindB, behindA, "fd11::10", 4 << 20);
            tcp.WaitForEnd();
            tcp6.WaitForEnd();
            Assert.All(lab[a].Connection().Paths, path => Assert.True(path.PacketsSent > 1000 && path.PacketsReceived > 1000));
            Assert.Empty(lab[a].Connection().Drops);
        };
    });

    [LabFact]
    public void The_longest_prefix_of_the_destination_decides_then_that_of_the_source() => ServerLab.Run(lab =>
    {
        (LabHost a, LabHost b, LabHost c) = Triangle(lab,
            toB: [new NetFile("192.168.1.0/24", "192.168.0.0/16"), new NetFile("192.168.1.0/24", "172.16.9.0/24")],
            toC: [new NetFile("192.168.1.0/24", "192.168.9.0/24"), new NetFile("192.168.1.128/25", "172.16.9.0/24")]);
        foreach (LabHost host in new[] { b, c })
        {
            host.AddAddress("lo", "192.168.8.1/32");
            host.AddAddress("lo", "192.168.9.1/32");
            host.AddAddress("lo", "172.16.9.1/32");
        }
        a.AddAddress("lo", "192.168.1.1/32");
        a.AddAddress("lo", "192.168.1.200/32");
        return () =>
        {
            // To, from, and the connection that takes it.
            (string Destination, string Source, int Connection)[] cases =
            [
                ("192.168.8.1", "192.168.1.1", 0),
                ("192.168.9.1", "192.168.1.1", 1),
                ("172.16.9.1", "192.168.1.1", 0),
                ("172.16.9.1", "192.168.1.200", 1),
            ];
            foreach ((string destination, string source, int connection) in cases)
            {
                long[] before = [.. lab[a].Status().Connections.Select(item => item.PacketsSent)];
                using NumberedStream stream = new(a, source, connection == 0 ? b : c, destination);
                stream.SendAll(10);
                before[connection] += 10;
                Assert.Equal(before, lab[a].Status().Connections.Select(item => item.PacketsSent));
            }
        };
    });

    [LabFact]
    public void Connections_to_the_same_network_share_its_route() => ServerLab.Run(lab =>
    {
        (LabHost a, LabHost b, LabHost c) = Triangle(lab,
            toB: [new NetFile("192.168.1.0/24", "172.16.9.0/24")], toC: [new NetFile("192.168.2.0/24", "172.16.9.0/24")]);
        b.AddAddress("lo", "172.16.9.1/32");
        c.AddAddress("lo", "172.16.9.1/32");
        a.AddAddress("lo", "192.168.1.1/32");
        a.AddAddress("lo", "192.168.2.1/32");
        return () =>
        {
            Exchange(a, "192.168.1.1", b);
            Exchange(a, "192.168.2.1", c);
            // When one of them is restarted the other keeps the route.
            ConnectionFile changed = lab.ConnectionOf(a, "toB") with { MaximumDelayMilliseconds = 77 };
            lab.FilesOf(a).Write(changed with { Networks = [] });
            lab[a].Process.Reload();
            lab[a].WaitFor(status => status.Connections.Any(item => item.Networks.Count == 0), "toB has no network");
            Exchange(a, "192.168.2.1", c);
            Assert.DoesNotContain(lab[a].Process.Lines, line => line.Text.Contains("cannot be added"));
        };

        static void Exchange(LabHost from, string source, LabHost to)
        {
            using NumberedStream stream = new(from, source, to, "172.16.9.1");
            stream.SendAll(10);
        }
    });

    /// <summary>Host A with a connection to B and one to C.</summary>
    private static (LabHost A, LabHost B, LabHost C) Triangle(ServerLab lab, NetFile[] toB, NetFile[] toC)
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B"), c = lab.AddHost("C");
        lab.Network.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
        lab.Network.Link(a, "eth2", "10.1.2.2/24", c, "eth2", "10.1.2.3/24");
        var first = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            Paths = [new PathFile("eth1", "10.1.1.2", "10.1.1.3")],
            Networks = toB,
        };
        var second = new ConnectionFile("toC", "10.0.0.2", "10.0.0.4")
        {
            LocalPort = 23457,
            Paths = [new PathFile("eth2", "10.1.2.2", "10.1.2.3")],
            Networks = toC,
        };
        lab.Configure(a, "10.0.0.2/24", null, first, second);
        lab.Configure(b, "10.0.0.3/24", null, first.Mirror("toA"));
        lab.Configure(c, "10.0.0.4/24", null, second.Mirror("toA"));
        return (a, b, c);
    }
}
