using System.Buffers.Binary;

namespace MptTools.Engine.Wire;

/// <summary>The check of a packet that came out of the tunnel, before anything believes its header.</summary>
internal static class InnerPacket
{
    /// <summary>
    /// Checks that a payload is a whole IP packet. What stands behind the packet's own length is tolerated;
    /// <see cref="IPHeader.TotalLength"/> tells where to cut it off.
    /// </summary>
    /// <param name="payload">What follows the GRE header. Its first byte alone decides the version: existing servers
    /// write the protocol type of the connection, whatever the packet is.</param>
    /// <param name="version">4 or 6 with <see cref="GreError.None"/>, else 0.</param>
    /// <returns>None, InnerTooShort, InnerNotIP or InnerLengthMismatch.</returns>
    internal static GreError Check(ReadOnlySpan<byte> payload, out int version)
    {
        version = 0;
        if (payload.IsEmpty)
        {
            return GreError.InnerTooShort;
        }

        GreError error = (payload[0] >> 4) switch
        {
            4 => CheckIPv4(payload),
            6 => CheckIPv6(payload),
            _ => GreError.InnerNotIP,
        };
        if (error == GreError.None)
        {
            version = payload[0] >> 4;
        }

        return error;
    }

    private static GreError CheckIPv4(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < IPHeader.MinimumLengthIPv4)
        {
            return GreError.InnerTooShort;
        }

        int headerLength = (payload[0] & 0x0F) * 4;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
        return headerLength >= IPHeader.MinimumLengthIPv4
            && headerLength <= totalLength && totalLength <= payload.Length
            ? GreError.None
            : GreError.InnerLengthMismatch;
    }

    private static GreError CheckIPv6(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < IPHeader.LengthIPv6)
        {
            return GreError.InnerTooShort;
        }

        const byte hopByHop = 0;
        int payloadLength = BinaryPrimitives.ReadUInt16BigEndian(payload[4..]);

        // Length 0 before hop-by-hop options is a jumbogram (RFC 2675); no path carries one.
        bool jumbogram = payloadLength == 0 && payload[6] == hopByHop;
        return !jumbogram && IPHeader.LengthIPv6 + payloadLength <= payload.Length
            ? GreError.None
            : GreError.InnerLengthMismatch;
    }
}
