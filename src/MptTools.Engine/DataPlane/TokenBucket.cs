namespace MptTools.Engine.DataPlane;

/// <summary>Limits a rate: so many at once, and so many a second in the long run. Time is passed in.</summary>
internal struct TokenBucket(int capacity, int perSecond)
{
    private readonly long full = capacity * TimeSpan.TicksPerSecond;
    private long level = capacity * TimeSpan.TicksPerSecond;
    private TimeSpan last = TimeSpan.Zero;

    /// <summary>Takes one; false when there is none now.</summary>
    /// <param name="now">Never earlier than in the call before.</param>
    internal bool TryTake(TimeSpan now)
    {
        // A token is as many units as a second has ticks: no fraction is lost, however short the time between two calls.
        long missing = full - level;
        long ticks = (now - last).Ticks;
        level += ticks >= missing / perSecond + 1 ? missing : ticks * perSecond;
        last = now;
        if (level < TimeSpan.TicksPerSecond)
        {
            return false;
        }
        level -= TimeSpan.TicksPerSecond;
        return true;
    }
}
