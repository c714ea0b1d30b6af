using System.Buffers.Binary;

namespace MptTools.Engine.Wire;

/// <summary>What a datagram is to somebody who waits for the answer to a STUN request.</summary>
internal enum StunAnswer
{
    /// <summary>No answer to this request: another transaction's, another protocol's, or damaged. To be waited on.</summary>
    Foreign,
    /// <summary>The server says which address and port it has seen.</summary>
    Mapped,
    /// <summary>The server refuses, or answers with something that may not be understood wrongly (RFC 8489 section 6.3.3).</summary>
    Refused,
}

/// <summary>Binding requests of STUN and the answers to them (RFC 8489): which address is ours behind the NAT.</summary>
internal static class Stun
{
    /// <summary>Length in bytes of a message without attributes, as a request is.</summary>
    internal const int HeaderLength = 20;
    /// <summary>Length in bytes of a transaction's number.</summary>
    internal const int TransactionLength = 12;

    private const uint MagicCookie = 0x2112A442;
    private const ushort BindingRequest = 0x0001, BindingSuccess = 0x0101, BindingError = 0x0111;
    private const int CookieOffset = 4, TransactionOffset = 8, AttributeHeaderLength = 4;
    private const byte FamilyIPv4 = 1, FamilyIPv6 = 2;

    // Attributes below 0x8000 must be understood by who gets them.
    private const ushort MappedAddressType = 0x0001, XorMappedAddressType = 0x0020, ErrorCodeType = 0x0009, FirstOptional = 0x8000;

    /// <summary>USERNAME, MESSAGE-INTEGRITY, UNKNOWN-ATTRIBUTES, REALM, NONCE, MESSAGE-INTEGRITY-SHA256: of no use here, and harmless.</summary>
    private static ReadOnlySpan<ushort> Harmless => [0x0006, 0x0008, 0x000A, 0x0014, 0x0015, 0x001C];

    /// <summary>Writes a request.</summary>
    /// <param name="datagram">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="transaction">Random; <see cref="TransactionLength"/> bytes.</param>
    internal static void WriteRequest(Span<byte> datagram, ReadOnlySpan<byte> transaction)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, BindingRequest);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[CookieOffset..], MagicCookie);
        transaction.CopyTo(datagram[TransactionOffset..]);
    }

    /// <summary>Reads what may be the answer to a request.</summary>
    /// <param name="datagram">The UDP payload.</param>
    /// <param name="transaction">The request's.</param>
    /// <param name="seen">What the server has seen; with <see cref="StunAnswer.Mapped"/> only.</param>
    /// <param name="errorCode">With <see cref="StunAnswer.Refused"/> what the server gives as reason, 300 to 699; 0: nothing.</param>
    internal static StunAnswer Read(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> transaction, out ObservedEndpoint seen, out int errorCode)
    {
        (seen, errorCode) = (default, 0);
        if (datagram.Length < HeaderLength
            || BinaryPrimitives.ReadUInt16BigEndian(datagram) is var type && type is not (BindingSuccess or BindingError)
            || BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) != datagram.Length - HeaderLength
            || BinaryPrimitives.ReadUInt32BigEndian(datagram[CookieOffset..]) != MagicCookie
            || !datagram.Slice(TransactionOffset, TransactionLength).SequenceEqual(transaction))
        {
            return StunAnswer.Foreign;
        }
        ObservedEndpoint? xored = null, plain = null;
        bool isUnknown = false;
        for (ReadOnlySpan<byte> rest = datagram[HeaderLength..]; !rest.IsEmpty;)
        {
            if (rest.Length < AttributeHeaderLength)
            {
                return StunAnswer.Foreign;
            }
            ushort attribute = BinaryPrimitives.ReadUInt16BigEndian(rest);
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            int padded = (length + 3) & ~3;
            if (rest.Length - AttributeHeaderLength < padded)
            {
                return StunAnswer.Foreign;
            }
            ReadOnlySpan<byte> value = rest.Slice(AttributeHeaderLength, length);
            rest = rest[(AttributeHeaderLength + padded)..];
            // Of two of a kind the first counts (RFC 8489 section 14).
            switch (attribute)
            {
                case XorMappedAddressType:
                    xored ??= ReadAddress(value, datagram.Slice(CookieOffset, HeaderLength - CookieOffset));
                    break;
                case MappedAddressType:
                    plain ??= ReadAddress(value, default);
                    break;
                case ErrorCodeType when errorCode == 0 && value.Length >= 4 && (value[2] & 7) is >= 3 and <= 6 && value[3] < 100:
                    errorCode = (value[2] & 7) * 100 + value[3];
                    break;
                case < FirstOptional when attribute != ErrorCodeType && !Harmless.Contains(attribute):
                    isUnknown = true;
                    break;
            }
        }
        if (type == BindingError || isUnknown || (xored ?? plain) is not { } found)
        {
            return StunAnswer.Refused;
        }
        seen = found;
        return StunAnswer.Mapped;
    }

    /// <param name="mask">What the value was combined with, so that no NAT on the way meddles with addresses it recognises; empty: nothing.</param>
    private static ObservedEndpoint? ReadAddress(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask)
    {
        int length = value.Length < 2 ? 0 : value[1] switch { FamilyIPv4 => 4, FamilyIPv6 => 16, _ => 0 };
        if (length == 0 || value.Length != 4 + length)
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[2 + 16];
        bytes = bytes[..(2 + length)];
        value[2..].CopyTo(bytes);
        if (!mask.IsEmpty)
        {
            bytes[0] ^= mask[0];
            bytes[1] ^= mask[1];
            for (int i = 0; i < length; i++)
            {
                bytes[2 + i] ^= mask[i];
            }
        }
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return new ObservedEndpoint(MappedAddress.ToInteger(new System.Net.IPAddress(bytes[2..])), port);
    }
}
