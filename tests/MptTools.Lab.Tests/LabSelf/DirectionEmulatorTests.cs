using MptTools.Lab.Emulation;

namespace MptTools.Lab.Tests.LabSelf;

/// <summary>The emulated link in virtual time: exact to the nanosecond, without privileges and without
/// waiting.</summary>
public class DirectionEmulatorTests
{
    private const long Microsecond = 1_000, Millisecond = 1_000_000, Second = 1_000_000_000;

    [Fact]
    public void Without_conditions_everything_arrives_at_once_and_in_order()
    {
        var link = new Harness(new LinkConditions());
        for (int slot = 0; slot < 5000; slot++)
        {
            link.Emulator.Offer(slot, 1500, now: 7);
        }
        Assert.Equal(Enumerable.Range(0, 5000), link.TakeAll(now: 7));
        Assert.Equal((5000, 5000 * 1500L), (link.Emulator.Packets, link.Emulator.Bytes));
        Assert.Equal(DirectionEmulator.Never, link.Emulator.NextArrival);
    }

    [Fact]
    public void At_100_Mbit_a_1500_byte_packet_takes_120_microseconds()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 100_000_000 });
        for (int slot = 0; slot < 100; slot++)
        {
            link.Emulator.Offer(slot, 1500, now: 0);
        }
        for (int slot = 0; slot < 100; slot++)
        {
            long due = (slot + 1) * 120 * Microsecond;
            Assert.Equal(due, link.Emulator.NextArrival);
            Assert.Empty(link.TakeAll(due - 1));
            Assert.Equal([slot], link.TakeAll(due));
        }
    }

    [Theory]
    [InlineData(3_000_000, 40)]
    [InlineData(7_777_777, 1500)]
    [InlineData(700_000_001, 1000)]
    public void The_rate_is_exact_over_a_second_however_it_divides(long rate, int length)
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = rate, QueuePackets = int.MaxValue });
        long whole = rate / (length * 8);
        for (int slot = 0; slot < whole + 10; slot++)
        {
            link.Emulator.Offer(slot, length, now: 0);
        }
        Assert.Equal(whole, link.TakeAll(Second).Count);
    }

    [Fact]
    public void Times_do_not_depend_on_how_late_anyone_looks()
    {
        var conditions = new LinkConditions
        {
            RateBitsPerSecond = 10_000_000,
            Delay = TimeSpan.FromMilliseconds(3),
            Jitter = TimeSpan.FromMilliseconds(2),
            LossProbability = 0.1,
            ReorderProbability = 0.1,
        };
        var watched = new Harness(conditions);
        var unwatched = new Harness(conditions);
        for (int slot = 0; slot < 500; slot++)
        {
            long now = slot * 700 * Microsecond;
            watched.TakeAll(now);
            watched.Emulator.Offer(slot, 1000, now);
            unwatched.Emulator.Offer(slot, 1000, now);
        }
        watched.TakeAll(10 * Second);
        unwatched.TakeAll(10 * Second);
        Assert.Equal(watched.Arrived, unwatched.Arrived);
        Assert.Equal(watched.Dropped, unwatched.Dropped);
    }

    [Fact]
    public void An_idle_link_saves_no_rate_up()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000 });
        link.Emulator.Offer(0, 1000, now: 0);
        link.Emulator.Offer(1, 1000, now: Second);
        Assert.Equal([0], link.TakeAll(Second));
        Assert.Empty(link.TakeAll(Second + Millisecond - 1));
        Assert.Equal([1], link.TakeAll(Second + Millisecond));
    }

    [Fact]
    public void Overhead_counts_towards_the_rate_only()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000, OverheadBytes = 38 });
        link.Emulator.Offer(0, 962, now: 0);
        Assert.Empty(link.TakeAll(Millisecond - 1));
        Assert.Equal([0], link.TakeAll(Millisecond));
        Assert.Equal(962, link.Emulator.Bytes);
    }

    [Fact]
    public void Delay_adds_to_transmission()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000, Delay = TimeSpan.FromMilliseconds(10) });
        link.Emulator.Offer(0, 1000, now: 5);
        link.Emulator.Offer(1, 1000, now: 5);
        Assert.Equal((11 * Millisecond) + 5, link.Emulator.NextArrival);
        Assert.Empty(link.TakeAll((11 * Millisecond) + 4));
        Assert.Equal([0], link.TakeAll((11 * Millisecond) + 5));
        Assert.Empty(link.TakeAll((12 * Millisecond) + 4));
        Assert.Equal([1], link.TakeAll((12 * Millisecond) + 5));
    }

    [Fact]
    public void The_queue_drops_its_tail_by_packets()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000, QueuePackets = 3 });
        for (int slot = 0; slot < 6; slot++)
        {
            link.Emulator.Offer(slot, 1000, now: 0);
        }
        Assert.Equal([4, 5], link.Dropped);
        Assert.Equal(2, link.Emulator.DroppedByQueue);
        link.Emulator.Offer(6, 1000, now: Millisecond);
        Assert.Equal([0, 1, 2, 3, 6], link.TakeAll(Second));
    }

    [Fact]
    public void The_queue_drops_its_tail_by_bytes()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000, QueueBytes = 1000 });
        link.Emulator.Offer(0, 1500, now: 0);
        link.Emulator.Offer(1, 600, now: 0);
        link.Emulator.Offer(2, 401, now: 0);
        link.Emulator.Offer(3, 400, now: 0);
        Assert.Equal([2], link.Dropped);
        Assert.Equal([0, 1, 3], link.TakeAll(Second));
    }

    [Fact]
    public void Loss_repeats_with_the_seed_and_has_its_probability()
    {
        List<int> Lost(ulong seed, int direction, int perBurst)
        {
            var link = new Harness(new LinkConditions { LossProbability = 0.02, Seed = seed }, direction);
            for (int slot = 0; slot < 100_000; slot++)
            {
                link.Emulator.Offer(slot, 100, now: slot / perBurst * Microsecond);
            }
            link.TakeAll(Second);
            Assert.Equal(100_000, link.Emulator.Packets + link.Emulator.DroppedByLoss);
            return link.Dropped;
        }

        List<int> first = Lost(seed: 42, direction: 0, perBurst: 1);
        Assert.Equal(first, Lost(seed: 42, direction: 0, perBurst: 50));
        Assert.NotEqual(first, Lost(seed: 43, direction: 0, perBurst: 1));
        Assert.NotEqual(first, Lost(seed: 42, direction: 1, perBurst: 1));
        // The seed is fixed, so this is no matter of chance; five standard deviations are 221.
        Assert.InRange(first.Count, 2000 - 221, 2000 + 221);
        // Independent: of the packets that follow a lost one, no more than chance has are lost.
        Assert.InRange(first.Zip(first.Skip(1)).Count(pair => pair.Second == pair.First + 1), 10, 80);
    }

    [Fact]
    public void Loss_of_everything_and_of_nothing_are_exact()
    {
        foreach (double probability in new[] { 0.0, 1.0 })
        {
            var link = new Harness(new LinkConditions { LossProbability = probability });
            for (int slot = 0; slot < 1000; slot++)
            {
                link.Emulator.Offer(slot, 100, 0);
            }
            Assert.Equal(1000 * (1 - probability), link.TakeAll(0).Count);
        }
    }

    [Fact]
    public void A_full_queue_does_not_shift_later_decisions()
    {
        var conditions = new LinkConditions { RateBitsPerSecond = 8_000_000, LossProbability = 0.5, QueuePackets = 0 };
        var spaced = new Harness(conditions);
        var crowded = new Harness(conditions);
        for (int slot = 0; slot < 100; slot++)
        {
            spaced.Emulator.Offer(slot, 1000, slot * Millisecond);
            // Two at a time: of each pair the second finds the queue full.
            crowded.Emulator.Offer(slot, 1000, slot / 2 * 2 * Millisecond);
        }
        List<int> all = spaced.TakeAll(Second);
        Assert.Equal(50, crowded.Emulator.DroppedByQueue);
        Assert.Equal(all.Where(slot => slot % 2 == 0), crowded.TakeAll(Second));
    }

    [Fact]
    public void Jitter_spreads_evenly_around_the_delay_and_keeps_the_order()
    {
        var link = new Harness(new LinkConditions { Delay = TimeSpan.FromMilliseconds(10), Jitter = TimeSpan.FromMilliseconds(4) });
        var delays = new List<long>();
        // Further apart than the jitter, so that none waits for the one before.
        for (int slot = 0; slot < 10_000; slot++)
        {
            long sent = slot * 20 * Millisecond;
            link.Emulator.Offer(slot, 1000, sent);
            delays.Add(link.Emulator.NextArrival - sent);
            Assert.Single(link.TakeAll(sent + (14 * Millisecond)));
        }
        Assert.InRange(delays.Min(), 6 * Millisecond, (6 * Millisecond) + (10 * Microsecond));
        Assert.InRange(delays.Max(), (14 * Millisecond) - (10 * Microsecond), 14 * Millisecond);
        Assert.InRange(delays.Average(), 9.9 * Millisecond, 10.1 * Millisecond);

        var burst = new Harness(link.Emulator.Conditions);
        for (int slot = 0; slot < 1000; slot++)
        {
            burst.Emulator.Offer(slot, 1000, slot * 10 * Microsecond);
        }
        Assert.Equal(Enumerable.Range(0, 1000), burst.TakeAll(Second));
    }

    [Fact]
    public void Reordered_packets_are_passed_by_those_behind()
    {
        var link = new Harness(new LinkConditions
        {
            Delay = TimeSpan.FromMilliseconds(1),
            ReorderProbability = 0.1,
            ReorderDelay = TimeSpan.FromMicroseconds(3500),
        });
        for (int slot = 0; slot < 1000; slot++)
        {
            link.Emulator.Offer(slot, 1000, slot * Millisecond);
        }
        link.TakeAll(2 * Second);
        Assert.Equal(1000, link.Arrived.Count);
        int late = 0, latest = -1;
        for (int place = 0; place < 1000; place++)
        {
            int slot = link.Arrived[place];
            if (slot < latest)
            {
                late++;
                // Held back by three and a half of its neighbours' distances; of those some may be held back as well.
                Assert.InRange(latest - slot, 1, 3);
            }
            latest = Math.Max(latest, slot);
        }
        Assert.InRange(late, 60, 140);
    }

    [Fact]
    public void A_cut_drops_what_is_held_and_what_comes_until_it_is_healed()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000, Delay = TimeSpan.FromMilliseconds(1) });
        for (int slot = 0; slot < 5; slot++)
        {
            link.Emulator.Offer(slot, 1000, now: 0);
        }
        Assert.Equal([0], link.TakeAll(2 * Millisecond));
        link.Emulator.Cut(2 * Millisecond);
        link.Emulator.Offer(5, 1000, 3 * Millisecond);
        Assert.Equal([1, 2, 3, 4, 5], link.Dropped.Order());
        Assert.Equal(5, link.Emulator.DroppedByCut);
        Assert.Equal(DirectionEmulator.Never, link.Emulator.NextArrival);
        link.Emulator.Heal();
        link.Emulator.Offer(6, 1000, 10 * Millisecond);
        Assert.Empty(link.TakeAll((12 * Millisecond) - 1));
        Assert.Equal([6], link.TakeAll(12 * Millisecond));
    }

    [Fact]
    public void A_new_rate_holds_for_what_is_waiting_at_once()
    {
        var link = new Harness(new LinkConditions { RateBitsPerSecond = 8_000_000 });
        for (int slot = 0; slot < 4; slot++)
        {
            link.Emulator.Offer(slot, 1000, now: 0);
        }
        // Half of the second packet is out; the other half takes twice as long at half the rate.
        link.Emulator.Change(new LinkConditions { RateBitsPerSecond = 4_000_000 }, 1500 * Microsecond);
        Assert.Equal([0], link.TakeAll((2500 * Microsecond) - 1));
        Assert.Equal([1], link.TakeAll(2500 * Microsecond));
        Assert.Empty(link.TakeAll((4500 * Microsecond) - 1));
        Assert.Equal([2], link.TakeAll(4500 * Microsecond));
        link.Emulator.Change(new LinkConditions(), 4600 * Microsecond);
        Assert.Equal([3], link.TakeAll(4600 * Microsecond));
    }

    [Fact]
    public void A_shorter_delay_lets_nothing_pass_what_is_under_way()
    {
        var link = new Harness(new LinkConditions { Delay = TimeSpan.FromMilliseconds(100) });
        link.Emulator.Offer(0, 1000, now: 0);
        link.Emulator.Change(new LinkConditions { Delay = TimeSpan.FromMilliseconds(1) }, 0);
        link.Emulator.Offer(1, 1000, now: Millisecond);
        Assert.Empty(link.TakeAll((100 * Millisecond) - 1));
        Assert.Equal([0, 1], link.TakeAll(100 * Millisecond));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_packet()
    {
        var emulator = new DirectionEmulator(
            new LinkConditions { RateBitsPerSecond = 1_000_000_000, Delay = TimeSpan.FromMilliseconds(1), ReorderProbability = 0.1 },
            0, _ => { });
        int packet = 0;
        void Run(int packets)
        {
            for (int end = packet + packets; packet < end; packet++)
            {
                emulator.Offer(packet, 1500, packet * 12 * Microsecond);
                emulator.TryTake(packet * 12 * Microsecond, out _, out _);
            }
        }
        Run(10_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(10_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Conditions_out_of_range_are_named()
    {
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { LossProbability = 1.1 }).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { LossProbability = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { ReorderProbability = -0.1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { Delay = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { Jitter = TimeSpan.FromSeconds(61) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { RateBitsPerSecond = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { QueuePackets = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { QueueBytes = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkConditions { OverheadBytes = 1001 });
    }

    private sealed class Harness
    {
        internal Harness(LinkConditions conditions, int direction = 0) =>
            Emulator = new DirectionEmulator(conditions, direction, Dropped.Add);

        internal DirectionEmulator Emulator { get; }

        internal List<int> Arrived { get; } = [];

        internal List<int> Dropped { get; } = [];

        internal List<int> TakeAll(long now)
        {
            var taken = new List<int>();
            while (Emulator.TryTake(now, out int slot, out _))
            {
                taken.Add(slot);
            }
            Arrived.AddRange(taken);
            return taken;
        }
    }
}
