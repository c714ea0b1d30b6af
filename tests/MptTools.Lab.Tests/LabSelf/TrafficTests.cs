using System.Diagnostics;
using System.Net;
using MptTools.Lab.Emulation;
using MptTools.Lab.Traffic;

namespace MptTools.Lab.Tests.LabSelf;

public class TrafficTests
{
    private static readonly IPAddress V4 = IPAddress.Parse("10.1.1.3"), V6 = IPAddress.Parse("fd00:1::3");

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stream_over_a_whole_link_arrives_whole(bool six)
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        lab.Link(a, "eth1", ["10.1.1.2/24", "fd00:1::2/64"], b, "eth1", ["10.1.1.3/24", "fd00:1::3/64"]);
        UdpStreamReport report = UdpStream.Start(a, b, six ? V6 : V4,
            new UdpStreamOptions { BitsPerSecond = 20_000_000, PayloadBytes = 1000, Packets = 1000 }).Wait();
        Assert.True(report.IsFinished);
        Assert.Equal((1000, 1000, 0, 0, 0, 0),
            (report.Sent, report.Received, report.Lost, report.Duplicates, report.OutOfOrder, report.SendFailures));
        Assert.Equal(1_000_000, report.Bytes);
        Assert.Equal(1_000_000, report.Buckets.Sum(bucket => bucket.Bytes));
        Assert.Equal(1000, report.Buckets.Sum(bucket => bucket.Packets));
    }

    [LabFact]
    public void Loss_on_a_link_is_exactly_that_of_its_seed()
    {
        var conditions = new LinkConditions { LossProbability = 0.1, Seed = 7 };
        var lost = new List<int>();
        var virtualLink = new DirectionEmulator(conditions, 0, lost.Add);
        for (int packet = 0; packet < 2000; packet++)
        {
            virtualLink.Offer(packet, 1028, 0);
        }
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab, conditions);
        UdpStreamReport report = UdpStream.Start(a, b, V4,
            new UdpStreamOptions { BitsPerSecond = 40_000_000, PayloadBytes = 1000, Packets = 2000 }).Wait();
        Assert.Equal((2000, lost.Count, 0), (report.Sent, report.Lost, report.OutOfOrder));
        LinkCounters counters = link.Counters(LinkDirection.AToB);
        Assert.Equal((report.Received, lost.Count), (counters.Packets, counters.DroppedByLoss));
        Assert.Equal(report.Received * 1028, counters.Bytes);
    }

    [LabFact]
    public void Latency_holds_the_links_delay_and_reordering_is_seen()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, _) = Pair(lab, new LinkConditions
        {
            Delay = TimeSpan.FromMilliseconds(20),
            ReorderProbability = 0.2,
            ReorderDelay = TimeSpan.FromMilliseconds(10),
        });
        UdpStreamReport report = UdpStream.Start(a, b, V4,
            new UdpStreamOptions { BitsPerSecond = 8_000_000, PayloadBytes = 1000, Packets = 300 }).Wait();
        Assert.Equal((300, 0), (report.Received, report.Lost));
        Assert.True(report.MeanLatency >= TimeSpan.FromMilliseconds(20), $"{report.MeanLatency}");
        Assert.True(report.MaximumLatency >= TimeSpan.FromMilliseconds(30), $"{report.MaximumLatency}");
        Assert.True(report.OutOfOrder > 0);
        Assert.True(report.GreatestDisplacement > 0);
    }

    [LabFact]
    public void A_cut_under_load_is_seen_as_a_gap_and_the_stream_goes_on()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab, new LinkConditions());
        using UdpStream stream = UdpStream.Start(a, b, V4,
            new UdpStreamOptions { BitsPerSecond = 8_000_000, PayloadBytes = 1000, Duration = TimeSpan.FromSeconds(30) });
        LabWait.Until(() => stream.Snapshot().Received > 0, "the stream arrives");
        link.Cut();
        long cut = Stopwatch.GetTimestamp();
        long before = stream.Snapshot().Sent;
        LabWait.Until(() => stream.Snapshot().Sent >= before + 200, "200 packets were sent into the cut");
        TimeSpan lasted = Stopwatch.GetElapsedTime(cut);
        link.Heal();
        long received = stream.Snapshot().Received;
        LabWait.Until(() => stream.Snapshot().Received > received, "the stream arrives again");
        stream.Stop();
        UdpStreamReport report = stream.Wait();
        Assert.True(report.LongestGap >= lasted, $"a gap of {report.LongestGap} in a cut of {lasted}");
        Assert.True(report.Lost >= 200);
        Assert.False(stream.Completion.IsFaulted);
    }

    [LabFact]
    public void TCP_never_exceeds_the_links_rate_and_its_buckets_add_up()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab,
            new LinkConditions { RateBitsPerSecond = 20_000_000, Delay = TimeSpan.FromMilliseconds(5), QueuePackets = 50 });
        TcpStreamReport report = TcpStream.Start(a, b, V4,
            new TcpStreamOptions { Duration = TimeSpan.FromSeconds(1), Connections = 2 }).Wait();
        Assert.True(report.IsFinished);
        Assert.InRange(report.Bytes, 1, (long)(20_000_000 / 8 * report.Elapsed.TotalSeconds));
        Assert.Equal(report.Bytes, report.Buckets.Sum(bucket => bucket.Bytes));
        Assert.InRange(report.Buckets.Count, 1, 10);
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByQueue == 0 || report.Retransmissions > 0);
    }

    [LabFact]
    public void TCP_over_IPv6_and_a_veth_pair_can_be_watched_and_stopped()
    {
        using var lab = new LabNetwork("self");
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        lab.Link(a, "eth1", "fd00:1::2/64", b, "eth1", "fd00:1::3/64");
        using TcpStream transfer = TcpStream.Start(a, b, V6, new TcpStreamOptions { Duration = TimeSpan.FromMinutes(10) });
        LabWait.Until(() => transfer.Snapshot().Bytes > 0, "bytes arrive");
        Assert.False(transfer.Snapshot().IsFinished);
        transfer.Stop();
        Assert.True(transfer.Wait().IsFinished);
    }

    [LabFact]
    public void A_probe_measures_round_trips()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, _) = Pair(lab, new LinkConditions { Delay = TimeSpan.FromMilliseconds(4) });
        PingProbeReport report = PingProbe.Start(a, b, V4, new PingProbeOptions { Count = 20 }).Wait();
        Assert.Equal((20, 20), (report.Sent, report.Received));
        Assert.True(report.Minimum >= TimeSpan.FromMilliseconds(8), $"{report.Minimum}");
        Assert.Equal(TimeSpan.Zero, report.LongestOutage);
    }

    [LabFact]
    public void A_probe_survives_a_cut_and_a_missing_route()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab, new LinkConditions());
        using PingProbe probe = PingProbe.Start(a, b, V4, new PingProbeOptions { Duration = TimeSpan.FromSeconds(30) });
        LabWait.Until(() => probe.Snapshot().Received > 0, "answers come");
        b.RemoveAddress("eth1", "10.1.1.3/24");
        a.SetLinkDown("eth1");
        int before = probe.Snapshot().Sent;
        LabWait.Until(() => probe.Snapshot().Sent > before + 5, "probes go on without a route");
        a.SetLinkUp("eth1");
        b.AddAddress("eth1", "10.1.1.3/24");
        int received = probe.Snapshot().Received;
        LabWait.Until(() => probe.Snapshot().Received > received, "answers come again");
        link.Cut();
        probe.Stop();
        PingProbeReport report = probe.Wait();
        Assert.True(report.LongestOutage > TimeSpan.Zero);
        Assert.True(report.IsFinished);
    }

    [LabFact]
    public async Task Traffic_can_be_canceled()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, _) = Pair(lab, new LinkConditions());
        using var cancel = new CancellationTokenSource();
        var hour = TimeSpan.FromHours(1);
        UdpStream udp = UdpStream.Start(a, b, V4, new UdpStreamOptions { Duration = hour, BitsPerSecond = 1_000_000 }, cancel.Token);
        TcpStream tcp = TcpStream.Start(a, b, V4, new TcpStreamOptions { Duration = hour }, cancel.Token);
        PingProbe ping = PingProbe.Start(a, b, V4, new PingProbeOptions { Duration = hour }, cancel.Token);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => udp.Completion);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tcp.Completion);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ping.Completion);
    }

    [LabFact]
    public void Traffic_left_running_ends_with_the_lab()
    {
        UdpStream udp;
        TcpStream tcp;
        using (var lab = new LabNetwork("self"))
        {
            (LabHost a, LabHost b, _) = Pair(lab, new LinkConditions { RateBitsPerSecond = 10_000_000 });
            udp = UdpStream.Start(a, b, V4, new UdpStreamOptions { Duration = TimeSpan.FromHours(1), BitsPerSecond = 100_000 });
            tcp = TcpStream.Start(a, b, V4, new TcpStreamOptions { Duration = TimeSpan.FromHours(1) });
        }
        Assert.True(udp.Completion.IsCompletedSuccessfully);
        Assert.True(tcp.Completion.IsCompletedSuccessfully);
    }

    [LabFact]
    public void What_cannot_be_sent_is_said()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab, new LinkConditions());
        Assert.Contains("ip route", Assert.Throws<LabException>(() => UdpStream.Start(a, b, IPAddress.Parse("10.9.9.9"))).Message);
        Assert.Contains("nonsense", Assert.Throws<LabException>(
            () => TcpStream.Start(a, b, V4, new TcpStreamOptions { CongestionControl = "nonsense" })).Message);
        link.Cut();
        Assert.Contains("cannot connect", Assert.Throws<LabException>(
            () => TcpStream.Start(a, b, V4, new TcpStreamOptions { ConnectTimeout = TimeSpan.FromMilliseconds(50) })).Message);
    }

    private static (LabHost A, LabHost B, EmulatedLink Link) Pair(LabNetwork lab, LinkConditions conditions)
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        return (a, b, lab.EmulatedLink(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24", conditions));
    }
}
