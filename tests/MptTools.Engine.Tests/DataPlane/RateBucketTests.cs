using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public class RateBucketTests
{
    private const long Slowest = 8_000, Fastest = 1_000_000_000_000;
    private const int Seed = 8290;

    [Fact]
    public void TwoMillisecondsOfTheRateAtOnceAndTheLastPacketWhole()
    {
        // 8 Mbit/s: a byte in a microsecond, 2000 bytes at once.
        RateBucket bucket = new(8_000_000);
        Assert.Equal([true, true, false], Take(ref bucket, 1500, 3, TimeSpan.Zero));
        // 1000 bytes in debt: at 1000 µs there is nothing, a tick later there is something.
        Assert.False(bucket.HasRoom(TimeSpan.FromMicroseconds(1000)));
        Assert.Equal(TimeSpan.FromTicks(10_001), bucket.ReadyAt(TimeSpan.FromMicroseconds(1000)));
        Assert.True(bucket.HasRoom(TimeSpan.FromTicks(10_001)));
        Assert.Equal(TimeSpan.FromTicks(10_007), bucket.ReadyAt(TimeSpan.FromTicks(10_007)));
        // However long it was idle.
        Assert.Equal([true, true, false], Take(ref bucket, 1500, 3, TimeSpan.FromDays(3650)));
    }

    [Theory]
    [InlineData(Slowest)]
    [InlineData(999_983)]
    [InlineData(20_000_000)]
    [InlineData(1_500_000_007)]
    [InlineData(Fastest)]
    public void TheRateIsKeptToTheBitHoweverOftenItIsAsked(long rate)
    {
        Random random = new(Seed);
        RateBucket bucket = new(rate);
        RateBucket askedRarely = new(rate);
        // What left, in units of a bit by a tick of a second, against what the rate allows.
        Int128 sent = 0;
        long now = 0;
        for (int i = 0; i < 100_000; i++)
        {
            now += random.Next(3) == 0 ? random.Next(300) : 0;
            while (bucket.HasRoom(TimeSpan.FromTicks(now)))
            {
                int bytes = random.Next(20, 65_536);
                bucket.Take(bytes);
                askedRarely.Take(bytes);
                sent += (Int128)bytes * 8 * TimeSpan.TicksPerSecond;
            }
            Int128 allowed = (Int128)rate * (now + (2 * TimeSpan.TicksPerMillisecond));
            Int128 debt = sent - allowed;
            // Always in debt here, so nothing was ever too much for the bucket: the books must agree exactly.
            Assert.InRange(debt, 0, (Int128)65_536 * 8 * TimeSpan.TicksPerSecond);
            TimeSpan ready = TimeSpan.FromTicks((long)(debt / rate) + 1 + now);
            Assert.Equal(ready, bucket.ReadyAt(TimeSpan.FromTicks(now)));
        }
        Assert.Equal(bucket.ReadyAt(TimeSpan.FromTicks(now)), askedRarely.ReadyAt(TimeSpan.FromTicks(now)));
    }

    [Theory]
    [InlineData(Slowest)]
    [InlineData(Fastest)]
    public void IdlenessOfYearsFillsItOnce(long rate)
    {
        RateBucket bucket = new(rate);
        int burst = (int)(rate / 8 / 500);
        for (int year = 1; year < 200; year++)
        {
            TimeSpan now = TimeSpan.FromDays(365 * year);
            Assert.True(bucket.HasRoom(now));
            bucket.Take(burst - 1);
            Assert.True(bucket.HasRoom(now));
            bucket.Take(1);
            Assert.False(bucket.HasRoom(now));
            bucket.Take(65_535);
            Assert.InRange(bucket.ReadyAt(now) - now, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(66));
        }
    }

    [Fact]
    public void TimeThatGoesBackwardsNeitherGivesNorTakes()
    {
        RateBucket bucket = new(8_000_000);
        Take(ref bucket, 3000, 1, TimeSpan.FromSeconds(1));
        Assert.False(bucket.HasRoom(TimeSpan.Zero));
        Assert.False(bucket.HasRoom(TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromSeconds(1) + TimeSpan.FromTicks(10_001), bucket.ReadyAt(TimeSpan.FromSeconds(0.5)));
    }

    [Fact]
    public void WithoutALimitThereIsAlwaysRoom()
    {
        RateBucket bucket = default;
        Assert.Equal([true, true], Take(ref bucket, int.MaxValue, 2, TimeSpan.FromDays(1)));
        Assert.Equal(TimeSpan.FromDays(1), bucket.ReadyAt(TimeSpan.FromDays(1)));
        // A limit that is new begins with all that may be sent at once.
        bucket.Become(8_000_000, TimeSpan.FromDays(2));
        Assert.Equal([true, true, false], Take(ref bucket, 1500, 3, TimeSpan.FromDays(2)));
        bucket.Become(0, TimeSpan.FromDays(2));
        Assert.True(bucket.HasRoom(TimeSpan.FromDays(2)));
    }

    [Fact]
    public void AnotherRateCountsFromTheMomentItIsSet()
    {
        RateBucket bucket = new(8_000_000);
        Take(ref bucket, 12_000, 1, TimeSpan.Zero);
        // 10 ms in debt; half of that is paid at the old rate, the 5000 bytes that are left in a tenth of the time.
        bucket.Become(80_000_000, TimeSpan.FromMilliseconds(5));
        Assert.Equal(TimeSpan.FromTicks(55_001), bucket.ReadyAt(TimeSpan.FromMilliseconds(5)));
        // To the same rate there is no change, and at 100 times less the debt is not 100 times longer.
        bucket.Become(80_000_000, TimeSpan.FromMilliseconds(5));
        bucket.Become(800_000, TimeSpan.FromMilliseconds(5));
        Assert.Equal(TimeSpan.FromTicks(55_001), bucket.ReadyAt(TimeSpan.FromMilliseconds(5)));
        // What was saved up at a high rate is not more than a low one saves.
        RateBucket slower = new(Fastest);
        slower.Become(Slowest, TimeSpan.Zero);
        Assert.Equal([true, false], Take(ref slower, 2, 2, TimeSpan.Zero));
    }

    private static List<bool> Take(ref RateBucket bucket, int bytes, int packets, TimeSpan now)
    {
        List<bool> had = [];
        for (int i = 0; i < packets; i++)
        {
            had.Add(bucket.HasRoom(now));
            if (had[^1])
            {
                bucket.Take(bytes);
            }
        }
        return had;
    }
}
