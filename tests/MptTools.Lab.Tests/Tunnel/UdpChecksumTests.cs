using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>UDP checksums outside: there unless they are switched off, and taken for what they are (RFC 8086 section 6).</summary>
public class UdpChecksumTests
{
    [LabTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Checksums_are_on_the_wire_or_not_as_configured(bool checksum) => TunnelLab.Run(With(checksum, 4, 6), lab =>
    {
        using WireTap first = new(lab.A, "eth1"), second = new(lab.A, "eth2");
        using (VerifiedTcp there = new(lab.A, lab.B, TunnelLab.AddressB, 1 << 20))
        using (VerifiedTcp back = new(lab.B, lab.A, TunnelLab.AddressA6, 1 << 20))
        {
            there.WaitForEnd();
            back.WaitForEnd();
        }
        foreach (WireTap tap in (WireTap[])[first, second])
        {
            TappedPacket[] data = [.. tap.Packets.Where(packet => packet.IsData)];
            Assert.True(data.Length > 20, $"Only {data.Length} packets were seen.");
            Assert.All(data, packet => Assert.Equal(checksum, packet.UdpChecksum != 0));
        }
        // The kernel cuts no run without checksums, and was not asked to.
        bool mayCut = (lab.ServerA.Status().Offloads & Offloads.UdpSegment) != 0;
        Assert.All(lab.ServerA.Connection().Paths, path => Assert.Equal(checksum && mayCut, path.Offloads.HasFlag(Offloads.UdpSegment)));
        Assert.Empty(lab.ServerA.Connection().Drops);
        Assert.All(lab.ServerA.Connection().Paths, path => Assert.Empty(path.Drops));
    });

    [LabFact]
    public void IPv6_without_a_checksum_is_not_taken_by_who_did_not_agree_to_it() => TunnelLab.RunStopped(With(true, 6), lab =>
    {
        lab.FilesA.Write(With(false, 6).Connection(lab.FileA));
        StartBoth(lab);
        // A hears B, and B hears nothing and says so.
        lab.ServerB.WaitForPath(0, PathStatusCode.Down);
        lab.ServerA.WaitForPath(0, PathStatusCode.Down);
        Assert.True(ProcNet.Counter(lab.B, "snmp6", "Udp6InCsumErrors") > 0, "Nothing without a checksum came.");
        Assert.Equal(PeerKind.Unknown, lab.ServerB.Connection().Peer);
        Assert.NotNull(lab.ServerA.PathAt(0).LastKeepalive);

        lab.FilesB.Write(With(false, 6).Connection(lab.FileB));
        lab.ServerB.Process.Reload();
        lab.ServerB.WaitUntilUp();
    });

    [LabFact]
    public void IPv4_without_a_checksum_is_taken_by_everybody() => TunnelLab.RunStopped(With(true, 4), lab =>
    {
        lab.FilesA.Write(With(false, 4).Connection(lab.FileA));
        StartBoth(lab);
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        Traffic.Ping(lab.A, TunnelLab.AddressB, 1000);
    });

    private static TunnelOptions With(bool checksum, params int[] pathVersions) => new()
    {
        PathVersions = pathVersions,
        Connection = connection => connection with
        {
            ReorderWindow = 1000,
            Paths = [.. connection.Paths.Select(path => path with { Checksum = checksum })],
        },
    };

    private static void StartBoth(TunnelLab lab)
    {
        LabServer[] servers = LabServer.StartAll((lab.A, lab.FilesA, "tun0"), (lab.B, lab.FilesB, "tun0"));
        (lab.ServerA, lab.ServerB) = (servers[0], servers[1]);
    }
}
