using System.Buffers.Binary;

namespace MptTools.Engine.Wire;

/// <summary>What is wrong with a datagram that should be GRE with an IP packet inside.</summary>
internal enum GreError
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>The datagram ends inside the GRE header.</summary>
    TooShort,
    /// <summary>A bit is set that RFC 2784 section 2.3 tells a receiver to discard for.</summary>
    ReservedBits,
    /// <summary>Not version 0 (1 is the one of PPTP).</summary>
    UnsupportedVersion,
    /// <summary>Neither IPv4 nor IPv6 by the protocol type.</summary>
    UnknownProtocol,
    /// <summary>There is a checksum and it is wrong.</summary>
    ChecksumMismatch,
    /// <summary>The payload ends inside the IP header.</summary>
    InnerTooShort,
    /// <summary>The payload is not an IP packet of version 4 or 6.</summary>
    InnerNotIP,
    /// <summary>The lengths in the IP header contradict each other or go past the payload.</summary>
    InnerLengthMismatch,
}

/// <summary>A GRE header (RFC 2784, RFC 2890) as it was received.</summary>
internal readonly struct GreHeader
{
    internal GreHeader(ushort protocol, int length, bool hasKey, uint key, bool hasSequence, uint sequence)
    {
        Protocol = protocol;
        Length = length;
        HasKey = hasKey;
        Key = key;
        HasSequence = hasSequence;
        Sequence = sequence;
    }

    /// <summary>The S bit: a sequence number is there.</summary>
    internal bool HasSequence { get; }
    /// <summary>The sequence number; 0 where there is none.</summary>
    internal uint Sequence { get; }
    /// <summary>The K bit: a key is there.</summary>
    internal bool HasKey { get; }
    /// <summary>The key; 0 where there is none.</summary>
    internal uint Key { get; }
    /// <summary>The protocol type: <see cref="Gre.ProtocolIPv4"/> or <see cref="Gre.ProtocolIPv6"/>.</summary>
    internal ushort Protocol { get; }
    /// <summary>The header's length in bytes, 4 to 16: where the payload begins.</summary>
    internal int Length { get; }
}

/// <summary>The GRE header of GRE-in-UDP (RFC 8086): what RFC 2784 and RFC 2890 define, nothing of RFC 1701.</summary>
internal static class Gre
{
    /// <summary>Length in bytes of a header without optional fields.</summary>
    internal const int BaseLength = 4;
    /// <summary>Length in bytes of a header with a sequence number alone.</summary>
    internal const int SequencedLength = 8;
    /// <summary>Length in bytes of a header with a key and a sequence number.</summary>
    internal const int KeyedLength = 12;
    /// <summary>Length in bytes of a header with checksum, key and sequence number.</summary>
    internal const int MaximumLength = 16;

    /// <summary>Protocol type of IPv4.</summary>
    internal const ushort ProtocolIPv4 = 0x0800;
    /// <summary>Protocol type of IPv6.</summary>
    internal const ushort ProtocolIPv6 = 0x86DD;

    private const int Checksum = 0x8000, Key = 0x2000, Sequence = 0x1000, Version = 0x0007;

    // Checksum with Reserved1, key and sequence number are of one length.
    private const int FieldLength = 4;

    // Bits 1, 4 and 5: a receiver that does not implement RFC 1701 discards for them. Bits 6 to 12 are ignored on
    // receipt (RFC 2784 section 2.3); bits 2 and 3 have become key and sequence number (RFC 2890 section 2).
    private const int MustBeZero = 0x4C00;

    /// <summary>The protocol type of an IP version.</summary>
    /// <param name="ipVersion">4 or 6.</param>
    internal static ushort ProtocolFor(int ipVersion) => ipVersion == 6 ? ProtocolIPv6 : ProtocolIPv4;

    /// <summary>Reads the GRE header at the start of a UDP payload; verifies the checksum where there is one.</summary>
    /// <param name="datagram">The whole UDP payload.</param>
    /// <param name="header">The header; only of use with <see cref="GreError.None"/>.</param>
    /// <returns>None, TooShort, UnsupportedVersion, ReservedBits, ChecksumMismatch or UnknownProtocol.</returns>
    internal static GreError TryParse(ReadOnlySpan<byte> datagram, out GreHeader header)
    {
        header = default;
        if (datagram.Length < BaseLength)
        {
            return GreError.TooShort;
        }

        int flags = BinaryPrimitives.ReadUInt16BigEndian(datagram);
        ushort protocol = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if ((flags & Version) != 0)
        {
            return GreError.UnsupportedVersion;
        }

        if ((flags & MustBeZero) != 0)
        {
            return GreError.ReservedBits;
        }

        bool hasChecksum = (flags & Checksum) != 0, hasKey = (flags & Key) != 0, hasSequence = (flags & Sequence) != 0;
        int keyOffset = hasChecksum ? BaseLength + FieldLength : BaseLength;
        int sequenceOffset = hasKey ? keyOffset + FieldLength : keyOffset;
        int length = hasSequence ? sequenceOffset + FieldLength : sequenceOffset;
        if (datagram.Length < length)
        {
            return GreError.TooShort;
        }

        // The Reserved1 field behind the checksum is covered by it and otherwise ignored.
        if (hasChecksum && InternetChecksum.Compute(datagram) != 0)
        {
            return GreError.ChecksumMismatch;
        }

        if (protocol is not (ProtocolIPv4 or ProtocolIPv6))
        {
            return GreError.UnknownProtocol;
        }

        uint key = hasKey ? BinaryPrimitives.ReadUInt32BigEndian(datagram[keyOffset..]) : 0;
        uint sequence = hasSequence ? BinaryPrimitives.ReadUInt32BigEndian(datagram[sequenceOffset..]) : 0;
        header = new GreHeader(protocol, length, hasKey, key, hasSequence, sequence);
        return GreError.None;
    }

    /// <summary>Writes a header without optional fields.</summary>
    /// <param name="destination">At least <see cref="BaseLength"/> bytes.</param>
    /// <param name="protocol">The protocol type.</param>
    internal static void Write(Span<byte> destination, ushort protocol) =>
        BinaryPrimitives.WriteUInt32BigEndian(destination, protocol);

    /// <summary>Writes a header with a sequence number.</summary>
    /// <param name="destination">At least <see cref="SequencedLength"/> bytes.</param>
    /// <param name="protocol">The protocol type.</param>
    /// <param name="sequence">The sequence number.</param>
    internal static void WriteSequenced(Span<byte> destination, ushort protocol, uint sequence) =>
        BinaryPrimitives.WriteUInt64BigEndian(destination, (ulong)Sequence << 48 | (ulong)protocol << 32 | sequence);

    /// <summary>Writes a header with a key and a sequence number.</summary>
    /// <param name="destination">At least <see cref="KeyedLength"/> bytes.</param>
    /// <param name="protocol">The protocol type.</param>
    /// <param name="key">The key.</param>
    /// <param name="sequence">The sequence number.</param>
    internal static void WriteKeyed(Span<byte> destination, ushort protocol, uint key, uint sequence)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], sequence);
        BinaryPrimitives.WriteUInt64BigEndian(destination, (ulong)(Key | Sequence) << 48 | (ulong)protocol << 32 | key);
    }
}
