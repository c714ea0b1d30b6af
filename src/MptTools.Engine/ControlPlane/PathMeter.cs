using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// What two of ours tell each other of a path in their keepalives: when each was sent, and how many data packets had been sent and had
/// arrived by then (docs/wire-extension.md, Timing and Counts). Round trips come from one clock, and both ends learn the loss of
/// both directions. Pure: time and counters are passed in.
/// </summary>
internal sealed class PathMeter
{
    /// <summary>An echo that is older tells nothing of the line: the peer was stopped, or the echo is made up.</summary>
    private static readonly TimeSpan LongestRoundTrip = TimeSpan.FromMinutes(1);

    /// <summary>RFC 6298 section 2: how much a new round trip counts in the smoothed one.</summary>
    private const double Gain = 1.0 / 8;

    private const long LargestStep = 1L << 40;

    private ulong heardTime;
    private TimeSpan heardAt;
    private bool hasHeard;
    private ulong heardSent = KeepaliveCounts.Unheard;
    private long heardReceived;
    private KeepaliveCounts? last;
    private long lastReceived;

    /// <summary>Of the last keepalive that came back; null before the first.</summary>
    internal TimeSpan? LastRoundTrip { get; private set; }

    /// <summary>Smoothed as RFC 6298 says; null before the first.</summary>
    internal TimeSpan? RoundTrip { get; private set; }

    /// <summary>How many there were, and their sum.</summary>
    internal (long Count, TimeSpan Sum) RoundTrips { get; private set; }

    /// <summary>Packets that the peer has told of: sent from here, and arrived there.</summary>
    internal (long Sent, long Arrived) Outward { get; private set; }

    /// <summary>Packets of the peer: sent there, and arrived here.</summary>
    internal (long Sent, long Arrived) Inward { get; private set; }

    /// <summary>What the next keepalive of the path says.</summary>
    /// <param name="now">When it is sent.</param>
    /// <param name="sent">Data packets sent by the path.</param>
    internal (KeepaliveTiming Timing, KeepaliveCounts Counts) Say(TimeSpan now, long sent) => (
        new KeepaliveTiming(Microseconds(now), hasHeard ? heardTime : 0, hasHeard ? (uint)Math.Min(Microseconds(now - heardAt), uint.MaxValue) : 0),
        new KeepaliveCounts((ulong)sent, heardSent, (ulong)heardReceived));

    /// <summary>The newest keepalive of the path has come.</summary>
    /// <param name="timing">When it was sent, where it says so.</param>
    /// <param name="counts">What was counted by then, where it says so.</param>
    /// <param name="at">When it came.</param>
    /// <param name="received">Data packets that had come by the path before it.</param>
    internal void Hear(KeepaliveTiming? timing, KeepaliveCounts? counts, TimeSpan at, long received)
    {
        if (timing is { } times)
        {
            (heardTime, heardAt, hasHeard) = (times.Sent, at, true);
            // An echo of what this end has not sent yet is made up.
            if (times.Echo != 0 && times.Echo <= Microseconds(at))
            {
                Add(at - TimeSpan.FromMicroseconds((long)times.Echo) - TimeSpan.FromMicroseconds(times.Held));
            }
        }
        if (counts is { } counted)
        {
            if (last is { } before)
            {
                Inward = Sum(Inward, (long)(counted.Sent - before.Sent), received - lastReceived);
                if (before.PeerSent != KeepaliveCounts.Unheard && counted.PeerSent != KeepaliveCounts.Unheard)
                {
                    Outward = Sum(Outward, (long)(counted.PeerSent - before.PeerSent), (long)(counted.PeerReceived - before.PeerReceived));
                }
            }
            (last, lastReceived) = (counts, received);
            (heardSent, heardReceived) = (counted.Sent, received);
        }
    }

    /// <summary>The peer counts anew, and its clock is another one: what it said before is no base for what it will say.</summary>
    internal void PeerRestarted()
    {
        hasHeard = false;
        last = null;
        (heardSent, heardReceived) = (KeepaliveCounts.Unheard, 0);
    }

    private void Add(TimeSpan roundTrip)
    {
        if (roundTrip < TimeSpan.Zero || roundTrip > LongestRoundTrip)
        {
            return;
        }
        LastRoundTrip = roundTrip;
        RoundTrip = RoundTrip is { } smooth ? smooth + ((roundTrip - smooth) * Gain) : roundTrip;
        RoundTrips = (RoundTrips.Count + 1, RoundTrips.Sum + roundTrip);
    }

    /// <summary>
    /// Counters that went back began anew, at either end, and no line carries so much between two keepalives as would make the sum overflow;
    /// from such a step nothing can be told.
    /// </summary>
    private static (long Sent, long Arrived) Sum((long Sent, long Arrived) sum, long sent, long arrived) =>
        sent is < 0 or > LargestStep || arrived is < 0 or > LargestStep ? sum : (sum.Sent + sent, sum.Arrived + arrived);

    /// <summary>Never 0, which means that nothing is said.</summary>
    private static ulong Microseconds(TimeSpan time) => (ulong)Math.Max(1, (long)time.TotalMicroseconds);
}
