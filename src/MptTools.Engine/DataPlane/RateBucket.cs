namespace MptTools.Engine.DataPlane;

/// <summary>
/// The rate limit of a path: a token bucket that may run into debt. A packet is sent while there is anything in it and taken out whole,
/// so that a packet of any length can be sent and the rate is kept to the bit in the long run. Time is passed in.
/// </summary>
/// <remarks>
/// 2 ms of the rate at once: little enough for the queue of a modem to stay short, enough to last until the sending side is woken again.
/// The value of a path without a limit is <c>default</c>.
/// </remarks>
internal struct RateBucket
{
    private const long BurstTicks = 2 * TimeSpan.TicksPerMillisecond;

    /// <summary>A bit is as many units as a second has ticks: no fraction is lost, however short the time between two calls.</summary>
    private const long UnitsPerByte = 8 * TimeSpan.TicksPerSecond;

    private long rate, full, level;
    private TimeSpan last;

    /// <param name="bitsPerSecond">8000 to 10^12, or 0: no limit.</param>
    internal RateBucket(long bitsPerSecond)
    {
        rate = bitsPerSecond;
        level = full = bitsPerSecond * BurstTicks;
    }

    /// <summary>Whether a packet may be sent.</summary>
    /// <param name="now">What is earlier than in a call before counts as that.</param>
    internal bool HasRoom(TimeSpan now)
    {
        Fill(now);
        return level > 0 || rate == 0;
    }

    /// <summary>Counts a packet that is sent.</summary>
    /// <param name="bytes">All that the limit is meant for: with the headers around it where it is that of a line.</param>
    internal void Take(int bytes)
    {
        if (rate != 0)
        {
            level -= bytes * UnitsPerByte;
        }
    }

    /// <summary>When the next packet may be sent: the first moment at which there is room, <paramref name="now"/> where there is some.</summary>
    internal TimeSpan ReadyAt(TimeSpan now) =>
        HasRoom(now) ? now : last + TimeSpan.FromTicks(-level / rate + 1);

    /// <summary>
    /// Goes over to another limit. What was sent too much before delays the next packet by the shorter time that it takes at either rate:
    /// a single packet sent at a high rate is a debt of seconds at a low one.
    /// </summary>
    internal void Become(long bitsPerSecond, TimeSpan now)
    {
        if (bitsPerSecond == rate)
        {
            return;
        }
        Fill(now);
        RateBucket next = new(bitsPerSecond) { last = last };
        if (rate != 0)
        {
            long owed = bitsPerSecond < rate && level < 0 ? (long)((Int128)level * bitsPerSecond / rate) : level;
            next.level = Math.Min(owed, next.full);
        }
        this = next;
    }

    private void Fill(TimeSpan now)
    {
        long ticks = (now - last).Ticks;
        if (ticks <= 0 || rate == 0)
        {
            return;
        }
        long missing = full - level;
        level += ticks > missing / rate ? missing : ticks * rate;
        last = now;
    }
}
