using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MptTools.Engine.Wire;

/// <summary>The Internet checksum (RFC 1071): the complement of the one's complement sum of 16-bit words.</summary>
/// <remarks>A partial sum is a plain number: 16-bit words in network order may be added to it directly.</remarks>
internal static class InternetChecksum
{
    /// <summary>The checksum of a whole message; 0 over a message that carries its right checksum.</summary>
    internal static ushort Compute(ReadOnlySpan<byte> data) => (ushort)~Fold(Add(data, 0));

    /// <summary>Adds bytes to a partial sum.</summary>
    /// <param name="data">The bytes, from an even offset of the message; an odd last byte is padded with zero, so only
    /// the last piece of a message may have an odd length.</param>
    /// <param name="sum">The partial sum so far; 0 at the start. Each call adds at most 65,535 to it.</param>
    internal static uint Add(ReadOnlySpan<byte> data, uint sum)
    {
        ulong words = Vector256.IsHardwareAccelerated ? SumVector(data) : SumScalar(data);

        // The one's complement sum does not mind the byte order of its words, as long as the result is turned
        // round in the end (RFC 1071 section 2B).
        ushort folded = FoldToWord(words);
        return sum + (BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded);
    }

    /// <summary>Folds a partial sum to 16 bits; the checksum is its complement.</summary>
    internal static ushort Fold(uint sum) => FoldToWord(sum);

    /// <summary>The checksum after one 16-bit word of the message changed (RFC 1624, equation 3).</summary>
    internal static ushort Update(ushort checksum, ushort before, ushort after) =>
        (ushort)~Fold((uint)(ushort)~checksum + (ushort)~before + after);

    /// <summary>The sum of the words in the machine's byte order, unfolded.</summary>
    internal static ulong SumScalar(ReadOnlySpan<byte> data)
    {
        ulong sum = 0;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(data))
        {
            // Words of 32 bits instead of 16: the same sum once it is folded, and 64 bits never overflow.
            sum += (word >> 32) + (uint)word;
        }

        ReadOnlySpan<byte> rest = data[(data.Length & ~7)..];
        if (rest.Length >= sizeof(uint))
        {
            sum += MemoryMarshal.Read<uint>(rest);
            rest = rest[sizeof(uint)..];
        }

        if (rest.Length >= sizeof(ushort))
        {
            sum += MemoryMarshal.Read<ushort>(rest);
            rest = rest[sizeof(ushort)..];
        }

        if (!rest.IsEmpty)
        {
            sum += BitConverter.IsLittleEndian ? rest[0] : (uint)rest[0] << 8;
        }

        return sum;
    }

    /// <summary>The same as <see cref="SumScalar"/>, up to folding, with vectors.</summary>
    internal static ulong SumVector(ReadOnlySpan<byte> data)
    {
        Vector256<ulong> even = Vector256<ulong>.Zero, odd = Vector256<ulong>.Zero;
        Vector256<ulong> lowHalf = Vector256.Create((ulong)uint.MaxValue);
        foreach (Vector256<ulong> words in MemoryMarshal.Cast<byte, Vector256<ulong>>(data))
        {
            even += words & lowHalf;
            odd += words >> 32;
        }

        return Vector256.Sum(even + odd) + SumScalar(data[(data.Length & ~31)..]);
    }

    private static ushort FoldToWord(ulong sum)
    {
        sum = (sum >> 32) + (uint)sum;
        sum = (sum >> 32) + (uint)sum;
        sum = (sum >> 16) + (ushort)sum;
        sum = (sum >> 16) + (ushort)sum;
        return (ushort)sum;
    }
}
