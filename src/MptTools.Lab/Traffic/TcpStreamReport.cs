namespace MptTools.Lab.Traffic;

/// <summary>What became of a bulk transfer over TCP, finally or up to a moment.</summary>
public sealed record TcpStreamReport
{
    /// <summary>Bytes that arrived within the time.</summary>
    public long Bytes { get; init; }

    /// <summary>Bits a second that arrived, over the whole time.</summary>
    public double BitsPerSecond => Elapsed > TimeSpan.Zero ? Bytes * 8 / Elapsed.TotalSeconds : 0;

    /// <summary>Segments that were sent again, all connections together (tcpi_total_retrans); known at the
    /// end.</summary>
    public long Retransmissions { get; init; }

    /// <summary>The longest time in which nothing arrived on any connection.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>When that began, counted from the beginning.</summary>
    public TimeSpan LongestGapStart { get; init; }

    /// <summary>How long it has been sending, from the moment all connections stood.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>What arrived over time.</summary>
    public IReadOnlyList<ThroughputBucket> Buckets { get; init; } = [];

    /// <summary>Whether the transfer has ended.</summary>
    public bool IsFinished { get; init; }
}
