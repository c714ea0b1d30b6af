using System.Buffers.Binary;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

/// <summary>IPv4 packets in fragments, before they are encapsulated.</summary>
public sealed unsafe class FragmentationTests : IDisposable
{
    private readonly GuardedMemory memory = new(slots: 6, 65536);

    public void Dispose() => memory.Dispose();

    [Fact]
    public void FragmentsAreThePacketAgain() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            byte[] packet = Packet(random, payload: random.Next(3) == 0 ? random.Next(60_000) : random.Next(4000));
            int headerLength = (packet[0] & 0x0F) * 4;
            int largest = random.Next(2) == 0 ? random.Next(headerLength + 8, 1500) : random.Next(68, 9000);
            largest = Math.Max(largest, headerLength + 8);
            int inHead = random.Next(2) == 0 ? headerLength : Math.Min(packet.Length, headerLength + random.Next(200));

            List<byte[]>? fragments = Cut(packet, inHead, largest, firstSlot: random.Next(2));

            Assert.NotNull(fragments);
            Assert.Equal(packet, SlowReassembly.Join(fragments, largest));
            // None could be left out.
            int payloadLength = packet.Length - headerLength, room = largest - headerLength & ~7;
            Assert.InRange(fragments.Count, 1, Math.Max(1, (payloadLength + room - 1) / room));
            return true;
        });

    [Fact]
    public void WhatFitsStaysWhole()
    {
        byte[] packet = Packet(new Random(1), 1000);
        Assert.Equal(packet, Assert.Single(Cut(packet, packet.Length, packet.Length)!));
        Assert.Equal(2, Cut(packet, (packet[0] & 0x0F) * 4, packet.Length - 1)!.Count);
    }

    [Theory]
    [InlineData(1400, 756, 2)] // 736 and 644 behind 20 bytes
    [InlineData(1400, 720, 2)] // 696 and 684
    [InlineData(1400, 708, 3)] // 688, 688 and 4
    [InlineData(1400, 711, 3)] // 688, 688 and 4
    [InlineData(1400, 712, 2)] // 688 and 692: the last may end anywhere
    [InlineData(65535, 1464, 46)]
    public void AsFewAsPossible(int length, int largest, int count)
    {
        byte[] packet = new byte[length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, 20)));
        Assert.Equal(count, Cut(packet, 20, largest)!.Count);
    }

    [Fact]
    public void AFragmentCanBeCutAgain()
    {
        byte[] packet = Packet(new Random(2), 5000, flagsAndOffset: 0);
        List<byte[]> twice = [.. Cut(packet, 20, 1500)!.SelectMany(fragment => Cut(fragment, 20, 600)!)];
        Assert.True(twice.Count > Cut(packet, 20, 600)!.Count);
        Assert.Equal(packet, SlowReassembly.Join(twice, 600));
    }

    [Fact]
    public void OptionsWithTheCopiedFlagAreInEveryFragment()
    {
        byte[] recordRoute = [7, 7, 4, 0, 0, 0, 0], security = [130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9], routerAlert = [148, 4, 0, 0];
        byte[] packet = WithOptions([.. recordRoute, 1, .. security, .. routerAlert, 0], payload: 100);
        List<byte[]> fragments = Cut(packet, 44, 68)!;
        Assert.Equal(packet[20..44], fragments[0][20..44]);
        Assert.All(fragments.Skip(1), fragment => Assert.Equal([0x49, .. security, .. routerAlert, 0], [fragment[0], .. fragment[20..36]]));
        Assert.Equal(packet, SlowReassembly.Join(fragments, 68));
    }

    [Theory]
    [InlineData(0, 0x55)] // no IPv4
    [InlineData(0, 0x65)]
    [InlineData(0, 0x44)] // too short a header
    [InlineData(0, 0x4F)] // a header beyond the piece
    [InlineData(3, 0x77)] // a length that is not the packet's
    [InlineData(6, 0x1F)] // an end that no offset can name
    public void WhatContradictsItselfIsRefused(int offset, byte value)
    {
        byte[] packet = new byte[2000];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), 2000);
        Assert.NotNull(Cut(packet, 20, 1000));
        packet[offset] = value;
        packet[7] = 0xFF;
        Assert.Null(Cut(packet, 20, 1000));
    }

    [Theory]
    [InlineData(20, 27, false)]
    [InlineData(20, 28, true)]
    [InlineData(60, 67, false)]
    [InlineData(60, 68, true)]
    [InlineData(20, 0, false)]
    [InlineData(20, -40, false)]
    public void EightBytesMustFitBehindTheHeader(int headerLength, int largest, bool canBeCut)
    {
        byte[] packet = WithOptions(new byte[headerLength - 20], payload: 50);
        Assert.Equal(canBeCut, Cut(packet, headerLength, largest) is not null);
    }

    [Fact]
    public void WhateverIsReadNothingOutsideIsTouched() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            byte[] packet = Packet(random, random.Next(3000));
            for (int changes = random.Next(4); changes > 0; changes--)
            {
                packet[random.Next(Math.Min(packet.Length, 60))] = (byte)random.Next(256);
            }
            packet = random.Next(2) == 0 ? packet : packet[..random.Next(packet.Length)];
            Cut(packet, Math.Min(packet.Length, random.Next(80)), random.Next(-10, 2000), firstSlot: random.Next(2));
            return true;
        });

    /// <summary>Cuts amid forbidden memory, the packet in two pieces; null where it is refused.</summary>
    private List<byte[]>? Cut(byte[] packet, int inHead, int largest, int firstSlot = 0)
    {
        byte* head = memory.Place(firstSlot, packet.AsSpan(0, inHead));
        byte* payload = memory.Place(2 + firstSlot, packet.AsSpan(inHead));
        if (!Fragmentation.TryPlan(new ReadOnlySpan<byte>(head, inHead), packet.Length - inHead, largest, out FragmentPlan plan))
        {
            return null;
        }
        byte* room = memory.Room(4 + firstSlot, inHead);
        List<byte[]> fragments = [];
        for (int i = 0; i < plan.Count; i++)
        {
            int written = Fragmentation.WriteFragment(plan, head, inHead, payload, i, room, out byte* rest, out int restLength);
            Assert.InRange(written, 20, inHead);
            fragments.Add([.. new ReadOnlySpan<byte>(room, written), .. new ReadOnlySpan<byte>(rest, restLength)]);
        }
        Assert.Equal(packet[..inHead], new ReadOnlySpan<byte>(head, inHead).ToArray());
        return fragments;
    }

    private static byte[] Packet(Random random, int payload, int? flagsAndOffset = null)
    {
        byte[] options = new byte[random.Next(3) == 0 ? random.Next(11) * 4 : 0];
        random.NextBytes(options);
        if (random.Next(2) == 0)
        {
            // Some that are options, or nothing behind the first byte would be looked at.
            for (int i = 0; i + 1 < options.Length; i += Math.Max((int)options[i + 1], 1))
            {
                options[i + 1] = (byte)random.Next(2, 8);
            }
        }
        byte[] packet = WithOptions(options, payload);
        random.NextBytes(packet.AsSpan(20 + options.Length));
        packet[1] = (byte)random.Next(256);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)random.Next(65536));
        // Whole, or a fragment in the middle, or the last one.
        int largestOffset = (65535 - payload) / 8;
        int fragment = random.Next(3) switch { 0 => 0, 1 => random.Next(largestOffset), _ => 0x2000 | random.Next(largestOffset) };
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)(flagsAndOffset ?? fragment));
        packet[8] = (byte)random.Next(256);
        packet[9] = (byte)random.Next(256);
        random.NextBytes(packet.AsSpan(12, 8));
        packet.AsSpan(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, 20 + options.Length)));
        return packet;
    }

    private static byte[] WithOptions(byte[] options, int payload)
    {
        byte[] packet = new byte[20 + options.Length + payload];
        packet[0] = (byte)(0x40 | (20 + options.Length) / 4);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = 64;
        options.CopyTo(packet, 20);
        for (int i = 20 + options.Length; i < packet.Length; i++)
        {
            packet[i] = (byte)(i * 7);
        }
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, 20 + options.Length)));
        return packet;
    }
}
