using System.Net;
using System.Net.Sockets;
using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Packet sizes: no fragments outside, an MTU that follows the paths, and senders who are told what fits.</summary>
public class PathMtuTests
{
    private static readonly TunnelOptions Automatic = new()
    {
        PathVersions = [4, 6],
        TunnelMtu = "auto",
        Connection = connection => connection with { ReorderWindow = 1000 },
    };

    /// <summary>As wide as the links themselves, so that full packets do not fit.</summary>
    private static readonly TunnelOptions TooWide = Automatic with { TunnelMtu = "1500" };

    [LabTheory]
    [InlineData("1")]
    [InlineData("5")]
    public void No_outer_packet_is_a_fragment_and_what_may_be_cut_arrives_whole(string threads) => TunnelLab.Run(TooWide.WithThreads(threads), lab =>
    {
        Fragments beforeA = Fragments.Of(lab.A), beforeB = Fragments.Of(lab.B);
        using WireTap first = new(lab.A, "eth1"), second = new(lab.A, "eth2");
        // 1416 and 28 bytes of headers still fit through the IPv6 path; 1472 and 28 fill the tunnel's MTU.
        foreach (int size in new[] { 1, 1000, 1416, 1417, 1436, 1437, 1471, 1472 })
        {
            SendWhole(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB, size);
            SendWhole(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA, size);
        }
        long fragmented = lab.ServerA.Connection().PacketsFragmented;
        using (VerifiedTcp there = new(lab.A, lab.B, TunnelLab.AddressB, 4 << 20))
        {
            there.WaitForEnd();
        }
        using (VerifiedTcp back = new(lab.B, lab.A, TunnelLab.AddressA6, 4 << 20))
        {
            back.WaitForEnd();
        }

        // Of the sizes above, five were too long; each was sent as often as SendWhole does it.
        Assert.Equal(5 * Repetitions, fragmented);
        Assert.Equal((beforeA, beforeB), (Fragments.Of(lab.A), Fragments.Of(lab.B)));
        foreach (WireTap tap in (WireTap[])[first, second])
        {
            TappedPacket[] data = [.. tap.Packets.Where(packet => packet.IsFragment || packet.IsData)];
            Assert.True(data.Length > 100, $"Only {data.Length} packets were seen.");
            Assert.All(data, packet => Assert.True(packet.ForbidsFragments && !packet.IsFragment, Convert.ToHexString(packet.Bytes)));
        }
    });

    [LabFact]
    public void An_automatic_mtu_follows_its_links() => TunnelLab.Run(Automatic, lab =>
    {
        WaitForMtu(lab, 1444);
        using VerifiedTcp there = new(lab.A, lab.B, TunnelLab.AddressB, pauseMilliseconds: 1);
        using VerifiedTcp back = new(lab.B, lab.A, TunnelLab.AddressA6, pauseMilliseconds: 1);
        void GoesOn()
        {
            there.WaitForMore(1 << 20);
            back.WaitForMore(1 << 20);
        }
        GoesOn();
        // The narrowest path counts, whichever it is.
        foreach ((int link, int mtu, int expected) in new[] { (0, 1400, 1364), (1, 1390, 1334), (0, 9000, 1334), (1, 9000, 8944), (1, 1500, 1444) })
        {
            int startA = lab.ServerA.Process.Lines.Count;
            int before = lab.ServerA.Status().Tunnels[0].Mtu;
            SetMtu(lab.Links[link], mtu);
            WaitForMtu(lab, expected);
            if (before != expected)
            {
                lab.ServerA.WaitForEvent($"The MTU of tun0 is {expected} now (it was {before}), for path", startA);
            }
            GoesOn();
        }
        // A path without interface does not count.
        SetMtu(lab.Links[0], 1400);
        WaitForMtu(lab, 1364);
        lab.A.SetLinkDown("eth1");
        WaitForMtu(lab, 1444);
        lab.A.SetLinkUp("eth1");
        lab.A.AddAddress("eth1", "fd01:1::2/64");
        WaitForMtu(lab, 1364);
        GoesOn();
        Assert.All([lab.ServerA, lab.ServerB], server => Assert.True(server.Status().Tunnels[0].MtuIsAutomatic));
    });

    [LabFact]
    public void An_automatic_mtu_follows_what_routers_say() => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        UplinkTests.Uplink(lab, a, b, 1);
        UplinkTests.Uplink(lab, a, b, 2);
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 1000,
            Paths =
            [
                new PathFile("eth1", "10.1.1.2", "10.11.1.3", "10.1.1.1"), new PathFile("eth2", "fd01:2::2", "fd11:2::3", "fd01:2::1"),
            ],
        };
        lab.Configure(a, [new TunFile("tun0", "10.0.0.2/24", "fd00::2/64", "auto")], toB);
        lab.Configure(b, [new TunFile("tun0", "10.0.0.3/24", "fd00::3/64", "auto")],
            UplinkTests.WithGateways(toB.Mirror("toA"), "10.11.1.1", "fd11:2::1"));
        return () =>
        {
            WaitForMtu(lab[a], 1444);
            using VerifiedTcp there = new(a, b, "10.0.0.3", pauseMilliseconds: 1);
            using VerifiedTcp back = new(b, a, "fd00::2", pauseMilliseconds: 1);
            void Narrow(int number, int mtu, int expected)
            {
                lab.Network.Host($"R{number}").Ip("link", "set", "dev", "eth2", "mtu", $"{mtu}");
                b.Ip("link", "set", "dev", $"eth{number}", "mtu", $"{mtu}");
                // B sees its own link, A learns from the router.
                WaitForMtu(lab[b], expected);
                WaitForMtu(lab[a], expected);
                there.WaitForMore(1 << 20);
                back.WaitForMore(1 << 20);
            }
            Narrow(1, 1400, 1364);
            Narrow(2, 1390, 1334);
            Assert.Equal([1400, 1390], lab[a].Connection().Paths.Select(path => path.PathMtu!.Value));

            foreach (int number in (int[])[1, 2])
            {
                lab.Network.Host($"R{number}").Ip("link", "set", "dev", "eth2", "mtu", "1500");
                b.Ip("link", "set", "dev", $"eth{number}", "mtu", "1500");
            }
            WaitForMtu(lab[b], 1444);
            // What routers said is forgotten, as it is by itself after ten minutes.
            a.Ip("-4", "route", "flush", "cache");
            a.Ip("-6", "route", "flush", "cache", "table", "all");
            WaitForMtu(lab[a], 1444);
            there.WaitForMore(1 << 20);
            back.WaitForMore(1 << 20);
        };
    });

    [LabTheory]
    [InlineData(4, 1364)]
    [InlineData(6, 1344)]
    public void What_routers_and_links_say_is_heard_at_once(int version, int expected) => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        UplinkTests.Uplink(lab, a, b, 1);
        (string network, string far) = version == 4 ? ("10.1.1.", "10.11.1.") : ("fd01:1::", "fd11:1::");
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 10,
            // No keepalive comes to the rescue.
            Paths = [new PathFile("eth1", network + "2", far + "3", network + "1") { Keepalive = 1000, Dead = 3000 }],
        };
        lab.Configure(a, [new TunFile("tun0", "10.0.0.2/24", "fd00::2/64", "auto")], toB);
        lab.Configure(b, [new TunFile("tun0", "10.0.0.3/24", "fd00::3/64", "auto")], UplinkTests.WithGateways(toB.Mirror("toA"), far + "1"));
        return () =>
        {
            lab.Network.Host("R1").Ip("link", "set", "dev", "eth2", "mtu", "1400");
            using Socket sender = Traffic.UdpSocket(a, "10.0.0.2"), receiver = Traffic.UdpSocket(b, "10.0.0.3");
            receiver.ReceiveTimeout = 10_000;
            sender.Connect(receiver.LocalEndPoint!);
            // One packet that is too long is lost, and nothing more is sent.
            sender.Send(new byte[1400]);
            WaitForMtu(lab[a], expected);
            sender.Send(new byte[1399]);
            Assert.Equal(1399, receiver.Receive(new byte[2000]));
            // So is what becomes of the interface itself.
            a.Ip("link", "set", "dev", "eth1", "mtu", "1350");
            WaitForMtu(lab[a], expected - 50);
        };
    });

    [LabTheory(Tools = ["ping"])]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("2")]
    public void Who_forbids_fragments_is_told_what_fits(string reversePathFilter) => TunnelLab.RunStopped(
        TooWide with { PathVersions = [4] }, lab =>
        {
            lab.A.Sysctl("net.ipv4.conf.all.rp_filter", reversePathFilter);
            lab.A.Sysctl("net.ipv4.conf.default.rp_filter", reversePathFilter);
            lab.Start();
            lab.ServerA.WaitForEvent("The mtu of tun0 is 1500, but only 1464 bytes fit through path 0 of toB, whose path MTU is 1500", 0);

            Assert.Contains("From 10.0.0.3 icmp_seq=1 Frag needed and DF set (mtu = 1464)", Ping(lab.A, TunnelLab.AddressB, 1472));
            // The kernel knows it now by itself.
            Assert.Contains("message too long, mtu", Ping(lab.A, TunnelLab.AddressB, 1437));
            Assert.Contains("1 received", Ping(lab.A, TunnelLab.AddressB, 1436));

            Assert.Contains("From fd00::2 icmp_seq=1 Packet too big: mtu=1464", Ping(lab.A, TunnelLab.AddressB6, 1452));
            Assert.Contains("message too long, mtu", Ping(lab.A, TunnelLab.AddressB6, 1417));
            Assert.Contains("1 received", Ping(lab.A, TunnelLab.AddressB6, 1416));

            ConnectionStatus status = lab.ServerA.Connection();
            Assert.Equal((1464, 0, 2), (status.LargestPacket, status.PacketsFragmented, status.TooBigAnswers));
            Assert.Equal([KeyValuePair.Create("TooBig", 2L)], status.Drops);
            Assert.Single(lab.ServerA.Process.Lines, line => line.Text.Contains("Write mtu = 1464 or mtu = auto"));
            lab.ServerA.StopCleanly();
            lab.ServerB.StopCleanly();
        });

    [LabFact]
    public void Hosts_behind_the_ends_find_out_what_fits() => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddRouter("A"), b = lab.AddRouter("B"), behindA = lab.AddHost("HA"), behindB = lab.AddHost("HB");
        a.Sysctl("net.ipv4.conf.all.rp_filter", "1");
        lab.Network.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
        lab.Network.Link(a, "eth2", "fd01:2::2/64", b, "eth2", "fd01:2::3/64");
        lab.Network.Link(a, "lan", ["192.168.1.1/24", "fd11::1/64"], behindA, "eth0", ["192.168.1.10/24", "fd11::10/64"]);
        lab.Network.Link(b, "lan", ["192.168.2.1/24", "fd12::1/64"], behindB, "eth0", ["192.168.2.10/24", "fd12::10/64"]);
        foreach ((LabHost host, int number) in new[] { (behindA, 1), (behindB, 2) })
        {
            host.AddRoute("default", $"192.168.{number}.1");
            host.AddRoute("default", $"fd1{number}::1");
        }
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            Paths = [new PathFile("eth1", "10.1.1.2", "10.1.1.3"), new PathFile("eth2", "fd01:2::2", "fd01:2::3")],
            Networks = [new NetFile("192.168.1.0/24", "192.168.2.0/24"), new NetFile("fd11::/64", "fd12::/64")],
            ReorderWindow = 1000,
        };
        lab.Configure(a, [new TunFile("tun0", "10.0.0.2/24", "fd00::2/64", "1500")], toB);
        lab.Configure(b, [new TunFile("tun0", "10.0.0.3/24", "fd00::3/64", "1500")], toB.Mirror("toA"));
        return () =>
        {
            using VerifiedTcp there = new(behindA, behindB, "192.168.2.10", 4 << 20);
            there.WaitForEnd();
            using VerifiedTcp back = new(behindB, behindA, "fd11::10", 4 << 20);
            back.WaitForEnd();
            SendWhole(behindA, "192.168.1.10", behindB, "192.168.2.10", 1472);
            Assert.True(lab[a].Connection().TooBigAnswers > 0 && lab[b].Connection().TooBigAnswers > 0,
                "Nobody had to be told what fits.");
            Assert.Equal("10.0.0.3", GatewayThatAnswered(behindA, "192.168.2.10"));
        };
    });

    [LabFact]
    public void A_path_too_narrow_for_IPv6_carries_what_it_can() => TunnelLab.Run(Automatic with { PathVersions = [4], Mtu = 1300 }, lab =>
    {
        WaitForMtu(lab, 1280);
        lab.ServerA.WaitForEvent("IPv6 needs packets of 1280 bytes (RFC 8200), but only 1264 fit through path 0 of toB", 0);
        SendWhole(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB, 1252);
        Assert.Equal(Repetitions, lab.ServerA.Connection().PacketsFragmented);
        using Socket sender = Traffic.UdpSocket(lab.A, TunnelLab.AddressA6), receiver = Traffic.UdpSocket(lab.B, TunnelLab.AddressB6);
        receiver.ReceiveTimeout = 10_000;
        sender.Connect(receiver.LocalEndPoint!);
        // 48 bytes of headers.
        sender.Send(new byte[1280 - 48]);
        sender.Send(new byte[1265 - 48]);
        sender.Send(new byte[1264 - 48]);
        Assert.Equal(1264 - 48, receiver.Receive(new byte[2000]));
        Assert.Equal([KeyValuePair.Create("TooBig", 2L)], lab.ServerA.Connection().Drops);
        Assert.Equal(0, lab.ServerA.Connection().TooBigAnswers);
    });

    /// <summary>How often <see cref="SendWhole"/> sends: by every path of a lab.</summary>
    private const int Repetitions = 2;

    /// <summary>Datagrams that routers may cut arrive with the same bytes.</summary>
    private static void SendWhole(LabHost from, string fromAddress, LabHost to, string toAddress, int size)
    {
        using Socket sender = Traffic.UdpSocket(from, fromAddress), receiver = Traffic.UdpSocket(to, toAddress);
        // On Linux this leaves the bit "don't fragment" off as well (IP_PMTUDISC_DONT).
        sender.DontFragment = false;
        receiver.ReceiveTimeout = 10_000;
        sender.Connect(receiver.LocalEndPoint!);
        for (int i = 0; i < Repetitions; i++)
        {
            byte[] sent = new byte[size], received = new byte[size + 1];
            new Random(size + i).NextBytes(sent);
            sender.Send(sent);
            Assert.Equal(size, receiver.Receive(received));
            Assert.Equal(sent, received[..size]);
        }
    }

    private static string Ping(LabHost host, string address, int size) =>
        host.Run("ping", "-n", "-c1", "-W5", "-Mdo", $"-s{size}", address) is var result ? result.Output + result.Error : "";

    /// <summary>Who tells a host that forbids fragments what fits on the way to an address.</summary>
    private static string GatewayThatAnswered(LabHost host, string address)
    {
        host.Ip("route", "flush", "cache");
        string[] words = Ping(host, address, 1472).Split(' ', '\n');
        return words[Array.IndexOf(words, "From") + 1];
    }

    private static void SetMtu(LabLink link, int mtu)
    {
        link.A.Host.Ip("link", "set", "dev", link.A.Device, "mtu", $"{mtu}");
        link.B.Host.Ip("link", "set", "dev", link.B.Device, "mtu", $"{mtu}");
    }

    private static void WaitForMtu(TunnelLab lab, int mtu)
    {
        WaitForMtu(lab.ServerA, mtu);
        WaitForMtu(lab.ServerB, mtu);
    }

    private static void WaitForMtu(LabServer server, int mtu)
    {
        server.WaitFor(status => status.Tunnels[0].Mtu == mtu, $"the MTU of {server.Host.Name} is {mtu}");
        Assert.Equal(mtu, server.Host.Device("tun0").GetProperty("mtu").GetInt32());
    }

    /// <summary>Fragments a host's kernel has made, of either version.</summary>
    private sealed record Fragments(long IPv4, long IPv6)
    {
        internal static Fragments Of(LabHost host) => new(
            ProcNet.Counter(host, "snmp", "Ip", "FragCreates"), ProcNet.Counter(host, "snmp6", "Ip6FragCreates"));
    }
}
