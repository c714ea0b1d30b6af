namespace MptTools.Lab;

/// <summary>What an emulated link does to the packets of one direction. Unset, it delivers everything at
/// once.</summary>
/// <remarks>
/// What happens to a packet (loss, jitter, reordering) depends on the seed, the direction and the packet's ordinal
/// number alone, counted from the first packet sent into the link, so a run can be repeated.
/// </remarks>
public sealed record LinkConditions
{
    /// <summary>Bits a second the link transmits; 0 is without limit.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long RateBitsPerSecond
    {
        get;
        init => field = value >= 0 ? value : throw Wrong(nameof(RateBitsPerSecond), value, "0 (without limit) or more");
    }

    /// <summary>Bytes a packet takes on the link besides those of its own, such as 38 for Ethernet's framing and gap; 0
    /// to 1000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public int OverheadBytes
    {
        get;
        init => field = value is >= 0 and <= 1000 ? value : throw Wrong(nameof(OverheadBytes), value, "0 to 1000");
    }

    /// <summary>Time a packet is under way after it was transmitted; 0 to 60 seconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan Delay
    {
        get;
        init => field = Duration(nameof(Delay), value);
    }

    /// <summary>
    /// How much shorter or longer than <see cref="Delay"/> a packet may be under way, evenly spread; 0 to 60 seconds.
    /// Jitter alone never reorders: a packet waits for the one before it.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan Jitter
    {
        get;
        init => field = Duration(nameof(Jitter), value);
    }

    /// <summary>The fraction of packets that get lost after transmission; 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public double LossProbability
    {
        get;
        init => field = Probability(nameof(LossProbability), value);
    }

    /// <summary>The fraction of packets that are held back by <see cref="ReorderDelay"/> while later ones pass; 0 to
    /// 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public double ReorderProbability
    {
        get;
        init => field = Probability(nameof(ReorderProbability), value);
    }

    /// <summary>How long a packet chosen for reordering is held back; 0 to 60 seconds, 5 ms unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan ReorderDelay
    {
        get;
        init => field = Duration(nameof(ReorderDelay), value);
    } = TimeSpan.FromMilliseconds(5);

    /// <summary>Packets that may wait for transmission besides the one under way; what comes then is dropped. 1000
    /// unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int QueuePackets
    {
        get;
        init => field = value >= 0 ? value : throw Wrong(nameof(QueuePackets), value, "0 or more");
    } = 1000;

    /// <summary>Bytes that may wait for transmission besides the packet under way; without limit unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long QueueBytes
    {
        get;
        init => field = value >= 0 ? value : throw Wrong(nameof(QueueBytes), value, "0 or more");
    } = long.MaxValue;

    /// <summary>Where the random decisions come from; the two directions of a link decide differently with the same
    /// seed.</summary>
    public ulong Seed { get; init; } = 1;

    private static TimeSpan Duration(string name, TimeSpan value) =>
        value >= TimeSpan.Zero && value <= TimeSpan.FromSeconds(60) ? value : throw Wrong(name, value, "0 to 60 seconds");

    private static double Probability(string name, double value) =>
        value is >= 0 and <= 1 ? value : throw Wrong(name, value, "0 to 1");

    private static ArgumentOutOfRangeException Wrong(string name, object value, string range) =>
        new(name, value, $"{name} must be {range}.");
}
