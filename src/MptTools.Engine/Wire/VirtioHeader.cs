using System.Runtime.InteropServices;

namespace MptTools.Engine.Wire;

/// <summary>
/// What stands before each packet that is read from or written to a TUN device with IFF_VNET_HDR: struct virtio_net_hdr
/// (virtio 1.2, section 5.1.6), 10 bytes in the machine's byte order, as such a device has it until told otherwise.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
internal struct VirtioHeader
{
    /// <summary>Its length in bytes.</summary>
    internal const int Length = 10;

    /// <summary>In <see cref="Flags"/>: the transport checksum is still to be computed, from <see cref="ChecksumStart"/> on.</summary>
    internal const byte NeedsChecksum = 1;
    /// <summary>In <see cref="Flags"/>: the checksum was verified.</summary>
    internal const byte DataValid = 2;

    /// <summary>As <see cref="SegmentationType"/>: an ordinary packet.</summary>
    internal const byte None = 0;
    /// <summary>As <see cref="SegmentationType"/>: TCP over IPv4.</summary>
    internal const byte TcpIPv4 = 1;
    /// <summary>As <see cref="SegmentationType"/>: one UDP datagram, to be cut into IP fragments.</summary>
    internal const byte UdpFragments = 3;
    /// <summary>As <see cref="SegmentationType"/>: TCP over IPv6.</summary>
    internal const byte TcpIPv6 = 4;
    /// <summary>As <see cref="SegmentationType"/>: UDP, to be cut into datagrams (UDP_SEGMENT), over either version of IP.</summary>
    internal const byte UdpDatagrams = 5;
    /// <summary>Added to a TCP <see cref="SegmentationType"/>: the segment has CWR set (RFC 3168 section 6.1.2).</summary>
    internal const byte Ecn = 0x80;

    /// <summary><see cref="NeedsChecksum"/>, <see cref="DataValid"/>.</summary>
    internal byte Flags;
    /// <summary>How the packet is to be cut (gso_type).</summary>
    internal byte SegmentationType;
    /// <summary>
    /// Length in bytes of the headers of IP and transport. A hint: the kernel's own packets have any length here that its
    /// buffers happened to have.
    /// </summary>
    internal ushort HeaderLength;
    /// <summary>Payload in bytes of each segment but the last (gso_size).</summary>
    internal ushort SegmentSize;
    /// <summary>Offset in bytes in the packet of what the checksum covers: the transport header.</summary>
    internal ushort ChecksumStart;
    /// <summary>Offset in bytes of the checksum field from <see cref="ChecksumStart"/>. The field holds the folded sum of the pseudo-header.</summary>
    internal ushort ChecksumOffset;

    /// <summary>Reads the header at the start of a buffer of at least <see cref="Length"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The buffer is shorter.</exception>
    internal static VirtioHeader Read(ReadOnlySpan<byte> buffer) => MemoryMarshal.Read<VirtioHeader>(buffer);

    /// <summary>Writes the header to the start of a buffer of at least <see cref="Length"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The buffer is shorter.</exception>
    internal readonly void Write(Span<byte> buffer) => MemoryMarshal.Write(buffer, this);
}
