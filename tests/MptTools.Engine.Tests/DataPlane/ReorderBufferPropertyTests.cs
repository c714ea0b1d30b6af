using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>
/// Random traffic over paths that keep order and differ in delay, with loss and duplicates, in batches as they come. What
/// came out is held against what was sent.
/// </summary>
public class ReorderBufferPropertyTests
{
    private const int Seed = 2890;
    private const int MaximumDelay = 100;
    private const int LargestBatch = 256;

    /// <summary>A packet under way.</summary>
    private readonly record struct Arrival(int Time, int Path, uint Sequence, bool IsCopy);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void WhatIsNotLostComesOutOnceAndInOrder(int paths)
    {
        for (int round = 0; round < 60; round++)
        {
            Random random = new(Seed + round);
            Traffic traffic = new(random, paths, packets: 600, longestDelay: 95);
            using OrderingBench bench = new(window: 1000, paths, MaximumDelay);
            // The first packet is alone: what is younger than it can be late only when it is a copy.
            List<uint> delivered = [.. bench.Receive(0, traffic.First - 1)];
            bench.Now = 1000;
            Play(bench, traffic, random, delivered, $"seed {Seed + round}", announce: true);

            uint[] expected = [traffic.First - 1, .. traffic.Sent.Where(traffic.Arrived.Contains)];
            AssertEqual(expected, delivered, $"seed {Seed + round}");
            int copies = traffic.Arrivals.Count - traffic.Arrived.Count;
            Assert.Equal(Enumerable.Repeat(DropReason.OrderDuplicate, copies), bench.Dropped);
            int lostBeforeTheLast = traffic.Sent.TakeWhile(sequence => sequence != expected[^1]).Count(sequence => !traffic.Arrived.Contains(sequence));
            ReorderBuffer order = bench.Buffer;
            // An announcement may speak of numbers behind the last packet to arrive; they are lost too.
            Assert.InRange(order.LostByGap + order.LostByTime, lostBeforeTheLast, traffic.Sent.Count - traffic.Arrived.Count);
            Assert.Equal((0, 0, 0, 0, 0), (order.LostByJump, order.Late, order.Restarts, order.Jumps, order.Waiting));
            Assert.Equal(0, bench.ChunksInUse);
        }
    }

    [Fact]
    public void WithoutLossNothingIsGivenUp()
    {
        for (int round = 0; round < 100; round++)
        {
            Random random = new(Seed + round);
            Traffic traffic = new(random, paths: 3, packets: 400, longestDelay: 95, lossPercent: 0, copyPercent: 0);
            using OrderingBench bench = new(window: 1000, paths: 3, MaximumDelay);
            List<uint> delivered = [.. bench.Receive(0, traffic.First - 1)];
            bench.Now = 1000;
            Play(bench, traffic, random, delivered, $"seed {Seed + round}");
            AssertEqual([traffic.First - 1, .. traffic.Sent], delivered, $"seed {Seed + round}");
            Assert.Equal(0, bench.Buffer.LostByGap + bench.Buffer.LostByTime + bench.Buffer.LostByJump + bench.Buffer.Late);
        }
    }

    /// <summary>Delays beyond the limit, windows that are too small, paths that count now and not then: order cannot be kept, but the books can.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void WhateverHappensTheCountersAddUp(int paths)
    {
        int withoutRestart = 0;
        for (int round = 0; round < 300; round++)
        {
            Random random = new(Seed + round);
            string seed = $"seed {Seed + round}";
            Traffic traffic = new(random, paths, packets: 600, longestDelay: 400, copiesAnywhere: true);
            using OrderingBench bench = new(window: random.Next(1, 200), paths, MaximumDelay);
            List<uint> delivered = [];
            Play(bench, traffic, random, delivered, seed, changeWhatCounts: true);

            ReorderBuffer order = bench.Buffer;
            Assert.True(delivered.All(traffic.Arrived.Contains), $"Something came out that did not come in: {seed}.");
            long dropped = order.Duplicate + bench.Dropped.Count(reason => reason == DropReason.OrderLate);
            Assert.Equal(bench.Dropped.Count, dropped);
            Assert.True(traffic.Arrivals.Count == delivered.Count + dropped, $"Packets vanished or multiplied: {seed}.");
            Assert.Equal((0, 0), (order.Waiting, bench.ChunksInUse));

            // Whoever steps back was delivered late. (A late one need not step back: the window may have slid over a longer gap.)
            int backward = 0;
            uint newest = delivered[0];
            foreach (uint sequence in delivered.Skip(1))
            {
                int step = (int)(sequence - newest);
                backward += step <= 0 ? 1 : 0;
                newest = step > 0 ? sequence : newest;
            }
            if (order.Restarts == 0)
            {
                withoutRestart++;
                Assert.True(delivered.Distinct().Count() == delivered.Count, $"A packet came out twice: {seed}.");
                long late = order.Late - bench.Dropped.Count(reason => reason == DropReason.OrderLate);
                Assert.InRange(backward, 0, late);
                uint numbers = newest - delivered[0] + 1;
                long given = order.LostByGap + order.LostByTime + order.LostByJump;
                long inTime = delivered.Count - late;
                Assert.True(given + inTime == numbers, $"{numbers} numbers have passed, {inTime} in order and {given} given up: {seed}.");
            }
        }
        Assert.True(withoutRestart > 150, $"Only {withoutRestart} rounds were looked at closely.");
    }

    /// <summary>Plays the arrivals in batches; between them wakes up for deadlines, as the receiving thread does.</summary>
    private static void Play(
        OrderingBench bench, Traffic traffic, Random random, List<uint> delivered, string seed, bool changeWhatCounts = false, bool announce = false)
    {
        int start = bench.Now;
        Dictionary<uint, int> waitingSince = [];
        for (int i = 0; i < traffic.Arrivals.Count;)
        {
            // A batch is what has come since the last look, at least one packet.
            int count = 1;
            int until = traffic.Arrivals[i].Time + (random.Next(3) == 0 ? random.Next(6) : 0);
            while (count < LargestBatch && i + count < traffic.Arrivals.Count && traffic.Arrivals[i + count].Time <= until)
            {
                count++;
            }
            Arrival[] batch = [.. traffic.Arrivals.Skip(i).Take(count)];
            i += count;
            int now = start + batch[^1].Time;
            WakeForDeadlines(bench, now, delivered, waitingSince, seed);
            bench.Now = now;
            if (changeWhatCounts && random.Next(4) == 0)
            {
                uint all = (1u << traffic.Paths) - 1;
                bench.Counted = (uint)random.Next() & all;
                bench.AllPathsCount = bench.Counted == all;
            }
            if (announce && random.Next(4) == 0)
            {
                int path = random.Next(traffic.Paths);
                bench.Buffer.Announce(path, traffic.NextOf(path, i));
            }
            foreach (Arrival arrival in batch)
            {
                waitingSince[arrival.Sequence] = now;
            }
            // Within a batch the sockets' packets are merged by number, each path's own in order.
            uint[] due = bench.Receive([.. Merge(batch).Select(arrival => (arrival.Path, (long)arrival.Sequence))]);
            NobodyHasWaitedTooLong(due, waitingSince, now, seed);
            delivered.AddRange(due);
        }
        WakeForDeadlines(bench, int.MaxValue, delivered, waitingSince, seed);
    }

    private static void WakeForDeadlines(
        OrderingBench bench, int before, List<uint> delivered, Dictionary<uint, int> waitingSince, string seed)
    {
        while (bench.Deadline is { } deadline && deadline <= before)
        {
            uint[] due = bench.At(deadline);
            Assert.True(due.Length > 0, $"A deadline passed and nothing came out: {seed}.");
            NobodyHasWaitedTooLong(due, waitingSince, deadline, seed);
            delivered.AddRange(due);
        }
    }

    private static void NobodyHasWaitedTooLong(uint[] due, Dictionary<uint, int> waitingSince, int now, string seed)
    {
        foreach (uint sequence in due)
        {
            Assert.True(now - waitingSince[sequence] <= MaximumDelay, $"Packet {sequence} waited too long: {seed}.");
        }
    }

    private static List<Arrival> Merge(Arrival[] batch)
    {
        Queue<Arrival>[] queues = [.. batch.GroupBy(arrival => arrival.Path).Select(path => new Queue<Arrival>(path))];
        List<Arrival> merged = [];
        while (merged.Count < batch.Length)
        {
            Queue<Arrival> lowest = queues.Where(queue => queue.Count > 0)
                .Aggregate((a, b) => (int)(b.Peek().Sequence - a.Peek().Sequence) < 0 ? b : a);
            merged.Add(lowest.Dequeue());
        }
        return merged;
    }

    private static void AssertEqual(uint[] expected, List<uint> delivered, string seed)
    {
        for (int i = 0; i < Math.Max(expected.Length, delivered.Count); i++)
        {
            Assert.True(
                i < expected.Length && i < delivered.Count && expected[i] == delivered[i],
                $"Packet {i} to come out is {(i < delivered.Count ? delivered[i] : "missing")}, not {(i < expected.Length ? expected[i] : "missing")}: {seed}.");
        }
    }

    /// <summary>What a peer sends, and when it arrives.</summary>
    private sealed class Traffic
    {
        internal Traffic(
            Random random, int paths, int packets, int longestDelay, int lossPercent = 5, int copyPercent = 5, bool copiesAnywhere = false)
        {
            Paths = paths;
            First = random.Next(3) == 0 ? (uint)-random.Next(1, packets) : (uint)random.NextInt64(uint.MaxValue);
            int[] delays = [.. Enumerable.Range(0, paths).Select(_ => random.Next(longestDelay * 2 / 3))];
            int[] last = new int[paths];
            int mostBetween = random.Next(1, 6);
            int jitter = random.Next(1, longestDelay - delays.Max());
            int time = 0;
            for (uint i = 0; i < packets; i++)
            {
                uint sequence = First + i;
                Sent.Add(sequence);
                time += random.Next(mostBetween);
                int path = random.Next(paths);
                for (int copy = 0; copy == 0 || (copy == 1 && random.Next(100) < copyPercent); copy++)
                {
                    path = copy == 1 && copiesAnywhere ? random.Next(paths) : path;
                    if (random.Next(100) < lossPercent)
                    {
                        continue;
                    }
                    // A path keeps order: nothing overtakes what was sent on it before.
                    last[path] = Math.Max(last[path], time + delays[path] + random.Next(jitter));
                    Arrivals.Add(new Arrival(last[path], path, sequence, copy == 1));
                    Arrived.Add(sequence);
                }
            }
            // Sorting is stable here: what was sent first on a path stays first.
            Arrivals = [.. Arrivals.OrderBy(arrival => arrival.Time)];
        }

        /// <summary>What the peer can announce truly on a path when so many packets have arrived.</summary>
        internal uint NextOf(int path, int arrived)
        {
            uint next = First + (uint)Sent.Count;
            foreach (Arrival coming in Arrivals.Skip(arrived))
            {
                next = coming.Path == path && (int)(coming.Sequence - next) < 0 ? coming.Sequence : next;
            }
            return next;
        }

        internal int Paths { get; }
        internal uint First { get; }
        internal List<uint> Sent { get; } = [];
        internal HashSet<uint> Arrived { get; } = [];
        internal List<Arrival> Arrivals { get; } = [];
    }
}
