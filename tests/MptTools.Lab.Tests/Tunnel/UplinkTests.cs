using System.Net;
using System.Net.Sockets;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Paths that leave by routers of their own: a default route through the tunnel, and two uplinks to one address.</summary>
public class UplinkTests
{
    [LabFact]
    public void The_whole_Internet_through_the_tunnel_leaves_the_paths_their_gateways() => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddHost("A"), b = lab.AddRouter("B"), internet = lab.AddHost("I");
        LabLink uplink1 = Uplink(lab, a, b, 1), uplink2 = Uplink(lab, a, b, 2);
        lab.Network.Link(b, "wan", ["198.51.100.1/24", "2001:db8::1/64"], internet, "eth0", ["198.51.100.2/24", "2001:db8::2/64"]);
        internet.AddRoute("10.0.0.0/24", "198.51.100.1");
        internet.AddRoute("fd00::/64", "2001:db8::1");
        // The host's own way into the Internet, which the tunnel takes over while it is there.
        a.AddRoute("default", "10.1.1.1");
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 1000,
            Paths =
            [
                new PathFile("eth1", "10.1.1.2", "10.11.1.3", "10.1.1.1") { Keepalive = 0.1, Dead = 0.5 },
                new PathFile("eth2", "fd01:2::2", "fd11:2::3", "fd01:2::1") { Keepalive = 0.1, Dead = 0.5 },
            ],
            Networks = [new NetFile("10.0.0.2/32", "0.0.0.0/0"), new NetFile("fd00::2/128", "::/0")],
        };
        lab.Configure(a, "10.0.0.2/24", "fd00::2/64", toB);
        lab.Configure(b, "10.0.0.3/24", "fd00::3/64", WithGateways(toB.Mirror("toA"), "10.11.1.1", "fd11:2::1"));
        return () =>
        {
            Traffic.Ping(a, "198.51.100.2");
            Traffic.Ping(a, "2001:db8::2");
            Traffic.Ping(internet, "10.0.0.2");
            using VerifiedTcp tcp = new(a, internet, "198.51.100.2", pauseMilliseconds: 2);
            using VerifiedTcp tcp6 = new(internet, a, "fd00::2", pauseMilliseconds: 2);
            tcp.WaitForMore(1 << 18);
            tcp6.WaitForMore(1 << 18);
            // All of it in the tunnel, over both uplinks.
            Assert.All(lab[a].Connection().Paths, path => Assert.True(path.PacketsSent > 100 && path.PacketsReceived > 100));
            Assert.Contains("dev tun0", a.Ip("route", "get", "198.51.100.2").Output);
            Assert.Contains("dev tun0", a.Ip("route", "get", "2001:db8::2").Output);

            foreach ((LabLink uplink, int path) in new[] { (uplink1, 0), (uplink2, 1) })
            {
                uplink.Cut();
                lab[a].WaitForPath(path, PathStatusCode.Down);
                lab[b].WaitForPath(path, PathStatusCode.Down);
                tcp.WaitForMore(1 << 18);
                tcp6.WaitForMore(1 << 18);
                uplink.Heal();
                lab[a].WaitUntilUp();
                lab[b].WaitUntilUp();
            }
        };
    });

    [LabTheory]
    [InlineData(4, false)]
    [InlineData(4, true)]
    [InlineData(6, false)]
    public void Two_uplinks_go_to_one_address_of_the_server(int version, bool strictReversePath) => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B"), middle = lab.AddRouter("M");
        LabLink[] uplinks = [Uplink(lab, a, middle, 1), Uplink(lab, a, middle, 2)];
        lab.Network.Link(b, "eth1", ["203.0.113.3/24", "2001:db8::3/64"], middle, "eth9", ["203.0.113.1/24", "2001:db8::1/64"]);
        (string server, string serverGateway) = version == 4 ? ("203.0.113.3", "203.0.113.1") : ("2001:db8::3", "2001:db8::1");
        if (strictReversePath)
        {
            // The host knows one way only; by the other nothing may come in that would not go out there.
            a.AddRoute("default", "10.1.1.1");
            a.Sysctl("net.ipv4.conf.all.rp_filter", "1");
        }
        string Local(int link) => version == 4 ? $"10.1.{link}.2" : $"fd01:{link}::2";
        string Gateway(int link) => version == 4 ? $"10.1.{link}.1" : $"fd01:{link}::1";
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 1000,
            Paths =
            [
                new PathFile("eth1", Local(1), server, Gateway(1)) { Weight = 2, Keepalive = 0.1, Dead = 0.5 },
                new PathFile("eth2", Local(2), server, Gateway(2)) { Weight = 1, Keepalive = 0.1, Dead = 0.5 },
            ],
        };
        b.AddRoute("default", serverGateway);
        ConnectionFile toA = toB.Mirror("toA");
        toA = toA with { Paths = [.. toA.Paths.Select(path => path with { Interface = "eth1", Gateway = serverGateway })] };
        lab.Configure(a, "10.0.0.2/24", "fd00::2/64", toB);
        lab.Configure(b, "10.0.0.3/24", "fd00::3/64", toA);
        return () =>
        {
            const int size = 1000;
            (LabHost, LabHost, LinkDirection)[] ways = [(a, b, LinkDirection.AToB), (b, a, LinkDirection.BToA)];
            foreach ((LabHost from, LabHost to, LinkDirection direction) in ways)
            {
                long[] before = [.. uplinks.Select(uplink => uplink.Counters(direction).Bytes)];
                using NumberedStream stream = new(from, from == a ? "10.0.0.2" : "10.0.0.3", to, to == a ? "10.0.0.2" : "10.0.0.3");
                stream.SendAll(300, size);
                Assert.Equal([200, 100], lab[from].Connection().Paths.Select(path => path.PacketsSent));
                Assert.Equal([200, 100], lab[to].Connection().Paths.Select(path => path.PacketsReceived));
                // By each uplink its own share, as its own counter says.
                long[] carried = [.. uplinks.Zip(before, (uplink, earlier) => uplink.Counters(direction).Bytes - earlier)];
                Assert.True(carried[0] is > 200 * size and < 250 * size && carried[1] is > 100 * size and < 150 * size,
                    $"The uplinks carried {carried[0]} and {carried[1]} bytes.");
            }
            // What comes from another port of the server belongs to the path whose address it goes to.
            using (Socket otherPort = Traffic.UdpSocket(b, server))
            {
                byte[] noProtocol = [0, 0, 0x12, 0x34, 0x45];
                otherPort.SendTo(noProtocol, new IPEndPoint(IPAddress.Parse(Local(2)), 23456));
            }
            ServerStatus told = lab[a].WaitFor(status => status.Connections[0].Paths.Any(path => path.Drops.Count > 0),
                "the packet was dropped");
            Assert.Empty(told.Connections[0].Paths[0].Drops);

            using NumberedStream flow = new(a, "10.0.0.2", b, "10.0.0.3");
            flow.Start();
            uplinks[0].Cut();
            lab[a].WaitForPath(0, PathStatusCode.Down);
            lab[b].WaitForPath(0, PathStatusCode.Down);
            flow.WaitForMore(100);
            uplinks[0].Heal();
            lab[a].WaitUntilUp();
            lab[b].WaitUntilUp();
        };
    });

    [LabFact]
    public void A_gateway_to_be_found_is_that_of_the_interfaces_default_route() => ServerLab.Run(lab =>
    {
        (LabHost a, LabHost b) = WithGatewaysToBeFound(lab);
        return () =>
        {
            Assert.Equal(["10.1.1.1", "fd01:2::1"], lab[a].Connection().Paths.Select(path => path.Gateway));
            lab[a].WaitForEvent("Path 0 of toB leaves by 10.1.1.1, the gateway of eth1. [address-found connection=toB path=0 new=10.1.1.1]", 0);
            lab[a].WaitForEvent("Path 1 of toB leaves by fd01:2::1, the gateway of eth2.", 0);
            using NumberedStream stream = new(a, "10.0.0.2", b, "10.0.0.3");
            stream.SendAll(100);
        };
    });

    [LabTheory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_default_route_that_comes_after_the_address_is_followed(int path) => ServerLab.Run(lab =>
    {
        (LabHost a, _) = WithGatewaysToBeFound(lab);
        (string address, string gateway, string device) = path == 0 ? ("10.1.1.2/24", "10.1.1.1", "eth1") : ("fd01:2::2/64", "fd01:2::1", "eth2");
        return () =>
        {
            // As DHCP does it: the link goes, the address comes back, and the way out some time later.
            int before = lab[a].Process.Lines.Count;
            a.RemoveAddress(device, address);
            // For IPv4 the kernel has done so with the address.
            a.Run("ip", path == 0 ? "-4" : "-6", "route", "del", "default", "dev", device);
            lab[a].WaitForPath(path, PathStatusCode.AddressDown);
            a.AddAddress(device, address);
            lab[a].WaitForEvent("has its interface and address back", before);
            a.Ip(path == 0 ? "-4" : "-6", "route", "add", "default", "via", gateway, "dev", device, "metric", $"{100 * (path + 1)}");
            lab[a].WaitFor(status => status.Connections[0].Paths[path].Gateway == gateway, "the path leaves by the gateway");
            lab[a].WaitUntilUp();
            // It is the one that was announced before.
            Assert.DoesNotContain(lab[a].Process.Lines.Skip(before), line => line.Text.Contains("leaves by", StringComparison.Ordinal));
        };
    });

    [LabTheory]
    [InlineData(0)]
    [InlineData(1)]
    public void Another_default_route_is_followed(int path) => ServerLab.Run(lab =>
    {
        (LabHost a, LabHost b) = WithGatewaysToBeFound(lab);
        // The same router has another address, so that packets get through by either.
        (string before, string after, string device) = path == 0 ? ("10.1.1.1", "10.1.1.101", "eth1") : ("fd01:2::1", "fd01:2::101", "eth2");
        lab.Network.Host($"R{path + 1}").AddAddress("eth1", path == 0 ? $"{after}/24" : $"{after}/64");
        return () =>
        {
            int lines = lab[a].Process.Lines.Count;
            Replace(after);
            lab[a].WaitForEvent($"Path {path} of toB leaves by {after}, the gateway of {device}. [address-found connection=toB path={path} old={before} new={after}]", lines);
            lab[a].WaitFor(status => status.Connections[0].Paths[path].Gateway == after, "the path leaves by the gateway");
            lab[a].WaitUntilUp();
            lab[b].WaitUntilUp();
            using NumberedStream stream = new(a, "10.0.0.2", b, "10.0.0.3");
            stream.SendAll(100);
            Replace(before);
            lab[a].WaitForEvent($"old={after} new={before}]", lines);
        };

        void Replace(string gateway) =>
            a.Ip(path == 0 ? "-4" : "-6", "route", "replace", "default", "via", gateway, "dev", device, "metric", $"{100 * (path + 1)}");
    });

    [LabFact]
    public void A_gateway_that_only_NetworkManager_knows_is_found() => ServerLab.Run(lab =>
    {
        (LabHost a, LabHost b) = WithGatewaysToBeFound(lab);
        a.Ip("route", "del", "default", "dev", "eth1");
        Assert.DoesNotContain("eth1", a.Run("ip", "route", "show", "default").EnsureSuccess().Output);
        // It answers nothing but the one question.
        lab.FilesOf(a).WriteProgram("nmcli", """
            test "$*" = '--escape no --get-values IP4.GATEWAY device show eth1' && echo 10.1.1.1
            """);
        return () =>
        {
            Assert.Equal("10.1.1.1", lab[a].PathAt(0).Gateway);
            lab[a].WaitForEvent("Path 0 of toB leaves by 10.1.1.1, the gateway of eth1.", 0);
            using NumberedStream stream = new(a, "10.0.0.2", b, "10.0.0.3");
            stream.SendAll(100);
            Assert.True(lab[b].PathAt(0).PacketsReceived > 0);
        };
    });

    /// <summary>
    /// Joins a host's interface eth<paramref name="number"/> to that of another by a router of its own: 10.1.n.2 - 10.1.n.1,
    /// 10.11.n.1 - 10.11.n.3, and the same with fd01:n:: and fd11:n::. The far host knows the way back.
    /// </summary>
    /// <param name="mtu">Of the link between the router and the far host.</param>
    /// <returns>The link between the host and its router.</returns>
    internal static LabLink Uplink(ServerLab lab, LabHost near, LabHost far, int number, int mtu = LabNetwork.DefaultMtu)
    {
        LabHost router = lab.AddRouter($"R{number}");
        LabLink link = lab.Network.Link(near, $"eth{number}", [$"10.1.{number}.2/24", $"fd01:{number}::2/64"],
            router, "eth1", [$"10.1.{number}.1/24", $"fd01:{number}::1/64"]);
        lab.Network.Link(router, "eth2", [$"10.11.{number}.1/24", $"fd11:{number}::1/64"],
            far, $"eth{number}", [$"10.11.{number}.3/24", $"fd11:{number}::3/64"], mtu);
        router.AddRoute("default", $"10.11.{number}.3");
        router.AddRoute("default", $"fd11:{number}::3");
        far.AddRoute($"10.1.{number}.0/24", $"10.11.{number}.1");
        far.AddRoute($"fd01:{number}::/64", $"fd11:{number}::1");
        return link;
    }

    [LabFact]
    public void A_router_on_the_way_may_lead_into_a_narrower_link() => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        Uplink(lab, a, b, 1, mtu: 1280);
        Uplink(lab, a, b, 2, mtu: 1280);
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 1000,
            Paths =
            [
                new PathFile("eth1", "10.1.1.2", "10.11.1.3", "10.1.1.1"), new PathFile("eth2", "fd01:2::2", "fd11:2::3", "fd01:2::1"),
            ],
        };
        lab.Configure(a, "10.0.0.2/24", null, toB);
        lab.Configure(b, "10.0.0.3/24", null, WithGateways(toB.Mirror("toA"), "10.11.1.1", "fd11:2::1"));
        return () =>
        {
            // The first wide packets are lost, for the router tells only then how much it takes.
            using VerifiedTcp tcp = new(a, b, "10.0.0.3", 4 << 20);
            tcp.WaitForEnd();
            Traffic.Ping(a, "10.0.0.3", 1412);
            Traffic.Ping(a, "10.0.0.3", 1412);
            using NumberedStream stream = new(a, "10.0.0.2", b, "10.0.0.3");
            stream.SendAll(1000, size: 1400);
        };
    });

    [LabFact(Tools = ["nft"])]
    public void A_path_may_begin_behind_a_NAT() => ServerLab.Run(lab =>
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B"), nat = lab.AddRouter("N");
        lab.Network.Link(a, "eth1", "192.168.7.2/24", nat, "in", "192.168.7.1/24");
        lab.Network.Link(nat, "out", "203.0.113.1/24", b, "eth1", "203.0.113.3/24");
        // As such routers are: what nobody inside has asked for is dropped, and ports are kept where that is possible.
        nat.Run("nft", """
            add table ip nat
            add chain ip nat post { type nat hook postrouting priority 100; }
            add rule ip nat post oifname out masquerade
            add chain ip nat in { type filter hook input priority 0; }
            add rule ip nat in iifname out ct state new drop
            """).EnsureSuccess();
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            Paths = [new PathFile("eth1", "192.168.7.2", "203.0.113.3", "192.168.7.1") { Public = "203.0.113.1" }],
        };
        lab.Configure(a, "10.0.0.2/24", null, toB);
        lab.Configure(b, "10.0.0.3/24", null, new ConnectionFile("toA", "10.0.0.3", "10.0.0.2")
        {
            Paths = [new PathFile("eth1", "203.0.113.3", "203.0.113.1")],
        });
        return () =>
        {
            Traffic.Ping(a, "10.0.0.3");
            Traffic.Ping(b, "10.0.0.2");
            PathStatus path = lab[a].PathAt(0);
            Assert.Equal(("192.168.7.2", "203.0.113.1"), (path.LocalAddress, path.PublicAddress));
            // The command names the path by either address.
            Assert.All(["203.0.113.1", "192.168.7.2"], local =>
            {
                lab[a].Mpt("path", "down", local, "203.0.113.3").EnsureSuccess();
                lab[a].WaitForPath(0, PathStatusCode.TakenDown);
                lab[a].Mpt("path", "up", local, "203.0.113.3").EnsureSuccess();
                lab[a].WaitForPath(0, PathStatusCode.Up);
            });
        };
    });

    /// <summary>Hosts A and B with a router on each link, one path of IPv4 and one of IPv6; A's files leave its gateways to be found.</summary>
    private static (LabHost A, LabHost B) WithGatewaysToBeFound(ServerLab lab)
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        Uplink(lab, a, b, 1);
        Uplink(lab, a, b, 2);
        a.Ip("route", "add", "default", "via", "10.1.1.1", "dev", "eth1", "metric", "100");
        a.Ip("-6", "route", "add", "default", "via", "fd01:2::1", "dev", "eth2", "metric", "200");
        var toB = new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            ReorderWindow = 1000,
            Paths =
            [
                new PathFile("eth1", "10.1.1.2", "10.11.1.3", "0.0.0.0"), new PathFile("eth2", "fd01:2::2", "fd11:2::3", "::"),
            ],
        };
        lab.Configure(a, "10.0.0.2/24", null, toB);
        lab.Configure(b, "10.0.0.3/24", null, WithGateways(toB.Mirror("toA"), "10.11.1.1", "fd11:2::1"));
        return (a, b);
    }

    internal static ConnectionFile WithGateways(ConnectionFile connection, params string[] gateways) => connection with
    {
        Paths = [.. connection.Paths.Select((path, index) => path with { Gateway = gateways[index] })],
    };
}
