using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class PacketFieldsTests
{
    private const byte Icmp = 1, Tcp = 6, Udp = 17, Dccp = 33, Esp = 50, IcmpV6 = 58, NoNextHeader = 59, Ospf = 89, Sctp = 132, UdpLite = 136;
    private const byte HopByHop = 0, Routing = 43, Fragment = 44, Authentication = 51, DestinationOptions = 60;
    private const uint Identification = 0xBEEF, FlowLabel = 0xABCDE;
    private const byte Dscp = 46;

    /// <summary>What is behind the IP header where it has ports.</summary>
    private static readonly byte[] Ports = [0x9C, 0x40, 0x01, 0xBB, 1, 2, 3, 4, 5, 6, 7, 8];

    private static readonly UInt128 Source4 = 0x0A000001, Destination4 = 0xAC100002;
    private static readonly UInt128 Source6 = new(0x2001_0DB8_0000_0000, 1), Destination6 = new(0x2001_0DB8_0000_0001, 2);

    [Fact]
    public void FieldsFitOneCacheLine() =>
        Assert.InRange(Unsafe.SizeOf<PacketFields>(), 1, 64);

    [Theory]
    [InlineData(Tcp, true)]
    [InlineData(Udp, true)]
    [InlineData(Dccp, true)]
    [InlineData(Sctp, true)]
    [InlineData(UdpLite, true)]
    [InlineData(Icmp, false)]
    [InlineData(Ospf, false)]
    [InlineData(Esp, false)]
    [InlineData(Authentication, false)] // In IPv4 a protocol like any other.
    public void APacketOfIPv4IsRead(byte protocol, bool hasPorts)
    {
        foreach (int options in (int[])[0, 4, 40])
        {
            PacketFields expected = Expected(4, protocol, hasPorts);
            Check(expected, IPv4(protocol, Ports, optionsLength: options));
        }
    }

    [Theory]
    [InlineData(Tcp, true)]
    [InlineData(Udp, true)]
    [InlineData(Dccp, true)]
    [InlineData(Sctp, true)]
    [InlineData(UdpLite, true)]
    [InlineData(IcmpV6, false)]
    [InlineData(Ospf, false)]
    [InlineData(Esp, false)]
    [InlineData(NoNextHeader, false)]
    public void APacketOfIPv6IsRead(byte protocol, bool hasPorts)
    {
        (byte, byte[])[][] extensions =
        [
            [], [(HopByHop, new byte[8])], [Header(DestinationOptions, 24, 2)], [(Routing, [0, 2, .. new byte[22]])],
            [Header(Authentication, 24, 4)], [Header(Authentication, 12, 1)],
            [(HopByHop, new byte[8]), Header(DestinationOptions, 16, 1), (Routing, new byte[8]), Header(Authentication, 16, 2), (DestinationOptions, new byte[8])],
        ];
        foreach ((byte, byte[])[] list in extensions)
        {
            PacketFields expected = Expected(6, protocol, hasPorts);
            expected.Label = hasPorts ? 0 : FlowLabel;
            byte[] echo = protocol == IcmpV6 ? [128, 0, .. Ports] : Ports;
            Check(expected, IPv6(protocol, echo, list));
        }
    }

    [Theory]
    [InlineData(0x2000)] // The first
    [InlineData(0x20B9)]
    [InlineData(0x0001)] // The last
    [InlineData(0x6000)] // With the bit that forbids it
    public void AllFragmentsOfAnIPv4PacketAreAlike(int flagsAndOffset)
    {
        PacketFields expected = Expected(4, Udp, hasPorts: false) with { IsFragment = true, Label = Identification };
        Check(expected, IPv4(Udp, Ports, flagsAndOffset));
    }

    [Theory]
    [InlineData(0x0001)] // The first
    [InlineData(0x05C9)]
    [InlineData(0x0008)] // The last
    public void AllFragmentsOfAnIPv6PacketAreAlike(int offsetAndFlags)
    {
        PacketFields expected = Expected(6, Udp, hasPorts: false) with { IsFragment = true, Label = 0xDEADBEEF };
        Check(expected, IPv6(Udp, Ports, (Fragment, FragmentOf(offsetAndFlags))));
        Check(expected, IPv6(Udp, Ports, (HopByHop, new byte[8]), (Fragment, FragmentOf(offsetAndFlags))));

        // What the first has behind its fragment header is nothing that the others could show.
        Check(expected with { Protocol = DestinationOptions }, IPv6(Udp, Ports, (Fragment, FragmentOf(offsetAndFlags)), (DestinationOptions, new byte[8])));
    }

    [Theory]
    [InlineData(0x0000, 0x0000)]
    [InlineData(0x0000, 0x4000)]
    [InlineData(0x0006, 0x8000)] // Reserved bits
    public void APacketThatIsItsOwnOnlyFragmentIsWhole(int offsetAndFlags6, int flagsAndOffset4)
    {
        Check(Expected(6, Udp, hasPorts: true), IPv6(Udp, Ports, (Fragment, FragmentOf(offsetAndFlags6))));
        Check(Expected(6, Udp, hasPorts: true), IPv6(Udp, Ports, (Fragment, FragmentOf(offsetAndFlags6)), (DestinationOptions, new byte[8])));
        Check(Expected(4, Udp, hasPorts: true), IPv4(Udp, Ports, flagsAndOffset4));
    }

    [Fact]
    public void TheWalkOverExtensionHeadersEnds()
    {
        (byte, byte[])[] many = [.. Enumerable.Repeat(((byte)DestinationOptions, new byte[8]), 17)];
        Check(Expected(6, Tcp, hasPorts: true), IPv6(Tcp, Ports, many[1..]));
        Check(Expected(6, DestinationOptions, hasPorts: false) with { Label = FlowLabel }, IPv6(Tcp, Ports, many));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void LengthsInTheHeadersDoNotCount(int version)
    {
        byte[] packet = version == 4 ? IPv4(Tcp, Ports) : IPv6(Tcp, Ports);
        foreach (ushort length in (ushort[])[0, 1, 21, 65535])
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(version == 4 ? 2 : 4), length);
            Check(Expected(version, Tcp, hasPorts: true), packet);
        }
    }

    [Fact]
    public void AHeaderLengthThatCannotBeLeavesTheAddresses()
    {
        byte[] packet = IPv4(Tcp, Ports);
        packet[0] = 0x44;
        Check(Expected(4, Tcp, hasPorts: false), packet);
        packet[0] = 0x4F;
        Check(Expected(4, Tcp, hasPorts: false), packet);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(11, true)]
    [InlineData(12, true)]
    [InlineData(0, false)]
    [InlineData(8, false)]
    [InlineData(13, false)]
    public void AnErrorOfIcmpGoesWithTheFlowThatItQuotes(byte type, bool isError)
    {
        byte[] error = IPv4(Icmp, [type, 0, 0, 0, 0, 0, 0, 0, .. Quoted4(Tcp, Ports)]);
        Check(isError ? Expected(4, Tcp, hasPorts: true) : Expected(4, Icmp, hasPorts: false), error, leastLength: isError ? 52 : 20);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(127, true)]
    [InlineData(0, false)]
    [InlineData(128, false)]
    [InlineData(255, false)]
    public void AnErrorOfIcmpV6GoesWithTheFlowThatItQuotes(byte type, bool isError)
    {
        byte[] message = [type, 0, 0, 0, 0, 0, 0, 0, .. Quoted6(Tcp, Ports)];
        PacketFields expected = isError ? Expected(6, Tcp, hasPorts: true) : Expected(6, IcmpV6, hasPorts: false) with { Label = FlowLabel };
        Check(expected, IPv6(IcmpV6, message), leastLength: isError ? 92 : 40);
        Check(expected, IPv6(IcmpV6, message, (HopByHop, new byte[8])), leastLength: isError ? 100 : 48);
    }

    [Fact]
    public void AnErrorAboutAFragmentIsLikeThatFragment()
    {
        byte[] header = [11, 1, 0, 0, 0, 0, 0, 0];
        Check(
            Expected(4, Udp, hasPorts: false) with { IsFragment = true, Label = Identification },
            IPv4(Icmp, [.. header, .. Quoted4(Udp, Ports, flagsAndOffset: 0x2000)]), leastLength: 48);
        Check(
            Expected(6, Udp, hasPorts: false) with { IsFragment = true, Label = 0xDEADBEEF },
            IPv6(IcmpV6, [.. header, .. Quoted6(Udp, Ports, (Fragment, FragmentOf(1)))]), leastLength: 96);
    }

    [Fact]
    public void AnErrorAboutAPacketWithoutPortsHasItsLabel()
    {
        byte[] header = [1, 0, 0, 0, 0, 0, 0, 0];
        Check(Expected(6, Esp, hasPorts: false) with { Label = 0x54321 }, IPv6(IcmpV6, [.. header, .. Quoted6(Esp, Ports)]), leastLength: 88);
    }

    [Fact]
    public void AQuoteThatEndsTooEarlyTellsAddressesAndProtocol()
    {
        byte[] header = [3, 0, 0, 0, 0, 0, 0, 0];
        for (int length = 0; length < 4; length++)
        {
            Check(Expected(4, Tcp, hasPorts: false), IPv4(Icmp, [.. header, .. Quoted4(Tcp, Ports[..length])]), leastLength: 48);
            Check(Expected(6, Tcp, hasPorts: false), IPv6(IcmpV6, [.. header, .. Quoted6(Tcp, Ports[..length])]), leastLength: 88);
        }
        byte[] cutInExtension = Quoted6(Tcp, Ports, (DestinationOptions, new byte[8]))[..47];
        Check(Expected(6, DestinationOptions, hasPorts: false), IPv6(IcmpV6, [.. header, .. cutInExtension]), leastLength: 88);

        // Less than addresses: the error is on its own.
        Check(Expected(4, Icmp, hasPorts: false), IPv4(Icmp, [.. header, .. Quoted4(Tcp, [])[..19]]));
        Check(Expected(6, IcmpV6, hasPorts: false) with { Label = FlowLabel }, IPv6(IcmpV6, [.. header, .. Quoted6(Tcp, [])[..39]]));
    }

    [Fact]
    public void AQuoteOfTheOtherVersionIsNone()
    {
        byte[] header = [3, 0, 0, 0, 0, 0, 0, 0];
        Check(Expected(4, Icmp, hasPorts: false), IPv4(Icmp, [.. header, .. Quoted6(Tcp, Ports)]));
        Check(Expected(6, IcmpV6, hasPorts: false) with { Label = FlowLabel }, IPv6(IcmpV6, [.. header, .. Quoted4(Tcp, Ports)]));
    }

    [Fact]
    public void AnErrorWithinAnErrorIsNotFollowed()
    {
        byte[] header = [3, 0, 0, 0, 0, 0, 0, 0];
        byte[] inner4 = [.. header, .. IPv4(Tcp, Ports)], inner6 = [.. header, .. IPv6(Tcp, Ports)];
        Check(Expected(4, Icmp, hasPorts: false), IPv4(Icmp, [.. header, .. Quoted4(Icmp, inner4)]), leastLength: 48);
        Check(
            Expected(6, IcmpV6, hasPorts: false) with { Label = 0x54321 },
            IPv6(IcmpV6, [.. header, .. Quoted6(IcmpV6, inner6)]), leastLength: 88);
    }

    [Fact]
    public void AFragmentOfAnErrorIsAFragment()
    {
        byte[] message = [3, 0, 0, 0, 0, 0, 0, 0, .. Quoted4(Tcp, Ports)];
        Check(Expected(4, Icmp, hasPorts: false) with { IsFragment = true, Label = Identification }, IPv4(Icmp, message, 0x2000));
        byte[] message6 = [1, 0, 0, 0, 0, 0, 0, 0, .. Quoted6(Tcp, Ports)];
        Check(
            Expected(6, IcmpV6, hasPorts: false) with { IsFragment = true, Label = 0xDEADBEEF },
            IPv6(IcmpV6, message6, (Fragment, FragmentOf(1))));
    }

    [Theory]
    [InlineData(Icmp)] // Of the other IP version
    [InlineData(IcmpV6)]
    public void IcmpOfTheOtherVersionQuotesNothing(byte protocol)
    {
        byte[] error4 = [3, 0, 0, 0, 0, 0, 0, 0, .. Quoted4(Tcp, Ports)], error6 = [3, 0, 0, 0, 0, 0, 0, 0, .. Quoted6(Tcp, Ports)];
        if (protocol == IcmpV6)
        {
            Check(Expected(4, protocol, hasPorts: false), IPv4(protocol, error4));
        }
        else
        {
            Check(Expected(6, protocol, hasPorts: false) with { Label = FlowLabel }, IPv6(protocol, error6));
        }
    }

    [Fact]
    public void EveryCutIsReadAsFarAsItGoes()
    {
        byte[] header = [3, 0, 0, 0, 0, 0, 0, 0];
        byte[][] packets =
        [
            IPv4(Tcp, Ports, optionsLength: 8),
            IPv6(Udp, Ports, (HopByHop, new byte[8]), Header(Authentication, 24, 4), (Fragment, FragmentOf(0))),
            IPv4(Icmp, [.. header, .. Quoted4(Udp, Ports)]),
            IPv6(IcmpV6, [.. header, .. Quoted6(Udp, Ports, (DestinationOptions, new byte[8]))]),
        ];
        foreach (byte[] packet in packets)
        {
            int version = packet[0] >> 4;
            for (int length = 0; length <= packet.Length; length++)
            {
                bool isRead = PacketFields.TryRead(packet.AsSpan(0, length), out PacketFields fields);
                Assert.Equal(length >= (version == 4 ? 20 : 40), isRead);
                if (isRead)
                {
                    Assert.Equal((version, Dscp), (fields.Version, fields.Dscp));
                    Assert.Equal((version == 4 ? Source4 : Source6, version == 4 ? Destination4 : Destination6), (fields.Source, fields.Destination));
                    Assert.Equal(fields.HasPorts, length >= packet.Length - Ports.Length + 4);
                    Assert.False(fields.IsFragment);
                }
            }
        }
    }

    [Fact]
    public void WhatIsNoPacketIsNotRead()
    {
        Assert.False(PacketFields.TryRead([], out _));
        byte[] packet = IPv6(Tcp, Ports);
        foreach (int version in Enumerable.Range(0, 16).Where(version => version is not (4 or 6)))
        {
            packet[0] = (byte)(version << 4);
            Assert.False(PacketFields.TryRead(packet, out PacketFields fields));
            Assert.True(fields.SameAs(default));
        }
    }

    [Fact]
    public void RandomBytesAreReadWithinTheirBounds() => PropertyCheck.Holds(
        from start in Gen.Elements<byte[]>(
            [], [0x45], [0x45, 0, 0, 0, 0, 0, 0, 0, 0, Icmp], [0x60], [0x60, 0, 0, 0, 0, 0, HopByHop], [0x60, 0, 0, 0, 0, 0, Fragment],
            [0x60, 0, 0, 0, 0, 0, Authentication], [0x60, 0, 0, 0, 0, 0, IcmpV6])
        from noise in Gen.Choose(0, 255).Select(value => (byte)(value % 5 == 0 ? 0 : value % 7 == 0 ? Fragment : value)).ArrayOf(200)
        from length in Gen.Choose(0, 200)
        select (start, noise, length),
        input =>
        {
            byte[] packet = [.. input.start, .. input.noise];
            byte[] cut = packet[..input.length];
            byte[] amidOnes = Enumerable.Repeat((byte)0xFF, 600).ToArray();
            cut.CopyTo(amidOnes, 200);
            bool isRead = PacketFields.TryRead(cut, out PacketFields fields);
            return isRead == PacketFields.TryRead(amidOnes.AsSpan(200, cut.Length), out PacketFields again)
                && fields.SameAs(again)
                && isRead == IPHeader.TryReadAddresses(cut, out _, out _, out _)
                && !(fields.HasPorts && fields.IsFragment)
                && (fields.HasPorts || (fields.SourcePort | fields.DestinationPort) == 0);
        });

    [Fact]
    public void FieldsAreTheSameOnlyWhenAllAre()
    {
        PacketFields fields = Expected(4, Tcp, hasPorts: true);
        Assert.True(fields.SameAs(Expected(4, Tcp, hasPorts: true)));
        PacketFields[] others =
        [
            fields with { Source = fields.Source + 1 },
            fields with { Source = fields.Source + (UInt128.One << 127) },
            fields with { Destination = fields.Destination + 1 },
            fields with { Destination = fields.Destination + (UInt128.One << 64) },
            fields with { Version = 6 },
            fields with { Protocol = Udp },
            fields with { Dscp = 0 },
            fields with { HasPorts = false },
            fields with { SourcePort = 1 },
            fields with { DestinationPort = 1 },
            fields with { Label = 1 },
            fields with { IsFragment = true },
        ];
        Assert.All(others, other => Assert.False(fields.SameAs(other) || other.SameAs(fields)));
    }

    [Fact]
    public void ReadingAllocatesNothing()
    {
        byte[] packet = IPv6(IcmpV6, [1, 0, 0, 0, 0, 0, 0, 0, .. Quoted6(Tcp, Ports)]);
        PacketFields.TryRead(packet, out PacketFields first);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            PacketFields.TryRead(packet, out PacketFields fields);
            first.SameAs(fields);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <param name="leastLength">It must read the same when it is cut down to this; 0: this is not asked.</param>
    private static void Check(PacketFields expected, byte[] packet, int leastLength = 0)
    {
        for (int length = leastLength == 0 ? packet.Length : leastLength; length <= packet.Length; length++)
        {
            Assert.True(PacketFields.TryRead(packet.AsSpan(0, length), out PacketFields fields));
            Assert.Equal(Describe(expected), Describe(fields));
            Assert.True(fields.SameAs(expected));
        }
    }

    private static string Describe(PacketFields fields) =>
        $"{fields.Version} {fields.Source:x} {fields.Destination:x} {fields.Protocol} {fields.HasPorts} {fields.SourcePort} {fields.DestinationPort} "
        + $"{fields.Dscp} {fields.IsFragment} {fields.Label:x}";

    private static PacketFields Expected(int version, byte protocol, bool hasPorts) => new()
    {
        Version = (ushort)version,
        Source = version == 4 ? Source4 : Source6,
        Destination = version == 4 ? Destination4 : Destination6,
        Protocol = protocol,
        HasPorts = hasPorts,
        SourcePort = hasPorts ? (ushort)40000 : (ushort)0,
        DestinationPort = hasPorts ? (ushort)443 : (ushort)0,
        Dscp = Dscp,
    };

    private static byte[] IPv4(byte protocol, byte[] payload, int flagsAndOffset = 0x4000, int optionsLength = 0)
    {
        byte[] packet = new byte[20 + optionsLength + payload.Length];
        packet[0] = (byte)(0x40 | (20 + optionsLength) / 4);
        packet[1] = Dscp << 2 | 1;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)Identification);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)flagsAndOffset);
        packet[8] = 64;
        packet[9] = protocol;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), (uint)Source4);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), (uint)Destination4);
        packet.AsSpan(20, optionsLength).Fill(1);
        payload.CopyTo(packet, 20 + optionsLength);
        return packet;
    }

    private static byte[] IPv6(byte protocol, byte[] payload, params (byte Type, byte[] Content)[] extensions)
    {
        byte[] packet = new byte[40];
        BinaryPrimitives.WriteUInt32BigEndian(packet, 6u << 28 | (uint)(Dscp << 2 | 2) << 20 | FlowLabel);
        BinaryPrimitives.WriteUInt128BigEndian(packet.AsSpan(8), Source6);
        BinaryPrimitives.WriteUInt128BigEndian(packet.AsSpan(24), Destination6);
        packet[7] = 64;
        int nextHeader = 6;
        foreach ((byte type, byte[] content) in extensions)
        {
            packet[nextHeader] = type;
            nextHeader = packet.Length;
            packet = [.. packet, .. content];
        }
        packet[nextHeader] = protocol;
        packet = [.. packet, .. payload];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - 40));
        return packet;
    }

    /// <summary>A packet in the other direction of the flow, with another DSCP.</summary>
    private static byte[] Quoted4(byte protocol, byte[] payload, int flagsAndOffset = 0x4000)
    {
        byte[] packet = IPv4(protocol, TurnPorts(payload), flagsAndOffset);
        packet[1] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), (uint)Destination4);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), (uint)Source4);
        return packet;
    }

    private static byte[] Quoted6(byte protocol, byte[] payload, params (byte Type, byte[] Content)[] extensions)
    {
        byte[] packet = IPv6(protocol, TurnPorts(payload), extensions);
        BinaryPrimitives.WriteUInt32BigEndian(packet, 6u << 28 | 0x54321);
        BinaryPrimitives.WriteUInt128BigEndian(packet.AsSpan(8), Destination6);
        BinaryPrimitives.WriteUInt128BigEndian(packet.AsSpan(24), Source6);
        return packet;
    }

    private static byte[] TurnPorts(byte[] payload) =>
        payload.AsSpan().StartsWith(Ports.AsSpan(0, 4)) ? [.. payload[2..4], .. payload[..2], .. payload[4..]] : payload;

    /// <summary>An extension header with its length field; the first byte is filled in.</summary>
    private static (byte Type, byte[] Content) Header(byte type, int length, byte field)
    {
        byte[] content = new byte[length];
        content[1] = field;
        return (type, content);
    }

    private static byte[] FragmentOf(int offsetAndFlags) =>
        [0, 0xFF, (byte)(offsetAndFlags >> 8), (byte)offsetAndFlags, 0xDE, 0xAD, 0xBE, 0xEF];
}
