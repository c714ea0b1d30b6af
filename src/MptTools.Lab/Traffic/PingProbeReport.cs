namespace MptTools.Lab.Traffic;

/// <summary>One packet of a probe.</summary>
/// <param name="Sent">When it was sent, counted from the beginning.</param>
/// <param name="RoundTrip">How long it took there and back, or null when it has not come back.</param>
public readonly record struct PingSample(TimeSpan Sent, TimeSpan? RoundTrip);

/// <summary>What a probe measured, finally or up to a moment.</summary>
public sealed record PingProbeReport
{
    /// <summary>Each packet that was sent.</summary>
    public IReadOnlyList<PingSample> Samples { get; init; } = [];

    /// <summary>Whether the probe has ended.</summary>
    public bool IsFinished { get; init; }

    /// <summary>Packets sent.</summary>
    public int Sent => Samples.Count;

    /// <summary>Packets that came back.</summary>
    public int Received => Samples.Count(sample => sample.RoundTrip is not null);

    /// <summary>The shortest round trip; null when none came back.</summary>
    public TimeSpan? Minimum => Percentile(0);

    /// <summary>The round trip half of the packets stayed under; null when none came back.</summary>
    public TimeSpan? Median => Percentile(50);

    /// <summary>The longest round trip; null when none came back.</summary>
    public TimeSpan? Maximum => Percentile(100);

    /// <summary>The longest time from the sending of a packet that did not come back to the sending of the next that
    /// did.</summary>
    public TimeSpan LongestOutage
    {
        get
        {
            TimeSpan longest = TimeSpan.Zero;
            TimeSpan? since = null;
            foreach (PingSample sample in Samples)
            {
                since = sample.RoundTrip is null ? since ?? sample.Sent : Note(sample.Sent, null);
            }
            Note(Samples.Count > 0 ? Samples[^1].Sent : TimeSpan.Zero, null);
            return longest;

            TimeSpan? Note(TimeSpan until, TimeSpan? next)
            {
                if (since is TimeSpan from && until - from > longest)
                {
                    longest = until - from;
                }
                return next;
            }
        }
    }

    /// <summary>The round trip the given percentage of the packets that came back did not exceed; null when none
    /// did.</summary>
    /// <param name="percentage">0 to 100.</param>
    public TimeSpan? Percentile(double percentage)
    {
        TimeSpan[] sorted = [.. Samples.Select(sample => sample.RoundTrip).OfType<TimeSpan>().Order()];
        return sorted.Length > 0
            ? sorted[(int)Math.Clamp(Math.Ceiling(percentage / 100 * sorted.Length) - 1, 0, sorted.Length - 1)]
            : null;
    }
}
