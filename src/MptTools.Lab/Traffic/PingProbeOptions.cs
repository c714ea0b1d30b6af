namespace MptTools.Lab.Traffic;

/// <summary>What a probe is like.</summary>
public sealed record PingProbeOptions : TrafficOptions
{
    /// <summary>Time from one packet to the next: 1 ms to 1 minute; 10 ms unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan Interval
    {
        get;
        init => field = value >= TimeSpan.FromMilliseconds(1) && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw Wrong(nameof(Interval), value, "1 ms to 1 minute");
    } = TimeSpan.FromMilliseconds(10);

    /// <summary>How many packets to send at most; without limit unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public int Count
    {
        get;
        init => field = value > 0 ? value : throw Wrong(nameof(Count), value, "1 or more");
    } = int.MaxValue;

    /// <summary>How long to wait for answers after the last packet: 0 to 1 minute; 1 second unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan Linger
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw Wrong(nameof(Linger), value, "0 to 1 minute");
    } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of payload: 16 to 65,000; 56 unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public int PayloadBytes
    {
        get;
        init => field = value is >= 16 and <= 65_000 ? value : throw Wrong(nameof(PayloadBytes), value, "16 to 65,000 bytes");
    } = 56;
}
