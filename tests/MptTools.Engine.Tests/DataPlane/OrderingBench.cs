using System.Runtime.InteropServices;
using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>
/// A reorder buffer as the receiving side uses it: batch by batch, out of receive buffers that are written over as soon as
/// the batch is done. Every packet's bytes tell its number, and are looked at when it comes out.
/// </summary>
internal sealed unsafe class OrderingBench : IDisposable
{
    private const int SlotSize = 4096;
    private const int Slots = 512;

    private readonly byte* receiveBuffers = (byte*)NativeMemory.Alloc(Slots * SlotSize);
    private readonly ChunkPool chunks = new();
    private readonly PacketList output = new();

    internal OrderingBench(int window, int paths = 2, int maximumDelay = 100)
    {
        Buffer = new ReorderBuffer(window, TimeSpan.FromMilliseconds(maximumDelay), paths, chunks);
        Counted = (1u << paths) - 1;
    }

    internal ReorderBuffer Buffer { get; private set; }

    /// <summary>Milliseconds.</summary>
    internal int Now { get; set; }

    /// <summary>The paths that count for giving up, and whether that is all of them.</summary>
    internal uint Counted { get; set; }
    internal bool AllPathsCount { get; set; } = true;

    /// <summary>Why packets were dropped, in order.</summary>
    internal List<DropReason> Dropped { get; } = [];

    internal int ChunksInUse => chunks.InUse;

    internal int? Deadline => (int?)Buffer.Deadline?.TotalMilliseconds;

    /// <summary>Ten packets in order by two paths, and a second of silence: the start is over.</summary>
    /// <param name="first">The next number is ten more.</param>
    internal static OrderingBench Started(uint first, int window = 10, int maximumDelay = 100)
    {
        OrderingBench bench = new(window, paths: 2, maximumDelay);
        for (uint i = 0; i < 10; i++)
        {
            Assert.Equal([first + i], bench.Receive((int)i & 1, first + i));
        }
        bench.Now += 1000;
        return bench;
    }

    /// <summary>A batch that brought packets by one path.</summary>
    /// <returns>The numbers of what came out.</returns>
    internal uint[] Receive(int path, params ReadOnlySpan<uint> sequences)
    {
        (int, long)[] packets = new (int, long)[sequences.Length];
        for (int i = 0; i < packets.Length; i++)
        {
            packets[i] = (path, sequences[i]);
        }
        return Receive(packets);
    }

    internal uint[] Receive(params ReadOnlySpan<(int Path, long Sequence)> packets)
    {
        TimeSpan now = TimeSpan.FromMilliseconds(Now);
        Assert.InRange(packets.Length, 0, Slots);
        for (int i = 0; i < packets.Length; i++)
        {
            (int path, uint sequence) = (packets[i].Path, (uint)packets[i].Sequence);
            PacketRef packet = new()
            {
                Data = receiveBuffers + i * SlotSize,
                Length = LengthOf(sequence),
                Sequence = sequence,
                Path = (byte)path,
            };
            Fill(packet);
            if (Buffer.Insert(packet, now, output) is { } reason)
            {
                Dropped.Add(reason);
            }
        }
        Buffer.GiveUpGaps(Counted, AllPathsCount, now, output);
        Buffer.Expire(now, output);
        Assert.True(Deadline is not { } deadline || deadline > Now, "A packet waits beyond its time.");
        uint[] delivered = Collect();
        Buffer.KeepWaiting();
        new Span<byte>(receiveBuffers, packets.Length * SlotSize).Fill(0xEE);
        return delivered;
    }

    /// <summary>Another buffer takes over between two batches.</summary>
    /// <param name="origins">For each of its paths the one it was so far.</param>
    /// <returns>The numbers of what came out by that.</returns>
    internal uint[] Replace(int window, int maximumDelay, params int[] origins)
    {
        ReorderBuffer next = new(window, TimeSpan.FromMilliseconds(maximumDelay), origins.Length, chunks);
        next.TakeOver(Buffer, origins, TimeSpan.FromMilliseconds(Now), output);
        Assert.Equal(0, Buffer.Waiting);
        Buffer.Dispose();
        Buffer = next;
        Counted = (1u << origins.Length) - 1;
        return Collect();
    }

    /// <summary>The clock goes on, and nothing comes.</summary>
    internal uint[] At(int milliseconds)
    {
        Now = milliseconds;
        return Receive([]);
    }

    internal static uint[] Range(uint first, uint count) => [.. Enumerable.Range(0, (int)count).Select(i => first + (uint)i)];

    private uint[] Collect()
    {
        uint[] delivered = new uint[output.Count];
        for (int i = 0; i < delivered.Length; i++)
        {
            ref PacketRef packet = ref output[i];
            uint sequence = packet.Sequence;
            Assert.Equal(LengthOf(sequence), packet.Length);
            Assert.True(
                new ReadOnlySpan<byte>(packet.Data, packet.Length).IndexOfAnyExcept((byte)(sequence * 7)) < 0,
                $"The bytes of packet {sequence} are not its own.");
            if (packet.OwnsChunk)
            {
                chunks.Return(packet.Data);
            }
            delivered[i] = sequence;
        }
        output.Clear();
        return delivered;
    }

    /// <summary>Of both sizes of chunks, the largest small one included.</summary>
    private static int LengthOf(uint sequence) => (sequence % 5) switch
    {
        3 => ChunkPool.SmallSize + (int)(sequence % 2),
        4 => SlotSize,
        _ => 20 + (int)(sequence % 100),
    };

    private static void Fill(in PacketRef packet) => new Span<byte>(packet.Data, packet.Length).Fill((byte)(packet.Sequence * 7));

    public void Dispose()
    {
        Buffer.Dispose();
        Assert.Equal(0, chunks.InUse);
        chunks.Dispose();
        NativeMemory.Free(receiveBuffers);
    }
}
