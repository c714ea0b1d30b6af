namespace MptTools.Lab.Traffic;

/// <summary>What arrived in one stretch of time.</summary>
/// <param name="Start">When the stretch begins, counted from the beginning of the traffic.</param>
/// <param name="Length">How long it is.</param>
/// <param name="Bytes">Bytes of payload that arrived in it.</param>
/// <param name="Packets">Packets that arrived in it; for TCP the number of reads.</param>
public readonly record struct ThroughputBucket(TimeSpan Start, TimeSpan Length, long Bytes, long Packets)
{
    /// <summary>Payload in bits a second.</summary>
    public double BitsPerSecond => Bytes * 8 / Length.TotalSeconds;
}

/// <summary>
/// What arrived over time, and the longest time in which nothing did. Times are nanoseconds since the traffic began.
/// One thread adds, any thread asks.
/// </summary>
internal sealed class ArrivalSeries
{
    private readonly Lock gate = new();
    private readonly long bucketLength;
    private readonly long[] bytes, packets;
    private long firstArrival = -1, lastArrival = -1;
    private long longestGap, longestGapStart;

    /// <param name="bucketLength">Nanoseconds of a bucket.</param>
    /// <param name="duration">Nanoseconds until the last arrival; what comes later counts towards the last
    /// bucket.</param>
    internal ArrivalSeries(long bucketLength, long duration)
    {
        this.bucketLength = bucketLength;
        bytes = new long[Math.Max(1, (duration + bucketLength - 1) / bucketLength)];
        packets = new long[bytes.Length];
    }

    internal long TotalBytes { get; private set; }

    internal void Add(long time, long arrivedBytes, long arrivedPackets)
    {
        lock (gate)
        {
            long bucket = Math.Clamp(time / bucketLength, 0, bytes.Length - 1);
            bytes[bucket] += arrivedBytes;
            packets[bucket] += arrivedPackets;
            TotalBytes += arrivedBytes;
            if (firstArrival < 0)
            {
                firstArrival = time;
            }
            else if (time - lastArrival > longestGap)
            {
                (longestGap, longestGapStart) = (time - lastArrival, lastArrival);
            }
            lastArrival = time;
        }
    }

    /// <summary>The longest time without an arrival, up to now or to the end of sending, whichever is
    /// earlier.</summary>
    internal (long Length, long Start) LongestGap(long until)
    {
        lock (gate)
        {
            long since = Math.Max(0, lastArrival);
            return until - since > longestGap ? (until - since, since) : (longestGap, longestGapStart);
        }
    }

    /// <summary>The buckets that had begun by then, and those in which something has arrived: the last packets of a stream are
    /// still on their way when its last one has been sent.</summary>
    internal IReadOnlyList<ThroughputBucket> Buckets(long until)
    {
        lock (gate)
        {
            long begun = (until + bucketLength - 1) / bucketLength;
            long filled = lastArrival < 0 ? 0 : (lastArrival / bucketLength) + 1;
            long count = Math.Clamp(Math.Max(begun, filled), 0, bytes.Length);
            var length = TimeSpan.FromTicks(bucketLength / TimeSpan.NanosecondsPerTick);
            var buckets = new ThroughputBucket[count];
            for (int bucket = 0; bucket < count; bucket++)
            {
                buckets[bucket] = new ThroughputBucket(length * bucket, length, bytes[bucket], packets[bucket]);
            }
            return buckets;
        }
    }
}
