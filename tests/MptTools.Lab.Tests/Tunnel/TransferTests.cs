using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What goes in comes out, bit by bit.</summary>
public class TransferTests
{
    private static readonly TunnelOptions Ordered = new()
    {
        PathVersions = [4, 6],
        Connection = connection => connection with { ReorderWindow = 1000 },
    };

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void TCP_through_two_paths_arrives_bit_by_bit_both_ways(string threads) => TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        const long bytes = 40 << 20;
        using VerifiedTcp there = new(lab.A, lab.B, TunnelLab.AddressB, bytes);
        using VerifiedTcp back = new(lab.B, lab.A, TunnelLab.AddressA6, bytes);
        there.WaitForEnd();
        back.WaitForEnd();
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("5")]
    public void Packets_of_all_sizes_get_through(string threads) => TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        // 1412 fills the tunnel's MTU of 1440; beyond it packets enter the tunnel in fragments.
        foreach (int size in new[] { 0, 1, 7, 500, 1411, 1412, 1413, 3000, 20_000, 65_000 })
        {
            Traffic.Ping(lab.A, TunnelLab.AddressB, size);
            Traffic.Ping(lab.B, TunnelLab.AddressA6, size);
        }
        Assert.All([lab.ServerA, lab.ServerB], server => Assert.Empty(server.Connection().Drops));
    });

    [LabFact]
    public void Paths_that_are_narrower_than_the_tunnel_carry_it_in_fragments() => TunnelLab.Run(Ordered with { Mtu = 1300 }, lab =>
    {
        foreach (int size in new[] { 1200, 1300, 1412, 5000 })
        {
            // Twice, once over each path.
            Traffic.Ping(lab.A, TunnelLab.AddressB, size);
            Traffic.Ping(lab.A, TunnelLab.AddressB, size);
        }
        Assert.True(lab.ServerA.Connection().PacketsFragmented > 0 && lab.ServerB.Connection().PacketsFragmented > 0,
            "Nothing had to be cut.");
        using VerifiedTcp tcp = new(lab.B, lab.A, TunnelLab.AddressA, 4 << 20);
        tcp.WaitForEnd();
    });

    [LabFact]
    public void Links_that_lose_delay_and_reorder_leave_TCP_whole_and_UDP_in_order() => TunnelLab.Run(
        Ordered with
        {
            Conditions =
            [
                new LinkConditions
                {
                    Delay = TimeSpan.FromMilliseconds(4),
                    Jitter = TimeSpan.FromMilliseconds(3),
                    LossProbability = 0.01,
                    ReorderProbability = 0.01,
                    Seed = 11,
                },
                new LinkConditions
                {
                    Delay = TimeSpan.FromMilliseconds(12),
                    Jitter = TimeSpan.FromMilliseconds(5),
                    LossProbability = 0.01,
                    Seed = 12,
                },
            ],
        }, lab =>
        {
            using VerifiedTcp there = new(lab.A, lab.B, TunnelLab.AddressB, 1 << 20);
            using VerifiedTcp back = new(lab.B, lab.A, TunnelLab.AddressA6, 1 << 20);
            there.WaitForEnd();
            back.WaitForEnd();
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            stream.Start();
            stream.WaitUntilArrived(400);
            Assert.Equal(0, stream.OutOfOrder);
            OrderingStatus ordering = lab.ServerB.Connection().Ordering;
            Assert.True(ordering.Waited > 0 && ordering.LostByGap + ordering.LostByTime > 0,
                "The links did nothing that needed mending.");
        });

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void Many_small_and_many_large_packets_all_arrive_in_order(string threads) => TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        using NumberedStream small = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        using NumberedStream large = new(lab.B, TunnelLab.AddressB6, lab.A, TunnelLab.AddressA6);
        small.SendAll(20_000, size: 4, ahead: 256);
        large.SendAll(20_000, size: 1392, ahead: 256);
        Assert.Equal((0, 0), (small.OutOfOrder, large.OutOfOrder));
    });
}
