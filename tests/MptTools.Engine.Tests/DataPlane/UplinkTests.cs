using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Tests.Wire;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Packets into the tunnel, datagrams out of the paths.</summary>
public class UplinkTests
{
    [Theory]
    [InlineData("r0-none", "A", 0, 3, 2)]
    [InlineData("r0-none", "B", 0, 3, 2)]
    [InlineData("r100-none", "A", 100, 3, 2)]
    [InlineData("r100-rand", "B", 100, 3, 2)]
    [InlineData("r100-sha256", "A", 100, 3, 2)]
    [InlineData("create", "A", 100, 3, 2)]
    [InlineData("create", "B", 100, 1, 1)]
    [InlineData("v6", "A", 100, 3, 2)]
    [InlineData("v6", "B", 100, 3, 2)]
    public void WhatExistingServersSentIsSentAgainByteForByte(string scenario, string host, int window, int first, int second)
    {
        CapturedData[] captured = [.. Captures.Data(scenario).Where(packet => packet.Host == host)];
        bool isIPv6 = scenario == "v6";
        using TunnelBench bench = new(Configs.Connection(
            Configs.Path(0, first), Configs.Path(1, second) with { IPVersion = isIPv6 ? 6 : 4 }) with
        {
            ReorderWindow = window,
            IPVersion = isIPv6 ? 6 : 4,
            LocalAddress = Address(isIPv6, host),
            RemoteAddress = Address(isIPv6, host == "A" ? "B" : "A"),
        });

        bench.SendIntoTunnel([.. captured.Select(packet => packet.Inner)]);

        foreach (int path in (int[])[0, 1])
        {
            CapturedData[] expected = [.. captured.Where(packet => packet.Path == path)];
            Assert.Equal(
                expected.Select(packet => Convert.ToHexString(packet.Datagram)),
                bench.Peers[path].Receive(expected.Length).Select(datagram => Convert.ToHexString(datagram.Payload)));
            Assert.True(bench.Peers[path].IsEmpty);
            Assert.Equal(expected.Length, bench.Connection.Paths[path].Sent.Packets);
            Assert.Equal(expected.Sum(packet => packet.Inner.Length), bench.Connection.Paths[path].Sent.Bytes);
        }
        Assert.Equal(window == 0 ? 0u : (uint)captured.Length, bench.Connection.AnnouncedSequence);
    }

    [Fact]
    public void PathsGetTheirWeightsAndKeepTheOrder()
    {
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0, 12), Configs.Path(1, 18), Configs.Path(2, 15)) with { ReorderWindow = 10 });
        byte[][] packets = [.. Enumerable.Range(0, 450).Select(mark => ToB((uint)mark))];
        bench.SendIntoTunnel(packets);

        List<uint> numbers = [];
        for (int path = 0; path < 3; path++)
        {
            uint[] ofPath = [.. bench.Peers[path].Receive(new[] { 120, 180, 150 }[path]).Select(datagram => Number(datagram, packets))];
            Assert.Equal(ofPath.Order(), ofPath);
            numbers.AddRange(ofPath);
            Assert.True(bench.Peers[path].IsEmpty);
        }
        Assert.Equal(Enumerable.Range(0, 450).Select(number => (uint)number), numbers.Order());
        Assert.Equal((450, 450L * 60), (bench.Tunnel.Readers[0].Read.Packets, bench.Tunnel.Readers[0].Read.Bytes));
    }

    [Fact]
    public void TheProtocolTypeIsTheOneOfThePacket()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        byte[] packet = IPv6("fec0::2", "fec0::3");
        bench.SendIntoTunnel(packet);
        Assert.Equal([0, 0, 0x86, 0xDD, .. packet], bench.Peers[0].Receive(1)[0].Payload);
    }

    [Fact]
    public void APathThatGoesDownGivesItsTurnsAway()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        bench.Connection.UpPaths = 0b10;
        byte[][] packets = [ToB(0), ToB(1), ToB(2), ToB(3)];
        bench.SendIntoTunnel(packets);
        Assert.Equal([0u, 1, 2, 3], bench.Peers[1].Receive(4).Select(datagram => Number(datagram, packets)));
        Assert.Equal(0, bench.Connection.Paths[0].Sent.Packets);
    }

    [Fact]
    public void WithoutAPathAPacketIsDroppedAndTakesNoNumber()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1, window: 10);
        bench.Connection.UpPaths = 0;
        bench.SendIntoTunnel(ToB(), ToB());
        Assert.Equal(2, bench.Connection.SendDrops[DropReason.NoPathUp]);
        Assert.Equal(0u, bench.Connection.NextSequence);
        bench.Connection.UpPaths = 1;
        bench.SendIntoTunnel(ToB());
        Assert.Equal(Gre(ToB(), 0), bench.Peers[0].Receive(1)[0].Payload);
    }

    [Fact]
    public void APathThatLosesItsSocketCountsWhatItCannotSend()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        UdpSocket socket = bench.Connection.Paths[0].Socket!;
        bench.Connection.Paths[0].Socket = null;
        bench.SendIntoTunnel(ToB(0), ToB(1), ToB(2), ToB(3), ToB(4));
        Assert.Equal(3, bench.Connection.Paths[0].SendDrops[DropReason.Unreachable]);
        Assert.Equal(0, bench.Connection.Paths[0].Sent.Packets);
        Assert.Equal([Gre(ToB(1), 1), Gre(ToB(3), 3)], bench.Peers[1].Receive(2).Select(datagram => datagram.Payload));

        bench.Connection.Paths[0].Socket = socket;
        bench.SendIntoTunnel(ToB(5), ToB(6));
        Assert.Equal(Gre(ToB(6), 6), bench.Peers[0].Receive(1)[0].Payload);
        Assert.Equal(7u, bench.Connection.AnnouncedSequence);
    }

    [Fact]
    public void WhatBelongsToNoConnectionIsCounted()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        byte[] cut = ToB()[..19], strange = ToB();
        strange[0] = 0x55;
        bench.SendIntoTunnel(IPv4("10.0.0.2", "10.9.9.9"), IPv6("fec0::2", "ff02::1"), cut, strange, ToB(7));
        Assert.Equal(2, bench.Tunnel.Readers[0].Drops[DropReason.NoConnection]);
        Assert.Equal(2, bench.Tunnel.Readers[0].Drops[DropReason.NotIP]);
        Assert.Equal(5, bench.Tunnel.Readers[0].Read.Packets);
        Assert.Equal(Gre(ToB(7)), bench.Peers[0].Receive(1)[0].Payload);
    }

    [Fact]
    public void APacketThatFitsNoDatagramIsCountedAndStopsNobody()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1, window: 10);
        const int largest = 65_507 - 8;
        bench.SendIntoTunnel(ToB(0), ToB(1, length: largest + 1), ToB(2, length: largest), ToB(3));
        Assert.Equal(1, bench.Connection.Paths[0].SendDrops[DropReason.TooBig]);
        Assert.Equal(
            [Gre(ToB(0), 0), Gre(ToB(2, length: largest), 2), Gre(ToB(3), 3)],
            bench.Peers[0].Receive(3).Select(datagram => datagram.Payload));
    }

    [Fact]
    public void AClosedPortThatWasReportedCostsNoPacket()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        IPEndPoint endPoint = bench.Peers[0].EndPoint;
        bench.Peers[0].Dispose();
        bench.SendIntoTunnel(ToB(0));
        WaitForError(bench.Connection.Paths[0].Socket!);

        bench.Peers[0] = new BenchPeer(endPoint.Address, endPoint.Port);
        bench.SendIntoTunnel(ToB(1), ToB(2));
        Assert.Equal([Gre(ToB(1)), Gre(ToB(2))], bench.Peers[0].Receive(2).Select(datagram => datagram.Payload));
        Assert.Equal(3, bench.Connection.Paths[0].Sent.Packets);
        Assert.Equal(0, bench.Connection.Paths[0].SendDrops.Total);
    }

    [Fact]
    public void WhereRunsAreRefusedEveryPacketGoesByItself()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        PathRuntime path = bench.Connection.Paths[0];
        // Linux sends no runs on a socket without UDP checksums, and says so at the first one only.
        SetNoCheck(path.Socket!, 1);
        byte[][] packets = [.. Enumerable.Range(0, 40).Select(mark => ToB((uint)mark))];
        bench.SendIntoTunnel(packets);

        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(Enumerable.Range(0, 20).Select(n => (uint)(2 * n + i)), bench.Peers[i].Receive(20).Select(item => Number(item, packets)));
        }
        Assert.Equal((20, 0), (path.Sent.Packets, path.SendDrops.Total));
        Assert.Equal((Offloads.UdpGro, Libc.EINVAL), (path.Offloads, path.Socket!.RunsRefused));
        Assert.Equal(Offloads.UdpGro | Offloads.UdpSegment, bench.Connection.Paths[1].Offloads);
        Assert.True(bench.Notice.TryTake());
        Assert.False(bench.Notice.TryTake());

        // It is not tried again, though it would be possible now.
        SetNoCheck(path.Socket!, 0);
        bench.SendIntoTunnel(packets);
        Assert.Equal(20, bench.Peers[0].Receive(20).Count);
        Assert.Equal(Offloads.UdpGro, path.Offloads);
        Assert.False(bench.Notice.TryTake());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void APathThatIsTooNarrowKeepsItsRuns(int version)
    {
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0) with { IPVersion = version }));
        UdpSocket socket = bench.Connection.Paths[0].Socket!;
        int headers = version == 4 ? 28 : 48;
        // The loopback interface takes 65,536 bytes. Older kernels answer a wider run with the error of what is not possible at all.
        Assert.True(socket.TryShortenRuns(Libc.EINVAL, datagrams: 2, 65536 - headers + 1));
        Assert.Equal((65536 - headers, 0), (socket.LongestSegment, socket.RunsRefused));
        Assert.True(socket.TryShortenRuns(Libc.EMSGSIZE, datagrams: 2, length: 1400));
        Assert.Equal((1399, 0), (socket.LongestSegment, socket.RunsRefused));
        Assert.True(socket.TryShortenRuns(Libc.EINVAL, datagrams: 2, length: 1300));
        Assert.Equal((0, Libc.EINVAL), (socket.LongestSegment, socket.RunsRefused));
    }

    [Theory]
    [InlineData(128, 128, 22)]
    [InlineData(64, 64, 64, 22)]
    public void RunsHaveAsManyDatagramsAsTheKernelTakes(params int[] runs)
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        UdpSocket socket = bench.Connection.Paths[0].Socket!;
        if (runs[0] == 64)
        {
            Assert.True(socket.TryShortenRuns(Libc.EINVAL, datagrams: 65, length: 100));
        }
        Assert.Equal(runs, RunsOf(socket, runs.Sum()));
        Assert.Equal(0, socket.RunsRefused);
        Assert.Equal(Offloads.UdpGro | Offloads.UdpSegment, socket.Offloads);
    }

    [Theory]
    [InlineData(Offloads.None)]
    [InlineData(Offloads.UdpGro)]
    [InlineData(Offloads.UdpSegment)]
    [InlineData(Offloads.All)]
    public void ASocketUsesWhatItMay(Offloads allowed)
    {
        using UdpSocket socket = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), scope: 0, mark: 0, share: false, allowed);
        Assert.Equal(allowed & UdpSocket.FindOffloads(), socket.Offloads);
        Assert.Equal((allowed & Offloads.UdpSegment) != 0 ? [3] : [1, 1, 1], RunsOf(socket, 3));
        Assert.Equal((allowed & Offloads.UdpGro) != 0 ? 1 : 0, Get(socket, Libc.SOL_UDP, Libc.UDP_GRO));
    }

    [Theory]
    [InlineData(4, false, 0)]
    [InlineData(4, true, 3)]
    [InlineData(6, false, 0)]
    [InlineData(6, true, 3)]
    public void TheOuterHeaderCarriesECNOnlyToPeersThatLookAtIt(int pathVersion, bool peerTakesEcn, int mask)
    {
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0) with { IPVersion = pathVersion }));
        bench.Connection.PeerTakesEcn = peerTakesEcn;
        // DSCP bits must not get through; the mark alone may.
        byte[][] packets =
        [
            .. Enumerable.Range(0, 4).Select(ecn => ToB(tos: (byte)(0xB8 | ecn))),
            .. Enumerable.Range(0, 4).Select(ecn => IPv6("fec0::2", "fec0::3", trafficClass: (byte)(0xB8 | ecn))),
        ];
        bench.SendIntoTunnel(packets);
        List<PeerDatagram> datagrams = bench.Peers[0].Receive(8);
        Assert.Equal(packets.Select(packet => Gre(packet)), datagrams.Select(datagram => datagram.Payload));
        Assert.Equal(new[] { 0, 1, 2, 3, 0, 1, 2, 3 }.Select(ecn => (byte)(ecn & mask)), datagrams.Select(datagram => datagram.Ecn));
    }

    [Fact]
    public void ConnectionsShareTheTunnelAndNothingElse()
    {
        ConnectionConfig other = Configs.Connection(Configs.Path(0)) with { Name = "to_C", RemoteAddress = IPAddress.Parse("10.0.0.4"), ReorderWindow = 5 };
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0, 1), Configs.Path(1, 1)) with { ReorderWindow = 5 }, other);
        bench.SendIntoTunnel(ToB(0), IPv4("10.0.0.2", "10.0.0.4", 1), ToB(2), IPv4("10.0.0.2", "10.0.0.4", 3), ToB(4));
        Assert.Equal([Gre(ToB(0), 0), Gre(ToB(4), 2)], bench.Peers[0].Receive(2).Select(datagram => datagram.Payload));
        Assert.Equal([Gre(ToB(2), 1)], bench.Peers[1].Receive(1).Select(datagram => datagram.Payload));
        Assert.Equal(
            [Gre(IPv4("10.0.0.2", "10.0.0.4", 1), 0), Gre(IPv4("10.0.0.2", "10.0.0.4", 3), 1)],
            bench.Peers[2].Receive(2).Select(datagram => datagram.Payload));
    }

    [Fact]
    public void NumbersWrap()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1, window: 10);
        bench.Connection.NextSequence = uint.MaxValue;
        bench.SendIntoTunnel(ToB(0), ToB(1));
        Assert.Equal([Gre(ToB(0), uint.MaxValue), Gre(ToB(1), 0)], bench.Peers[0].Receive(2).Select(datagram => datagram.Payload));
        Assert.Equal(1u, bench.Connection.AnnouncedSequence);
    }

    [Fact]
    public void SendingAllocatesNothing()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 10);
        byte[][] packets = [.. Enumerable.Range(0, 100).Select(mark => ToB((uint)mark))];
        bench.SendIntoTunnel(packets);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bench.SendIntoTunnel(packets);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(200, bench.Connection.Paths.Sum(path => path.Sent.Packets));
    }

    /// <summary>The number a packet carries on the wire, which must be the one of its place in the tunnel.</summary>
    private static uint Number(PeerDatagram datagram, byte[][] packets)
    {
        uint number = (uint)(datagram.Payload[4] << 24 | datagram.Payload[5] << 16 | datagram.Payload[6] << 8 | datagram.Payload[7]);
        Assert.Equal(Gre(packets[number], number), datagram.Payload);
        return number;
    }

    /// <summary>How many datagrams each message has when so many of one size are sent.</summary>
    private static unsafe int[] RunsOf(UdpSocket socket, int datagrams)
    {
        using SendBatch batch = new();
        byte* datagram = stackalloc byte[100];
        for (int i = 0; i < datagrams; i++)
        {
            batch.Add(datagram, 100, null, 0, 0, socket);
        }
        return [.. Enumerable.Range(0, batch.Count).Select(batch.DatagramsOf)];
    }

    private static unsafe void SetNoCheck(UdpSocket socket, int value)
    {
        SystemCallException.Check(Libc.setsockopt(socket.Descriptor, Libc.SOL_SOCKET, Libc.SO_NO_CHECK, &value, sizeof(int)), "Setting SO_NO_CHECK");
    }

    private static unsafe int Get(UdpSocket socket, int level, int option)
    {
        int value;
        uint length = sizeof(int);
        SystemCallException.Check(Libc.getsockopt(socket.Descriptor, level, option, &value, &length), "Reading an option");
        return value;
    }

    private static unsafe void WaitForError(UdpSocket socket)
    {
        Libc.pollfd descriptor = new() { fd = socket.Descriptor };
        Assert.Equal(1, Libc.poll(&descriptor, 1, 30_000));
    }

    private static IPAddress Address(bool isIPv6, string host) =>
        IPAddress.Parse((isIPv6 ? "fec0::" : "10.0.0.") + (host == "A" ? "2" : "3"));
}
