using System.Buffers.Binary;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.DataPlane;

public sealed class PacketMergerTests : IDisposable
{
    private readonly MergerBench bench = new();

    public void Dispose() => bench.Dispose();

    private static readonly PacketSpec Template = new() { Sequence = 7, Id = 3, Payload = [.. Enumerable.Repeat((byte)0x5A, 1000)] };

    public static TheoryData<bool, bool> AllKinds => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    /// <summary>The packets that one large one would be cut into.</summary>
    private static PacketSpec[] Flow(PacketSpec template, int count, int lastLength = 0)
    {
        PacketSpec[] packets = new PacketSpec[count];
        for (int i = 0; i < count; i++)
        {
            packets[i] = template with
            {
                Id = (ushort)(template.Id + i),
                Sequence = template.Sequence + (uint)(i * template.Payload.Length),
                Payload = i == count - 1 && lastLength > 0 ? template.Payload[..lastLength] : template.Payload,
            };
        }

        return packets;
    }

    private int[] SizesOf(params IEnumerable<PacketSpec> packets) => SizesOf(packets.Select(packet => packet.Build()).ToArray());

    /// <summary>Of how many packets each write was made; what came out is what went in, in order.</summary>
    private int[] SizesOf(byte[][] packets)
    {
        List<MergedWrite> writes = bench.Batch(packets);
        Assert.Equal(packets, writes.SelectMany(write => write.Cut));
        return [.. writes.Select(write => write.Cut.Length)];
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void NeighboursOfAFlowAreOneWrite(bool isIPv6, bool isUdp)
    {
        PacketSpec template = Template with { IsIPv6 = isIPv6, IsUdp = isUdp };
        Assert.Equal([45], SizesOf(Flow(template, 45)));
        Assert.Equal([10, 5], SizesOf([.. Flow(template, 10, lastLength: 999), .. Flow(template, 5)]));
        Assert.Equal([1], SizesOf(Flow(template, 1)));
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void ARunEndsAtTheLargestPacket(bool isIPv6, bool isUdp)
    {
        PacketSpec template = Template with { IsIPv6 = isIPv6, IsUdp = isUdp, Payload = new byte[1455] };
        int most = (65535 - template.HeaderLength) / 1455;
        Assert.Equal([most, 60 - most], SizesOf(Flow(template, 60)));
    }

    [Fact]
    public void ALargestPacketOf65535BytesIsFull()
    {
        // 40 + 45 * 1455 + 20 = 65,535.
        PacketSpec template = Template with { Payload = new byte[1455] };
        Assert.Equal([46], SizesOf(Flow(template, 46, lastLength: 20)));
        Assert.Equal([45, 1], SizesOf(Flow(template, 46, lastLength: 21)));
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void ARunEndsAtTheMostSegments(bool isIPv6, bool isUdp)
    {
        PacketSpec template = Template with { IsIPv6 = isIPv6, IsUdp = isUdp, Payload = new byte[10] };
        Assert.Equal([64, 36], SizesOf(Flow(template, 100)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(128)]
    public void TheMostSegmentsAreASetting(int most)
    {
        using MergerBench other = new(maximumSegments: most);
        byte[][] packets = [.. Flow(Template with { Payload = new byte[10] }, 128).Select(packet => packet.Build())];
        Assert.All(other.Batch(packets), write => Assert.Equal(most, write.Cut.Length));
    }

    [Fact]
    public void PshEndsARunAndStaysOnTheLastPacket()
    {
        PacketSpec[] flow = Flow(Template, 6);
        flow[3] = flow[3] with { Flags = PacketSpec.Ack | PacketSpec.Psh };
        Assert.Equal([4, 2], SizesOf(flow));
        Assert.Equal(PacketSpec.Ack | PacketSpec.Psh, bench.Writes[0].Packet[33]);
        Assert.Equal(PacketSpec.Ack, bench.Writes[1].Packet[33]);
        flow[0] = flow[0] with { Flags = PacketSpec.Ack | PacketSpec.Psh };
        Assert.Equal([1, 3, 2], SizesOf(flow));
    }

    [Fact]
    public void ALongerPacketBeginsARun() => Assert.Equal(
        [2, 3],
        SizesOf([.. Flow(Template with { IsUdp = true, Payload = new byte[500] }, 2), .. Flow(Template with { IsUdp = true, Id = 5 }, 3)]));

    [Fact]
    public void WhatASegmentCannotHaveIsWrittenInItsPlace()
    {
        foreach (Func<PacketSpec, PacketSpec> change in (Func<PacketSpec, PacketSpec>[])
        [
            packet => packet with { Flags = PacketSpec.Ack | PacketSpec.Fin },
            packet => packet with { Flags = PacketSpec.Ack | PacketSpec.Syn },
            packet => packet with { Flags = PacketSpec.Ack | PacketSpec.Rst },
            packet => packet with { Flags = PacketSpec.Ack | PacketSpec.Urg },
            packet => packet with { Flags = PacketSpec.Ack | PacketSpec.Ece },
            packet => packet with { Flags = PacketSpec.Ack | PacketSpec.Cwr },
            packet => packet with { Flags = 0 },
            packet => packet with { ReservedBits = 1 },
            packet => packet with { Payload = [] },
            packet => packet with { Fragment = 0x2000 },
            packet => packet with { Fragment = 0x0001 },
            packet => packet with { Fragment = 0x8000 },
            packet => packet with { OptionsIPv4 = [1, 1, 1, 1] },
        ])
        {
            PacketSpec[] flow = Flow(Template, 7);
            flow[3] = change(flow[3]);
            // Twice, so that it would be seen if they were merged with each other.
            PacketSpec copy = flow[3] with { Id = (ushort)(flow[3].Id + 1), Sequence = flow[3].Sequence + (uint)flow[3].Payload.Length };
            Assert.Equal([3, 1, 1, 3], SizesOf([.. flow[..4], copy, .. flow[4..]]));
        }
    }

    [Fact]
    public void OtherFieldsBeginARun()
    {
        foreach (bool isIPv6 in (bool[])[false, true])
        {
            foreach (Func<PacketSpec, PacketSpec> change in (Func<PacketSpec, PacketSpec>[])
            [
                packet => packet with { TrafficClass = (byte)(packet.TrafficClass ^ 3) },
                packet => packet with { TrafficClass = (byte)(packet.TrafficClass ^ 0x80) },
                packet => packet with { HopLimit = 63 },
                packet => packet with { Acknowledgment = 1 },
                packet => packet with { Window = 500 },
                packet => packet with { Urgent = 1 },
                packet => packet with { OptionsTcp = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] },
                packet => packet with { OptionsTcp = [1, 1, 1, 0] },
                packet => packet with { Sequence = packet.Sequence + 1 },
                packet => packet with { Sequence = packet.Sequence - 1 },
                packet => isIPv6 ? packet with { FlowLabel = 1 } : packet with { Id = (ushort)(packet.Id + 1) },
                packet => isIPv6 ? packet with { FlowLabel = 0x80000 } : packet with { Fragment = 0 },
            ])
            {
                PacketSpec[] flow = Flow(Template with { IsIPv6 = isIPv6, OptionsTcp = [1, 1, 1, 1] }, 6);
                Assert.Equal([3, 3], SizesOf([.. flow[..3], .. flow[3..].Select(change)]));
            }
        }
    }

    [Theory]
    [InlineData(false, 10)] // IPv4 header checksum
    [InlineData(false, 20 + 17)]
    [InlineData(false, 500)]
    [InlineData(true, 40 + 17)]
    [InlineData(true, 500)]
    public void ABrokenPacketStaysBrokenAndInItsPlace(bool isIPv6, int offset)
    {
        for (int broken = 0; broken < 6; broken++)
        {
            byte[][] packets = [.. Flow(Template with { IsIPv6 = isIPv6 }, 6).Select(packet => packet.Build())];
            packets[broken][offset] ^= 0x10;
            Assert.Equal(((int[])[broken, 1, 5 - broken]).Where(count => count > 0), SizesOf(packets));
        }
    }

    [Fact]
    public void ADatagramWithoutChecksumIsNotMerged()
    {
        byte[][] packets = [.. Flow(Template with { IsUdp = true }, 4).Select(packet => packet.Build())];
        foreach (byte[] packet in packets)
        {
            packet.AsSpan(26, 2).Clear();
        }

        Assert.Equal([1, 1, 1, 1], SizesOf(packets));
    }

    [Theory]
    [InlineData(10)] // IPv4 header checksum
    [InlineData(20 + 16)]
    public void TheOtherZeroOfAChecksumIsKept(int field)
    {
        // A word that equals the checksum makes the sum all ones and the checksum zero.
        PacketSpec second = Flow(Template with { Payload = new byte[1000] }, 2)[1];
        second = second with { Id = BinaryPrimitives.ReadUInt16BigEndian((second with { Id = 0 }).Build().AsSpan(10)) };
        second = second with { Payload = [.. second.Build()[36..38], .. second.Payload[2..]] };
        PacketSpec first = second with { Id = (ushort)(second.Id - 1), Sequence = second.Sequence - 1000 };
        byte[][] packets = [first.Build(), second.Build()];
        Assert.Equal([0, 0], packets[1][field..(field + 2)]);
        Assert.Equal([2], SizesOf(packets));

        // All ones verify as well, but cutting would write zero.
        packets[1].AsSpan(field, 2).Fill(0xFF);
        Assert.Equal([1, 1], SizesOf(packets));
    }

    [Fact]
    public void FlowsMayAlternate()
    {
        PacketSpec[][] flows = [.. Enumerable.Range(0, 16).Select(number => Flow(
            Template with { SourcePort = (ushort)number, IsUdp = number % 2 == 0, IsIPv6 = number % 4 < 2, Payload = new byte[100] }, 8))];
        List<MergedWrite> writes = bench.Batch(
            Enumerable.Range(0, 8).SelectMany(position => flows.Select(flow => flow[position].Build())));
        Assert.Equal(16, writes.Count);
        Assert.All(writes, write => Assert.Equal(8, write.Cut.Length));
    }

    [Fact]
    public void WithTooManyFlowsTheOneUnusedForLongestIsWritten()
    {
        using MergerBench narrow = new(maximumRuns: 2);
        PacketSpec[] first = Flow(Template with { SourcePort = 1 }, 3);
        PacketSpec[] second = Flow(Template with { SourcePort = 2 }, 2);
        PacketSpec[] third = Flow(Template with { SourcePort = 3 }, 2);
        narrow.Add(first[0].Build(), second[0].Build(), first[1].Build());
        Assert.Empty(narrow.Writes);
        narrow.Add(third[0].Build());
        Assert.Equal(second[0].Build(), Assert.Single(narrow.Writes).Packet);
        narrow.Add(first[2].Build(), third[1].Build());
        narrow.Flush();
        Assert.Equal([1, 3, 2], narrow.Writes.Select(write => write.Cut.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatHasNoPortsWaitsForAllBetweenItsAddresses(bool isIPv6)
    {
        PacketSpec template = Template with { IsIPv6 = isIPv6, AddressPair = 1 };
        byte[] icmp = template.Build();
        icmp[isIPv6 ? 6 : 9] = 58;
        foreach (byte[] other in (byte[][])[
            icmp,
            (isIPv6 ? template with { Extensions = [(44, new byte[8])] } : template with { Fragment = 2 }).Build(),
            template.Build()[..^1],
            [.. template.Build(), 0]])
        {
            bench.Writes.Clear();
            bench.Add(Flow(template with { SourcePort = 1 }, 2).Select(packet => packet.Build()));
            bench.Add(Flow(template with { SourcePort = 2 }, 2).Select(packet => packet.Build()));
            bench.Add(Flow(template with { AddressPair = 2 }, 2).Select(packet => packet.Build()));
            bench.Add(other);
            Assert.Equal(3, bench.Writes.Count);
            Assert.Equal([2, 2, 1], bench.Writes.Select(write => write.Cut.Length));
            Assert.Equal(other, bench.Writes[2].Packet);
            bench.Flush();
            Assert.Equal(2, bench.Writes[3].Cut.Length);
        }
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void ATransportHeaderThatIsCutOffHasNoPorts(bool isIPv6, bool isUdp)
    {
        PacketSpec template = Template with { IsIPv6 = isIPv6, IsUdp = isUdp };
        for (int left = 0; left < template.TransportHeaderLength; left++)
        {
            byte[] packet = template.Build()[..(template.TransportOffset + left)];
            packet.AsSpan(isIPv6 ? 4 : 2, 2).Clear();
            packet[isIPv6 ? 5 : 3] = (byte)(isIPv6 ? left : packet.Length);
            bench.Writes.Clear();
            bench.Add(Flow(template with { SourcePort = 1 }, 2).Select(part => part.Build()));
            // The third place ends where forbidden memory begins.
            bench.Add(packet);
            Assert.Equal([2, 1], bench.Writes.Select(write => write.Cut.Length));
            Assert.Equal(packet, bench.Writes[1].Packet);
            bench.Flush();
        }
    }

    [Fact]
    public void WhatIsNoIPPacketIsPassedOnAtOnce()
    {
        foreach (byte[] junk in (byte[][])[[], [0x45], [0x60], new byte[100], [.. Enumerable.Repeat((byte)0x4F, 19)], [.. Enumerable.Repeat((byte)0x6F, 39)]])
        {
            bench.Writes.Clear();
            bench.Add(Template.Build(), junk);
            Assert.Equal(junk, Assert.Single(bench.Writes).Packet);
            bench.Flush();
        }
    }

    [Fact]
    public void NothingWaitsBeyondABatch()
    {
        byte[][] flow = [.. Flow(Template, 6).Select(packet => packet.Build())];
        Assert.Equal([3], SizesOf(flow[..3]));
        Assert.Equal([3], SizesOf(flow[3..]));
        Assert.Empty(bench.Batch());
    }

    [Fact]
    public void EachKindIsASwitch()
    {
        foreach (MergeKinds off in (MergeKinds[])[MergeKinds.TcpIPv4, MergeKinds.TcpIPv6, MergeKinds.UdpIPv4, MergeKinds.UdpIPv6])
        {
            bench.Kinds = MergeKinds.All & ~off;
            foreach ((bool isIPv6, bool isUdp) in ((bool, bool)[])[(false, false), (false, true), (true, false), (true, true)])
            {
                MergeKinds kind = isUdp ? isIPv6 ? MergeKinds.UdpIPv6 : MergeKinds.UdpIPv4 : isIPv6 ? MergeKinds.TcpIPv6 : MergeKinds.TcpIPv4;
                PacketSpec[] flow = Flow(Template with { IsIPv6 = isIPv6, IsUdp = isUdp }, 3);
                Assert.Equal(kind == off ? [1, 1, 1] : [3], SizesOf(flow));
            }
        }
    }

    [Fact]
    public void AKindThatIsSwitchedOffWithARunOpenKeepsTheOrder()
    {
        byte[][] flow = [.. Flow(Template, 4).Select(packet => packet.Build())];
        bench.Add(flow[..2]);
        bench.Kinds = MergeKinds.None;
        bench.Add(flow[2..]);
        bench.Flush();
        Assert.Equal([2, 1, 1], bench.Writes.Select(write => write.Cut.Length));
        Assert.Equal(flow, bench.Writes.SelectMany(write => write.Cut));
    }

    private sealed class Discard : ITunWriter
    {
        internal int Packets { get; private set; }

        public void Write(in TunWrite write) => Packets += write.PacketCount;
    }

    [Fact]
    public unsafe void NothingIsAllocated()
    {
        Discard discard = new();
        using GuardedMemory memory = new(slots: 64, slotSize: 4096);
        using PacketMerger merger = new(discard, MergeKinds.All);
        (nint Data, int Length)[] packets = [.. Flow(Template, 32).Concat(Flow(Template with { IsUdp = true }, 32))
            .Select((packet, index) => ((nint)memory.Place(index, packet.Build()), packet.HeaderLength + packet.Payload.Length))];
        long before = 0;
        for (int round = 0; round < 20; round++)
        {
            // The first rounds compile.
            before = round == 10 ? GC.GetAllocatedBytesForCurrentThread() : before;
            foreach ((nint data, int length) in packets)
            {
                merger.Add((byte*)data, length);
            }

            merger.Flush();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(20 * 64, discard.Packets);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(129, 16)]
    [InlineData(64, 0)]
    public void LimitsHaveLimits(int segments, int runs) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new PacketMerger(new Discard(), MergeKinds.All, segments, runs));
}
