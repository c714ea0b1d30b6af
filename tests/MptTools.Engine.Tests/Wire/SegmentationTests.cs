using System.Buffers.Binary;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public sealed unsafe class SegmentationTests : IDisposable
{
    private const int LargestPacket = 65535;

    private readonly GuardedMemory memory = new(slots: 4, LargestPacket);

    public void Dispose() => memory.Dispose();

    [Fact]
    public void SegmentsEqualTheReference() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            PacketSpec spec = RandomSpec(random, LargestPacket);
            int size = random.Next(3) == 0 ? random.Next(1, 80) + spec.Payload.Length / 100 : random.Next(500, 9000);
            AssertEqualsReference(spec, size, slot: random.Next(2));
            return true;
        });

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void CountersPassTheirEnds(bool isIPv6, bool isUdp) => AssertEqualsReference(
        new PacketSpec
        {
            IsIPv6 = isIPv6,
            IsUdp = isUdp,
            Id = 0xFFFE,
            Sequence = uint.MaxValue - 1500,
            Flags = PacketSpec.Ack | PacketSpec.Psh | PacketSpec.Fin | PacketSpec.Cwr,
            Payload = new byte[5000],
        },
        size: 1000);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(999, 1)]
    [InlineData(1000, 1)]
    [InlineData(1001, 2)]
    [InlineData(2000, 2)]
    public void TheLastSegmentTakesTheRest(int payload, int segments)
    {
        PacketSpec spec = new() { Payload = new byte[payload], Flags = PacketSpec.Ack | PacketSpec.Psh | PacketSpec.Cwr };
        Assert.Equal(segments, AssertEqualsReference(spec, size: 1000));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AUdpChecksumOfZeroIsSentAsOnes(bool isIPv6)
    {
        PacketSpec spec = new() { IsUdp = true, IsIPv6 = isIPv6, Payload = new byte[2000] };
        // A word that equals the checksum makes the sum all ones and the checksum zero.
        byte[] first = ReferenceSegmenter.Cut(spec.Build(), 1000)[0];
        first.AsSpan(spec.TransportOffset + 6, 2).CopyTo(spec.Payload);
        AssertEqualsReference(spec, size: 1000);
        Assert.Equal(0xFFFF, Word(Cut(spec.BuildForOffload(), HeaderOf(spec, 1000), slot: 0)[0], spec.TransportOffset + 6));
    }

    [Fact]
    public void BehindARoutingHeaderTheFinalDestinationCounts()
    {
        byte[] final = [.. Enumerable.Range(0x20, 16).Select(number => (byte)number)];
        PacketSpec spec = new()
        {
            IsIPv6 = true,
            Extensions = [(43, [0, 2, 4, 1, 0, 0, 0, 0, .. final])],
            FinalDestination = final,
            Payload = [.. Enumerable.Range(0, 300).Select(number => (byte)number)],
        };
        List<byte[]> segments = Cut(spec.BuildForOffload(), HeaderOf(spec, 100), slot: 0);
        for (int i = 0; i < 3; i++)
        {
            PacketSpec expected = spec with { Payload = spec.Payload[(i * 100)..(i * 100 + 100)], Sequence = (uint)i * 100 };
            Assert.Equal(expected.Build(), segments[i]);
        }
    }

    [Fact]
    public void AnIncompleteChecksumIsCompleted() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            PacketSpec spec = RandomSpec(random, largest: 3000);
            VirtioHeader header = HeaderOf(spec, 0) with { SegmentationType = VirtioHeader.None };
            byte[] bytes = spec.BuildForOffload();
            Span<byte> packet = new(memory.Place(random.Next(2), bytes), bytes.Length);
            Assert.Equal(SegmentError.None, Segmentation.CompleteChecksum(packet, header));
            Assert.Equal(spec.Build(), packet.ToArray());
            return true;
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ACompletedChecksumOfZeroIsSentAsOnes(bool isUdp)
    {
        PacketSpec spec = new() { IsUdp = isUdp, Payload = new byte[20] };
        spec.Build().AsSpan(spec.TransportOffset + spec.ChecksumOffset, 2).CopyTo(spec.Payload);
        byte[] packet = spec.BuildForOffload();
        Assert.Equal(SegmentError.None, Segmentation.CompleteChecksum(packet, HeaderOf(spec, 0)));
        Assert.Equal(0xFFFF, Word(packet, spec.TransportOffset + spec.ChecksumOffset));
    }

    [Theory]
    [InlineData(0, 39)]
    [InlineData(39, 0)]
    [InlineData(40, 0)]
    [InlineData(65535, 65535)]
    public void AChecksumOutsideThePacketIsRefused(int start, int offset)
    {
        VirtioHeader header = new() { ChecksumStart = (ushort)start, ChecksumOffset = (ushort)offset };
        byte* packet = memory.Place(0, new byte[40]);
        Assert.Equal(SegmentError.Checksum, Segmentation.CompleteChecksum(new Span<byte>(packet, 40), header));
        Assert.Equal(new byte[40], new Span<byte>(packet, 40).ToArray());
    }

    private static readonly PacketSpec Tcp4 = new() { Payload = new byte[300] };
    private static readonly PacketSpec Tcp6 = Tcp4 with { IsIPv6 = true };
    private static readonly PacketSpec Udp4 = Tcp4 with { IsUdp = true };

    [Fact]
    public void WhatIsWrongIsNamed()
    {
        VirtioHeader tcp4 = HeaderOf(Tcp4, 100), tcp6 = HeaderOf(Tcp6, 100), udp4 = HeaderOf(Udp4, 100);
        AssertRefused(SegmentError.UnsupportedType, Tcp4, tcp4 with { SegmentationType = VirtioHeader.None });
        AssertRefused(SegmentError.UnsupportedType, Tcp4, tcp4 with { SegmentationType = VirtioHeader.TcpIPv6 });
        AssertRefused(SegmentError.UnsupportedType, Tcp6, tcp6 with { SegmentationType = VirtioHeader.TcpIPv4 });
        AssertRefused(SegmentError.UnsupportedType, Tcp4, tcp4 with { SegmentationType = VirtioHeader.UdpDatagrams });
        AssertRefused(SegmentError.UnsupportedType, Udp4, udp4 with { SegmentationType = VirtioHeader.TcpIPv4 });
        AssertRefused(SegmentError.UnsupportedType, Udp4, udp4 with { SegmentationType = VirtioHeader.UdpFragments });
        AssertRefused(SegmentError.SegmentSize, Tcp4, tcp4 with { SegmentSize = 0 });
        AssertRefused(SegmentError.Checksum, Tcp4, tcp4 with { Flags = 0 });
        AssertRefused(SegmentError.Checksum, Tcp4, tcp4 with { ChecksumStart = 24 });
        AssertRefused(SegmentError.Checksum, Tcp4, tcp4 with { ChecksumOffset = 6 });
        AssertRefused(SegmentError.Checksum, Tcp4, tcp4, packet => packet.AsSpan(20 + 16, 2).Clear());
        AssertRefused(SegmentError.Fragment, Tcp4 with { Fragment = 0x2000 }, tcp4);
        AssertRefused(SegmentError.Fragment, Tcp4 with { Fragment = 0x0001 }, tcp4);
        AssertRefused(SegmentError.Fragment, Tcp6 with { Extensions = [(44, new byte[8])] }, tcp6 with { ChecksumStart = 48 });
        AssertRefused(SegmentError.IPHeader, Tcp4, tcp4, packet => packet[3]++);
        AssertRefused(SegmentError.IPHeader, Tcp4, tcp4, packet => packet[3]--);
        AssertRefused(SegmentError.IPHeader, Tcp4, tcp4, packet => packet[0] = 0x44);
        AssertRefused(SegmentError.IPHeader, Tcp4, tcp4, packet => packet[0] = 0x75);
        AssertRefused(SegmentError.IPHeader, Tcp6, tcp6, packet => packet[5]--);
        AssertRefused(SegmentError.IPHeader, Tcp6 with { Payload = [] }, tcp6, packet => (packet[6], packet[41]) = (60, 200));
        AssertRefused(SegmentError.TransportHeader, Tcp4, tcp4, packet => packet[20 + 12] = 0x40);
        AssertRefused(SegmentError.TransportHeader, Tcp4 with { Payload = new byte[39] }, tcp4, packet => packet[20 + 12] = 0xF0);
        AssertRefused(SegmentError.TransportHeader, Udp4, udp4, packet => packet[20 + 5]++);
        AssertRefused(
            SegmentError.HeaderTooLong, Tcp6 with { Extensions = [(60, [0, 31, .. new byte[254]])] }, tcp6 with { ChecksumStart = 296 });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void AnExtensionHeaderThatIsCutOffIsRefused(int left)
    {
        byte[] packet = [0x60, 0, 0, 0, 0, (byte)left, 60, 64, .. new byte[32 + left]];
        byte* placed = memory.Place(0, packet);
        Assert.Equal(
            SegmentError.IPHeader,
            Segmentation.TryPlan(new ReadOnlySpan<byte>(placed, packet.Length), HeaderOf(Tcp6, 100), out _));
    }

    [Fact]
    public void WhateverIsReadNothingOutsideIsTouched() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            PacketSpec spec = RandomSpec(random, largest: 2000);
            byte[] packet = spec.BuildForOffload();
            VirtioHeader header = HeaderOf(spec, random.Next(1, 1000));
            for (int changes = random.Next(4); changes > 0; changes--)
            {
                packet[random.Next(Math.Min(packet.Length, spec.HeaderLength))] = (byte)random.Next(256);
            }

            packet = random.Next(2) == 0 ? packet : packet[..random.Next(packet.Length)];
            if (random.Next(4) == 0)
            {
                header.ChecksumStart = (ushort)random.Next(100);
                header.SegmentationType = (byte)random.Next(7);
            }

            Cut(packet, header, slot: random.Next(2));
            Span<byte> placed = new(memory.Place(0, packet), packet.Length);
            Segmentation.CompleteChecksum(placed, header);
            return true;
        });

    private static void AssertRefused(SegmentError expected, PacketSpec spec, VirtioHeader header, Action<byte[]>? change = null)
    {
        byte[] packet = spec.BuildForOffload();
        change?.Invoke(packet);
        Assert.Equal(expected, Segmentation.TryPlan(packet, header, out _));
    }

    private int AssertEqualsReference(PacketSpec spec, int size, int slot = 0)
    {
        byte[] packet = spec.BuildForOffload();
        List<byte[]> expected = ReferenceSegmenter.Cut(packet, size);
        List<byte[]> actual = Cut(packet, HeaderOf(spec, size), slot);
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.True(expected[i].AsSpan().SequenceEqual(actual[i]), $"Segment {i} of {expected.Count} differs: {spec}, {size}");
        }

        return actual.Count;
    }

    /// <summary>Cuts amid forbidden memory; the headers have just the room they need.</summary>
    private List<byte[]> Cut(byte[] bytes, VirtioHeader header, int slot)
    {
        byte* packet = memory.Place(slot, bytes);
        List<byte[]> segments = [];
        if (Segmentation.TryPlan(new ReadOnlySpan<byte>(packet, bytes.Length), header, out SegmentPlan plan) == SegmentError.None)
        {
            Assert.InRange(plan.HeaderLength, 28, Segmentation.MaximumHeaderLength);
            byte* room = memory.Room(2 + slot, plan.HeaderLength);
            for (int i = 0; i < plan.Count; i++)
            {
                int length = Segmentation.WriteSegment(plan, packet, i, room, out byte* payload, out int payloadLength);
                Assert.Equal(plan.HeaderLength, length);
                segments.Add([.. new ReadOnlySpan<byte>(room, length), .. new ReadOnlySpan<byte>(payload, payloadLength)]);
            }

            Assert.Equal(bytes, new ReadOnlySpan<byte>(packet, bytes.Length).ToArray());
        }

        return segments;
    }

    private static VirtioHeader HeaderOf(PacketSpec spec, int size) => new()
    {
        Flags = VirtioHeader.NeedsChecksum,
        SegmentationType = (byte)(spec.IsUdp ? VirtioHeader.UdpDatagrams
            : (spec.IsIPv6 ? VirtioHeader.TcpIPv6 : VirtioHeader.TcpIPv4) | ((spec.Flags & PacketSpec.Cwr) != 0 ? VirtioHeader.Ecn : 0)),
        SegmentSize = (ushort)size,
        ChecksumStart = (ushort)spec.TransportOffset,
        ChecksumOffset = (ushort)spec.ChecksumOffset,
        // Any: the kernel gives the length of whatever lies in the first buffer.
        HeaderLength = (ushort)(spec.Sequence & 0xFFFF),
    };

    private static PacketSpec RandomSpec(Random random, int largest)
    {
        PacketSpec spec = new()
        {
            IsIPv6 = random.Next(2) == 0,
            IsUdp = random.Next(2) == 0,
            AddressPair = (byte)random.Next(256),
            SourcePort = (ushort)random.Next(65536),
            TrafficClass = (byte)random.Next(256),
            HopLimit = (byte)random.Next(256),
            FlowLabel = (uint)random.Next(1 << 20),
            Id = (ushort)(random.Next(2) == 0 ? random.Next(65536) : -random.Next(1, 20)),
            Fragment = (ushort)(random.Next(2) * 0x4000),
            OptionsIPv4 = RandomBytes(random, random.Next(3) == 0 ? random.Next(11) * 4 : 0),
            Extensions = random.Next(3) == 0 ? [RandomExtension(random, 0), RandomExtension(random, 60)] : [],
            Sequence = random.Next(2) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)-random.Next(1, 65536),
            Acknowledgment = (uint)random.NextInt64(1L << 32),
            Flags = (byte)random.Next(256),
            ReservedBits = (byte)random.Next(16),
            Window = (ushort)random.Next(65536),
            Urgent = (ushort)random.Next(65536),
            OptionsTcp = RandomBytes(random, random.Next(11) * 4),
        };
        int room = largest - spec.HeaderLength;
        return spec with { Payload = RandomBytes(random, random.Next(3) == 0 ? random.Next(room + 1) : random.Next(Math.Min(room, 5000))) };
    }

    private static (byte Type, byte[] Content) RandomExtension(Random random, byte type)
    {
        byte units = (byte)random.Next(3);
        return (type, [0, units, .. RandomBytes(random, units * 8 + 6)]);
    }

    private static byte[] RandomBytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static int Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));
}
