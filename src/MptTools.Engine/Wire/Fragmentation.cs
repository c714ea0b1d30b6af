using System.Runtime.CompilerServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Engine.Wire;

/// <summary>What is common to all fragments of an IPv4 packet: made by <see cref="Fragmentation.TryPlan"/>.</summary>
internal unsafe struct FragmentPlan
{
    /// <summary>How many fragments there are; 1 where the packet fits as it is.</summary>
    internal int Count;
    /// <summary>Length in bytes of the first fragment's header, which is that of the packet.</summary>
    internal int FirstHeaderLength;
    /// <summary>Length in bytes of the other fragments' headers: without the options that only the first one has.</summary>
    internal int RestHeaderLength;
    /// <summary>Bytes behind the packet's IP header.</summary>
    internal int PayloadLength;
    /// <summary>Bytes behind the first fragment's header.</summary>
    internal int FirstSize;
    /// <summary>Bytes behind each other fragment's header but the last.</summary>
    internal int RestSize;
    internal ushort FlagsAndOffset;

    /// <summary>The other fragments' header, with lengths, offsets and checksum still to be written.</summary>
    internal fixed byte RestHeader[Fragmentation.MaximumIPHeaderLength];
}

/// <summary>
/// Cuts an IPv4 packet into fragments (RFC 791 section 3.2), before it is encapsulated. A packet that is a fragment itself
/// can be cut again.
/// </summary>
internal static unsafe class Fragmentation
{
    /// <summary>Longest IPv4 header in bytes.</summary>
    internal const int MaximumIPHeaderLength = 60;

    private const ushort MoreFragments = 0x2000, OffsetMask = 0x1FFF;
    private const byte EndOfOptions = 0, NoOperation = 1, CopiedFlag = 0x80;

    /// <summary>The packet is a fragment of another one.</summary>
    /// <param name="packet">With a whole IPv4 header.</param>
    internal static bool IsFragment(ReadOnlySpan<byte> packet) => (ReadUInt16BigEndian(packet[6..]) & (MoreFragments | OffsetMask)) != 0;

    /// <summary>Prepares the cutting of a packet that lies in two pieces; its header must be whole in the first.</summary>
    /// <param name="head">The first piece of the packet.</param>
    /// <param name="payloadLength">Length in bytes of the second piece.</param>
    /// <param name="largest">Length in bytes that a fragment may have, its header included.</param>
    /// <param name="plan">What <see cref="WriteFragment"/> needs; worth nothing when it cannot be cut.</param>
    /// <returns>
    /// False when the header contradicts itself or the length, when the packet ends behind what an offset can name, or when no
    /// 8 bytes fit behind a header.
    /// </returns>
    internal static bool TryPlan(ReadOnlySpan<byte> head, int payloadLength, int largest, out FragmentPlan plan)
    {
        plan = default;
        if (head.Length < IPHeader.MinimumLengthIPv4 || head[0] >> 4 != 4)
        {
            return false;
        }

        int headerLength = (head[0] & 0x0F) * 4;
        int totalLength = ReadUInt16BigEndian(head[2..]);
        if (headerLength < IPHeader.MinimumLengthIPv4 || headerLength > head.Length || totalLength != head.Length + payloadLength)
        {
            return false;
        }

        plan.FirstHeaderLength = headerLength;
        plan.PayloadLength = totalLength - headerLength;
        plan.FlagsAndOffset = ReadUInt16BigEndian(head[6..]);
        if ((plan.FlagsAndOffset & OffsetMask) * 8 + plan.PayloadLength > ushort.MaxValue)
        {
            return false;
        }

        if (totalLength <= largest)
        {
            plan.Count = 1;
            plan.FirstSize = plan.PayloadLength;
            return true;
        }

        fixed (byte* rest = plan.RestHeader)
        {
            plan.RestHeaderLength = WriteRestHeader(head[..headerLength], new Span<byte>(rest, MaximumIPHeaderLength));
        }

        plan.FirstSize = (largest - headerLength) & ~7;
        plan.RestSize = (largest - plan.RestHeaderLength) & ~7;
        if (plan.FirstSize <= 0)
        {
            return false;
        }

        // The last one need not be a multiple of 8 bytes long, so it may take a few more than the others.
        int beyondLast = plan.PayloadLength - plan.FirstSize - (largest - plan.RestHeaderLength);
        plan.Count = 2 + (beyondLast > 0 ? (beyondLast + plan.RestSize - 1) / plan.RestSize : 0);
        return true;
    }

    /// <summary>Writes the header of one fragment, and behind it what of the payload lies in the packet's first piece.</summary>
    /// <param name="plan">From <see cref="TryPlan"/> for the same, unchanged packet.</param>
    /// <param name="head">The first piece of the packet.</param>
    /// <param name="headLength">Its length in bytes.</param>
    /// <param name="payload">The second piece.</param>
    /// <param name="index">Which fragment, from 0 to <see cref="FragmentPlan.Count"/> - 1.</param>
    /// <param name="destination">Where to; as many bytes as the first piece has are enough. Not in the first piece.</param>
    /// <param name="rest">What of the fragment stays where it is in the second piece.</param>
    /// <param name="restLength">Its length in bytes.</param>
    /// <returns>How many bytes were written.</returns>
    internal static int WriteFragment(
        in FragmentPlan plan, byte* head, int headLength, byte* payload, int index, byte* destination, out byte* rest, out int restLength)
    {
        bool isFirst = index == 0, isLast = index == plan.Count - 1;
        int headerLength = isFirst ? plan.FirstHeaderLength : plan.RestHeaderLength;
        int offset = isFirst ? 0 : plan.FirstSize + (index - 1) * plan.RestSize;
        int length = isLast ? plan.PayloadLength - offset : isFirst ? plan.FirstSize : plan.RestSize;
        fixed (byte* restHeader = plan.RestHeader)
        {
            Unsafe.CopyBlockUnaligned(destination, isFirst ? head : restHeader, (uint)headerLength);
        }

        Span<byte> header = new(destination, headerLength);
        int flags = plan.FlagsAndOffset & ~OffsetMask | (isLast ? 0 : MoreFragments);
        WriteUInt16BigEndian(header[2..], (ushort)(headerLength + length));
        WriteUInt16BigEndian(header[6..], (ushort)(flags | (plan.FlagsAndOffset & OffsetMask) + offset / 8));
        WriteUInt16BigEndian(header[10..], 0);
        WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));

        int inHead = headLength - plan.FirstHeaderLength;
        int copied = Math.Clamp(inHead - offset, 0, length);
        Unsafe.CopyBlockUnaligned(destination + headerLength, head + plan.FirstHeaderLength + offset, (uint)copied);
        rest = payload + Math.Max(offset - inHead, 0);
        restLength = length - copied;
        return headerLength + copied;
    }

    /// <summary>Copies a header with those options that belong to every fragment (the copied flag, RFC 791 section 3.1).</summary>
    /// <returns>The new header's length.</returns>
    private static int WriteRestHeader(ReadOnlySpan<byte> header, Span<byte> destination)
    {
        header[..IPHeader.MinimumLengthIPv4].CopyTo(destination);
        int end = IPHeader.MinimumLengthIPv4;
        for (int offset = end; offset < header.Length && header[offset] != EndOfOptions;)
        {
            if (header[offset] == NoOperation)
            {
                offset++;
                continue;
            }

            int length = offset + 1 < header.Length ? header[offset + 1] : 0;
            if (length < 2 || offset + length > header.Length)
            {
                break;
            }

            if ((header[offset] & CopiedFlag) != 0)
            {
                header.Slice(offset, length).CopyTo(destination[end..]);
                end += length;
            }

            offset += length;
        }

        int headerLength = (end + 3) & ~3;
        destination[end..headerLength].Clear();
        destination[0] = (byte)(0x40 | headerLength / 4);
        return headerLength;
    }
}
