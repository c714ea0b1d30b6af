using System.Buffers.Binary;
using System.Net;

namespace MptTools.Engine.Wire;

/// <summary>
/// Fields of IPv4 and IPv6 headers. Except for <see cref="TryReadAddresses"/>, the caller has checked the packet with
/// <see cref="InnerPacket.Check"/> or <see cref="TryReadAddresses"/> before.
/// </summary>
internal static class IPHeader
{
    /// <summary>Length in bytes of an IPv4 header without options.</summary>
    internal const int MinimumLengthIPv4 = 20;
    /// <summary>Length in bytes of the fixed IPv6 header.</summary>
    internal const int LengthIPv6 = 40;

    /// <summary>
    /// Whether the first byte after the GRE header begins a control message: 0xA1 keepalive, 0xA2 path status change,
    /// 0xA3 create, 0xA4 and 0xA5 local commands, anything above unknown. No IP version nibble is that high.
    /// </summary>
    internal static bool IsControl(byte first) => first >= 0xA0;

    /// <summary>The version nibble: 4, 6 or, in what is no IP packet, anything from 0 to 15.</summary>
    internal static int Version(ReadOnlySpan<byte> packet) => packet[0] >> 4;

    /// <summary>The packet's length in bytes by its own header, 20 to 65,575.</summary>
    internal static int TotalLength(ReadOnlySpan<byte> packet) => Version(packet) == 4
        ? BinaryPrimitives.ReadUInt16BigEndian(packet[2..])
        : LengthIPv6 + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);

    /// <summary>The source address, 4 or 16 bytes.</summary>
    internal static ReadOnlySpan<byte> Source(ReadOnlySpan<byte> packet) =>
        Version(packet) == 4 ? packet.Slice(12, 4) : packet.Slice(8, 16);

    /// <summary>The destination address, 4 or 16 bytes.</summary>
    internal static ReadOnlySpan<byte> Destination(ReadOnlySpan<byte> packet) =>
        Version(packet) == 4 ? packet.Slice(16, 4) : packet.Slice(24, 16);

    /// <summary>Reads what decides which connection a packet belongs to.</summary>
    /// <param name="packet">Anything; what is no IP header or is cut off inside its fixed part gives false.</param>
    /// <param name="version">4 or 6.</param>
    /// <param name="source">The source address as a number (network order); an IPv4 address in the low 32 bits.</param>
    /// <param name="destination">The destination address, likewise.</param>
    internal static bool TryReadAddresses(
        ReadOnlySpan<byte> packet, out int version, out UInt128 source, out UInt128 destination)
    {
        version = packet.IsEmpty ? 0 : packet[0] >> 4;
        if (version == 4 && packet.Length >= MinimumLengthIPv4)
        {
            source = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
            destination = BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);
            return true;
        }

        if (version == 6 && packet.Length >= LengthIPv6)
        {
            source = BinaryPrimitives.ReadUInt128BigEndian(packet[8..]);
            destination = BinaryPrimitives.ReadUInt128BigEndian(packet[24..]);
            return true;
        }

        version = 0;
        source = destination = 0;
        return false;
    }

    /// <summary>An address as <see cref="TryReadAddresses"/> gives it: an IPv4 address in the low 32 bits.</summary>
    internal static UInt128 AddressAsInteger(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int written);
        return written == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The bit of an IPv4 header that forbids fragments (RFC 791 section 3.1).</summary>
    internal static bool DontFragment(ReadOnlySpan<byte> packet) => (packet[6] & 0x40) != 0;

    /// <summary>The ECN codepoint, 0 to 3, of the type of service or traffic class (RFC 3168 section 5).</summary>
    internal static byte GetEcn(ReadOnlySpan<byte> packet) =>
        (byte)(Version(packet) == 4 ? packet[1] & 3 : packet[1] >> 4 & 3);

    /// <summary>Sets the ECN codepoint and keeps an IPv4 header's checksum right.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="codepoint">0 to 3; higher bits are ignored.</param>
    internal static void SetEcn(Span<byte> packet, byte codepoint)
    {
        codepoint &= 3;
        if (Version(packet) != 4)
        {
            packet[1] = (byte)(packet[1] & ~0x30 | codepoint << 4);
            return;
        }

        ushort before = BinaryPrimitives.ReadUInt16BigEndian(packet);
        packet[1] = (byte)(packet[1] & ~3 | codepoint);
        ushort after = BinaryPrimitives.ReadUInt16BigEndian(packet);
        Span<byte> checksum = packet.Slice(10, 2);
        BinaryPrimitives.WriteUInt16BigEndian(
            checksum, InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(checksum), before, after));
    }
}
