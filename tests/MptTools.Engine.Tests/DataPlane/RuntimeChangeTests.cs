using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>A connection becomes another one between two batches.</summary>
public class RuntimeChangeTests
{
    [Fact]
    public void WhatBelongsToAPathMovesWithIt()
    {
        using TunnelBench bench = TunnelBench.With(paths: 3, window: 100);
        ConnectionRuntime connection = bench.Connection;
        connection.UpPaths = 0b110;
        bench.SendIntoTunnel(Packets(4));
        PathRuntime second = connection.Paths[1], third = connection.Paths[2];
        Assert.Equal((2, 2), (second.Sent.Packets, third.Sent.Packets));

        Become(connection, connection.Config with
        {
            Paths = [connection.Config.Paths[1] with { Index = 0, WeightOut = 3 }, connection.Config.Paths[2] with { Index = 1, UdpChecksum = false }],
        }, second, third);

        Assert.Equal([second, third], connection.Paths);
        Assert.Equal((0, 1), (second.Index, third.Index));
        Assert.Equal((0b11u, 0b01u), (connection.UpPaths, connection.ChecksummedPaths));
        bench.SendIntoTunnel(Packets(4));
        Assert.Equal((5, 3), (second.Sent.Packets, third.Sent.Packets));
        Assert.Equal(8u, connection.NextSequence);
    }

    [Fact]
    public void WithOtherSettingsOnlyTheCycleOfThePathsGoesOn()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        ConnectionRuntime connection = bench.Connection;
        (Mapping mapping, ReorderBuffer? order) = (connection.Mapping, connection.Order);
        connection.Become(connection.Config with { Status = 1 }, [.. connection.Paths], order, bench.Now);
        Assert.Same(mapping, connection.Mapping);
        Assert.Same(order, connection.Order);
    }

    [Fact]
    public void WhatWaitsComesOutWhenOrderingEnds()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        byte[][] packets = [.. Enumerable.Range(0, 5).Select(i => ToA((uint)i))];
        Assert.Equal(packets[..1], bench.Deliver((1, Gre(packets[0], 0))));
        Assert.Empty(bench.Deliver((0, Gre(packets[2], 2)), (0, Gre(packets[3], 3))));
        ConnectionRuntime connection = bench.Connection;
        connection.Become(connection.Config with { ReorderWindow = 0 }, [.. connection.Paths], null, bench.Now);

        Assert.False(connection.Sequenced);
        Assert.Null(bench.Deadline);
        Assert.Equal([packets[2], packets[3], packets[1]], bench.Deliver((1, Gre(packets[1], 1))));
        Assert.Equal((4, 0), (connection.Delivered.Packets, bench.ChunksInUse));

        Become(connection, connection.Config with { ReorderWindow = 10 }, connection.Paths);
        Assert.Equal([packets[4]], bench.Deliver((1, Gre(packets[4], 4))));
        Assert.Empty(bench.Deliver((1, Gre(packets[0], 6))));
    }

    private static void Become(ConnectionRuntime connection, ConnectionConfig config, params PathRuntime[] paths) =>
        connection.Become(config, [.. paths], connection.MakeOrder(config), TimeSpan.Zero);

    private static byte[][] Packets(int count) =>
        [.. Enumerable.Range(0, count).Select(i => ToB((uint)i))];
}
