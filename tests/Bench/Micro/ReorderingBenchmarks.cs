using BenchmarkDotNet.Attributes;
using MptTools.Engine.DataPlane;

namespace MptTools.Bench.Micro;

/// <summary>Packets put in order, batch by batch. The time is that of a packet.</summary>
public unsafe class ReorderingBenchmarks
{
    private const int Batch = 64, Window = 1000, Length = 1400, RandomDistance = 200;

    private readonly NativeBuffer receiveBuffers = new(Batch * 2048);
    private readonly PacketList output = new();
    private readonly int[] shuffled = new int[Batch * 64];
    private ChunkPool chunks = null!;
    private ReorderBuffer buffer = null!;
    private uint first;
    private long batches;

    [GlobalSetup]
    public void Setup()
    {
        chunks = new ChunkPool();
        buffer = new ReorderBuffer(Window, TimeSpan.FromMilliseconds(100), 2, chunks);
        // Each packet at most so many places away from its own.
        Random random = new(1);
        int[] order = [.. Enumerable.Range(0, shuffled.Length).OrderBy(number => number + random.NextDouble() * RandomDistance)];
        order.CopyTo(shuffled, 0);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        buffer.Dispose();
        chunks.Dispose();
        receiveBuffers.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public void InOrder()
    {
        for (int i = 0; i < Batch; i++)
        {
            Insert(i, first + (uint)i, path: 0);
        }
        EndBatch(pathsThatCount: 1);
        first += Batch;
    }

    /// <summary>As a batch is read: first all of one path, then all of the other.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public void TwoPathsAlternating()
    {
        for (int i = 0; i < Batch; i++)
        {
            (int path, int index) = i < Batch / 2 ? (0, 2 * i) : (1, 2 * i - Batch + 1);
            Insert(i, first + (uint)index, path);
        }
        EndBatch(pathsThatCount: 3);
        first += Batch;
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public void RandomWithinWindow()
    {
        int batch = (int)(batches++ % (shuffled.Length / Batch));
        for (int i = 0; i < Batch; i++)
        {
            Insert(i, first + (uint)shuffled[batch * Batch + i], path: 0);
        }
        // No path counts, so nothing is given up: what is missing is in one of the next batches.
        EndBatch(pathsThatCount: 0);
        first += batch == shuffled.Length / Batch - 1 ? (uint)shuffled.Length : 0;
    }

    private void Insert(int slot, uint sequence, int path) => buffer.Insert(
        new PacketRef { Data = receiveBuffers.Data + slot * 2048, Length = Length, Sequence = sequence, Path = (byte)path },
        TimeSpan.Zero, output);

    private void EndBatch(uint pathsThatCount)
    {
        buffer.GiveUpGaps(pathsThatCount, allPathsCount: true, TimeSpan.Zero, output);
        for (int i = 0; i < output.Count; i++)
        {
            if (output[i].OwnsChunk)
            {
                chunks.Return(output[i].Data);
            }
        }
        output.Clear();
        buffer.KeepWaiting();
    }
}
