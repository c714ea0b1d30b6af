using System.Net;
using System.Net.Sockets;
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

    [LabFact]
    public void Every_copy_that_arrives_is_delivered_or_counted_as_discarded() => TunnelLab.Run(Duplicate, lab =>
    {
        for (int path = 0; path < 2; path++)
        {
            ((EmulatedLink)lab.Links[path]).SetConditions(new LinkConditions { LossProbability = 0.2, Seed = (ulong)path + 3 }, LinkDirection.AToB);
        }
        using PathTaps taps = new(lab);
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        stream.WaitForMore(700);
        stream.Stop();
        // The last one passes no other on its way, so all that arrive at all have been seen when it has.
        Array.ForEach([.. lab.Links], link => ((EmulatedLink)link).Conditions = new LinkConditions());
        stream.SendBurst(1);
        LabWait.Until(() => taps.Packets.Count(packet => packet.Number == stream.Sent - 1) == 2, "the last packet was seen on both links");
        InnerPacket[] copies = taps.Packets;
        Assert.All(copies, copy => Assert.True(copy.HasKey && copy.HasNumber));
        int[] numbers = [.. copies.Select(copy => copy.Number).Distinct().Order()];
        Assert.InRange(numbers.Length, 0, stream.Sent - 1);
        Assert.InRange(copies.Length, numbers.Length + 1, 2 * numbers.Length - 1);

        stream.WaitUntilArrived(numbers.Length);
        ConnectionStatus status = lab.ServerB.WaitFor(
            status => status.Connections[0].Paths.Sum(path => path.PacketsReceived) >= copies.Length, "all copies are counted").Connections[0];
        Assert.Equal(numbers, stream.Arrived.Order());
        Assert.Equal(
            [copies.Count(copy => copy.Path == 0), copies.Count(copy => copy.Path == 1)], status.Paths.Select(path => (int)path.PacketsReceived));
        Assert.Equal((numbers.Length, copies.Length - numbers.Length), (status.PacketsReceived, status.DuplicatesDiscarded));
    });

    [LabFact]
    public void To_copies_and_back_under_traffic_nothing_is_lost_or_doubled() => TunnelLab.Run(MappingLab.Options([1, 1]), lab =>
    {
        // So that some are under way whenever the mapping changes.
        ((EmulatedLink)lab.Links[1]).Conditions = new LinkConditions { Delay = TimeSpan.FromMilliseconds(30) };
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        stream.WaitForMore(50);
        for (int round = 0; round < 3; round++)
        {
            long discarded = lab.ServerB.Connection().DuplicatesDiscarded;
            lab.Reconfigure(lab.FileA with { Lines = ["mapping = duplicate"] });
            lab.ServerB.WaitFor(status => status.Connections[0].DuplicatesDiscarded > discarded + 50, "copies arrive");
            lab.Reconfigure(lab.FileA with { Lines = [$"mapping = {(round == 1 ? "flow" : "packet")}"] });
            stream.WaitForMore(50);
        }
        stream.Stop();
        stream.WaitForAll();
        // Behind the last one, so that whatever was doubled has arrived.
        stream.SendBurst(4);
        stream.WaitForAll();
        Assert.Equal(Enumerable.Range(0, stream.Sent), stream.Arrived.Order());
    });

    [LabTheory]
    [InlineData("mapping = duplicate")]
    [InlineData("mapping = combined", "protocol = udp", "spread = duplicate")]
    public void An_existing_server_gets_each_packet_once(string mapping, params string[] rule)
    {
        const int flows = 24, packetsOfEach = 10;
        TunnelOptions options = MappingLab.Options([1, 1], mapping);
        if (rule.Length > 0)
        {
            options = options.WithRules(rule);
        }
        Func<ConnectionFile, ConnectionFile> connection = options.Connection;
        options = options with { Connection = file => connection(file) is var made ? made with { Paths = [.. made.Paths.Select(path => path with { Dead = 3600 })] } : file };
        TunnelLab.RunStopped(options, lab =>
        {
            lab.ServerA = LabServer.Start(lab.A, lab.FilesA);
            for (int path = 1; path <= 2; path++)
            {
                using Socket peer = Traffic.UdpSocket(lab.B, $"10.1.{path}.3", 23456);
                peer.SendTo([0, 0, 8, 0, 0xA1, .. new byte[39]], IPEndPoint.Parse($"10.1.{path}.2:23456"));
            }
            lab.ServerA.WaitFor(
                status => status.Connections[0].Peer == PeerKind.Existing && status.Connections[0].Paths.All(path => path.Status == PathState.Up),
                "the peer is an existing server on both paths");
            using PathTaps taps = new(lab);
            for (int flow = 0; flow < flows; flow++)
            {
                using Socket sender = Traffic.UdpSocket(lab.A, TunnelLab.AddressA);
                for (int i = 0; i < packetsOfEach; i++)
                {
                    byte[] packet = new byte[100];
                    BitConverter.TryWriteBytes(packet, flow * packetsOfEach + i);
                    sender.SendTo(packet, IPEndPoint.Parse($"{TunnelLab.AddressB}:7000"));
                }
            }
            LabWait.Until(() => taps.Packets.Any(packet => packet.Number == flows * packetsOfEach - 1), "the last packet was seen on a link");
            lab.ServerA.StopCleanly();
            InnerPacket[] packets = taps.Take(flows * packetsOfEach);
            Assert.Equal(Enumerable.Range(0, flows * packetsOfEach), packets.Select(packet => packet.Number).Order());
            Assert.DoesNotContain(packets, packet => packet.HasKey || packet.HasNumber);
            Assert.All(packets.GroupBy(packet => packet.SourcePort), flow => Assert.Single(flow.Select(packet => packet.Path).Distinct()));
            Assert.Equal([0, 1], packets.Select(packet => packet.Path).Distinct().Order());
        });
    }
}
