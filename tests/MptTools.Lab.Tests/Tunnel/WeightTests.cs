using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Which path takes how many packets.</summary>
public class WeightTests
{
    // Few keepalives, so that what a link carries is the data.
    private static ConnectionFile WithWeights(ConnectionFile connection, params int[] weights) => connection with
    {
        ReorderWindow = 1000,
        Paths = [.. connection.Paths.Select((path, index) => path with { Weight = weights[index], Keepalive = 60, Dead = 180 })],
    };

    [LabFact]
    public void Weights_12_18_15_share_the_packets_exactly_on_both_ends() => TunnelLab.Run(
        new TunnelOptions { PathVersions = [4, 4, 4], Connection = connection => WithWeights(connection, 12, 18, 15) }, lab =>
        {
            const int rounds = 20, size = 1000;
            long[] BytesOver(LinkDirection direction) => [.. lab.Links.Select(link => link.Counters(direction).Bytes)];
            foreach ((LinkDirection direction, LabServer from, LabServer to) in new[]
            {
                (LinkDirection.AToB, lab.ServerA, lab.ServerB), (LinkDirection.BToA, lab.ServerB, lab.ServerA),
            })
            {
                long[] before = BytesOver(direction);
                using NumberedStream stream = direction == LinkDirection.AToB
                    ? new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB)
                    : new(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA);
                stream.SendAll(rounds * 45, size);

                long[] expected = [rounds * 12, rounds * 18, rounds * 15];
                Assert.Equal(expected, from.Connection().Paths.Select(path => path.PacketsSent));
                Assert.Equal(expected, to.Connection().Paths.Select(path => path.PacketsReceived));
                // What went over each link, by its own count: nothing but the packets, and what the kernel says of itself (MLD), which is
                // less than one of them. A link counts the outer headers of a run once.
                const int outer = 14 + 20 + 8, inner = 8 + 20 + 8 + size;
                foreach ((long packets, long bytes) in expected.Zip(BytesOver(direction).Zip(before, (after, earlier) => after - earlier)))
                {
                    Assert.InRange(bytes, packets * inner + outer, packets * (inner + outer) + size);
                }
            }
        });

    [LabFact]
    public void Twenty_paths_of_both_IP_versions_carry_the_same() => TunnelLab.Run(
        new TunnelOptions
        {
            PathVersions = [.. Enumerable.Range(0, 20).Select(index => index % 2 == 0 ? 4 : 6)],
            Connection = connection => WithWeights(connection, [.. Enumerable.Repeat(1, 20)]),
        }, lab =>
        {
            using NumberedStream stream = new(lab.A, TunnelLab.AddressA6, lab.B, TunnelLab.AddressB6);
            stream.SendAll(20 * 50);
            Assert.Equal(0, stream.OutOfOrder);
            ConnectionStatus sent = lab.ServerA.Connection(), received = lab.ServerB.Connection();
            Assert.Equal(20, sent.Paths.Count);
            Assert.All(sent.Paths, path => Assert.Equal(50, path.PacketsSent));
            Assert.All(received.Paths, path => Assert.Equal(50, path.PacketsReceived));
        });
}
