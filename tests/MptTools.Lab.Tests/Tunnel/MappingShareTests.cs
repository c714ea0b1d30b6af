namespace MptTools.Lab.Tests.Tunnel;

/// <summary>How much of the traffic each path takes.</summary>
public class MappingShareTests
{
    private static readonly int[] Weights = [3, 1];

    [LabFact]
    public void Packets_are_shared_3_to_1_whatever_their_sizes() => TunnelLab.Run(MappingLab.Options(Weights, "mapping = packet"), lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(400);
        AssertPackets(lab, 300, 100);
        stream.SendAll(400, Sizes);
        AssertPackets(lab, 600, 200);
        Assert.Equal(0, stream.OutOfOrder);
    });

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bytes_are_shared_3_to_1_within_one_packet_at_every_moment(bool unequal) =>
        TunnelLab.Run(MappingLab.Options(Weights, "mapping = bytes"), lab =>
        {
            const int count = 1000;
            using PathTaps taps = new(lab);
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            stream.SendAll(count, unequal ? Sizes : _ => 500);
            Assert.Equal(0, stream.OutOfOrder);
            AssertShares(taps.Take(count, packet => packet.Number >= 0), Weights);

            // The servers count the same.
            long[] onLinks = [.. Weights.Select((_, path) => (long)taps.Packets.Count(packet => packet.Path == path))];
            (long[] sent, long[] received) = lab.Packets(count);
            Assert.Equal(onLinks, sent);
            Assert.Equal(onLinks, received);
        });

    [LabTheory]
    [InlineData("packet")]
    [InlineData("bytes")]
    public void A_path_that_dies_leaves_its_share_to_the_others_and_has_it_again_afterwards(string mapping) =>
        TunnelLab.Run(MappingLab.Options([3, 1, 2], $"mapping = {mapping}"), lab =>
        {
            const int count = 600;
            using PathTaps taps = new(lab);
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            Share(3, 1, 2);
            for (int round = 0; round < 2; round++)
            {
                lab.CutPath(2);
                Share(3, 1, 0);
                lab.CutPath(0);
                Share(0, 1, 0);
                lab.HealPath(2);
                Share(0, 1, 2);
                lab.HealPath(0);
                Share(3, 1, 2);
            }

            void Share(params int[] weights)
            {
                taps.Forget();
                stream.SendAll(count, mapping == "bytes" ? Sizes : _ => 200);
                // What was due before the change may have been carried over.
                AssertShares(taps.Take(count, packet => packet.Number >= 0), weights, packetsOff: 3);
            }
        });

    [LabFact]
    public void A_backup_path_is_used_when_no_other_is_up() => TunnelLab.Run(
        MappingLab.Options([1, 1, 1], "mapping = packet").WithPaths([], ["backup = 1"], []), lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
            stream.SendAll(100);
            AssertPackets(lab, 50, 0, 50);
            lab.CutPath(0);
            stream.SendAll(100);
            AssertPackets(lab, 50, 0, 150);
            lab.CutPath(2);
            stream.SendAll(100);
            AssertPackets(lab, 50, 100, 150);
            lab.HealPath(2);
            stream.SendAll(100);
            AssertPackets(lab, 50, 100, 250);
        });

    [LabFact]
    public void The_mapping_changes_under_traffic_without_losing_a_packet() => TunnelLab.Run(MappingLab.Options(Weights), lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        foreach (string mapping in (string[])["bytes", "flow", "priority", "packet", "duplicate", "flow", "packet"])
        {
            lab.Reconfigure(lab.FileA with { Lines = [$"mapping = {mapping}"] });
            stream.WaitForMore(30);
        }
        stream.Stop();
        stream.WaitForAll();
        Assert.Equal(Enumerable.Range(0, stream.Sent), stream.Arrived.Order());
    });

    /// <summary>Small ones and large ones by turns, in a pattern that agrees with no cycle of the weights.</summary>
    private static int Sizes(int packet) => 60 + packet * 7919 % 1200;

    private static void AssertPackets(TunnelLab lab, params long[] expected)
    {
        (long[] sent, long[] received) = lab.Packets(expected.Sum());
        Assert.Equal(expected, sent);
        Assert.Equal(expected, received);
    }

    /// <summary>After every packet, in the order in which they were sent, each path has its share of the bytes so far within a packet.</summary>
    private static void AssertShares(InnerPacket[] packets, int[] weights, int packetsOff = 1)
    {
        int largest = packets.Max(packet => packet.Length);
        long[] bytes = new long[weights.Length];
        foreach (InnerPacket packet in packets.OrderBy(packet => packet.Number))
        {
            bytes[packet.Path] += packet.Length;
            for (int path = 0; path < weights.Length; path++)
            {
                double share = (double)bytes.Sum() * weights[path] / weights.Sum();
                Assert.True(
                    Math.Abs(bytes[path] - share) <= packetsOff * largest,
                    $"Path {path} had {bytes[path]} bytes after packet {packet.Number}, where {share} were its share.");
            }
        }
    }
}
