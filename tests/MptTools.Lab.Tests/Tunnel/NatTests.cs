using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>A host behind a router that translates its addresses (nftables' masquerade).</summary>
public class NatTests
{
    private const string Inside = "10.2.0.2", Gateway = "10.2.0.1", Outside = "203.0.113.1", Public = "203.0.113.2";

    [LabTheory(Tools = ["nft"])]
    [InlineData(Outside)]
    [InlineData("203.0.113.9")]
    public void The_peer_behind_it_is_answered_where_it_is_also_when_that_changes(string outsideLater) => ServerLab.Run(lab =>
    {
        (LabHost inside, LabHost router, LabHost open) = Build(lab);
        return () =>
        {
            PathStatus path = lab[open].PathAt(0);
            Assert.Equal(Outside, path.RemoteAddress);
            Assert.InRange(path.RemotePort, 40000, 40999);
            Assert.Equal((Outside, PublicAddressSource.Peer), (lab[inside].PathAt(0).PublicAddress, lab[inside].PathAt(0).PublicAddressSource));
            Traffic.Ping(open, "10.0.0.2");
            Traffic.Ping(inside, "10.0.0.3");

            using NumberedStream stream = new(open, "10.0.0.3", inside, "10.0.0.2");
            stream.Start();
            int said = lab[open].Process.Lines.Count;
            // The kernel forgets what it has translated to an address that goes.
            router.RemoveAddress("eth2", $"{Outside}/24");
            Masquerade(router, 41000);
            router.AddAddress("eth2", $"{outsideLater}/24");
            lab[open].WaitForEvent($"is {outsideLater}:41", said);
            lab[open].WaitForPath(0, PathStatusCode.Up);
            lab[inside].WaitForPath(0, PathStatusCode.Up);
            stream.WaitForMore(50);
            stream.Stop();
            path = lab[open].PathAt(0);
            Assert.Equal(outsideLater, path.RemoteAddress);
            Assert.InRange(path.RemotePort, 41000, 41999);
            Assert.Equal(outsideLater, lab[inside].PathAt(0).PublicAddress);
            Traffic.Ping(inside, "10.0.0.3");
        };
    });

    internal static (LabHost Inside, LabHost Router, LabHost Open) Build(ServerLab lab)
    {
        LabHost inside = lab.AddHost("A"), router = lab.AddRouter("N"), open = lab.AddHost("B");
        lab.Network.Link(inside, "eth1", $"{Inside}/24", router, "eth1", $"{Gateway}/24");
        lab.Network.Link(router, "eth2", $"{Outside}/24", open, "eth1", $"{Public}/24");
        inside.AddRoute("default", Gateway);
        Masquerade(router, 40000);
        PathFile path = new("eth1", Inside, Public, "0.0.0.0") { Public = "0.0.0.0", Keepalive = 0.1, Dead = 0.5 };
        ConnectionFile connection = new("toB", "10.0.0.2", "10.0.0.3") { Key = new string('A', 64), ReorderWindow = 100, Paths = [path] };
        lab.Configure(inside, "10.0.0.2/24", null, connection);
        lab.Configure(open, "10.0.0.3/24", null, connection.Mirror("toA") with
        {
            Paths = [path with { Local = Public, Remote = Outside, Public = null, Gateway = null }],
        });
        return (inside, router, open);
    }

    /// <summary>All that leaves the router by eth2 has its address, and a port of another range than the host's.</summary>
    private static void Masquerade(LabHost router, int firstPort)
    {
        router.Run("nft", "flush", "ruleset").EnsureSuccess();
        router.Run("nft", "add", "table", "ip", "nat").EnsureSuccess();
        router.Run("nft", "add", "chain", "ip", "nat", "out", "{ type nat hook postrouting priority srcnat ; }").EnsureSuccess();
        router.Run("nft", "add", "rule", "ip", "nat", "out", "oifname", "eth2", "meta", "l4proto", "udp", "masquerade", "to", $":{firstPort}-{firstPort + 999}")
            .EnsureSuccess();
    }
}
