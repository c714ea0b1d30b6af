using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>IP packets as a host would send them into the tunnel: no transport header that anybody looks at.</summary>
internal static class InnerPackets
{
    private const byte Experimental = 253;

    /// <summary>An IPv4 packet; its payload tells the packets of a test apart.</summary>
    internal static byte[] IPv4(string source, string destination, uint mark = 0, int length = 60, byte tos = 0)
    {
        byte[] packet = new byte[length];
        packet.AsSpan(20).Fill((byte)(mark * 7));
        packet[0] = 0x45;
        packet[1] = tos;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)length);
        packet[8] = 64;
        packet[9] = Experimental;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 12);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 16);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(20), mark);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, 20)));
        return packet;
    }

    internal static byte[] IPv6(string source, string destination, uint mark = 0, int length = 60, byte trafficClass = 0)
    {
        byte[] packet = new byte[length];
        packet.AsSpan(40).Fill((byte)(mark * 7));
        BinaryPrimitives.WriteUInt32BigEndian(packet, 0x6000_0000u | (uint)trafficClass << 20);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(length - 40));
        packet[6] = Experimental;
        packet[7] = 64;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 8);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 24);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(40), mark);
        return packet;
    }

    /// <summary>From B's tunnel address to A's, as it comes out of A's tunnel.</summary>
    internal static byte[] ToA(uint mark = 0, int length = 60, byte tos = 0) => IPv4("10.0.0.3", "10.0.0.2", mark, length, tos);

    /// <summary>From A's tunnel address to B's, as it goes into A's tunnel.</summary>
    internal static byte[] ToB(uint mark = 0, int length = 60, byte tos = 0) => IPv4("10.0.0.2", "10.0.0.3", mark, length, tos);

    /// <summary>A UDP packet from A's tunnel address to B's.</summary>
    internal static byte[] UdpToB(int sourcePort, int destinationPort, uint mark = 0, int length = 60, byte tos = 0)
    {
        byte[] packet = ToB(mark, length, tos);
        packet[9] = TransportHeader.Udp;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), mark);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), PlainChecksum.Of(packet.AsSpan(0, 20)));
        return packet;
    }

    /// <summary>The mark of such a packet.</summary>
    internal static uint MarkOfUdp(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[28..]);

    /// <summary>A packet behind a GRE header with a key and a sequence number.</summary>
    internal static byte[] Duplicate(byte[] inner, uint key, uint sequence)
    {
        byte[] fields = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(fields, key);
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(4), sequence);
        return [0x30, 0, 0x08, 0x00, .. fields, .. inner];
    }

    /// <summary>A packet behind a GRE header, with a sequence number or without.</summary>
    internal static byte[] Gre(byte[] inner, uint? sequence = null)
    {
        byte[] protocol = inner[0] >> 4 == 6 ? [0x86, 0xDD] : [0x08, 0x00];
        byte[] number = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, sequence ?? 0);
        return [sequence is null ? (byte)0x00 : (byte)0x10, 0, .. protocol, .. sequence is null ? [] : number, .. inner];
    }
}
