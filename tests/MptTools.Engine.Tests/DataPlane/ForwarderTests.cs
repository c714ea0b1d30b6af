using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Which thread does what.</summary>
public class ForwarderTests
{
    [Fact]
    public void AConnectionGoesToTheThreadWithTheFewest()
    {
        using EventFd arrival = new();
        using Forwarder forwarder = new("test", TimeProvider.System, new ThreadPlan(5), arrival);
        List<ConnectionRuntime> connections = [];
        Assert.Equal([0, 1, 2, 0, 1, 2, 0], Add(7));

        forwarder.Forget(connections[2]);
        forwarder.Forget(connections[5]);
        forwarder.Forget(connections[4]);
        Assert.Equal([2, 1, 2, 1], Add(4));
        Assert.Equal([0, 1, 2, 0, 1, 2, 0], connections.Take(7).Select(connection => connection.Downlink.Index));

        int[] Add(int count) =>
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                connections.Add(new ConnectionRuntime(Configs.Connection(Configs.Path(0)), null!, forwarder.AssignDownlink()));
                return connections[^1].Downlink.Index;
            }),
        ];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void EveryQueueIsReadAndEveryConnectionHeard(int threads)
    {
        using ThreadsBench bench = new(new ThreadPlan(threads), connections: 4);
        for (int queue = 0; queue < bench.Queues; queue++)
        {
            for (int connection = 0; connection < 4; connection++)
            {
                byte[] packet = ThreadsBench.PacketTo(connection, (uint)queue);
                bench.WriteIntoTunnel(packet, queue);
                Assert.Equal(Gre(packet, (uint)queue), bench.Peers[connection].Receive(1)[0].Payload);
            }
        }
        for (int connection = 0; connection < 4; connection++)
        {
            byte[] packet = ThreadsBench.PacketFrom(connection);
            bench.Peers[connection].Send(Gre(packet, 0));
            int queue = bench.Connections[connection].Downlink.Index % bench.Queues;
            Assert.Equal(packet, bench.ReadFromTunnel(queue));
            Assert.Equal(1, bench.Connections[connection].Delivered.Packets);
        }
        Assert.Equal(bench.Queues * 4, bench.Tunnel.Readers.Sum(reader => reader.Read.Packets));
        // Counted after the packet is out.
        Assert.True(SpinWait.SpinUntil(() => bench.Tunnel.Writers.Sum(writer => writer.Written.Packets) == 4, TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void WhileAllThreadsStandNothingIsReadAndNothingIsLost(int threads)
    {
        using ThreadsBench bench = new(new ThreadPlan(threads), connections: 1);
        int queues = bench.Queues;
        HashSet<int> acting = [];
        for (int round = 0; round < 20; round++)
        {
            bench.Forwarder.Pause(() =>
            {
                acting.Add(Environment.CurrentManagedThreadId);
                for (int queue = 0; queue < queues; queue++)
                {
                    bench.WriteIntoTunnel(ThreadsBench.PacketTo(0, (uint)queue), queue);
                }
                for (int i = 0; i < 1000; i++)
                {
                    Thread.Yield();
                    Assert.DoesNotContain(Enumerable.Range(0, queues), bench.IsRead);
                }
            });
            Assert.Equal(queues, bench.Peers[0].Receive(queues).Count);
        }
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, acting);
        Assert.Single(acting);
    }

    [Fact]
    public void ASocketMayBeClosedOnlyWhenNoThreadSendsByItAnyMore()
    {
        using ThreadsBench bench = new(new ThreadPlan(4), connections: 1);
        ConnectionRuntime connection = bench.Connections[0];
        Thread removing = new(() => bench.Close(connection.Paths[0]));
        lock (connection.Gate)
        {
            bench.WriteIntoTunnel(ThreadsBench.PacketTo(0), queue: 1);
            // It has been read when it can be read no more, and waits behind the gate then.
            SpinWait.SpinUntil(() => bench.IsRead(queue: 1));
            removing.Start();
            // The receiving thread has nothing to finish and goes round far more often than the removal needs.
            SpinWait.SpinUntil(() => !removing.IsAlive || removing.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
            ConnectionRuntime other = new(Configs.Connection(), null!, connection.Downlink);
            for (int i = 0; i < 100; i++)
            {
                bench.Forwarder.Forget(other);
            }
            Assert.True(removing.IsAlive, "The socket was given free while a thread was about to send.");
        }
        removing.Join();
        Assert.Equal(1, connection.Paths[0].Sent.Packets + connection.Paths[0].SendDrops.Total);
    }
}
