namespace MptTools.Lab.Traffic;

/// <summary>What became of a stream of UDP packets, finally or up to a moment.</summary>
public sealed record UdpStreamReport
{
    /// <summary>Packets the sender's system took.</summary>
    public long Sent { get; init; }

    /// <summary>Packets the sender's system refused, for instance for want of a route.</summary>
    public long SendFailures { get; init; }

    /// <summary>Packets that came, each counted once.</summary>
    public long Received { get; init; }

    /// <summary>Packets that did not come; while the stream runs, those missing below the latest that came.</summary>
    public long Lost { get; init; }

    /// <summary>Packets that came again.</summary>
    public long Duplicates { get; init; }

    /// <summary>Packets that came after one sent later.</summary>
    public long OutOfOrder { get; init; }

    /// <summary>How many numbers the worst of these was behind.</summary>
    public long GreatestDisplacement { get; init; }

    /// <summary>Bytes of payload received.</summary>
    public long Bytes { get; init; }

    /// <summary>Time from handing a packet to the system until the receiving program had it, on average.</summary>
    public TimeSpan MeanLatency { get; init; }

    /// <summary>The longest such time.</summary>
    public TimeSpan MaximumLatency { get; init; }

    /// <summary>The longest time in which nothing came: the stutter. From the first arrival (or the beginning, when
    /// nothing came at all) to the end of sending.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>When that began, counted from the beginning.</summary>
    public TimeSpan LongestGapStart { get; init; }

    /// <summary>How long it has been sending.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Payload received in bits a second over the whole time.</summary>
    public double BitsPerSecond => Elapsed > TimeSpan.Zero ? Bytes * 8 / Elapsed.TotalSeconds : 0;

    /// <summary>The fraction of the packets sent that did not come.</summary>
    public double LossFraction => Sent > 0 ? (double)Lost / Sent : 0;

    /// <summary>What was received over time.</summary>
    public IReadOnlyList<ThroughputBucket> Buckets { get; init; } = [];

    /// <summary>Whether the stream has ended.</summary>
    public bool IsFinished { get; init; }
}
