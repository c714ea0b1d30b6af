using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Engine.Wire;

/// <summary>
/// The answer to a packet that does not fit: ICMP "fragmentation needed and DF set" (RFC 792, RFC 1191 section 4) or ICMPv6
/// "packet too big" (RFC 4443 section 3.2).
/// </summary>
internal static class PacketTooBig
{
    /// <summary>Longest answer in bytes, its IP header included (RFC 4443 section 2.4 c: the smallest IPv6 MTU).</summary>
    internal const int MaximumLength = SmallestMtuIPv6;

    /// <summary>No IPv6 link takes less (RFC 8200 section 5), so no answer says less.</summary>
    internal const int SmallestMtuIPv6 = 1280;

    /// <summary>Longest answer for IPv4 (RFC 1812 section 4.3.2.3).</summary>
    private const int MaximumLengthIPv4 = 576;

    private const byte Icmp = 1, IcmpV6 = 58, HopByHop = 0, Routing = 43, FragmentHeader = 44, AuthenticationHeader = 51, DestinationOptions = 60;
    private const byte DestinationUnreachable = 3, FragmentationNeeded = 4, TooBig = 2, FirstInformational = 128, RedirectV6 = 137;
    private const int IcmpHeaderLength = 8;

    /// <summary>Redirect counts as an error (RFC 1122 section 3.2.2); what is unknown may be one.</summary>
    private static ReadOnlySpan<byte> QueriesIPv4 => [0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 42, 43];

    /// <summary>
    /// Whether a packet may be answered at all: never an ICMP error, nor one that names no single sender; over IPv4 never a
    /// fragment but the first, nor one to many (RFC 1122 section 3.2.2, RFC 1812 section 4.3.2.7). Over IPv6 one to many may be
    /// answered, for its sender has no other way to learn the path MTU (RFC 4443 section 2.4 e.3).
    /// </summary>
    /// <param name="head">
    /// The packet's beginning, with its IP header whole and as much behind it as there is of extension headers and transport.
    /// </param>
    internal static bool MayAnswer(ReadOnlySpan<byte> head) => (head.IsEmpty ? 0 : head[0] >> 4) switch
    {
        4 => MayAnswerIPv4(head),
        6 => MayAnswerIPv6(head),
        _ => false,
    };

    /// <summary>Writes the answer to a packet that lies in two pieces: as much of it as an answer may quote.</summary>
    /// <param name="destination">At least <see cref="MaximumLength"/> bytes.</param>
    /// <param name="head">The packet's first piece, with its IP header whole.</param>
    /// <param name="rest">Its second piece.</param>
    /// <param name="mtu">Length in bytes of the largest packet that fits, up to 65,535; over IPv6 never told below 1280.</param>
    /// <param name="source">Who answers: an address of the packet's version, 4 or 16 bytes.</param>
    /// <returns>The answer's length in bytes.</returns>
    internal static int Write(
        Span<byte> destination, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, int mtu, ReadOnlySpan<byte> source) =>
        head[0] >> 4 == 4
            ? WriteIPv4(destination, head, rest, mtu, source)
            : WriteIPv6(destination, head, rest, Math.Max(mtu, SmallestMtuIPv6), source);

    private static bool MayAnswerIPv4(ReadOnlySpan<byte> head)
    {
        const int offsetMask = 0x1FFF, loopback = 127, firstMulticast = 224;
        int headerLength = (head[0] & 0x0F) * 4;
        if (head.Length < IPHeader.MinimumLengthIPv4 || headerLength < IPHeader.MinimumLengthIPv4 || headerLength > head.Length
            || (ReadUInt16BigEndian(head[6..]) & offsetMask) != 0)
        {
            return false;
        }

        // Networks 224 to 255 are multicast, reserved, or the limited broadcast; network 0 names nobody.
        byte source = head[12], target = head[16];
        bool isOneToOne = source is not (0 or loopback or >= firstMulticast) && target < firstMulticast;
        return isOneToOne && (head[9] != Icmp || (headerLength < head.Length && QueriesIPv4.Contains(head[headerLength])));
    }

    private static bool MayAnswerIPv6(ReadOnlySpan<byte> head)
    {
        const int multicast = 0xFF;
        if (head.Length < IPHeader.LengthIPv6 || head[8] == multicast || ReadUInt128BigEndian(head[8..]) <= 1)
        {
            return false;
        }

        byte protocol = head[6];
        int offset = IPHeader.LengthIPv6;
        while (protocol is HopByHop or Routing or DestinationOptions or AuthenticationHeader or FragmentHeader)
        {
            if (offset + 8 > head.Length)
            {
                return false;
            }

            // Behind the start of a fragment that is not the first there is no transport header to look at.
            if (protocol == FragmentHeader && ReadUInt16BigEndian(head[(offset + 2)..]) >> 3 != 0)
            {
                return head[offset] != IcmpV6;
            }

            int length = protocol switch
            {
                FragmentHeader => 8,
                AuthenticationHeader => (head[offset + 1] + 2) * 4,
                _ => (head[offset + 1] + 1) * 8,
            };
            protocol = head[offset];
            offset += length;
        }

        return protocol != IcmpV6 || (offset < head.Length && head[offset] >= FirstInformational && head[offset] != RedirectV6);
    }

    private static int WriteIPv4(Span<byte> destination, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, int mtu, ReadOnlySpan<byte> source)
    {
        // Precedence "internetwork control" (RFC 1812 section 4.3.2.5). Whole and never to be cut, so it needs no number (RFC 6864).
        const byte internetworkControl = 0xC0, hops = 64;
        const ushort dontFragment = 0x4000;
        Span<byte> message = destination[IPHeader.MinimumLengthIPv4..MaximumLengthIPv4];
        message = message[..(IcmpHeaderLength + Quote(message[IcmpHeaderLength..], head, rest))];
        message[..IcmpHeaderLength].Clear();
        message[0] = DestinationUnreachable;
        message[1] = FragmentationNeeded;
        WriteUInt16BigEndian(message[6..], (ushort)mtu);
        WriteUInt16BigEndian(message[2..], InternetChecksum.Compute(message));

        Span<byte> header = destination[..IPHeader.MinimumLengthIPv4];
        header.Clear();
        header[0] = 0x45;
        header[1] = internetworkControl;
        WriteUInt16BigEndian(header[2..], (ushort)(header.Length + message.Length));
        WriteUInt16BigEndian(header[6..], dontFragment);
        header[8] = hops;
        header[9] = Icmp;
        source.CopyTo(header[12..]);
        head.Slice(12, 4).CopyTo(header[16..]);
        WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
        return header.Length + message.Length;
    }

    private static int WriteIPv6(Span<byte> destination, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, int mtu, ReadOnlySpan<byte> source)
    {
        const byte hops = 64;
        Span<byte> message = destination[IPHeader.LengthIPv6..MaximumLength];
        message = message[..(IcmpHeaderLength + Quote(message[IcmpHeaderLength..], head, rest))];
        message[..IcmpHeaderLength].Clear();
        message[0] = TooBig;
        WriteUInt32BigEndian(message[4..], (uint)mtu);

        Span<byte> header = destination[..IPHeader.LengthIPv6];
        header.Clear();
        header[0] = 0x60;
        WriteUInt16BigEndian(header[4..], (ushort)message.Length);
        header[6] = IcmpV6;
        header[7] = hops;
        source.CopyTo(header[8..]);
        head.Slice(8, 16).CopyTo(header[24..]);
        uint sum = TransportHeader.PseudoHeaderSum(header[8..], IcmpV6, message.Length);
        WriteUInt16BigEndian(message[2..], (ushort)~InternetChecksum.Fold(InternetChecksum.Add(message, sum)));
        return header.Length + message.Length;
    }

    private static int Quote(Span<byte> destination, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        head = head[..Math.Min(head.Length, destination.Length)];
        head.CopyTo(destination);
        rest = rest[..Math.Min(rest.Length, destination.Length - head.Length)];
        rest.CopyTo(destination[head.Length..]);
        return head.Length + rest.Length;
    }
}
