using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>The order of packets at the far end of the tunnel.</summary>
public class OrderTests
{
    private static readonly LinkConditions Slow = new() { Delay = TimeSpan.FromMilliseconds(25) };
    private static readonly LinkConditions Fast = new() { Delay = TimeSpan.FromMilliseconds(5) };
    private static readonly LinkConditions Clean = new();

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void Unequal_delays_put_nothing_out_of_order_and_lose_nothing(string threads) => TunnelLab.Run(
        new TunnelOptions
        {
            Arguments = ["--threads", threads],
            Conditions = [Slow, Fast],
            Connection = connection => connection with { ReorderWindow = 1000, MaximumDelayMilliseconds = 10_000 },
        }, lab =>
        {
            // Right from the first packet, which takes the slow path: keepalives have told where the numbering begins.
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            stream.SendAll(2000);
            Assert.Equal(0, stream.OutOfOrder);
            OrderingStatus ordering = lab.ServerB.Connection().Ordering;
            Assert.True(ordering.Waited > 0, "Nothing had to wait, so nothing was ordered.");
            Assert.Equal(new OrderingStatus { Waited = ordering.Waited }, ordering);
        });

    [LabFact]
    public void Without_a_window_unequal_delays_do_put_packets_out_of_order() => TunnelLab.Run(
        new TunnelOptions { Conditions = [Slow, Fast] }, lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            stream.SendAll(200);
            Assert.True(stream.OutOfOrder > 0);
        });

    [LabFact]
    public void A_lost_packet_is_given_up_as_soon_as_every_path_has_brought_a_newer_one() => TunnelLab.Run(
        new TunnelOptions
        {
            Conditions = [Clean, Clean],
            // Without keepalives nothing but packets can tell; the time limit is far beyond the test's patience.
            Connection = connection => connection with
            {
                ReorderWindow = 1000,
                MaximumDelayMilliseconds = 60_000,
                Paths = [.. connection.Paths.Select(path => path with { Keepalive = 0 })],
            },
        }, lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            // One by one: the receiver learns from the first where the numbering is.
            stream.SendAll(2, ahead: 1);
            LoseOne(lab, stream);
            stream.SendBurst(100);
            stream.WaitUntilArrived(102);
            Assert.Equal(0, stream.OutOfOrder);
            OrderingStatus ordering = lab.ServerB.Connection().Ordering;
            Assert.Equal((1, 0), (ordering.LostByGap, ordering.LostByTime));
        });

    [LabFact]
    public void A_keepalive_tells_that_an_idle_path_holds_nothing_back() => TunnelLab.Run(
        new TunnelOptions
        {
            Conditions = [Clean, Clean],
            Connection = connection => connection with
            {
                ReorderWindow = 1000,
                MaximumDelayMilliseconds = 60_000,
                Paths = [.. connection.Paths.Select(path => path with { Dead = 60 })],
            },
        }, lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            // One by one: the receiver learns from the first where the numbering is.
            stream.SendAll(2, ahead: 1);
            LoseOne(lab, stream);
            // One packet behind the gap, on the other path, and then nothing more.
            stream.SendBurst(1);
            stream.WaitUntilArrived(3);
            OrderingStatus ordering = lab.ServerB.Connection().Ordering;
            Assert.Equal((1, 0), (ordering.LostByGap, ordering.LostByTime));
        });

    /// <summary>Sends a packet whose turn is path 0's and sees to it that just this one is lost there.</summary>
    private static void LoseOne(TunnelLab lab, NumberedStream stream)
    {
        long Dropped() => lab.Links[0].Counters(LinkDirection.AToB).DroppedByCut;
        lab.Links[0].Cut(direction: LinkDirection.AToB);
        long sentBefore = lab.ServerA.PathAt(0).PacketsSent;
        stream.SendBurst(1);
        lab.ServerA.WaitFor(status => status.Connections[0].Paths[0].PacketsSent > sentBefore, "the packet was sent on path 0");
        // It is on the link now, with a keepalive or none before it: when two more have been dropped it was one of them.
        long enough = lab.FileA.Paths[0].Keepalive > 0 ? Dropped() + 2 : 1;
        LabWait.Until(() => Dropped() >= enough, "the packet was lost");
        lab.Links[0].Heal();
    }
}
