using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>Takes what a <see cref="PacketMerger"/> has made, one by one, and writes it to a TUN device.</summary>
internal interface ITunWriter
{
    /// <summary>Writes one packet. Its pieces are the merger's and are used again after the call.</summary>
    void Write(in TunWrite write);
}

/// <summary>
/// One packet for a TUN device with IFF_VNET_HDR, in pieces as writev(2) takes them: the first begins with the
/// <see cref="VirtioHeader"/>.
/// </summary>
internal readonly unsafe struct TunWrite
{
    private readonly byte* onlyPacket;
    private readonly int headerLength;

    /// <summary>A packet as it came: its pieces are the virtio header and itself.</summary>
    internal TunWrite(Libc.iovec* pieces)
    {
        Pieces = pieces;
        PieceCount = 2;
        PacketCount = 1;
        Length = (int)pieces[1].iov_len;
        onlyPacket = (byte*)pieces[1].iov_base;
    }

    /// <summary>Merged packets: the pieces are the virtio header with the new headers and, where it lies, the payload of each.</summary>
    internal TunWrite(Libc.iovec* pieces, int packetCount, int length, int headerLength, MergeKinds kind)
    {
        Pieces = pieces;
        PieceCount = 1 + packetCount;
        PacketCount = packetCount;
        Length = length;
        Kind = kind;
        this.headerLength = headerLength;
    }

    internal Libc.iovec* Pieces { get; }

    internal int PieceCount { get; }

    /// <summary>How many packets it was merged from; 1 for one that is passed on as it came.</summary>
    internal int PacketCount { get; }

    /// <summary>What was merged; none where nothing was.</summary>
    internal MergeKinds Kind { get; }

    /// <summary>Bytes without the virtio header.</summary>
    internal int Length { get; }

    /// <summary>One of the packets as it came, for a device that refuses the merged one.</summary>
    /// <param name="index">From 0 to <see cref="PacketCount"/> - 1.</param>
    /// <param name="length">Its length in bytes.</param>
    internal byte* Packet(int index, out int length)
    {
        if (PacketCount == 1)
        {
            length = Length;
            return onlyPacket;
        }

        // Payloads are not moved, so the old headers are still before them.
        Libc.iovec payload = Pieces[1 + index];
        length = headerLength + (int)payload.iov_len;
        return (byte*)payload.iov_base - headerLength;
    }
}
