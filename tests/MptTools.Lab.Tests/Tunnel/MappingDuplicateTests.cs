using System.Net;
using MptTools.Engine;
using MptTools.Lab.Traffic;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Packets that are sent on every path.</summary>
public class MappingDuplicateTests
{
    private static readonly TunnelOptions Duplicate = MappingLab.Options([1, 1], "mapping = duplicate");

    /// <summary>
    /// Of 20000 packets 50 are lost on both lines on average (0.05 * 0.05). Fewer than 20 or more than 88 are lost in one of a
    /// million runs at most (both tails of the binomial distribution are below 5E-7).
    /// </summary>
    [LabFact]
    public void Of_5_percent_loss_on_each_of_two_lines_a_quarter_of_a_percent_is_left() => TunnelLab.Run(Duplicate, lab =>
    {
        const int count = 20_000;
        for (int path = 0; path < 2; path++)
        {
            ((EmulatedLink)lab.Links[path]).SetConditions(new LinkConditions { LossProbability = 0.05, Seed = (ulong)path + 7 }, LinkDirection.AToB);
        }
        UdpStreamReport report = UdpStream.Start(lab.A, lab.B, IPAddress.Parse(TunnelLab.AddressB), new UdpStreamOptions
        {
            Packets = count, PayloadBytes = 100, BitsPerSecond = 4_000_000, Duration = TimeSpan.FromSeconds(30),
        }).Wait();
        Assert.Equal((count, 0), (report.Sent, report.Duplicates));
        Assert.InRange(report.Lost, 20, 88);
        (long[] sent, long[] received) = lab.Packets(count);
        Assert.Equal([count, count], sent);
        // Each line has lost its part: 19000 arrive with a standard deviation of 31.
        Assert.All(received, packets => Assert.InRange(packets, 19_000 - 200, 19_000 + 200));
    });

    [LabTheory]
    [InlineData(CarrierLoss.No)]
    [InlineData(CarrierLoss.AtBoth)]
    public void A_line_that_is_cut_costs_no_packet(CarrierLoss carrier) => TunnelLab.Run(Duplicate, lab =>
    {
        // Unequal lines: what the fast one does not bring any more, the slow one brings later.
        ((EmulatedLink)lab.Links[1]).Conditions = new LinkConditions { Delay = TimeSpan.FromMilliseconds(20) };
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        stream.WaitForMore(100);
        lab.Links[0].Cut(carrier);
        stream.WaitForMore(500);
        lab.ServerA.WaitFor(status => status.Connections[0].Paths[0].Status == PathState.Down, "the path is down");
        stream.WaitForMore(100);
        Assert.Equal(0, stream.OutOfOrder);
        lab.HealPath(0);
        stream.WaitForMore(100);
        lab.Links[1].Cut(carrier);
        stream.WaitForMore(500);
        stream.Stop();
        stream.WaitForAll();
        Assert.Equal(Enumerable.Range(0, stream.Sent), stream.Arrived.Order());
    });
}
