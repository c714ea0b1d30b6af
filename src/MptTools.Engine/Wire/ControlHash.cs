using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace MptTools.Engine.Wire;

/// <summary>
/// The authentication of control messages: SHA-256 over the message, its hash field zero, and the key behind it. It is no
/// HMAC (RFC 2104), but it is what existing servers compute.
/// </summary>
internal static class ControlHash
{
    /// <summary>Length of a key: characters of <c>auth_key</c> that count.</summary>
    internal const int KeyLength = 32;

    private const int StackLimit = 512;

    /// <summary>The key of an <c>auth_key</c>: its first 32 characters as they stand in the file, not the bytes that its
    /// hexadecimal digits mean.</summary>
    internal static byte[] KeyOf(string authKey) =>
        Encoding.ASCII.GetBytes(authKey, 0, Math.Min(authKey.Length, KeyLength));

    /// <summary>Computes the hash of a message.</summary>
    /// <param name="message">A whole message of authentication type SHA-256; what stands in its hash field does not count.</param>
    /// <param name="key">Of <see cref="KeyOf"/>.</param>
    /// <param name="hash">At least 32 bytes; may be the message's own field.</param>
    internal static void Compute(ReadOnlySpan<byte> message, ReadOnlySpan<byte> key, Span<byte> hash)
    {
        int length = message.Length + key.Length;
        byte[]? rented = length > StackLimit ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> hashed = rented is null ? stackalloc byte[StackLimit] : rented;
        hashed = hashed[..length];
        message.CopyTo(hashed);
        hashed.Slice(ControlMessage.HashOffset, ControlMessage.HashLength).Clear();
        key.CopyTo(hashed[message.Length..]);
        SHA256.HashData(hashed, hash);
        CryptographicOperations.ZeroMemory(hashed);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Whether a message carries the hash that its key gives. Takes the same time wherever they differ.</summary>
    /// <param name="message">A whole message of authentication type SHA-256 that could be parsed.</param>
    /// <param name="key">Of <see cref="KeyOf"/>.</param>
    internal static bool Fits(ReadOnlySpan<byte> message, ReadOnlySpan<byte> key)
    {
        Span<byte> expected = stackalloc byte[ControlMessage.HashLength];
        Compute(message, key, expected);
        return CryptographicOperations.FixedTimeEquals(
            expected, message.Slice(ControlMessage.HashOffset, ControlMessage.HashLength));
    }
}
