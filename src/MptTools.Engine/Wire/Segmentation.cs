using System.Runtime.CompilerServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Engine.Wire;

/// <summary>Why a packet that came with a <see cref="VirtioHeader"/> cannot be cut or completed.</summary>
internal enum SegmentError : byte
{
    /// <summary>Nothing is wrong.</summary>
    None,
    /// <summary>Neither TCP nor UDP datagrams, or not the version of IP that the virtio header names.</summary>
    UnsupportedType,
    /// <summary>Fields of the IP header contradict each other or the packet's length.</summary>
    IPHeader,
    /// <summary>A fragment cannot be cut.</summary>
    Fragment,
    /// <summary>The transport header is not where the virtio header or the lengths have it.</summary>
    TransportHeader,
    /// <summary>The headers together are longer than <see cref="Segmentation.MaximumHeaderLength"/>.</summary>
    HeaderTooLong,
    /// <summary>Segments of length 0.</summary>
    SegmentSize,
    /// <summary>The checksum field is outside the packet, is not the protocol's, or does not hold the sum of the pseudo-header.</summary>
    Checksum,
}

/// <summary>What is common to all segments of a packet: made by <see cref="Segmentation.TryPlan"/>.</summary>
internal struct SegmentPlan
{
    /// <summary>How many segments there are, at least 1.</summary>
    internal int Count;
    /// <summary>Length in bytes of each segment's IP and transport headers.</summary>
    internal int HeaderLength;
    /// <summary>Payload in bytes of each segment but the last.</summary>
    internal int SegmentSize;
    /// <summary>Payload in bytes of all segments.</summary>
    internal int PayloadLength;
    /// <summary>Length in bytes of the first segment with its headers; no other is longer.</summary>
    internal readonly int LongestSegment => HeaderLength + Math.Min(SegmentSize, PayloadLength);
    internal int TransportOffset;
    internal bool IsIPv4, IsUdp;
    internal byte TcpFlags;
    internal ushort FirstId;
    internal uint FirstSequence;

    /// <summary>The sum of the IPv4 header without total length, identification and checksum.</summary>
    internal uint IPSum;

    /// <summary>The sum of pseudo-header and transport header without lengths, sequence number, flags and checksum.</summary>
    internal uint TransportSum;
}

/// <summary>
/// Cuts what a TUN device with segmentation offload hands over into the packets it stands for: the very bytes the kernel
/// would have handed over one by one without the offload.
/// </summary>
internal static unsafe class Segmentation
{
    /// <summary>Longest headers of a segment in bytes: those of IPv4 and TCP with all options, and IPv6 with some extension headers.</summary>
    internal const int MaximumHeaderLength = 256;

    private const byte HopByHop = 0, Routing = 43, FragmentHeader = 44, DestinationOptions = 60;

    /// <summary>
    /// Writes the checksum of an ordinary packet with <see cref="VirtioHeader.NeedsChecksum"/>, whatever its protocol.
    /// </summary>
    internal static SegmentError CompleteChecksum(Span<byte> packet, in VirtioHeader header)
    {
        int start = header.ChecksumStart;
        int field = start + header.ChecksumOffset;
        if (field + sizeof(ushort) > packet.Length)
        {
            return SegmentError.Checksum;
        }

        ushort checksum = InternetChecksum.Compute(packet[start..]);

        // 0 says "no checksum" in UDP. The kernel writes 0xFFFF here in every protocol, and it is as right in each.
        WriteUInt16BigEndian(packet[field..], checksum == 0 ? ushort.MaxValue : checksum);
        return SegmentError.None;
    }

    /// <summary>Checks a packet whose header asks for cutting, and prepares it.</summary>
    /// <param name="packet">The packet behind the virtio header.</param>
    /// <param name="header">The virtio header. Its header length is not used.</param>
    /// <param name="plan">What <see cref="WriteSegment"/> needs; worth nothing after an error.</param>
    internal static SegmentError TryPlan(ReadOnlySpan<byte> packet, in VirtioHeader header, out SegmentPlan plan)
    {
        plan = default;
        int type = header.SegmentationType & ~VirtioHeader.Ecn;
        if (type is not (VirtioHeader.TcpIPv4 or VirtioHeader.TcpIPv6 or VirtioHeader.UdpDatagrams))
        {
            return SegmentError.UnsupportedType;
        }

        if (header.SegmentSize == 0)
        {
            return SegmentError.SegmentSize;
        }

        plan.SegmentSize = header.SegmentSize;
        plan.IsUdp = type == VirtioHeader.UdpDatagrams;
        SegmentError error = ReadIPHeader(packet, ref plan, out byte protocol);
        if (error != SegmentError.None)
        {
            return error;
        }

        if (protocol != (plan.IsUdp ? TransportHeader.Udp : TransportHeader.Tcp)
            || type == (plan.IsIPv4 ? VirtioHeader.TcpIPv6 : VirtioHeader.TcpIPv4))
        {
            return SegmentError.UnsupportedType;
        }

        error = ReadTransportHeader(packet[plan.TransportOffset..], ref plan);
        if (error != SegmentError.None)
        {
            return error;
        }

        if (plan.HeaderLength > MaximumHeaderLength)
        {
            return SegmentError.HeaderTooLong;
        }

        plan.PayloadLength = packet.Length - plan.HeaderLength;
        plan.Count = Math.Max(1, (plan.PayloadLength + plan.SegmentSize - 1) / plan.SegmentSize);
        return SumHeaders(packet, header, ref plan);
    }

    /// <summary>Writes the IP and transport headers of one segment, checksums and all.</summary>
    /// <param name="plan">From <see cref="TryPlan"/> for the same, unchanged packet.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="index">Which segment, from 0 to <see cref="SegmentPlan.Count"/> - 1.</param>
    /// <param name="headerDestination">Where to; <see cref="MaximumHeaderLength"/> bytes are enough.</param>
    /// <param name="payload">The segment's payload, which stays where it is in the packet.</param>
    /// <param name="payloadLength">Its length in bytes.</param>
    /// <returns>The length of the headers in bytes.</returns>
    internal static int WriteSegment(
        in SegmentPlan plan, byte* packet, int index, byte* headerDestination, out byte* payload, out int payloadLength)
    {
        int headerLength = plan.HeaderLength;
        int offset = index * plan.SegmentSize;
        payload = packet + headerLength + offset;
        payloadLength = Math.Min(plan.SegmentSize, plan.PayloadLength - offset);
        Unsafe.CopyBlockUnaligned(headerDestination, packet, (uint)headerLength);
        if (plan.IsIPv4)
        {
            int totalLength = headerLength + payloadLength;
            ushort id = (ushort)(plan.FirstId + index);
            Write(headerDestination + 2, (ushort)totalLength);
            Write(headerDestination + 4, id);
            Write(headerDestination + 10, (ushort)~InternetChecksum.Fold(plan.IPSum + (uint)totalLength + id));
        }
        else
        {
            Write(headerDestination + 4, (ushort)(headerLength - IPHeader.LengthIPv6 + payloadLength));
        }

        byte* transport = headerDestination + plan.TransportOffset;
        uint transportLength = (uint)(headerLength - plan.TransportOffset + payloadLength);
        uint sum = InternetChecksum.Add(new ReadOnlySpan<byte>(payload, payloadLength), plan.TransportSum + transportLength);
        if (plan.IsUdp)
        {
            Write(transport + TransportHeader.UdpLength, (ushort)transportLength);
            ushort checksum = (ushort)~InternetChecksum.Fold(sum + transportLength);
            Write(transport + TransportHeader.UdpChecksum, checksum == 0 ? ushort.MaxValue : checksum);
        }
        else
        {
            uint sequence = plan.FirstSequence + (uint)offset;
            byte flags = FlagsOf(plan, index);
            WriteUInt32BigEndian(new Span<byte>(transport + TransportHeader.TcpSequence, sizeof(uint)), sequence);
            transport[TransportHeader.TcpFlags] = flags;
            sum += (sequence >> 16) + (ushort)sequence + flags;
            Write(transport + TransportHeader.TcpChecksum, (ushort)~InternetChecksum.Fold(sum));
        }

        return headerLength;
    }

    /// <summary>The end of the data is the last segment's to tell, that the sender has slowed down the first one's.</summary>
    private static byte FlagsOf(in SegmentPlan plan, int index)
    {
        int flags = plan.TcpFlags;
        if (index != plan.Count - 1)
        {
            flags &= ~(TransportHeader.Fin | TransportHeader.Psh);
        }

        if (index != 0)
        {
            flags &= ~TransportHeader.Cwr;
        }

        return (byte)flags;
    }

    private static SegmentError ReadIPHeader(ReadOnlySpan<byte> packet, ref SegmentPlan plan, out byte protocol)
    {
        protocol = 0;
        if (InnerPacket.Check(packet, out int version) != GreError.None || IPHeader.TotalLength(packet) != packet.Length)
        {
            return SegmentError.IPHeader;
        }

        if (version == 6)
        {
            return SkipExtensionHeaders(packet, ref plan, out protocol);
        }

        const int moreFragmentsAndOffset = 0x3FFF;
        plan.IsIPv4 = true;
        plan.TransportOffset = (packet[0] & 0x0F) * 4;
        plan.FirstId = ReadUInt16BigEndian(packet[4..]);
        protocol = packet[9];
        return (ReadUInt16BigEndian(packet[6..]) & moreFragmentsAndOffset) == 0 ? SegmentError.None : SegmentError.Fragment;
    }

    private static SegmentError SkipExtensionHeaders(ReadOnlySpan<byte> packet, ref SegmentPlan plan, out byte protocol)
    {
        protocol = packet[6];
        int offset = IPHeader.LengthIPv6;
        while (protocol is HopByHop or Routing or DestinationOptions)
        {
            if (offset + 2 > packet.Length)
            {
                return SegmentError.IPHeader;
            }

            protocol = packet[offset];
            offset += (packet[offset + 1] + 1) * 8;
        }

        plan.TransportOffset = offset;
        return protocol == FragmentHeader ? SegmentError.Fragment
            : offset <= packet.Length ? SegmentError.None
            : SegmentError.IPHeader;
    }

    private static SegmentError ReadTransportHeader(ReadOnlySpan<byte> transport, ref SegmentPlan plan)
    {
        if (transport.Length < (plan.IsUdp ? TransportHeader.LengthUdp : TransportHeader.MinimumLengthTcp))
        {
            return SegmentError.TransportHeader;
        }

        if (plan.IsUdp)
        {
            plan.HeaderLength = plan.TransportOffset + TransportHeader.LengthUdp;
            return ReadUInt16BigEndian(transport[TransportHeader.UdpLength..]) == transport.Length
                ? SegmentError.None
                : SegmentError.TransportHeader;
        }

        int length = (transport[TransportHeader.TcpDataOffset] >> 4) * 4;
        plan.HeaderLength = plan.TransportOffset + length;
        plan.FirstSequence = ReadUInt32BigEndian(transport[TransportHeader.TcpSequence..]);
        plan.TcpFlags = transport[TransportHeader.TcpFlags];
        return length >= TransportHeader.MinimumLengthTcp && length <= transport.Length
            ? SegmentError.None
            : SegmentError.TransportHeader;
    }

    /// <summary>
    /// The sum of the pseudo-header is taken from the checksum field, not from the addresses: behind a routing header the
    /// final destination counts, which the kernel knows.
    /// </summary>
    private static SegmentError SumHeaders(ReadOnlySpan<byte> packet, in VirtioHeader header, ref SegmentPlan plan)
    {
        int field = plan.IsUdp ? TransportHeader.UdpChecksum : TransportHeader.TcpChecksum;
        if ((header.Flags & VirtioHeader.NeedsChecksum) == 0
            || header.ChecksumStart != plan.TransportOffset || header.ChecksumOffset != field)
        {
            return SegmentError.Checksum;
        }

        if (plan.IsIPv4)
        {
            plan.IPSum = InternetChecksum.Add(packet[..2], 0);
            plan.IPSum = InternetChecksum.Add(packet[6..10], plan.IPSum);
            plan.IPSum = InternetChecksum.Add(packet[12..plan.TransportOffset], plan.IPSum);
        }

        ReadOnlySpan<byte> transport = packet[plan.TransportOffset..plan.HeaderLength];
        ushort length = (ushort)(packet.Length - plan.TransportOffset);
        uint sum = ReadUInt16BigEndian(transport[field..]);
        if (sum == 0)
        {
            // No sum of a pseudo-header is zero: the protocol number is in it.
            return SegmentError.Checksum;
        }

        // One's complement arithmetic: adding the complement subtracts.
        sum += (ushort)~length;
        if (plan.IsUdp)
        {
            plan.TransportSum = InternetChecksum.Add(transport[..TransportHeader.UdpLength], sum);
            return SegmentError.None;
        }

        sum = InternetChecksum.Add(transport[..TransportHeader.TcpSequence], sum);

        // Ends inside a word, whose other half are the flags: as a number they fit in.
        sum = InternetChecksum.Add(transport[8..TransportHeader.TcpFlags], sum);
        sum = InternetChecksum.Add(transport[14..TransportHeader.TcpChecksum], sum);
        plan.TransportSum = InternetChecksum.Add(transport[18..], sum);
        return SegmentError.None;
    }

    private static void Write(byte* field, ushort value) =>
        Unsafe.WriteUnaligned(field, BitConverter.IsLittleEndian ? ReverseEndianness(value) : value);
}
