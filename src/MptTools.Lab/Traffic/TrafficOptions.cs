using System.Net;

namespace MptTools.Lab.Traffic;

/// <summary>What every kind of traffic can be told.</summary>
public abstract record TrafficOptions
{
    /// <summary>How long to send: above 0 and at most an hour; 10 seconds unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan Duration
    {
        get;
        init => field = value > TimeSpan.Zero && value <= TimeSpan.FromHours(1)
            ? value
            : throw Wrong(nameof(Duration), value, "above 0 and at most an hour");
    } = TimeSpan.FromSeconds(10);

    /// <summary>The address to send from, or null for the one the route gives.</summary>
    public IPAddress? Source { get; init; }

    private protected static ArgumentOutOfRangeException Wrong(string name, object value, string range) =>
        new(name, value, $"{name} must be {range}.");
}

/// <summary>What traffic with a throughput can be told.</summary>
public abstract record StreamOptions : TrafficOptions
{
    /// <summary>The length of a bucket of the throughput over time: 1 ms to 1 minute; 100 ms unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan BucketLength
    {
        get;
        init => field = value >= TimeSpan.FromMilliseconds(1) && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw Wrong(nameof(BucketLength), value, "1 ms to 1 minute");
    } = TimeSpan.FromMilliseconds(100);
}
