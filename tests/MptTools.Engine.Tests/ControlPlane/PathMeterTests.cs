using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

public class PathMeterTests
{
    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    [Fact]
    public void ARoundTripIsWhatBothWaysTakeWithoutTheTimeAtThePeer()
    {
        // Two ends with clocks that have nothing to do with each other, 10 ms there and 15 ms back, keepalives when they like.
        PathMeter a = new(), b = new();
        TimeSpan apart = TimeSpan.FromDays(400);
        (KeepaliveTiming timing, KeepaliveCounts counts) = a.Say(Ms(1000), 0);
        Assert.Equal((1_000_000ul, 0ul, 0u), (timing.Sent, timing.Echo, timing.Held));
        b.Hear(timing, counts, Ms(1010) + apart, 0);
        Assert.Null(b.RoundTrip);

        (timing, counts) = b.Say(Ms(1310) + apart, 0);
        Assert.Equal((1_000_000ul, 300_000u), (timing.Echo, timing.Held));
        a.Hear(timing, counts, Ms(1325), 0);
        Assert.Equal((Ms(25), Ms(25), (1L, Ms(25))), (a.RoundTrip, a.LastRoundTrip, a.RoundTrips));

        (timing, counts) = a.Say(Ms(2000), 0);
        b.Hear(timing, counts, Ms(2018) + apart, 0);
        Assert.Equal(Ms(33), b.RoundTrip);
    }

    [Fact]
    public void RoundTripsAreSmoothed()
    {
        PathMeter meter = new();
        foreach (double roundTrip in new double[] { 80, 160, 80 })
        {
            meter.Hear(new KeepaliveTiming(1, 1_000_000, 0), null, Ms(1000 + roundTrip), 0);
        }
        Assert.Equal((Ms(80), Ms(80 + (10 * 7 / 8.0)), (3L, Ms(320))), (meter.LastRoundTrip, meter.RoundTrip, meter.RoundTrips));
    }

    [Theory]
    [InlineData(1_000_001, 0u)] // from the future
    [InlineData(900_000, 200_000u)] // held for longer than it took
    [InlineData(1, 0u, 60_001)]
    [InlineData(ulong.MaxValue, uint.MaxValue)]
    public void WhatCannotBeIsNoRoundTrip(ulong echo, uint held, int at = 1000)
    {
        PathMeter meter = new();
        meter.Hear(new KeepaliveTiming(ulong.MaxValue, echo, held), null, Ms(at), 0);
        Assert.Null(meter.RoundTrip);
        Assert.Equal(0, meter.RoundTrips.Count);
    }

    [Fact]
    public void BothEndsLearnTheLossOfBothDirections()
    {
        PathMeter a = new(), b = new();
        // What each has sent, and what of the other's has arrived, when the keepalives pass.
        Assert.Equal(KeepaliveCounts.Unheard, a.Say(Ms(0), 1000).Counts.PeerSent);
        Exchange(aSent: 1000, arrivedAtB: 900, bSent: 50, arrivedAtA: 50);
        Exchange(aSent: 1100, arrivedAtB: 990, bSent: 70, arrivedAtA: 69);
        Exchange(aSent: 1300, arrivedAtB: 1185, bSent: 90, arrivedAtA: 89);
        Exchange(aSent: 1300, arrivedAtB: 1185, bSent: 90, arrivedAtA: 89);
        // Of a's packets before the first keepalive nothing is known, and each end learns of its own one keepalive later.
        Assert.Equal((300L, 285L), b.Inward);
        Assert.Equal((40L, 39L), a.Inward);
        Assert.Equal((300L, 285L), a.Outward);
        Assert.Equal((40L, 39L), b.Outward);

        void Exchange(long aSent, long arrivedAtB, long bSent, long arrivedAtA)
        {
            (KeepaliveTiming timing, KeepaliveCounts counts) = a.Say(Ms(1), aSent);
            b.Hear(timing, counts, Ms(1), arrivedAtB);
            (timing, counts) = b.Say(Ms(2), bSent);
            a.Hear(timing, counts, Ms(2), arrivedAtA);
        }
    }

    [Fact]
    public void CountersThatBeginAnewTellNothing()
    {
        PathMeter meter = new();
        meter.Hear(null, new KeepaliveCounts(1000, 500, 400), Ms(1), 1000);
        meter.Hear(null, new KeepaliveCounts(10, 600, 500), Ms(2), 1010);
        Assert.Equal(((0L, 0L), (100L, 100L)), (meter.Inward, meter.Outward));
        meter.Hear(null, new KeepaliveCounts(20, 5, 5), Ms(3), 1019);
        Assert.Equal(((10L, 9L), (100L, 100L)), (meter.Inward, meter.Outward));
        meter.PeerRestarted();
        meter.Hear(null, new KeepaliveCounts(2000, 2000, 2000), Ms(4), 1019);
        Assert.Equal(((10L, 9L), (100L, 100L)), (meter.Inward, meter.Outward));
        meter.PeerRestarted();
        (KeepaliveTiming timing, KeepaliveCounts counts) = meter.Say(Ms(5), 0);
        Assert.Equal((0ul, KeepaliveCounts.Unheard), (timing.Echo, counts.PeerSent));
    }

    [Fact]
    public void NothingAPeerSaysLeadsToNegativeNumbersOrOverflow() => PropertyCheck.Holds(
        Gen.ArrayOf(PropertyCheck.AnyUInt64, 24),
        numbers =>
        {
            PathMeter meter = new();
            for (int i = 0; i < 4; i++)
            {
                ReadOnlySpan<ulong> said = numbers.AsSpan(i * 6, 6);
                meter.Hear(
                    new KeepaliveTiming(said[0], said[1], (uint)said[2]), new KeepaliveCounts(said[3], said[4], said[5]), Ms(i * 1000), i * 10);
                meter.Say(Ms((i * 1000) + 500), i);
            }
            return meter.Inward is { Sent: >= 0, Arrived: >= 0 } && meter.Outward is { Sent: >= 0, Arrived: >= 0 }
                && meter.RoundTrips.Sum >= TimeSpan.Zero;
        });
}
