using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

/// <summary>What senders of packets that do not fit are told, and who is told nothing.</summary>
public sealed unsafe class PacketTooBigTests : IDisposable
{
    private readonly GuardedMemory memory = new(slots: 4, 65536);

    public void Dispose() => memory.Dispose();

    [Theory]
    [InlineData(100, 100)]
    [InlineData(548, 548)]
    [InlineData(549, 548)]
    [InlineData(1500, 548)]
    public void AnIPv4SenderIsToldTheMtuAndShownItsPacket(int length, int quoted)
    {
        byte[] packet = IPv4(17, length);
        byte[] answer = Answer(packet, inHead: length, 1464, "10.0.0.3");

        Assert.Equal(28 + quoted, answer.Length);
        Assert.Equal([0x45, 0xC0, .. Word(28 + quoted), 0, 0, 0x40, 0, 64, 1], answer[..10]);
        Assert.Equal(0, PlainChecksum.Of(answer.AsSpan(0, 20)));
        Assert.Equal([.. Bytes("10.0.0.3"), .. Bytes("192.168.1.7")], answer[12..20]);
        Assert.Equal(0, PlainChecksum.Of(answer.AsSpan(20)));
        Assert.Equal([3, 4], answer[20..22]);
        Assert.Equal([0, 0, .. Word(1464)], answer[24..28]);
        Assert.Equal(packet[..quoted], answer[28..]);
    }

    [Theory]
    [InlineData(1400, 1464, 1232, 1464)]
    [InlineData(1281, 1280, 1232, 1280)]
    [InlineData(1300, 1244, 1232, 1280)]
    [InlineData(200, 65000, 200, 65000)]
    public void AnIPv6SenderIsToldTheMtuAndShownItsPacket(int length, int mtu, int quoted, int told)
    {
        byte[] packet = IPv6(17, length);
        byte[] answer = Answer(packet, inHead: 60, mtu, "fd00::2");

        Assert.Equal(48 + quoted, answer.Length);
        Assert.Equal([0x60, 0, 0, 0, .. Word(8 + quoted), 58, 64], answer[..8]);
        Assert.Equal([.. Bytes("fd00::2"), .. Bytes("fd01::7")], answer[8..40]);
        byte[] pseudo = [.. answer[8..40], 0, 0, .. Word(8 + quoted), 0, 0, 0, 58];
        Assert.Equal(0, PlainChecksum.Of([.. pseudo, .. answer[40..]]));
        Assert.Equal([2, 0], answer[40..42]);
        Assert.Equal([0, 0, .. Word(told)], answer[44..48]);
        Assert.Equal(packet[..quoted], answer[48..]);
    }

    [Theory]
    [InlineData(17, true)]
    [InlineData(6, true)]
    [InlineData(58, true)] // a number without meaning here
    [InlineData(1, false)] // ends before the type
    public void OnlyTheProtocolMatters(byte protocol, bool isAnswered) => Assert.Equal(isAnswered, MayAnswer(IPv4(protocol, 20)));

    [Theory]
    [InlineData(0, true)]
    [InlineData(8, true)]
    [InlineData(13, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(11, false)]
    [InlineData(12, false)]
    [InlineData(1, false)]
    [InlineData(200, false)]
    public void IcmpErrorsAreNotAnswered(byte type, bool isAnswered)
    {
        Assert.Equal(isAnswered, MayAnswer(IPv4(1, 100, packet => packet[20] = type)));
        Assert.Equal(isAnswered, MayAnswer([.. IPv4(1, 24, packet => packet[0] = 0x46), type, 0]));
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, true)]
    [InlineData(135, true)]
    [InlineData(137, false)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(127, false)]
    public void IcmpV6ErrorsAreNotAnsweredWhateverStandsBeforeThem(byte type, bool isAnswered)
    {
        Assert.Equal(isAnswered, MayAnswer([.. IPv6(58, 40), type, 0, 0, 0]));
        byte[] hopByHop = [60, 0, 0, 0, 0, 0, 0, 0], destinationOptions = [43, 1, .. new byte[14]], routing = [51, 0, .. new byte[6]],
            authentication = [44, 2, .. new byte[14]], fragment = [58, 0, 0, 1, 0, 0, 0, 0];
        byte[] headers = [.. hopByHop, .. destinationOptions, .. routing, .. authentication, .. fragment];
        Assert.Equal(isAnswered, MayAnswer([.. IPv6(0, 40), .. headers, type]));
        Assert.False(MayAnswer([.. IPv6(0, 40), .. headers]));
    }

    [Fact]
    public void FragmentsBehindTheFirst()
    {
        Assert.True(MayAnswer(IPv4(17, 100, packet => packet[6] = 0x20)));
        Assert.False(MayAnswer(IPv4(17, 100, packet => packet[7] = 1)));
        Assert.False(MayAnswer(IPv4(17, 100, packet => packet[6] = 0x10)));
        // IPv6 has no such rule, but there is no telling what an ICMP fragment is a part of.
        Assert.True(MayAnswer([.. IPv6(44, 40), 17, 0, 0, 8, 0, 0, 0, 0]));
        Assert.False(MayAnswer([.. IPv6(44, 40), 58, 0, 0, 8, 0, 0, 0, 0, 128]));
    }

    [Theory]
    [InlineData("10.0.0.2", "192.168.7.7", true)]
    [InlineData("0.0.0.0", "192.168.7.7", false)]
    [InlineData("0.1.2.3", "192.168.7.7", false)]
    [InlineData("127.0.0.1", "192.168.7.7", false)]
    [InlineData("224.0.0.1", "192.168.7.7", false)]
    [InlineData("240.0.0.1", "192.168.7.7", false)]
    [InlineData("255.255.255.255", "192.168.7.7", false)]
    [InlineData("10.0.0.2", "224.0.0.5", false)]
    [InlineData("10.0.0.2", "239.255.255.255", false)]
    [InlineData("10.0.0.2", "255.255.255.255", false)]
    [InlineData("fd00::2", "fd00::3", true)]
    [InlineData("fd00::2", "ff05::1", true)] // RFC 4443 section 2.4 e.3
    [InlineData("::", "fd00::3", false)]
    [InlineData("::1", "fd00::3", false)]
    [InlineData("ff02::1", "fd00::3", false)]
    public void SendersAndReceiversMustBeOne(string source, string destination, bool isAnswered)
    {
        byte[] packet = source.Contains(':') ? IPv6(17, 100) : IPv4(17, 100);
        int at = source.Contains(':') ? 8 : 12;
        Bytes(source).CopyTo(packet, at);
        Bytes(destination).CopyTo(packet, at + Bytes(source).Length);
        Assert.Equal(isAnswered, MayAnswer(packet));
    }

    [Fact]
    public void WhateverIsReadNothingOutsideIsTouched() => PropertyCheck.Holds(
        PropertyCheck.AnyUInt32,
        seed =>
        {
            Random random = new((int)seed);
            byte[] packet = new byte[random.Next(4) == 0 ? random.Next(100) : random.Next(3000)];
            random.NextBytes(packet);
            if (packet.Length > 6)
            {
                packet[0] = (byte)(random.Next(2) == 0 ? 0x40 | random.Next(4, 9) : 0x60);
                packet[6] = (byte)(random.Next(2) == 0 ? 0 : new[] { 0, 43, 44, 51, 58, 60 }[random.Next(6)]);
                packet[0] = random.Next(10) == 0 ? (byte)random.Next(256) : packet[0];
            }
            bool isAnswered = MayAnswer(packet, slot: random.Next(2));
            if (isAnswered)
            {
                bool isIPv6 = packet[0] >> 4 == 6;
                int headers = isIPv6 ? 40 : (packet[0] & 15) * 4;
                byte[] answer = Answer(packet, random.Next(headers, packet.Length + 1), random.Next(65536), isIPv6 ? "fd00::2" : "10.0.0.2");
                Assert.InRange(answer.Length, 48, isIPv6 ? 1280 : 576);
                Assert.Equal(packet[..(answer.Length - (isIPv6 ? 48 : 28))], answer[(isIPv6 ? 48 : 28)..]);
            }
            return true;
        });

    private bool MayAnswer(byte[] packet, int slot = 0) =>
        PacketTooBig.MayAnswer(new ReadOnlySpan<byte>(memory.Place(slot, packet), packet.Length));

    private byte[] Answer(byte[] packet, int inHead, int mtu, string source)
    {
        ReadOnlySpan<byte> head = new(memory.Place(0, packet.AsSpan(0, inHead)), inHead);
        ReadOnlySpan<byte> rest = new(memory.Place(1, packet.AsSpan(inHead)), packet.Length - inHead);
        Span<byte> room = new(memory.Room(2, PacketTooBig.MaximumLength), PacketTooBig.MaximumLength);
        return room[..PacketTooBig.Write(room, head, rest, mtu, Bytes(source))].ToArray();
    }

    private static byte[] IPv4(byte protocol, int length, Action<byte[]>? change = null)
    {
        byte[] packet = new byte[length];
        new Random(length).NextBytes(packet.AsSpan(20));
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)length);
        packet[9] = protocol;
        Bytes("192.168.1.7").CopyTo(packet, 12);
        Bytes("192.168.2.7").CopyTo(packet, 16);
        change?.Invoke(packet);
        return packet;
    }

    private static byte[] IPv6(byte nextHeader, int length)
    {
        byte[] packet = new byte[length];
        new Random(length).NextBytes(packet.AsSpan(40));
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(length - 40));
        packet[6] = nextHeader;
        Bytes("fd01::7").CopyTo(packet, 8);
        Bytes("fd02::7").CopyTo(packet, 24);
        return packet;
    }

    private static byte[] Bytes(string address) => IPAddress.Parse(address).GetAddressBytes();

    private static byte[] Word(int value) => [(byte)(value >> 8), (byte)value];
}
