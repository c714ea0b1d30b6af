using System.Diagnostics;
using System.Net;
using MptTools.Engine;
using MptTools.Lab.Traffic;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Paths with a rate limit: which one is full, and what waits.</summary>
public class MappingRateTests
{
    private static readonly TunnelOptions Priority = MappingLab.Options([1, 1], "mapping = priority")
        .WithPaths(["path_priority = 1", "rate_limit = 20M"], ["path_priority = 2"]);

    /// <summary>
    /// The first path is full when 20 ms of its rate wait, 50000 bytes: what the slow stream sends in a second, so that it fits even where
    /// the server has to wait for a processor. The packets sent at once afterwards would take the first path 200 ms, the server
    /// reads them in much less.
    /// </summary>
    [LabFact]
    public void The_second_path_takes_what_the_first_has_no_room_for() => TunnelLab.Run(Priority, lab =>
    {
        using PathTaps taps = new(lab);
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start(millisecondsApart: 2, size: 40);
        stream.WaitForMore(300);
        stream.Stop();
        stream.WaitForAll();
        int slow = stream.Sent;
        (long[] before, _) = lab.Packets(slow);
        Assert.Equal([slow, 0], before);

        const int count = 350;
        stream.SendBurst(count, size: 1400);
        stream.WaitForAll();
        // What the limit lets through at once, before anything waits, carries no numbers: the second path may overtake that.
        InnerPacket[] burst = taps.Take(count, packet => packet.Number >= slow);
        InnerPacket[] atOnce = [.. burst.Where(packet => !packet.HasNumber).OrderBy(packet => packet.Number)];
        Assert.Equal(Enumerable.Range(slow, atOnce.Length), atOnce.Select(packet => packet.Number));
        Assert.All(atOnce, packet => Assert.Equal(0, packet.Path));
        Assert.Equal(Enumerable.Range(slow + atOnce.Length, count - atOnce.Length), stream.Arrived.Where(number => number >= slow + atOnce.Length));
        (long[] sent, long[] received) = lab.Packets(stream.Sent);
        Assert.Equal(sent, received);
        Assert.Equal(slow + count, sent.Sum());
        Assert.InRange(sent[0] - slow, 30, count);
        Assert.InRange(sent[1], 30, count);
        Assert.Empty(lab.ServerA.Connection().Paths.SelectMany(path => path.Drops));

        // There is room again.
        stream.SendAll(50, size: 40, ahead: 1);
        (long[] after, _) = lab.Packets(sent.Sum() + 50);
        Assert.Equal([sent[0] + 50, sent[1]], after);
    });

    [LabFact]
    public void The_second_path_takes_all_while_the_first_is_down() => TunnelLab.Run(Priority, lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(100, size: 40, ahead: 8);
        lab.CutPath(0);
        stream.SendAll(100, size: 40, ahead: 8);
        lab.HealPath(0);
        stream.SendAll(100, size: 40, ahead: 8);
        (long[] sent, _) = lab.Packets(300);
        Assert.Equal([200, 100], sent);
    });

    /// <summary>
    /// However slowly the servers get their turns here, both paths lose as much by it: what they share is what they have room for, not the 3 to 1
    /// of their weights.
    /// </summary>
    [LabTheory]
    [InlineData("packet")]
    [InlineData("bytes")]
    public void Limits_of_two_paths_add_up_and_all_arrives_in_order(string mapping)
    {
        const int limit = 6_000_000, count = 1000, size = 1200, headers = 20 + 8 + 8;
        const double largestBurst = limit / 8 * 0.002 + size + 28 + headers;
        TunnelOptions options = MappingLab.Options([3, 1], $"mapping = {mapping}").WithPaths([$"rate_limit = {limit}"], [$"rate_limit = {limit}"]);
        Func<ConnectionFile, ConnectionFile> connection = options.Connection;
        TunnelLab.Run(options with { Connection = file => connection(file) with { MaximumDelayMilliseconds = 10_000 } }, lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            var clock = Stopwatch.StartNew();
            stream.SendAll(count, size, ahead: 48);
            double seconds = clock.Elapsed.TotalSeconds;
            Assert.Equal(0, stream.OutOfOrder);
            lab.Packets(count);
            ConnectionStatus status = lab.ServerA.Connection();
            double[] bytes = [.. status.Paths.Select(path => (double)path.BytesSent + path.PacketsSent * headers)];
            Assert.All(bytes, sent => Assert.InRange(sent, 0, limit / 8.0 * seconds + largestBurst));
            Assert.True(bytes.Sum() * 8 > limit * seconds, $"{bytes.Sum()} bytes took {seconds} s, as one path alone would carry them.");
            Assert.InRange(status.Paths[0].PacketsSent, count * 2 / 5, count * 3 / 5);
            Assert.Empty(status.Drops);
            Assert.Empty(status.Paths.SelectMany(path => path.Drops));
        });
    }

    /// <summary>
    /// A receiver gives up a packet of which nothing has come while 64 others from the same host began (net.ipv4.ipfrag_max_dist): packets whose
    /// fragments take turns with each other would arrive, and be lost.
    /// </summary>
    [LabFact]
    public void Fragments_that_wait_stay_together() => TunnelLab.Run(
        MappingLab.Options([1], "mapping = flow").WithPaths(["rate_limit = 100M"]), lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            stream.SendBurst(60, size: 8000);
            stream.WaitForAll();
        });

    /// <summary>A line of 10 Mbit/s whose queue takes up half a second, with four times as much traffic as it carries.</summary>
    [LabFact]
    public void A_rate_limit_keeps_the_queue_of_a_line_empty() => TunnelLab.Run(
        MappingLab.Options([1], "mapping = packet") with
        {
            Conditions = [new LinkConditions { RateBitsPerSecond = 10_000_000, QueuePackets = 500 }],
        }, lab =>
        {
            TimeSpan without = Loaded(lab);
            lab.Reconfigure(lab.FileA with { Paths = [lab.FileA.Paths[0] with { Lines = ["rate_limit = 8M"] }] });
            LabWait.Until(() => Idle(lab) < without / 10, "the line's queue is empty");
            TimeSpan with = Loaded(lab);
            Assert.True(with < without / 2, $"The median round trip under load is {with} with a rate limit, {without} without.");
            Assert.Contains("RateLimit", lab.ServerA.PathAt(0).Drops);
        });

    /// <summary>The median round trip while more is sent than the line carries.</summary>
    private static TimeSpan Loaded(TunnelLab lab)
    {
        using UdpStream load = UdpStream.Start(lab.A, lab.B, IPAddress.Parse(TunnelLab.AddressB), new UdpStreamOptions
        {
            BitsPerSecond = 40_000_000, Duration = TimeSpan.FromSeconds(3), Linger = TimeSpan.Zero,
        });
        TimeSpan median = Probe(lab, count: 100);
        Assert.True(load.Wait().Lost > 0, "The load was no more than the line carries.");
        return median;
    }

    private static TimeSpan Idle(TunnelLab lab) => Probe(lab, count: 3);

    private static TimeSpan Probe(TunnelLab lab, int count)
    {
        using PingProbe probe = PingProbe.Start(lab.A, lab.B, IPAddress.Parse(TunnelLab.AddressB), new PingProbeOptions
        {
            Interval = TimeSpan.FromMilliseconds(20), Count = count, Linger = TimeSpan.FromSeconds(2),
        });
        return probe.Wait().Median ?? TimeSpan.MaxValue;
    }
}
