using MptTools.Lab.Traffic;

namespace MptTools.Lab.Tests.LabSelf;

/// <summary>What the traffic library counts with, without any traffic.</summary>
public class MeasurementTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void Losses_duplicates_and_disorder_are_told_apart()
    {
        var sequence = new SequenceTracker();
        foreach (long number in new long[] { 0, 1, 3, 2, 2, 7, 4, 5000, 5000 })
        {
            sequence.Record(number);
        }
        Assert.Equal((7, 2, 2, 3, 5000),
            (sequence.Distinct, sequence.Duplicates, sequence.OutOfOrder, sequence.GreatestDisplacement, sequence.Highest));
    }

    [Fact]
    public void Sequences_in_any_order_are_counted_as_a_set_would()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var sequence = new SequenceTracker();
            var seen = new HashSet<long>();
            for (int arrival = 0; arrival < 5000; arrival++)
            {
                long number = random.Next(4000);
                Assert.True(seen.Add(number) == sequence.Record(number), $"seed {seed}, arrival {arrival}");
            }
            Assert.True(seen.Count == sequence.Distinct && 5000 - seen.Count == sequence.Duplicates, $"seed {seed}");
        }
    }

    [Fact]
    public void Arrivals_fall_into_their_buckets()
    {
        var series = new ArrivalSeries(100 * Millisecond, 250 * Millisecond);
        series.Add(0, 10, 1);
        series.Add(99 * Millisecond, 10, 1);
        series.Add(100 * Millisecond, 100, 2);
        series.Add(900 * Millisecond, 1000, 3);
        IReadOnlyList<ThroughputBucket> buckets = series.Buckets(250 * Millisecond);
        Assert.Equal([(0L, 20L, 2L), (100L, 100L, 2L), (200L, 1000L, 3L)],
            buckets.Select(bucket => ((long)bucket.Start.TotalMilliseconds, bucket.Bytes, bucket.Packets)));
        Assert.Equal(20 * 8 / 0.1, buckets[0].BitsPerSecond);
        Assert.Equal(1120, series.TotalBytes);
    }

    [Fact]
    public void Buckets_begin_with_time_or_with_what_arrives_after_the_last_was_sent()
    {
        var series = new ArrivalSeries(100 * Millisecond, 1000 * Millisecond);
        Assert.Empty(series.Buckets(0));
        series.Add(99 * Millisecond, 10, 1);
        Assert.Single(series.Buckets(100 * Millisecond));
        Assert.Equal(3, series.Buckets(201 * Millisecond).Count);
        series.Add(402 * Millisecond, 10, 1);
        Assert.Equal([10L, 0, 0, 0, 10], series.Buckets(399 * Millisecond).Select(bucket => bucket.Bytes));
    }

    [Fact]
    public void The_longest_gap_lies_between_arrivals_or_at_the_end()
    {
        var series = new ArrivalSeries(100 * Millisecond, 1000 * Millisecond);
        Assert.Equal((700 * Millisecond, 0), series.LongestGap(700 * Millisecond));
        series.Add(50 * Millisecond, 1, 1);
        series.Add(60 * Millisecond, 1, 1);
        series.Add(200 * Millisecond, 1, 1);
        series.Add(210 * Millisecond, 1, 1);
        Assert.Equal((140 * Millisecond, 60 * Millisecond), series.LongestGap(220 * Millisecond));
        Assert.Equal((790 * Millisecond, 210 * Millisecond), series.LongestGap(1000 * Millisecond));
    }

    [Fact]
    public void Round_trips_are_summed_up()
    {
        TimeSpan Ms(double value) => TimeSpan.FromMilliseconds(value);
        var report = new PingProbeReport
        {
            Samples =
            [
                new(Ms(0), Ms(5)), new(Ms(10), null), new(Ms(20), Ms(1)), new(Ms(30), null), new(Ms(40), null),
                new(Ms(50), Ms(3)), new(Ms(60), null),
            ],
        };
        Assert.Equal((7, 3), (report.Sent, report.Received));
        Assert.Equal((Ms(1), Ms(3), Ms(5)), (report.Minimum, report.Median, report.Maximum));
        Assert.Equal(Ms(20), report.LongestOutage);
        var nothing = new PingProbeReport();
        Assert.Null(nothing.Median);
        Assert.Equal(TimeSpan.Zero, nothing.LongestOutage);
        var silence = new PingProbeReport { Samples = [new(Ms(0), null), new(Ms(10), null)] };
        Assert.Null(silence.Maximum);
        Assert.Equal(Ms(10), silence.LongestOutage);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Assert.Contains("24 to 65,000", Assert.Throws<ArgumentOutOfRangeException>(() => new UdpStreamOptions { PayloadBytes = 23 }).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new UdpStreamOptions { Duration = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new UdpStreamOptions { BitsPerSecond = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new UdpStreamOptions { Packets = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TcpStreamOptions { Connections = 65 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TcpStreamOptions { BucketLength = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new PingProbeOptions { Interval = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new PingProbeOptions { PayloadBytes = 15 });
    }
}
