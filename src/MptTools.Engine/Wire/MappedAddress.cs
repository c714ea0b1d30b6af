using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace MptTools.Engine.Wire;

/// <summary>Addresses in messages: 16 bytes, IPv4 mapped, <c>::ffff:a.b.c.d</c> (RFC 4291 section 2.5.5.2).</summary>
internal static class MappedAddress
{
    /// <summary>Length in bytes of an address field.</summary>
    internal const int Length = 16;

    private static readonly UInt128 IPv4Prefix = (UInt128)0xFFFF << 32;

    /// <summary>Writes an address; a scope identifier is not carried.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="address">An IPv4 or IPv6 address.</param>
    internal static void Write(Span<byte> destination, IPAddress address) => Write(destination, ToInteger(address));

    /// <summary>Writes an address given as a number.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="address">The 16 bytes of the field as a number.</param>
    internal static void Write(Span<byte> destination, UInt128 address) =>
        BinaryPrimitives.WriteUInt128BigEndian(destination, address);

    /// <summary>Reads an address; the mapped form gives an IPv4 address.</summary>
    /// <param name="source">At least <see cref="Length"/> bytes.</param>
    internal static IPAddress Read(ReadOnlySpan<byte> source) => ToIPAddress(ReadInteger(source));

    /// <summary>Reads an address field as a number, without allocating.</summary>
    /// <param name="source">At least <see cref="Length"/> bytes.</param>
    internal static UInt128 ReadInteger(ReadOnlySpan<byte> source) => BinaryPrimitives.ReadUInt128BigEndian(source);

    /// <summary>The 16 bytes of an address's field as a number, IPv4 mapped.</summary>
    internal static UInt128 ToInteger(IPAddress address) =>
        ToField(IPHeader.AddressAsInteger(address), address.AddressFamily == AddressFamily.InterNetworkV6);

    /// <summary>An address's bytes as a number, to the number of its field.</summary>
    /// <param name="address">As <see cref="IPHeader.AddressAsInteger"/> gives it.</param>
    /// <param name="isIPv6">Of which version it is.</param>
    internal static UInt128 ToField(UInt128 address, bool isIPv6) => isIPv6 ? address : IPv4Prefix | address;

    /// <summary>The address of a field's number; the mapped form gives an IPv4 address.</summary>
    internal static IPAddress ToIPAddress(UInt128 address)
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes, address);
        return new IPAddress(IsIPv4(address) ? bytes[12..] : bytes);
    }

    /// <summary>Whether a field's number is a mapped IPv4 address.</summary>
    internal static bool IsIPv4(UInt128 address) => address >> 32 == IPv4Prefix >> 32;
}
