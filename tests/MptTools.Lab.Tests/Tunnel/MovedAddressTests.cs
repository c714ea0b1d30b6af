using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Addresses that change under traffic, at this end and at the peer's.</summary>
public class MovedAddressTests
{
    private static readonly TunnelOptions Fast = new()
    {
        Connection = connection => connection with
        {
            Key = new string('A', 64),
            ReorderWindow = 1000,
            Paths = [.. connection.Paths.Select(path => path with { Keepalive = 0.1, Dead = 0.5 })],
        },
    };

    [LabTheory]
    [InlineData(4, true)]
    [InlineData(4, false)]
    [InlineData(6, true)]
    [InlineData(6, false)]
    public void Another_address_of_the_interface_is_used_and_the_peer_follows(int version, bool oldGoesFirst) =>
        TunnelLab.RunStopped(Fast with { PathVersions = [version, 10 - version] }, lab =>
        {
            string any = version == 4 ? "0.0.0.0" : "::";
            (string before, string after, int length) = version == 4 ? ("10.1.1.2", "10.1.1.102", 24) : ("fd01:1::2", "fd01:1::102", 64);
            lab.FilesA.Write(lab.FileA with { Paths = [lab.FileA.Paths[0] with { Local = any }, lab.FileA.Paths[1]] });
            // As DHCP clients set it: the second address stays when the first one goes.
            lab.A.Sysctl("net.ipv4.conf.eth1.promote_secondaries", "1");
            lab.Start();
            Assert.Equal(before, lab.ServerA.PathAt(0).LocalAddress);
            using NumberedStream toB = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            using NumberedStream toA = new(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA);
            toB.Start();
            toA.Start();
            toB.WaitForMore(50);
            (int saidByA, int saidByB) = (lab.ServerA.Process.Lines.Count, lab.ServerB.Process.Lines.Count);

            void Remove() => lab.A.RemoveAddress("eth1", $"{before}/{length}");
            void Add() => lab.A.AddAddress("eth1", $"{after}/{length}");
            if (oldGoesFirst)
            {
                Remove();
                lab.ServerA.WaitForPath(0, PathStatusCode.AddressDown);
                Add();
            }
            else
            {
                Add();
                Remove();
            }
            lab.ServerA.WaitForEvent($"uses {after}", saidByA);
            lab.ServerB.WaitForEvent($"is {(version == 4 ? after : $"[{after}]")}:23456 now", saidByB);
            UsePath0(lab, toA, toB);
            Assert.Equal(after, lab.ServerA.PathAt(0).LocalAddress);
            Assert.Equal((after, 23456), (lab.ServerB.PathAt(0).RemoteAddress, lab.ServerB.PathAt(0).RemotePort));
            Assert.DoesNotContain(
                lab.ServerA.Process.Lines.Skip(saidByA).Concat(lab.ServerB.Process.Lines.Skip(saidByB)),
                line => line.Text.Contains("Path 1 of", StringComparison.Ordinal));
            lab.ServerA.StopCleanly();
            lab.ServerB.StopCleanly();
        });

    [LabTheory]
    [InlineData(LinkDirection.AToB)]
    [InlineData(LinkDirection.BToA)]
    public void A_line_that_is_cut_in_one_direction_is_out_of_use_at_both_ends(LinkDirection direction) =>
        TunnelLab.Run(Fast with { Conditions = [new LinkConditions()] }, lab =>
        {
            using NumberedStream toB = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            using NumberedStream toA = new(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA);
            toB.Start();
            toA.Start();
            toB.WaitForMore(50);
            lab.Links[0].Cut(CarrierLoss.No, direction);
            lab.ServerA.WaitForPath(0, PathStatusCode.Down);
            lab.ServerB.WaitForPath(0, PathStatusCode.Down);
            (long a, long b) = (lab.ServerA.PathAt(0).PacketsSent, lab.ServerB.PathAt(0).PacketsSent);
            toB.WaitForMore(200);
            toA.WaitForMore(200);
            Assert.Equal((a, b), (lab.ServerA.PathAt(0).PacketsSent, lab.ServerB.PathAt(0).PacketsSent));
            // The end that hears says why.
            LabServer hears = direction == LinkDirection.AToB ? lab.ServerA : lab.ServerB;
            hears.WaitForEvent("says that it does not hear this end", 0);
            lab.Links[0].Heal();
            UsePath0(lab, toA, toB);
        });

    private static void UsePath0(TunnelLab lab, params NumberedStream[] streams)
    {
        foreach (LabServer server in new[] { lab.ServerA, lab.ServerB })
        {
            server.WaitForPath(0, PathStatusCode.Up);
            PathStatus before = server.PathAt(0);
            server.WaitFor(status => status.Connections[0].Paths[0] is var now &&
                now.PacketsSent > before.PacketsSent + 10 && now.PacketsReceived > before.PacketsReceived + 10,
                $"path 0 of {server.Host} carries packets both ways again");
        }
        foreach (NumberedStream stream in streams)
        {
            stream.WaitForMore(50);
            Assert.Equal(0, stream.OutOfOrder);
        }
    }
}
