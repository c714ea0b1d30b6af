using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>What a merger wrote: one packet for the TUN device, and the packets that come out when it is cut again.</summary>
public sealed record MergedWrite(byte[] Packet, byte[][] Cut)
{
    public bool IsMerged => Cut.Length > 1;
}

/// <summary>A merger between guarded memory and a device that checks what it is given.</summary>
internal sealed unsafe class MergerBench : ITunWriter, IDisposable
{
    private readonly GuardedMemory memory;
    private readonly bool ownsMemory;
    private readonly PacketMerger merger;
    private int placed;

    internal MergerBench(
        MergeKinds kinds = MergeKinds.All, int maximumSegments = 64, int maximumRuns = 16, GuardedMemory? memory = null)
    {
        ownsMemory = memory is null;
        this.memory = memory ?? new GuardedMemory(slots: 128, slotSize: 4096);
        merger = new PacketMerger(this, kinds, maximumSegments, maximumRuns);
    }

    internal List<MergedWrite> Writes { get; } = [];

    internal MergeKinds Kinds { set => merger.Kinds = value; }

    /// <summary>Adds packets; those of one batch lie in memory at the same time.</summary>
    internal void Add(params IEnumerable<byte[]> packets)
    {
        foreach (byte[] packet in packets)
        {
            merger.Add(memory.Place(placed++, packet), packet.Length);
        }
    }

    internal void Flush()
    {
        merger.Flush();
        placed = 0;
    }

    /// <summary>The writes of one batch.</summary>
    internal List<MergedWrite> Batch(params IEnumerable<byte[]> packets)
    {
        Writes.Clear();
        Add(packets);
        Flush();
        return Writes;
    }

    void ITunWriter.Write(in TunWrite write)
    {
        byte[] bytes = new byte[VirtioHeader.Length + write.Length];
        int filled = 0;
        for (int i = 0; i < write.PieceCount; i++)
        {
            ReadOnlySpan<byte> piece = new(write.Pieces[i].iov_base, (int)write.Pieces[i].iov_len);
            piece.CopyTo(bytes.AsSpan(filled));
            filled += piece.Length;
        }

        Assert.Equal(bytes.Length, filled);
        VirtioHeader header = VirtioHeader.Read(bytes);
        byte[] packet = bytes[VirtioHeader.Length..];
        byte[][] originals = new byte[write.PacketCount][];
        for (int i = 0; i < originals.Length; i++)
        {
            byte* original = write.Packet(i, out int length);
            originals[i] = new ReadOnlySpan<byte>(original, length).ToArray();
        }

        if (write.PacketCount == 1)
        {
            Assert.Equal(default, header);
            Assert.Equal(originals[0], packet);
            Writes.Add(new MergedWrite(packet, [packet]));
            return;
        }

        CheckHeaders(packet, header);
        byte[][] cut = [.. ReferenceSegmenter.Cut(packet, header.SegmentSize)];
        Assert.Equal(originals, cut);
        Writes.Add(new MergedWrite(packet, cut));
    }

    /// <summary>What the kernel demands of a packet that it is to cut.</summary>
    private static void CheckHeaders(byte[] packet, VirtioHeader header)
    {
        (int transport, int payload) = ReferenceSegmenter.Offsets(packet);
        bool isIPv6 = packet[0] >> 4 == 6;
        bool isUdp = payload == transport + 8;
        int field = isUdp ? 6 : 16;
        Assert.Equal(VirtioHeader.NeedsChecksum, header.Flags);
        Assert.Equal(
            isUdp ? VirtioHeader.UdpDatagrams : isIPv6 ? VirtioHeader.TcpIPv6 : VirtioHeader.TcpIPv4, header.SegmentationType);
        Assert.Equal((payload, transport, field), (header.HeaderLength, header.ChecksumStart, header.ChecksumOffset));
        Assert.Equal(GreError.None, InnerPacket.Check(packet, out _));
        Assert.Equal(packet.Length, IPHeader.TotalLength(packet));
        Assert.True(isIPv6 || PlainChecksum.Of(packet.AsSpan(0, transport)) == 0);
        Assert.True(!isUdp || (packet[transport + 4] << 8 | packet[transport + 5]) == packet.Length - transport);

        byte[] addresses = isIPv6 ? packet[8..40] : packet[12..20];
        int length = packet.Length - transport;
        byte[] pseudo = [.. addresses, 0, (byte)(isUdp ? 17 : 6), (byte)(length >> 8), (byte)length];
        Assert.Equal((ushort)~PlainChecksum.Of(pseudo), packet[transport + field] << 8 | packet[transport + field + 1]);
    }

    public void Dispose()
    {
        merger.Dispose();
        if (ownsMemory)
        {
            memory.Dispose();
        }
    }
}
