using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class IPHeaderTests
{
    // A ping from 10.0.0.2 to 10.0.0.3 and one from fec0::2 to fec0::3.
    private static byte[] IPv4 => Convert.FromHexString("4500001C372440004001EFB40A0000020A0000030800F7FF00000000");

    private static byte[] IPv6 => Convert.FromHexString(
        "60050DD800083A40FEC00000000000000000000000000002FEC000000000000000000000000000038000000000000000");

    [Theory]
    [InlineData(4, 28, "10.0.0.2", "10.0.0.3")]
    [InlineData(6, 48, "fec0::2", "fec0::3")]
    public void FieldsAreRead(int version, int length, string source, string destination)
    {
        byte[] packet = version == 4 ? IPv4 : IPv6;
        Assert.Equal(GreError.None, InnerPacket.Check(packet, out int checkedVersion));
        Assert.Equal(version, checkedVersion);
        Assert.Equal(version, IPHeader.Version(packet));
        Assert.Equal(length, IPHeader.TotalLength(packet));
        Assert.Equal(IPAddress.Parse(source), new IPAddress(IPHeader.Source(packet)));
        Assert.Equal(IPAddress.Parse(destination), new IPAddress(IPHeader.Destination(packet)));

        Assert.True(IPHeader.TryReadAddresses(packet, out int readVersion, out UInt128 from, out UInt128 to));
        Assert.Equal(version, readVersion);
        Assert.Equal(IPHeader.AddressAsInteger(IPAddress.Parse(source)), from);
        Assert.Equal(IPHeader.AddressAsInteger(IPAddress.Parse(destination)), to);
    }

    [Fact]
    public void AddressesAreNumbersInNetworkOrder()
    {
        Assert.Equal(0x0A000002u, IPHeader.AddressAsInteger(IPAddress.Parse("10.0.0.2")));
        Assert.Equal(
            new UInt128(0xFEC0_0000_0000_0000, 0x0000_0000_0000_0002),
            IPHeader.AddressAsInteger(IPAddress.Parse("fec0::2")));
    }

    [Theory]
    [InlineData(0x00, false)]
    [InlineData(0x45, false)]
    [InlineData(0x6F, false)]
    [InlineData(0x9F, false)]
    [InlineData(0xA0, true)]
    [InlineData(0xA1, true)]
    [InlineData(0xFF, true)]
    public void ControlMessagesBeginAtA0(byte first, bool control) => Assert.Equal(control, IPHeader.IsControl(first));

    [Fact]
    public void EcnIsSetInBothVersionsAndNothingElseChanges()
    {
        foreach (byte[] original in (byte[][])[IPv4, IPv6])
        {
            for (int trafficClass = 0; trafficClass < 256; trafficClass++)
            {
                byte[] packet = WithTrafficClass(original, trafficClass);
                for (byte codepoint = 0; codepoint < 4; codepoint++)
                {
                    byte[] changed = [.. packet];
                    IPHeader.SetEcn(changed, codepoint);
                    Assert.Equal(codepoint, IPHeader.GetEcn(changed));
                    Assert.Equal(WithTrafficClass(original, trafficClass & ~3 | codepoint), changed);
                }
            }
        }
    }

    [Fact]
    public void AnyEcnValueIsCutToTwoBits()
    {
        byte[] packet = IPv4;
        IPHeader.SetEcn(packet, 0xFE);
        Assert.Equal(0x02, packet[1]);
        packet = IPv6;
        IPHeader.SetEcn(packet, 0xFE);
        Assert.Equal(0x6025, BinaryPrimitives.ReadUInt16BigEndian(packet));
    }

    [Fact]
    public void WhatIsCutOffOrOfAnotherVersionHasNoAddresses()
    {
        Assert.False(IPHeader.TryReadAddresses([], out _, out _, out _));
        Assert.False(IPHeader.TryReadAddresses(IPv4.AsSpan(0, 19), out _, out _, out _));
        Assert.False(IPHeader.TryReadAddresses(IPv6.AsSpan(0, 39), out _, out _, out _));
        byte[] other = IPv4;
        other[0] = 0x55;
        Assert.False(IPHeader.TryReadAddresses(other, out int version, out _, out _));
        Assert.Equal(0, version);
    }

    [Fact]
    public void AWholePacketPassesAndEveryCutIsFound()
    {
        foreach (byte[] packet in (byte[][])[IPv4, IPv6])
        {
            int headerLength = packet[0] >> 4 == 4 ? 20 : 40;
            for (int length = 0; length < packet.Length; length++)
            {
                GreError expected = length < headerLength ? GreError.InnerTooShort : GreError.InnerLengthMismatch;
                Assert.Equal((length, expected), (length, InnerPacket.Check(packet.AsSpan(0, length), out int version)));
                Assert.Equal(0, version);
            }

            Assert.Equal(GreError.None, InnerPacket.Check(packet, out _));
        }
    }

    [Fact]
    public void BytesBehindThePacketAreToleratedAndItsOwnLengthIsKnown()
    {
        byte[] padded = [.. IPv4, 0, 0, 0, 0];
        Assert.Equal(GreError.None, InnerPacket.Check(padded, out _));
        Assert.Equal(IPv4.Length, IPHeader.TotalLength(padded));
    }

    [Theory]
    [InlineData(0x44, 28, GreError.InnerLengthMismatch)] // IHL below 5
    [InlineData(0x40, 28, GreError.InnerLengthMismatch)]
    [InlineData(0x47, 28, GreError.None)] // options up to the end
    [InlineData(0x48, 28, GreError.InnerLengthMismatch)] // options past the total length
    [InlineData(0x45, 19, GreError.InnerLengthMismatch)] // total length below the header
    [InlineData(0x45, 0, GreError.InnerLengthMismatch)]
    [InlineData(0x45, 20, GreError.None)]
    [InlineData(0x45, 29, GreError.InnerLengthMismatch)] // past the payload
    public void LengthsOfIPv4MustAgree(byte first, ushort totalLength, object expected)
    {
        byte[] packet = IPv4;
        packet[0] = first;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), totalLength);
        Assert.Equal(expected, InnerPacket.Check(packet, out _));
    }

    [Theory]
    [InlineData(8, 58, GreError.None)]
    [InlineData(9, 58, GreError.InnerLengthMismatch)] // past the payload
    [InlineData(0, 59, GreError.None)] // no next header, no payload
    [InlineData(0, 0, GreError.InnerLengthMismatch)] // a jumbogram
    public void LengthsOfIPv6MustAgree(ushort payloadLength, byte nextHeader, object expected)
    {
        byte[] packet = IPv6;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), payloadLength);
        packet[6] = nextHeader;
        Assert.Equal(expected, InnerPacket.Check(packet, out _));
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x55)]
    [InlineData(0x75)]
    [InlineData(0xA1)]
    public void OtherVersionsAreNoIPPackets(byte first)
    {
        byte[] packet = IPv4;
        packet[0] = first;
        Assert.Equal(GreError.InnerNotIP, InnerPacket.Check(packet, out _));
    }

    private static byte[] WithTrafficClass(byte[] original, int trafficClass)
    {
        byte[] packet = [.. original];
        if (packet[0] >> 4 == 6)
        {
            packet[0] = (byte)(0x60 | trafficClass >> 4);
            packet[1] = (byte)((trafficClass & 0x0F) << 4 | packet[1] & 0x0F);
            return packet;
        }

        packet[1] = (byte)trafficClass;
        packet.AsSpan(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, 20)));
        return packet;
    }
}
