using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Packets into the tunnel that are longer than the paths take.</summary>
public class TooLongTests
{
    private const int DontFragment = 0x40;

    [Fact]
    public void WhatJustFitsGoesAsItIs()
    {
        using TunnelBench bench = Bench(largest: 1000);
        bench.SendIntoTunnel(ToB(0, length: 1000));
        Assert.Equal(Gre(ToB(0, length: 1000), 0), bench.Peers[0].Receive(1)[0].Payload);
        Assert.Equal(0, bench.Connection.Fragmented);
    }

    [Fact]
    public void EveryFragmentHasItsNumberAndItsPath()
    {
        using TunnelBench bench = Bench(largest: 500, paths: 2);
        byte[] packet = ToB(7, length: 1400, tos: 0xB8);
        bench.SendIntoTunnel(ToB(0), packet, ToB(1));

        // 480 bytes of payload in each but the last: three fragments between two small packets, path by path in turn.
        List<PeerDatagram>[] received = [bench.Peers[0].Receive(3), bench.Peers[1].Receive(2)];
        byte[][] inOrder = [.. Enumerable.Range(0, 5).Select(i => Inner(received[i % 2][i / 2].Payload, (uint)i))];
        Assert.Equal((ToB(0), ToB(1)), (inOrder[0], inOrder[4]), ByBytes);
        Assert.Equal(packet, SlowReassembly.Join(inOrder[1..4], 500));
        Assert.Equal((1, 5), (bench.Connection.Fragmented, (int)bench.Connection.NextSequence));
        Assert.Empty(bench.Deliver());
        Assert.Equal(0, bench.Connection.SendDrops.Total);
    }

    [Fact]
    public void MoreFragmentsThanABatchTakesAllLeave()
    {
        using TunnelBench bench = Bench(largest: 28, window: 0);
        // As many as a batch takes, and some more.
        byte[] packet = ToB(1, length: 20 + 8 * (SendBatch.Capacity + 50));
        bench.SendIntoTunnel(packet);
        List<byte[]> fragments = [.. bench.Peers[0].Receive(SendBatch.Capacity + 50).Select(datagram => datagram.Payload[4..])];
        Assert.Equal(packet, SlowReassembly.Join(fragments, 28));
    }

    [Fact]
    public void AnIPv4SenderWhoForbidsFragmentsIsToldByThePeer()
    {
        using TunnelBench bench = Bench(largest: 1464);
        byte[] packet = ToB(1, length: 1500);
        packet[6] = DontFragment;
        bench.SendIntoTunnel(packet);

        byte[] answer = Assert.Single(bench.Deliver());
        Assert.Equal((4, 3, 4, 1464), (answer[0] >> 4, answer[20], answer[21], Word(answer, 26)));
        Assert.Equal("10.0.0.3 10.0.0.2", $"{new IPAddress(answer[12..16])} {new IPAddress(answer[16..20])}");
        Assert.Equal(packet[..548], answer[28..]);
        Assert.Equal((1, 1), ((int)bench.Connection.SendDrops[DropReason.TooBig], (int)bench.Connection.TooBigAnswers));
        Assert.Equal(0u, bench.Connection.NextSequence);
        Assert.True(bench.Peers[0].IsEmpty);
    }

    [Fact]
    public void AnIPv6SenderIsToldByTheTunnel()
    {
        using TunnelBench bench = Bench(largest: 1444);
        byte[] packet = IPv6("fec0::7", "fec0::3", length: 1500);
        bench.SendIntoTunnel(packet);

        byte[] answer = Assert.Single(bench.Deliver());
        Assert.Equal((6, 2, 1444), (answer[0] >> 4, answer[40], Word(answer, 46)));
        Assert.Equal("fec0::2 fec0::7", $"{new IPAddress(answer[8..24])} {new IPAddress(answer[24..40])}");
        Assert.Equal(packet[..1232], answer[48..]);
        Assert.Equal(1, bench.Connection.SendDrops[DropReason.TooBig]);
    }

    [Fact]
    public void AnIPv6PacketThatNoAnswerCanHelpIsDropped()
    {
        using TunnelBench bench = Bench(largest: 1244);
        bench.SendIntoTunnel(IPv6("fec0::2", "fec0::3", length: 1280), IPv6("fec0::2", "fec0::3", length: 1244));
        Assert.Empty(bench.Deliver());
        Assert.Equal((1, 0), (bench.Connection.SendDrops[DropReason.TooBig], bench.Connection.TooBigAnswers));
        Assert.Equal(1244 + 8, bench.Peers[0].Receive(1)[0].Payload.Length);
    }

    [Fact]
    public void WhereThePeersAddressIsUnknownTheDestinationAnswers()
    {
        ConnectionConfig config = Configs.Connection(Configs.Path(0)) with
        {
            IPVersion = 6,
            LocalAddress = IPAddress.Parse("fec0::2"),
            RemoteAddress = IPAddress.Parse("fec0::3"),
        };
        using TunnelBench bench = new(config);
        bench.Connection.Size.LargestInner = 1000;
        byte[] packet = IPv4("10.0.0.2", "10.0.0.77", length: 1400), toAll = IPv4("10.0.0.2", "10.0.0.255", length: 1400);
        packet[6] = toAll[6] = DontFragment;
        bench.SendIntoTunnel(packet, toAll);
        // The network's broadcast address is not one to answer.
        Assert.Equal("10.0.0.77", new IPAddress(Assert.Single(bench.Deliver())[12..16]).ToString());
        Assert.Equal(2, bench.Connection.SendDrops[DropReason.TooBig]);
    }

    [Fact]
    public void AFloodIsAnsweredOnlySoOften()
    {
        using TunnelBench bench = Bench(largest: 1000);
        byte[] packet = ToB(1, length: 1001);
        packet[6] = DontFragment;
        for (int i = 0; i < 200; i++)
        {
            bench.SendIntoTunnel(packet);
        }
        Assert.Equal(50, bench.Deliver().Count);
        bench.Now += TimeSpan.FromMilliseconds(10);
        bench.SendIntoTunnel([.. Enumerable.Repeat(packet, 50)]);
        Assert.Equal(10, bench.Deliver().Count);
        Assert.Equal((250, 60), (bench.Connection.SendDrops[DropReason.TooBig], bench.Connection.TooBigAnswers));
    }

    [Fact]
    public void FragmentsGoByPathsWithChecksumsOnly()
    {
        using TunnelBench bench = new(Configs.Connection(Configs.Path(0) with { UdpChecksum = false }, Configs.Path(1)));
        bench.Connection.Size.LargestInner = 500;
        bench.SendIntoTunnel(ToB(1, length: 1400));
        Assert.Equal(ToB(1, length: 1400), SlowReassembly.Join([.. bench.Peers[1].Receive(3).Select(datagram => datagram.Payload[4..])], 500));
        Assert.True(bench.Peers[0].IsEmpty);

        bench.Connection.UpPaths = 0b01;
        bench.SendIntoTunnel(ToB(1, length: 1400), ToB(2));
        Assert.Equal(Gre(ToB(2)), bench.Peers[0].Receive(1)[0].Payload);
        Assert.Equal(1, bench.Connection.SendDrops[DropReason.TooBig]);
        bench.Connection.UpPaths = 0;
        bench.SendIntoTunnel(ToB(1, length: 1400));
        Assert.Equal(1, bench.Connection.SendDrops[DropReason.NoPathUp]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OfALargePacketOneSegmentIsAnswered(bool isIPv6)
    {
        using TunnelBench bench = BenchWithHeaders(largest: 1300);
        PacketSpec spec = Tcp(isIPv6) with { Fragment = DontFragment << 8, Payload = new byte[5 * 1400 + 100] };
        bench.SendIntoTunnel(WithHeader(spec, 1400));

        byte[] first = ReferenceSegmenter.Cut(spec.BuildForOffload(), 1400)[0];
        byte[] answer = Assert.Single(bench.Deliver());
        Assert.Equal(new byte[VirtioHeader.Length], answer[..VirtioHeader.Length]);
        answer = answer[VirtioHeader.Length..];
        Assert.Equal(1300, Word(answer, isIPv6 ? 46 : 26));
        Assert.Equal(isIPv6 ? first[..1232] : first[..548], answer[(isIPv6 ? 48 : 28)..]);
        Assert.Equal((6, 1), (bench.Connection.SendDrops[DropReason.TooBig], bench.Connection.TooBigAnswers));
        Assert.Equal((6, (long)6 * spec.HeaderLength + spec.Payload.Length), (bench.Tunnel.Readers[0].Read.Packets, bench.Tunnel.Readers[0].Read.Bytes));
        Assert.True(bench.Peers[0].IsEmpty);
    }

    [Fact]
    public void SegmentsMayBeCutWhereThatIsNotForbidden() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            PacketSpec spec = Tcp(isIPv6: false) with
            {
                IsUdp = random.Next(2) == 0,
                Id = (ushort)random.Next(65536),
                OptionsIPv4 = new byte[random.Next(11) * 4],
                OptionsTcp = new byte[random.Next(11) * 4],
                Payload = new byte[random.Next(1, 10_000)],
            };
            random.NextBytes(spec.Payload);
            int size = random.Next(300, 1500), largest = random.Next(spec.TransportOffset + 8, 1500);
            using TunnelBench bench = BenchWithHeaders(largest);
            bench.SendIntoTunnel(WithHeader(spec, size));

            foreach (byte[] segment in ReferenceSegmenter.Cut(spec.BuildForOffload(), size))
            {
                List<byte[]> fragments = [];
                while (fragments.Count == 0 || (fragments[^1][6] & 0x20) != 0)
                {
                    fragments.Add(bench.Peers[0].Receive(1)[0].Payload[8..]);
                }
                Assert.Equal(segment, SlowReassembly.Join(fragments, largest));
            }
            Assert.Equal(0, bench.Connection.SendDrops.Total);
            return bench.Peers[0].IsEmpty;
        });

    [Fact]
    public void AnIncompleteChecksumIsCompletedBeforeAPacketIsCut()
    {
        using TunnelBench bench = BenchWithHeaders(largest: 600);
        PacketSpec spec = Tcp(isIPv6: false) with { IsUdp = true, Payload = new byte[1300] };
        bench.SendIntoTunnel(WithHeader(spec, 0));
        Assert.Equal(spec.Build(), SlowReassembly.Join([.. bench.Peers[0].Receive(3).Select(datagram => datagram.Payload[8..])], 600));
    }

    [Fact]
    public void WhatTheKernelRefusesIsToldOnce()
    {
        using TunnelBench bench = TunnelBench.With(paths: 1);
        bench.SendIntoTunnel(ToB(0, length: 65_535), ToB(1));
        Assert.Equal(1, bench.Connection.Paths[0].SendDrops[DropReason.TooBig]);
        Assert.Same(bench.Connection, bench.Doubts.Take());
        bench.SendIntoTunnel(ToB(0, length: 65_535));
        Assert.Null(bench.Doubts.Take());
        bench.Connection.Size.Settle();
        bench.SendIntoTunnel(ToB(0, length: 65_535));
        Assert.Same(bench.Connection, bench.Doubts.Take());
        Assert.Null(bench.Doubts.Take());
    }

    [Fact]
    public void NothingIsAllocated()
    {
        using TunnelBench bench = Bench(largest: 1300);
        byte[] forbidding = ToB(1, length: 1400);
        forbidding[6] = DontFragment;
        byte[][] packets = [ToB(1, length: 1400), forbidding, IPv6("fec0::2", "fec0::3", length: 1400)];
        bench.SendIntoTunnel(packets);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bench.SendIntoTunnel(packets);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal((2, 4), (bench.Connection.Fragmented, bench.Connection.TooBigAnswers));
    }

    private static readonly IEqualityComparer<(byte[], byte[])> ByBytes = EqualityComparer<(byte[], byte[])>.Create(
        (a, b) => a.Item1.AsSpan().SequenceEqual(b.Item1) && a.Item2.AsSpan().SequenceEqual(b.Item2));

    private static TunnelBench Bench(int largest, int paths = 1, int window = 100)
    {
        TunnelBench bench = TunnelBench.With(paths, window);
        bench.Connection.Size.LargestInner = largest;
        return bench;
    }

    private static TunnelBench BenchWithHeaders(int largest)
    {
        TunnelBench bench = new(queues: 1, virtioHeaders: true, Configs.Connection(Configs.Path(0)) with
        {
            ReorderWindow = 100,
            Networks = [Configs.Network("0.0.0.0/0", "0.0.0.0/0"), Configs.Network("::/0", "::/0")],
        });
        bench.Connection.Size.LargestInner = largest;
        return bench;
    }

    /// <summary>A packet that may be cut, where that is for routers to do.</summary>
    private static PacketSpec Tcp(bool isIPv6) => new() { IsIPv6 = isIPv6, Fragment = 0 };

    private static byte[] WithHeader(PacketSpec spec, int segmentSize)
    {
        byte[] packet = new byte[VirtioHeader.Length + spec.HeaderLength + spec.Payload.Length];
        new VirtioHeader
        {
            Flags = VirtioHeader.NeedsChecksum,
            SegmentationType = segmentSize == 0 ? VirtioHeader.None
                : spec.IsUdp ? VirtioHeader.UdpDatagrams : spec.IsIPv6 ? VirtioHeader.TcpIPv6 : VirtioHeader.TcpIPv4,
            SegmentSize = (ushort)segmentSize,
            ChecksumStart = (ushort)spec.TransportOffset,
            ChecksumOffset = (ushort)spec.ChecksumOffset,
        }.Write(packet);
        spec.BuildForOffload().CopyTo(packet, VirtioHeader.Length);
        return packet;
    }

    private static byte[] Inner(byte[] datagram, uint number)
    {
        Assert.Equal(number, BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(4)));
        return datagram[8..];
    }

    private static int Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));
}
