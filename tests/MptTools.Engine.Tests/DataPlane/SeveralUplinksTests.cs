using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using static System.Buffers.Binary.BinaryPrimitives;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Several threads send packets of the same connections, each from a queue of its own.</summary>
public class SeveralUplinksTests
{
    private const string B = "10.0.0.3", C = "10.0.0.4", Nobody = "10.0.0.5";

    private static readonly ConnectionConfig ToTwoPaths =
        Configs.Connection(Configs.Path(0, 2), Configs.Path(1, 1)) with { ReorderWindow = 1000 };

    private static readonly ConnectionConfig ToOnePath =
        Configs.Connection(Configs.Path(0)) with { Name = "to_C", RemoteAddress = IPAddress.Parse(C), ReorderWindow = 1000 };

    [Fact]
    public void NumbersRiseOnEveryPathAndNoneIsMissing()
    {
        const int threads = 4, rounds = 300, batch = 24;
        using TunnelBench bench = new(threads, ToTwoPaths, ToOnePath);
        // By rounds, for the peers' sockets may be small.
        using Barrier round = new(threads + 1);
        Exception? failure = null;
        Thread[] sending = [.. Enumerable.Range(0, threads).Select(queue => new Thread(() => Send(queue)))];
        Array.ForEach(sending, thread => thread.Start());
        List<(uint Number, uint Mark)>[] received = [[], [], []];
        for (int i = 0; i < rounds; i++)
        {
            round.SignalAndWait();
            round.SignalAndWait();
            for (int path = 0; path < received.Length && failure is null; path++)
            {
                received[path].AddRange(ReceiveAll(bench, path));
            }
        }
        Array.ForEach(sending, thread => thread.Join());
        Assert.Null(failure);

        Assert.All(received, packets => Assert.Equal(packets.Select(packet => packet.Number).Order(), packets.Select(packet => packet.Number)));
        (uint Number, uint Mark)[][] connections = [[.. received[0].Concat(received[1]).OrderBy(packet => packet.Number)], [.. received[2]]];
        Assert.Equal([threads * rounds * batch * 2 / 3, threads * rounds * batch / 3], connections.Select(packets => packets.Length));
        Assert.All(connections, packets =>
        {
            Assert.Equal(Enumerable.Range(0, packets.Length), packets.Select(packet => (int)packet.Number));
            // What came out of one queue keeps its order.
            Assert.All(packets.GroupBy(packet => packet.Mark >> 24), ofQueue =>
                Assert.Equal(ofQueue.Select(packet => packet.Mark).Order(), ofQueue.Select(packet => packet.Mark)));
        });
        Assert.Equal(2 * received[1].Count, received[0].Count);
        Assert.Equal(
            connections.Select(packets => (uint)packets.Length), bench.Connections.Select(connection => connection.AnnouncedSequence));
        Assert.Equal(rounds * batch, bench.Tunnel.Readers[^1].Read.Packets);

        void Send(int queue)
        {
            try
            {
                uint mark = (uint)queue << 24;
                for (int i = 0; i < rounds; i++)
                {
                    round.SignalAndWait();
                    for (int packet = 0; packet < batch; packet++)
                    {
                        bench.WriteIntoTunnel(IPv4("10.0.0.2", packet % 3 == 0 ? C : B, mark++), queue);
                        if (packet % 3 == 2)
                        {
                            bench.RunUplink(queue);
                        }
                    }
                    round.SignalAndWait();
                }
            }
            catch (Exception e)
            {
                failure = e;
                round.RemoveParticipant();
            }
        }
    }

    [Fact]
    public void OneOfSeveralSendsByteForByteWhatTheOnlyOneSends()
    {
        Random random = new(3);
        byte[][] packets = [.. Enumerable.Range(0, 2000).Select(mark => IPv4(
            "10.0.0.2", new[] { B, B, C, Nobody }[random.Next(4)], (uint)mark, random.Next(24, 1400)))];
        using TunnelBench only = new(ToTwoPaths, ToOnePath), several = new(2, ToTwoPaths, ToOnePath);
        foreach (byte[][] some in packets.Chunk(100))
        {
            only.SendIntoTunnel(some);
            several.SendIntoTunnel(some);
            for (int path = 0; path < only.Peers.Count; path++)
            {
                Assert.Equal(Payloads(only, path), Payloads(several, path));
            }
        }
        Assert.Equal(
            (only.Tunnel.Readers[0].Read.Packets, only.Tunnel.Readers[0].Read.Bytes, only.Tunnel.Readers[0].Drops.Total),
            (several.Tunnel.Readers[0].Read.Packets, several.Tunnel.Readers[0].Read.Bytes, several.Tunnel.Readers[0].Drops.Total));
        Assert.True(only.Tunnel.Readers[0].Drops[DropReason.NoConnection] > 0);
    }

    [Fact]
    public void WhileOneSendsForAConnectionNobodyElseDoes()
    {
        using TunnelBench bench = new(2, ToTwoPaths, ToOnePath);
        bench.WriteIntoTunnel(ToB(0), queue: 1);
        Thread sending = new(() => bench.RunUplink(queue: 1));
        lock (bench.Connection.Gate)
        {
            sending.Start();
            SpinWait.SpinUntil(() => !sending.IsAlive || sending.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
            Assert.True(sending.IsAlive, "A packet was sent past the gate.");
            Assert.Equal(0u, bench.Connection.NextSequence);
            // Other connections are not concerned.
            bench.SendIntoTunnel(IPv4("10.0.0.2", C));
            Assert.Single(bench.Peers[2].Receive(1));
        }
        sending.Join();
        Assert.Equal(Gre(ToB(0), 0), bench.Peers[0].Receive(1)[0].Payload);
    }

    [Fact]
    public void SendingAllocatesNothing()
    {
        using TunnelBench bench = new(2, ToTwoPaths, ToOnePath);
        byte[][] packets = [.. Enumerable.Range(0, 100).Select(mark => IPv4("10.0.0.2", mark % 3 == 0 ? C : B, (uint)mark))];
        bench.SendIntoTunnel(packets);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bench.SendIntoTunnel(packets);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(200, bench.Connections.Sum(connection => connection.Paths.Sum(path => path.Sent.Packets)));
    }

    private static IEnumerable<string> Payloads(TunnelBench bench, int path) =>
        ReceiveSent(bench, path).Select(datagram => Convert.ToHexString(datagram.Payload));

    /// <summary>Everything that was sent to a peer and not yet received.</summary>
    private static List<PeerDatagram> ReceiveSent(TunnelBench bench, int peer)
    {
        PathRuntime path = bench.Connections.SelectMany(connection => connection.Paths).ElementAt(peer);
        return bench.Peers[peer].ReceiveUpTo(path.Sent.Packets);
    }

    private static IEnumerable<(uint Number, uint Mark)> ReceiveAll(TunnelBench bench, int peer) =>
        ReceiveSent(bench, peer).Select(datagram =>
        {
            uint number = ReadUInt32BigEndian(datagram.Payload.AsSpan(4)), mark = ReadUInt32BigEndian(datagram.Payload.AsSpan(28));
            return (number, mark);
        });
}
