using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;
using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Merges neighbouring TCP and UDP packets of a flow into large ones that a TUN device takes in one write, and whose
/// segments are, byte for byte, the packets that came. A packet's way:
/// <list type="number">
/// <item>Read what flow it belongs to and whether it may be merged at all (<see cref="MergeCandidate"/>).</item>
/// <item>If it continues the open run of its flow and its checksums are right, it joins. A run ends after a packet with PSH,
/// after one with less payload, at the largest number of segments and at 65,535 bytes.</item>
/// <item>If not, the run is written, and the packet opens another one or, where it cannot be merged, is written itself.</item>
/// </list>
/// Packets of a flow never overtake each other; flows may overtake other flows until <see cref="Flush"/>. A packet with a wrong
/// checksum is passed on as it is: a merged one would leave with right ones.
/// </summary>
internal sealed unsafe class PacketMerger : IDisposable
{
    /// <summary>The most segments every kernel with UDP segmentation takes; 128 from Linux 6.9 on.</summary>
    internal const int DefaultMaximumSegments = 64;
    private const int LargestMaximumSegments = 128;

    /// <summary>Longest packet in bytes, IP header included.</summary>
    internal const int MaximumLength = 65535;

    private const int DefaultMaximumRuns = 16;

    /// <summary>The longest headers that are merged: IPv6, and TCP with all options.</summary>
    private const int MaximumHeaderLength = 100;

    private readonly ITunWriter writer;
    private readonly int maximumSegments;
    private readonly int maximumRuns;
    private readonly Run* runs;
    private readonly Libc.iovec* allPieces;
    private readonly Libc.iovec* singlePieces;
    private readonly byte* scratch;
    private int openRuns;
    private int recentRun;
    private ulong clock;

    /// <summary>Packets of one flow that will be written together.</summary>
    private struct Run
    {
        internal MergeCandidate First;
        /// <summary>Room for the headers, then the payload of each packet.</summary>
        internal Libc.iovec* Pieces;
        internal int Count;
        internal int PayloadLength;
        internal uint NextSequence;
        internal bool EndsWithPush;
        internal ulong LastUse;
    }

    /// <summary>Takes its memory once; adding packets allocates nothing.</summary>
    /// <param name="writer">Where writes go, at the latest in <see cref="Flush"/>.</param>
    /// <param name="kinds">What the device takes.</param>
    /// <param name="maximumSegments">Most packets in a write, 2 to 128.</param>
    /// <param name="maximumRuns">Most flows that are merged at the same time, at least 1; for one more, the one unused for longest is written.</param>
    internal PacketMerger(
        ITunWriter writer, MergeKinds kinds,
        int maximumSegments = DefaultMaximumSegments, int maximumRuns = DefaultMaximumRuns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumSegments, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumSegments, LargestMaximumSegments);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumRuns, 1);
        this.writer = writer;
        this.maximumSegments = maximumSegments;
        this.maximumRuns = maximumRuns;
        Kinds = kinds;
        int piecesOfRun = 1 + maximumSegments;
        runs = (Run*)NativeMemory.AllocZeroed((nuint)maximumRuns, (nuint)sizeof(Run));
        allPieces = (Libc.iovec*)NativeMemory.AllocZeroed((nuint)(maximumRuns * piecesOfRun), (nuint)sizeof(Libc.iovec));
        for (int i = 0; i < maximumRuns; i++)
        {
            runs[i].Pieces = allPieces + i * piecesOfRun;
        }

        // An ordinary packet's virtio header is all zero; the merged one's follows it.
        scratch = (byte*)NativeMemory.AllocZeroed(2 * VirtioHeader.Length + MaximumHeaderLength);
        singlePieces = (Libc.iovec*)NativeMemory.AllocZeroed(2, (nuint)sizeof(Libc.iovec));
        singlePieces[0].iov_base = scratch;
        singlePieces[0].iov_len = VirtioHeader.Length;
    }

    /// <summary>What the device takes. May be changed at any time: what is open stays as it is.</summary>
    internal MergeKinds Kinds { get; set; }

    /// <summary>Takes the next packet, of any content. It must stay where it is, unchanged, until <see cref="Flush"/>.</summary>
    /// <param name="packet">The IP header's first byte.</param>
    /// <param name="length">The packet's length in bytes.</param>
    internal void Add(byte* packet, int length)
    {
        FlowKnowledge knowledge = MergeCandidate.Read(packet, length, Kinds, out MergeCandidate candidate);
        if (knowledge != FlowKnowledge.Mergeable)
        {
            if (knowledge == FlowKnowledge.Ports)
            {
                WriteRunOf(candidate.FlowKey);
            }
            else if (knowledge == FlowKnowledge.Addresses)
            {
                WriteRunsBetween(candidate.AddressKey);
            }

            WriteSingle(packet, length);
            return;
        }

        int index = Find(candidate.FlowKey);
        if (index >= 0)
        {
            if (TryJoin(ref runs[index], candidate))
            {
                if (runs[index].EndsWithPush || candidate.PayloadLength < runs[index].First.PayloadLength
                    || runs[index].Count == maximumSegments)
                {
                    Close(index);
                }

                return;
            }

            Close(index);
        }

        if (candidate.EndsRun)
        {
            WriteSingle(packet, length);
        }
        else
        {
            Open(candidate);
        }
    }

    /// <summary>Writes all that is open: at the end of a batch, so that nothing waits for packets that have not come yet.</summary>
    internal void Flush()
    {
        int count = openRuns;
        openRuns = 0;
        for (int i = 0; i < count; i++)
        {
            Write(ref runs[i]);
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(runs);
        NativeMemory.Free(allPieces);
        NativeMemory.Free(singlePieces);
        NativeMemory.Free(scratch);
    }

    private int Find(ulong flowKey)
    {
        if (recentRun < openRuns && runs[recentRun].First.FlowKey == flowKey)
        {
            return recentRun;
        }

        for (int i = 0; i < openRuns; i++)
        {
            if (runs[i].First.FlowKey == flowKey)
            {
                return recentRun = i;
            }
        }

        return -1;
    }

    private bool TryJoin(ref Run run, in MergeCandidate candidate)
    {
        if (candidate.PayloadLength > run.First.PayloadLength
            || run.First.HeaderLength + run.PayloadLength + candidate.PayloadLength > MaximumLength
            || !candidate.HasHeadersOf(run.First, run.Count)
            || (!candidate.IsUdp && candidate.Sequence != run.NextSequence))
        {
            return false;
        }

        // The first packet's checksums matter only now: alone it would have been passed on either way.
        if ((run.Count == 1 && !run.First.HasRightChecksums()) || !candidate.HasRightChecksums())
        {
            return false;
        }

        Append(ref run, candidate);
        run.EndsWithPush = candidate.EndsRun;
        return true;
    }

    private void Open(in MergeCandidate candidate)
    {
        if (openRuns == maximumRuns)
        {
            CloseLeastRecentlyUsed();
        }

        recentRun = openRuns++;
        ref Run run = ref runs[recentRun];
        run.First = candidate;
        run.Count = 0;
        run.PayloadLength = 0;
        run.NextSequence = candidate.IsUdp ? 0 : candidate.Sequence;
        run.EndsWithPush = false;
        Append(ref run, candidate);
    }

    private void Append(ref Run run, in MergeCandidate candidate)
    {
        run.Count++;
        run.Pieces[run.Count].iov_base = candidate.Data + candidate.HeaderLength;
        run.Pieces[run.Count].iov_len = (nuint)candidate.PayloadLength;
        run.PayloadLength += candidate.PayloadLength;
        run.NextSequence += (uint)candidate.PayloadLength;
        run.LastUse = ++clock;
    }

    private void CloseLeastRecentlyUsed()
    {
        int oldest = 0;
        for (int i = 1; i < openRuns; i++)
        {
            if (runs[i].LastUse < runs[oldest].LastUse)
            {
                oldest = i;
            }
        }

        Close(oldest);
    }

    private void WriteRunOf(ulong flowKey)
    {
        int index = Find(flowKey);
        if (index >= 0)
        {
            Close(index);
        }
    }

    private void WriteRunsBetween(ulong addressKey)
    {
        for (int i = openRuns - 1; i >= 0; i--)
        {
            if (runs[i].First.AddressKey == addressKey)
            {
                Close(i);
            }
        }
    }

    /// <summary>Writes a run; the last one takes its place.</summary>
    private void Close(int index)
    {
        openRuns--;
        if (index != openRuns)
        {
            (runs[index], runs[openRuns]) = (runs[openRuns], runs[index]);
        }

        Write(ref runs[openRuns]);
    }

    private void WriteSingle(byte* packet, int length)
    {
        singlePieces[1].iov_base = packet;
        singlePieces[1].iov_len = (nuint)length;
        writer.Write(new TunWrite(singlePieces));
    }

    private void Write(ref Run run)
    {
        ref MergeCandidate first = ref run.First;
        if (run.Count == 1)
        {
            WriteSingle(first.Data, first.Length);
            return;
        }

        byte* header = scratch + VirtioHeader.Length;
        int length = first.HeaderLength + run.PayloadLength;
        WriteVirtioHeader(first, header);
        WriteHeaders(run, header + VirtioHeader.Length, length);
        run.Pieces[0].iov_base = header;
        run.Pieces[0].iov_len = (nuint)(VirtioHeader.Length + first.HeaderLength);
        writer.Write(new TunWrite(run.Pieces, run.Count, length, first.HeaderLength, first.Kind));
    }

    private static void WriteVirtioHeader(in MergeCandidate first, byte* destination)
    {
        byte type = first.IsUdp ? VirtioHeader.UdpDatagrams
            : first.IsIPv4 ? VirtioHeader.TcpIPv4
            : VirtioHeader.TcpIPv6;
        VirtioHeader header = new()
        {
            Flags = VirtioHeader.NeedsChecksum,
            SegmentationType = type,
            HeaderLength = (ushort)first.HeaderLength,
            SegmentSize = (ushort)first.PayloadLength,
            ChecksumStart = (ushort)first.TransportOffset,
            ChecksumOffset = first.IsUdp ? (ushort)TransportHeader.UdpChecksum : (ushort)TransportHeader.TcpChecksum,
        };
        Unsafe.WriteUnaligned(destination, header);
    }

    /// <summary>The first packet's headers with the lengths of all; the transport checksum is the pseudo-header's sum.</summary>
    private static void WriteHeaders(in Run run, byte* destination, int length)
    {
        ref readonly MergeCandidate first = ref run.First;
        Span<byte> header = new(destination, first.HeaderLength);
        new ReadOnlySpan<byte>(first.Data, first.HeaderLength).CopyTo(header);
        if (first.IsIPv4)
        {
            WriteUInt16BigEndian(header[2..], (ushort)length);
            WriteUInt16BigEndian(header[10..], 0);
            WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header[..IPHeader.MinimumLengthIPv4]));
        }
        else
        {
            WriteUInt16BigEndian(header[4..], (ushort)(length - IPHeader.LengthIPv6));
        }

        Span<byte> transport = header[first.TransportOffset..];
        int transportLength = length - first.TransportOffset;
        ushort pseudoHeader = InternetChecksum.Fold(first.PseudoHeaderSum(transportLength));
        if (first.IsUdp)
        {
            WriteUInt16BigEndian(transport[TransportHeader.UdpLength..], (ushort)transportLength);
            WriteUInt16BigEndian(transport[TransportHeader.UdpChecksum..], pseudoHeader);
            return;
        }

        if (run.EndsWithPush)
        {
            transport[TransportHeader.TcpFlags] |= TransportHeader.Psh;
        }

        WriteUInt16BigEndian(transport[TransportHeader.TcpChecksum..], pseudoHeader);
    }
}
