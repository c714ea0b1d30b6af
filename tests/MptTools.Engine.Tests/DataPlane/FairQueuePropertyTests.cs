using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>The fair queue against deficit round robin written out with plain lists.</summary>
public class FairQueuePropertyTests
{
    private const int Seed = 1514;

    [Theory]
    [InlineData(1, 1_000_000)]
    [InlineData(3, 1_000_000)]
    [InlineData(8, 20_000)]
    [InlineData(400, 60_000)]
    public void EveryPacketLeavesOrIsDroppedWhenTheModelSaysSo(int flows, int limit)
    {
        int dropped = 0, taken = 0;
        for (int round = 0; round < 40; round++)
        {
            Random random = new(Seed + round);
            using FairQueueBench bench = new(limit);
            Model model = new() { Limit = limit };
            Dictionary<ulong, int> newestTaken = [];
            int burst = random.Next(1, 40);
            for (int step = 0; step < 1000; step++)
            {
                if (random.Next(20) == 0)
                {
                    burst = random.Next(1, 40);
                    bench.Queue.Limit = model.Limit = random.Next(limit / 2, limit);
                }
                if (random.Next(40) < burst)
                {
                    // Half of the packets are of two flows: those pile up, the others are sparse.
                    ulong flow = (ulong)random.Next(random.Next(2) == 0 ? flows : Math.Min(2, flows));
                    int length = random.Next(50) == 0 ? random.Next(2000, 12_000) : random.Next(20, 1500);
                    model.Add(bench.Add(flow, length, payloadLength: length / 2 > 4 ? length / 2 : 0), FairQueue.BucketOf(flow), length);
                }
                else if (model.Take() is { } expected)
                {
                    FairQueueBench.Packet packet = bench.Take();
                    Assert.True(expected == packet.Number, $"{packet.Number} left instead of {expected}: step {step}, seed {Seed + round}.");
                    Assert.True(newestTaken.GetValueOrDefault(packet.Flow, -1) < packet.Number, $"A flow is out of order: seed {Seed + round}.");
                    newestTaken[packet.Flow] = packet.Number;
                    taken++;
                }
                else
                {
                    Assert.False(bench.Queue.TryTake(out _));
                }
                Assert.Equal((model.Count, model.Bytes), (bench.Queue.Count, bench.Queue.Bytes));
                Assert.Equal(model.Dropped, bench.Dropped);
                Assert.Equal(model.Count, bench.Chunks.InUse);
            }
            dropped += model.Dropped.Packets;
        }
        Assert.True(taken > 10_000, $"Only {taken} packets were compared.");
        Assert.True(limit == 1_000_000 || dropped > 500, $"Only {dropped} packets were dropped.");
    }

    private sealed class Model
    {
        private readonly List<Flow> newFlows = [], oldFlows = [], all = [];

        private sealed class Flow(int bucket)
        {
            internal int Bucket { get; } = bucket;
            internal int Deficit { get; set; }
            internal Queue<(int Number, int Length)> Packets { get; } = [];
            internal int Counted => Packets.Sum(packet => Math.Max(packet.Length, 128));
        }

        internal int Limit { get; set; }
        internal (int Packets, int Bytes) Dropped { get; private set; }
        internal int Count => all.Sum(flow => flow.Packets.Count);
        internal int Bytes => all.Sum(flow => flow.Packets.Sum(packet => packet.Length));

        internal void Add(int number, int bucket, int length)
        {
            Flow? flow = all.Find(flow => flow.Bucket == bucket);
            if (flow is null)
            {
                all.Add(flow = new Flow(bucket));
            }
            flow.Packets.Enqueue((number, length));
            if (!newFlows.Contains(flow) && !oldFlows.Contains(flow))
            {
                flow.Deficit = 1514;
                newFlows.Add(flow);
            }
            while (all.Sum(flow => flow.Counted) > Limit && Count > 1)
            {
                Flow fattest = all.OrderByDescending(flow => flow.Counted).ThenBy(flow => flow.Bucket).First();
                Dropped = (Dropped.Packets + 1, Dropped.Bytes + fattest.Packets.Dequeue().Length);
            }
        }

        internal int? Take()
        {
            while (true)
            {
                List<Flow> list = newFlows.Count > 0 ? newFlows : oldFlows;
                if (list.Count == 0)
                {
                    return null;
                }
                Flow flow = list[0];
                if (flow.Deficit > 0 && flow.Packets.TryDequeue(out (int Number, int Length) packet))
                {
                    flow.Deficit -= packet.Length;
                    return packet.Number;
                }
                list.RemoveAt(0);
                if (flow.Deficit <= 0)
                {
                    flow.Deficit += 1514;
                    oldFlows.Add(flow);
                }
                else if (list == newFlows)
                {
                    oldFlows.Add(flow);
                }
            }
        }
    }
}
