using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Another window, another delay or other paths in the middle of traffic.</summary>
public class ReorderBufferTakeOverTests
{
    private const int Seed = 1990;

    [Fact]
    public void WhatWaitsGoesOnWaitingAndComesOutInOrder()
    {
        using OrderingBench bench = OrderingBench.Started(100, window: 10);
        Assert.Empty(bench.Receive(0, 111, 112, 114));
        Assert.Empty(bench.Replace(window: 500, maximumDelay: 100, 0, 1));
        Assert.Equal(3, bench.Buffer.Waiting);
        Assert.Equal([110u, 111, 112], bench.Receive(1, 110));
        Assert.Equal([113u, 114], bench.Receive(1, 113));
        Assert.Equal((3, 0), (bench.Buffer.Waited, bench.Buffer.LostByGap + bench.Buffer.LostByTime + bench.Buffer.LostByJump));
    }

    [Fact]
    public void WhatASmallerWindowCannotHoldComesOutAndWhatWasMissingIsStillDeliveredLate()
    {
        using OrderingBench bench = OrderingBench.Started(100, window: 100);
        Assert.Empty(bench.Receive(0, 111, 112, 130, 131));
        Assert.Equal([111u, 112], bench.Replace(window: 5, maximumDelay: 100, 0, 1));
        Assert.Equal(2, bench.Buffer.Waiting);
        Assert.Equal(15, bench.Buffer.LostByJump);
        Assert.Equal([110u], bench.Receive(1, 110));
        Assert.Equal([127u, 128, 129, 130, 131], bench.Receive(1, 127, 128, 129));
        Assert.Empty(bench.Receive(1, 112));
        Assert.Equal([DropReason.OrderDuplicate], bench.Dropped);
    }

    [Fact]
    public void AShorterDelayCountsFromTheArrival()
    {
        using OrderingBench bench = OrderingBench.Started(100, maximumDelay: 500);
        bench.Receive(0, 111);
        int arrival = bench.Now;
        bench.Now += 30;
        bench.Replace(window: 10, maximumDelay: 50, 0, 1);
        Assert.Equal(arrival + 50, bench.Deadline);
        Assert.Equal([111u], bench.At(arrival + 50));
    }

    [Fact]
    public void WhatAPathHasBroughtGoesWithThePath()
    {
        using OrderingBench bench = OrderingBench.Started(100, window: 50);
        // Only the second path has come so far; the first one may still bring 110.
        Assert.Empty(bench.Receive(1, 111));
        // They change places.
        Assert.Empty(bench.Replace(window: 50, maximumDelay: 100, 1, 0));
        Assert.Empty(bench.Receive(0, 112));
        Assert.Equal([111u, 112, 113], bench.Receive(1, 113));
        Assert.Equal(1, bench.Buffer.LostByGap);
    }

    [Fact]
    public void APathThatIsGoneHoldsNothingUp()
    {
        using OrderingBench bench = OrderingBench.Started(100, window: 50);
        Assert.Empty(bench.Receive(1, 111));
        Assert.Empty(bench.Replace(window: 50, maximumDelay: 100, 1));
        Assert.Equal([111u, 112], bench.Receive(0, 112));
    }

    [Fact]
    public void NothingIsDeliveredTwiceAfterALargerMemoryHasTakenOver()
    {
        using OrderingBench bench = new(window: 10);
        for (uint i = 0; i < 1000; i++)
        {
            bench.Receive((int)i & 1, i);
        }
        bench.Replace(window: 2000, maximumDelay: 100, 0, 1);
        foreach (uint old in (uint[])[999, 900, 500, 1])
        {
            Assert.Empty(bench.Receive(0, old));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void AWindowThatIsLargeEnoughKeepsEverythingInOrderHoweverOftenItChanges(int paths)
    {
        for (int round = 0; round < 100; round++)
        {
            Random random = new(Seed + round);
            string seed = $"seed {Seed + round}";
            using OrderingBench bench = new(window: 200, paths, maximumDelay: 150);
            uint first = (uint)random.NextInt64(uint.MaxValue);
            List<uint> delivered = [.. bench.Receive(0, first)];
            bench.Now = 1000;
            int[] places = [.. Enumerable.Range(0, paths)];
            foreach ((int time, (int Path, uint Sequence)[] batch) in Batches(random, paths, first + 1, packets: 800))
            {
                bench.Now = 1000 + time;
                if (random.Next(10) == 0)
                {
                    int[] now = [.. places];
                    random.Shuffle(now);
                    delivered.AddRange(bench.Replace(random.Next(200, 3000), random.Next(120, 400), [.. now.Select(path => Array.IndexOf(places, path))]));
                    places = now;
                }
                delivered.AddRange(bench.Receive([.. batch.Select(packet => (Array.IndexOf(places, packet.Path), (long)packet.Sequence))]));
            }
            Assert.True(delivered.SequenceEqual(Enumerable.Range(0, 801).Select(i => first + (uint)i)), $"Lost, doubled or out of order: {seed}.");
            Assert.True(bench.Dropped.Count == 0, seed);
            Assert.True(bench.ChunksInUse == 0, seed);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AnyWindowGivesEachPacketOutOnceOrSaysWhyNot(int paths)
    {
        for (int round = 0; round < 200; round++)
        {
            Random random = new(Seed + round);
            string seed = $"seed {Seed + round}";
            using OrderingBench bench = new(window: random.Next(1, 200), paths);
            List<uint> delivered = [];
            int arrived = 0;
            foreach ((int time, (int Path, uint Sequence)[] batch) in Batches(random, paths, (uint)random.NextInt64(uint.MaxValue), packets: 500))
            {
                bench.Now = time;
                if (random.Next(5) == 0)
                {
                    delivered.AddRange(bench.Replace(random.Next(1, random.Next(1, 400) + 1), random.Next(1, 200), [.. Enumerable.Range(0, paths)]));
                }
                (int, long)[] lossy = [.. batch.Where(_ => random.Next(20) > 0).Select(packet => (packet.Path, (long)packet.Sequence))];
                arrived += lossy.Length;
                delivered.AddRange(bench.Receive(lossy));
            }
            delivered.AddRange(bench.At(1_000_000));
            Assert.True(delivered.Distinct().Count() == delivered.Count, $"A packet came out twice: {seed}.");
            Assert.True(arrived == delivered.Count + bench.Dropped.Count, $"Packets vanished: {seed}.");
            // There are no copies; but what is older than the smaller memory of the two is taken for one.
            Assert.True(bench.Dropped.All(reason => reason is DropReason.OrderLate or DropReason.OrderDuplicate), seed);
            Assert.True((bench.Buffer.Waiting, bench.ChunksInUse) == (0, 0), seed);
        }
    }

    /// <summary>A packet each millisecond, by paths of different delay that keep order; what arrives in one millisecond is a batch.</summary>
    private static IEnumerable<(int Time, (int Path, uint Sequence)[] Packets)> Batches(Random random, int paths, uint first, int packets)
    {
        int[] delays = [.. Enumerable.Range(0, paths).Select(_ => random.Next(100))];
        return Enumerable.Range(0, packets)
            .Select(i => (Sequence: first + (uint)i, Path: random.Next(paths), Sent: i))
            .Select(packet => (Time: packet.Sent + delays[packet.Path], packet.Path, packet.Sequence))
            .GroupBy(packet => packet.Time)
            .OrderBy(batch => batch.Key)
            .Select(batch => (batch.Key, batch.OrderBy(packet => packet.Sequence - first).Select(packet => (packet.Path, packet.Sequence)).ToArray()));
    }
}
