using System.Buffers.Binary;
using System.Net;

namespace MptTools.Engine.Wire;

/// <summary>What a STUN message turned out to be.</summary>
internal enum StunStatus
{
    /// <summary>Not an answer to this request: another message, another transaction, or bytes that are no message.</summary>
    Other,
    /// <summary>It tells the address.</summary>
    Found,
    /// <summary>The server refuses, or says what cannot be understood.</summary>
    Refused,
}

/// <summary>STUN Binding over UDP (RFC 8489), as far as finding one's own address takes. Pure.</summary>
internal static class Stun
{
    internal const int HeaderLength = 20;
    internal const int TransactionIdLength = 12;

    private const uint MagicCookie = 0x2112_A442;
    private const int CookieOffset = 4, TransactionIdOffset = 8;
    private const ushort BindingRequest = 0x0001, BindingSuccess = 0x0101, BindingError = 0x0111;
    private const ushort MappedAddressType = 0x0001, ErrorCodeType = 0x0009, XorMappedAddressType = 0x0020, FingerprintType = 0x8028;
    private const ushort FirstOptional = 0x8000;
    private const uint FingerprintXor = 0x5354_554E;
    private const byte IPv4Family = 1, IPv6Family = 2;

    /// <summary>Whether a datagram is a STUN message: the first two bits are 0, the cookie is there, the length is right.</summary>
    internal static bool IsMessage(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= HeaderLength && (datagram[0] & 0xC0) == 0
        && BinaryPrimitives.ReadUInt32BigEndian(datagram[CookieOffset..]) == MagicCookie
        && BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) is var length
        && length % 4 == 0 && length == datagram.Length - HeaderLength;

    /// <summary>Writes a Binding request.</summary>
    /// <param name="datagram">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="transactionId"><see cref="TransactionIdLength"/> random bytes.</param>
    /// <returns>Its length in bytes.</returns>
    internal static int WriteRequest(Span<byte> datagram, ReadOnlySpan<byte> transactionId)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, BindingRequest);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[CookieOffset..], MagicCookie);
        transactionId.CopyTo(datagram[TransactionIdOffset..]);
        return HeaderLength;
    }

    /// <summary>Reads the answer to a request.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="transactionId">The request's.</param>
    /// <param name="mapped">Where the server has seen the request come from, with <see cref="StunStatus.Found"/>.</param>
    /// <param name="errorCode">With <see cref="StunStatus.Refused"/>: 300 to 699; 0 where the answer is not understood.</param>
    internal static StunStatus TryReadAnswer(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> transactionId, out ObservedEndpoint mapped, out int errorCode)
    {
        (mapped, errorCode) = (default, 0);
        ushort type = IsMessage(datagram) ? BinaryPrimitives.ReadUInt16BigEndian(datagram) : (ushort)0;
        if (type is not (BindingSuccess or BindingError)
            || !datagram.Slice(TransactionIdOffset, TransactionIdLength).SequenceEqual(transactionId))
        {
            return StunStatus.Other;
        }
        ObservedEndpoint? plain = null, xored = null;
        bool isUnderstood = true;
        for (int offset = HeaderLength; offset < datagram.Length;)
        {
            ushort attribute = BinaryPrimitives.ReadUInt16BigEndian(datagram[offset..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(offset + 2)..]);
            int padded = length + 3 & ~3;
            if (padded > datagram.Length - offset - 4)
            {
                return StunStatus.Other;
            }
            ReadOnlySpan<byte> value = datagram.Slice(offset + 4, length);
            switch (attribute)
            {
                // Of an attribute that comes twice the first one counts (RFC 8489 section 14).
                case MappedAddressType:
                    plain ??= ReadAddress(value, default);
                    break;
                case XorMappedAddressType:
                    xored ??= ReadAddress(value, datagram.Slice(CookieOffset, 4 + TransactionIdLength));
                    break;
                case ErrorCodeType when errorCode == 0 && length >= 4 && (value[2] & 7) is >= 3 and <= 6 && value[3] < 100:
                    errorCode = (value[2] & 7) * 100 + value[3];
                    break;
                case FingerprintType:
                    // It is the last one: what it covers ends before it.
                    if (length != 4 || offset + 8 != datagram.Length
                        || BinaryPrimitives.ReadUInt32BigEndian(value) != (Crc32(datagram[..offset]) ^ FingerprintXor))
                    {
                        return StunStatus.Other;
                    }
                    break;
                case < FirstOptional when !IsKnown(attribute):
                    isUnderstood = false;
                    break;
            }
            offset += 4 + padded;
        }
        if (type == BindingSuccess && isUnderstood && (xored ?? plain) is { } found)
        {
            (mapped, errorCode) = (found, 0);
            return StunStatus.Found;
        }
        errorCode = type == BindingError && isUnderstood ? errorCode : 0;
        return StunStatus.Refused;
    }

    /// <summary>Of those that must be understood, the ones that say nothing about the address; RFC 3489's and RFC 5780's are among them.</summary>
    private static bool IsKnown(ushort attribute) =>
        attribute is (>= 0x0001 and <= 0x000B) or 0x0014 or 0x0015 or (>= 0x001C and <= 0x0020);

    /// <param name="mask">Cookie and transaction; empty: the address stands as it is.</param>
    private static ObservedEndpoint? ReadAddress(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask)
    {
        int length = value.Length < 4 ? 0 : value[1] switch { IPv4Family => 4, IPv6Family => 16, _ => 0 };
        if (length == 0 || value.Length != 4 + length)
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[length];
        value[4..].CopyTo(bytes);
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(value[2..]);
        if (!mask.IsEmpty)
        {
            port ^= BinaryPrimitives.ReadUInt16BigEndian(mask);
            for (int i = 0; i < length; i++)
            {
                bytes[i] ^= mask[i];
            }
        }
        return new ObservedEndpoint(MappedAddress.ToInteger(new IPAddress(bytes)), port);
    }

    /// <summary>ITU-T V.42's, as FINGERPRINT takes it; messages are short and few, so bit by bit.</summary>
    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = crc >> 1 ^ ((crc & 1) == 0 ? 0 : 0xEDB8_8320);
            }
        }
        return ~crc;
    }
}
