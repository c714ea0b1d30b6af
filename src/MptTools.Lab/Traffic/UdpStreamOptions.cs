namespace MptTools.Lab.Traffic;

/// <summary>What a stream of UDP packets is like.</summary>
public sealed record UdpStreamOptions : StreamOptions
{
    /// <summary>Bytes of payload of each packet: 24 to 65,000; 1200 unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public int PayloadBytes
    {
        get;
        init => field = value is >= 24 and <= 65_000 ? value : throw Wrong(nameof(PayloadBytes), value, "24 to 65,000 bytes");
    } = 1200;

    /// <summary>Payload in bits a second; 0, as unless set, sends as fast as the system takes it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long BitsPerSecond
    {
        get;
        init => field = value >= 0 ? value : throw Wrong(nameof(BitsPerSecond), value, "0 (as fast as possible) or more");
    }

    /// <summary>How many packets to send at most; without limit unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public long Packets
    {
        get;
        init => field = value > 0 ? value : throw Wrong(nameof(Packets), value, "1 or more");
    } = long.MaxValue;

    /// <summary>How long to wait for packets still under way after the last was sent: 0 to 1 minute; 1 second unless
    /// set.
    /// When all have come, nobody waits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan Linger
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw Wrong(nameof(Linger), value, "0 to 1 minute");
    } = TimeSpan.FromSeconds(1);
}
