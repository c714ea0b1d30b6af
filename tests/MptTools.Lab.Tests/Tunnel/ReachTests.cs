using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Packets of both IP versions get through tunnels of every kind.</summary>
public class ReachTests
{
    [LabTheory]
    [InlineData(4, 4, 4)]
    [InlineData(4, 6, 6)]
    [InlineData(6, 4, 4)]
    [InlineData(6, 6, 6)]
    [InlineData(4, 4, 6)]
    [InlineData(6, 6, 4)]
    public void Both_IP_versions_travel_in_any_tunnel_over_any_paths(int tunnel, int path0, int path1) => TunnelLab.Run(
        new TunnelOptions { TunnelVersion = tunnel, PathVersions = [path0, path1] }, lab =>
        {
            // In this order every path carries both versions, in both directions.
            foreach ((LabHost from, string[] addresses) in new[]
            {
                (lab.A, new[] { TunnelLab.AddressB, TunnelLab.AddressB6, TunnelLab.AddressB6, TunnelLab.AddressB }),
                (lab.B, [TunnelLab.AddressA, TunnelLab.AddressA6, TunnelLab.AddressA6, TunnelLab.AddressA]),
            })
            {
                Assert.All(addresses, address => Traffic.Ping(from, address));
            }
            foreach (LabServer server in new[] { lab.ServerA, lab.ServerB })
            {
                ConnectionStatus connection = server.Connection();
                Assert.Equal((8, 8), (connection.PacketsSent, connection.PacketsReceived));
                Assert.All(connection.Paths, path => Assert.Equal((4, 4), (path.PacketsSent, path.PacketsReceived)));
                Assert.All(connection.Paths, path => Assert.Empty(path.Drops));
            }
        });

    [LabFact]
    public void Link_local_addresses_will_do_for_a_path() => TunnelLab.RunStopped(
        new TunnelOptions
        {
            Connection = connection => connection with
            {
                Paths = [connection.Paths[0], connection.Paths[1] with { Local = "fe80::a2", Remote = "fe80::a3" }],
            },
        }, lab =>
        {
            lab.A.AddAddress("eth2", "fe80::a2/64");
            lab.B.AddAddress("eth2", "fe80::a3/64");
            lab.Start();
            for (int i = 0; i < 4; i++)
            {
                Traffic.Ping(lab.A, TunnelLab.AddressB);
            }
            Assert.All(lab.ServerA.Connection().Paths, path => Assert.Equal((2, 2), (path.PacketsSent, path.PacketsReceived)));
        });
}
