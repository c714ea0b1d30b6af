using System.Net;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Datagrams out of the paths, packets out of the tunnel.</summary>
public class DownlinkTests
{
    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void WhatExistingServersSentComesOutInOrder(string scenario)
    {
        foreach (string host in (string[])["A", "B"])
        {
            using TunnelBench bench = TunnelBench.With(paths: 2, window: scenario == "r0-none" ? 0 : 100);
            CapturedDatagram[] captured = [.. Captures.Datagrams(scenario).Where(datagram => datagram.Host == host && datagram.IsGre)];
            string[] expected = [.. Captures.Data(scenario).Where(packet => packet.Host == host).Select(packet => Convert.ToHexString(packet.Inner))];

            List<string> delivered = [];
            foreach (CapturedDatagram datagram in captured)
            {
                delivered.AddRange(bench.Deliver((datagram.Path, datagram.Payload)).Select(Convert.ToHexString));
            }

            Assert.Equal(expected, delivered);
            Assert.Equal(captured.Length - expected.Length, bench.Keepalives.Count);
            Assert.All(bench.Keepalives, keepalive => Assert.Equal(Keepalive.Type, keepalive.Body[0]));
            Assert.Equal(expected.Length, bench.Connection.Delivered.Packets);
            Assert.Equal(expected.Length, bench.Tunnel.Writers[0].Written.Packets);
        }
    }

    [Theory]
    [InlineData("r100-none")]
    [InlineData("v6")]
    public void WhatBothPathsBroughtInOneBatchIsMergedByNumber(string scenario)
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        CapturedData[] captured = [.. Captures.Data(scenario).Where(packet => packet.Host == "B")];
        List<byte[]> delivered = bench.Deliver([.. captured.OrderBy(packet => packet.Path).Select(packet => (packet.Path, packet.Datagram))]);
        Assert.Equal(captured.Select(packet => packet.Inner), delivered);
        Assert.Equal(0, bench.Connection.Order!.Waited);
    }

    [Fact]
    public void RunsOfTwoPathsAreMergedAndNothingIsCopied()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 1000);
        List<(int, byte[])> datagrams = [];
        foreach (int path in (int[])[1, 0])
        {
            datagrams.AddRange(Enumerable.Range(0, 60).Select(i => (path, Gre(ToA((uint)(2 * i + path)), (uint)(2 * i + path)))));
        }
        Assert.Equal(Enumerable.Range(0, 120).Select(mark => ToA((uint)mark)), bench.Deliver([.. datagrams]));
        Assert.Equal(0, bench.Connection.Order!.Waited);
        Assert.Equal((60, 60 * 60L), (bench.Connection.Paths[1].Received.Packets, bench.Connection.Paths[1].Received.Bytes));
        Assert.Equal((120, 120 * 60L), (bench.Connection.Delivered.Packets, bench.Connection.Delivered.Bytes));
    }

    [Fact]
    public void TwoConnectionsInOneBatchKeepTheirOwnOrder()
    {
        using TunnelBench bench = new(
            Configs.Connection(Configs.Path(0), Configs.Path(1)) with { ReorderWindow = 10 },
            Configs.Connection(Configs.Path(0), Configs.Path(1)) with { ReorderWindow = 10, Name = "to_C", RemoteAddress = IPAddress.Parse("10.0.0.4") });
        List<byte[]> delivered = bench.Deliver(
            (1, Gre(ToA(1), 1)), (3, Gre(ToA(101), 1)), (2, Gre(ToA(100), 0)), (0, Gre(ToA(0), 0)), (2, Gre(ToA(103), 3)));
        Assert.Equal([ToA(0), ToA(1), ToA(100), ToA(101)], delivered);
        Assert.Equal((2, 2), (bench.Connections[0].Delivered.Packets, bench.Connections[1].Delivered.Packets));
        Assert.Equal(1, bench.Connections[1].Order!.Waiting);
    }

    [Theory]
    [InlineData("", DropReason.GreTooShort)]
    [InlineData("000008", DropReason.GreTooShort)]
    [InlineData("10000800000000", DropReason.GreTooShort)]
    [InlineData("B000080000000000000000000000", DropReason.GreTooShort)]
    [InlineData("40000800", DropReason.GreReservedBits)]
    [InlineData("08000800", DropReason.GreReservedBits)]
    [InlineData("04000800", DropReason.GreReservedBits)]
    [InlineData("00010800", DropReason.GreVersion)]
    [InlineData("3001880B00000000", DropReason.GreVersion)]
    [InlineData("00000806", DropReason.GreProtocol)]
    [InlineData("80000800000000004500", DropReason.GreChecksum)]
    [InlineData("00000800", DropReason.InnerTooShort)]
    [InlineData("1000080000000000", DropReason.InnerTooShort)]
    [InlineData("000008004500", DropReason.InnerTooShort)]
    [InlineData("000086DD6000", DropReason.InnerTooShort)]
    [InlineData("0000080055000014000000004001000A0A0000030A000002", DropReason.InnerNotIP)]
    [InlineData("0000080000", DropReason.InnerNotIP)]
    [InlineData("000008009F", DropReason.InnerNotIP)]
    [InlineData("0000080045000015000000004001000A0A0000030A000002", DropReason.InnerLength)]
    [InlineData("0000080044000014000000004001000A0A0000030A000002", DropReason.InnerLength)]
    [InlineData("0000080045000013000000004001000A0A0000030A000002", DropReason.InnerLength)]
    [InlineData("000086DD6000000000013B400000000000000000000000000000000000000000000000000000000000000000", DropReason.InnerLength)]
    [InlineData("00000800A0", DropReason.UnknownControl)]
    [InlineData("00000800A1", DropReason.UnknownControl)]
    [InlineData("00000800A200000001040000", DropReason.UnknownControl)]
    [InlineData("00000800FF", DropReason.UnknownControl)]
    internal void WhatCannotBeReadIsDroppedAndCountedByReason(string datagram, DropReason reason)
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        Assert.Empty(bench.Deliver((1, Convert.FromHexString(datagram))));
        Assert.Equal(1, bench.Connection.Paths[1].ReceiveDrops[reason]);
        Assert.Equal(1, bench.Connection.Paths[1].ReceiveDrops.Total);
        Assert.Equal(0, bench.Connection.Paths[1].Received.Packets);
        Assert.Equal([ToA()], bench.Deliver((1, Gre(ToA(), 0))));
    }

    [Fact]
    public void ChecksumAndKeyAreUnderstood()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        byte[] datagram = [0xA0, 0, 0x08, 0, 0, 0, 0, 0, 1, 2, 3, 4, .. ToA()];
        ushort checksum = PlainChecksum.Of(datagram);
        (datagram[4], datagram[5]) = ((byte)(checksum >> 8), (byte)checksum);
        Assert.Equal([ToA()], bench.Deliver((0, datagram)));
    }

    [Fact]
    public void WhatStandsBehindThePacketIsCutOff()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        byte[] v6 = IPv6("fec0::3", "fec0::2");
        Assert.Equal([ToA(), v6], bench.Deliver((0, [.. Gre(ToA()), 1, 2, 3]), (0, [.. Gre(v6), 1])));
        Assert.Equal(2 * 60, bench.Connection.Delivered.Bytes);
    }

    [Fact]
    public void TheFirstNibbleDecidesTheVersionNotTheProtocolType()
    {
        // Existing servers write the connection's protocol type, whatever the packet is.
        using TunnelBench bench = TunnelBench.With(paths: 1);
        byte[] v6 = IPv6("fec0::3", "fec0::2");
        Assert.Equal([v6], bench.Deliver((0, [0, 0, 0x08, 0x00, .. v6])));
    }

    [Fact]
    public void WithoutAWindowPacketsGoAsTheyComeNumberedOrNot()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1, window: 0);
        Assert.Equal(
            [ToA(5), ToA(3), ToA(3), ToA(4)],
            bench.Deliver((0, Gre(ToA(5), 5)), (0, Gre(ToA(3), 3)), (0, Gre(ToA(3), 3)), (0, Gre(ToA(4)))));
    }

    [Fact]
    public void WithAWindowAPacketWithoutANumberGoesAtOnce()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        Assert.Equal([ToA(0), ToA(1)], bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1))));
        Assert.Equal([ToA(9)], bench.Deliver((0, Gre(ToA(3), 3)), (0, Gre(ToA(9)))));
        Assert.Equal([ToA(2), ToA(3)], bench.Deliver((1, Gre(ToA(2), 2))));
    }

    [Fact]
    public void OnlyThePeersOfThePathsAreHeard()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1, window: 10);
        using BenchPeer stranger = new(IPAddress.Parse("127.76.0.9")) { Remote = bench.Peers[0].Remote };
        stranger.Send(Gre(ToA(66), 0));
        stranger.Send(KeepaliveFromB());
        bench.TakeUntil(2);
        Assert.Empty(bench.Deliver());
        Assert.Empty(bench.Keepalives);
        Assert.Equal(2, bench.Connection.ReceiveDrops[DropReason.UnknownSource]);
    }

    [Fact]
    public void OfAnUnknownAddressAKeyedConnectionHearsExtendedKeepalivesOnly()
    {
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0)) with
        {
            AuthenticationType = MptTools.Engine.Config.AuthenticationType.Sha256,
            AuthenticationKey = new string('A', 64),
        });
        using BenchPeer stranger = new(IPAddress.Parse("127.76.0.10")) { Remote = bench.Peers[0].Remote };
        byte[] extended = [.. KeepaliveFromB(), 1];
        stranger.Send(Gre(ToA(66)));
        stranger.Send(KeepaliveFromB());
        stranger.Send([0, 0, 8, 0, 0xA2, .. new byte[50]]);
        stranger.Send(extended);
        bench.TakeUntil(4);
        Assert.Empty(bench.Deliver());
        PostedKeepalive posted = Assert.Single(bench.Keepalives);
        Assert.Equal((null, stranger.EndPoint), (posted.Path, posted.From!.Value.ToIPEndPoint()));
        Assert.Equal(extended[Gre4..], posted.Body);
        Assert.Equal(3, bench.Connection.ReceiveDrops[DropReason.UnknownSource]);

        // A flood is held off before it costs the control plane anything.
        for (int i = 1; i <= 300; i++)
        {
            stranger.Send(extended);
            bench.TakeUntil(4 + i);
            Assert.Empty(bench.Deliver());
        }
        Assert.Equal(100, bench.Keepalives.Count);
        Assert.Equal(201, bench.Connection.ReceiveDrops[DropReason.KeepaliveOverflow]);

        // Once the path has moved there, everything is taken from there, and nothing from the place before.
        bench.Connection.Paths[0].Remote = new RemoteEnd(stranger.EndPoint.Address, stranger.EndPoint.Port);
        bench.Connection.Paths[0].Socket!.Reconnect(stranger.EndPoint, scope: 0);
        stranger.Send(Gre(ToA(1)));
        bench.Peers[0].Send(Gre(ToA(2)));
        bench.TakeUntil(306);
        Assert.Equal([ToA(1)], bench.Deliver());
        Assert.Equal(4, bench.Connection.ReceiveDrops[DropReason.UnknownSource]);
        byte[] packet = IPv4("10.0.0.2", "10.0.0.3");
        bench.SendIntoTunnel(packet);
        Assert.EndsWith(Convert.ToHexString(packet), Convert.ToHexString(stranger.Receive(1)[0].Payload));
        Assert.True(bench.Peers[0].IsEmpty);
    }

    [Fact]
    public void AnyPortOfThePeersAddressIsHeard()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        using BenchPeer other = new(bench.Peers[1].EndPoint.Address) { Remote = bench.Peers[1].Remote };
        other.Send(Gre(ToA(0), 0));
        other.Send(KeepaliveFromB());
        bench.TakeUntil(2);
        Assert.Equal([ToA(0)], bench.Deliver());
        Assert.Equal(1, bench.Connection.Paths[1].Received.Packets);
        PostedKeepalive keepalive = Assert.Single(bench.Keepalives);
        Assert.Equal((1, other.EndPoint), (keepalive.Path, keepalive.From!.Value.ToIPEndPoint()));
    }

    [Fact]
    public void AKeepaliveGoesToTheControlPlaneWhole()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        byte[] longest = [.. KeepaliveFromB(), .. Enumerable.Range(0, Keepalive.MaximumBodyLength - Keepalive.BodyLength).Select(i => (byte)i)];
        Assert.Empty(bench.Deliver((1, longest), (0, KeepaliveFromB()), (0, [.. longest, 1, 2, 3])));
        Assert.Equal(3, bench.Keepalives.Count);
        PostedKeepalive first = Assert.Single(bench.Keepalives, keepalive => keepalive.Path == 1);
        Assert.Equal(longest[Gre4..], first.Body);
        Assert.Null(first.From);
        // One byte too many tells that it was too long.
        Assert.Contains(bench.Keepalives, keepalive => keepalive.Body.Length == Keepalive.MaximumBodyLength + 1);
        Assert.Equal(0, bench.Connection.Paths.Sum(path => path.Received.Packets));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void CongestionMarksAreCarriedIntoThePacket(int pathVersion)
    {
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0) with { IPVersion = pathVersion }));
        for (int outer = 0; outer < 4; outer++)
        {
            bench.Peers[0].SetEcn(outer);
            for (int inner = 0; inner < 4; inner++)
            {
                EcnResult expected = Ecn.Decapsulate((byte)inner, (byte)outer);
                byte[] v4 = ToA(tos: (byte)(0xB8 | inner)), v6 = IPv6("fec0::3", "fec0::2", trafficClass: (byte)(0xB8 | inner));
                List<byte[]> delivered = bench.Deliver((0, Gre(v4)), (0, Gre(v6)));
                if (expected.Drop)
                {
                    Assert.Empty(delivered);
                    continue;
                }
                Assert.Equal(
                    [ToA(tos: (byte)(0xB8 | expected.Codepoint)), IPv6("fec0::3", "fec0::2", trafficClass: (byte)(0xB8 | expected.Codepoint))],
                    delivered);
            }
        }
        // Outer CE, inner Not-ECT: once for each inner version.
        Assert.Equal(2, bench.Connection.Paths[0].ReceiveDrops[DropReason.EcnCongestionLost]);
        Assert.Equal(2, bench.Connection.Paths[0].ReceiveDrops.Total);
    }

    [Fact]
    public void WhatTheTunnelRefusesIsCounted()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        bench.CloseHost();
        bench.Deliver((0, Gre(ToA(0))), (0, Gre(ToA(1))));
        Assert.Equal(2, bench.Tunnel.Writers[0].Drops[DropReason.TunnelWrite]);
        Assert.Equal(0, bench.Tunnel.Writers[0].Written.Packets);
    }

    [Fact]
    public void KeepalivesNobodyTakesAreCountedAndDataGoesOn()
    {
        using MptTools.Engine.Linux.EventFd arrival = new();
        KeepaliveMailbox mailbox = new(arrival);
        using TunnelBench bench = TunnelBench.With(paths: 1);
        PathRuntime path = bench.Connection.Paths[0];
        ReceiveSource source = new(path.Socket!, bench.Connection, null);
        ObservedEndpoint from = path.Remote.Endpoint;
        int posted = 0;
        // Those from unknown addresses leave room for the others.
        while (mailbox.TryPost(source, null, [1, 2, 3], from, TimeSpan.FromSeconds(posted)))
        {
            posted++;
        }
        Assert.Equal(256, posted);
        for (; posted > 0; posted--)
        {
            mailbox.Release();
        }
        while (mailbox.TryPost(source, path, [1, 2, 3], from, TimeSpan.FromSeconds(posted)))
        {
            posted++;
        }
        Assert.Equal(1024, posted);
        Assert.False(mailbox.TryPost(source, null, [1, 2, 3], from, TimeSpan.Zero));
        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal((path, TimeSpan.FromSeconds(i), 3), (mailbox.Peek()!.Path, mailbox.Peek()!.Time, mailbox.Peek()!.Length));
            mailbox.Release();
            Assert.True(mailbox.TryPost(source, path, [4, 5, 6], null, TimeSpan.FromSeconds(posted++)));
        }
    }

    private const int Gre4 = MptTools.Engine.Wire.Gre.BaseLength;

    private static byte[] KeepaliveFromB()
    {
        byte[] datagram = new byte[Keepalive.DatagramLength];
        Keepalive.Write(datagram, 4, IPAddress.Parse("10.0.0.3"), IPAddress.Parse("10.0.0.2"));
        return datagram;
    }
}
