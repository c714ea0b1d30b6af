using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;
using static MptTools.Engine.Tests.DataPlane.MappingTests;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Paths with a rate limit, in virtual time.</summary>
public class RateLimitTests
{
    private const long Megabit = 1_000_000;

    /// <summary>The inner length of a packet of a thousand bytes without numbers, IPv4 header of the path included.</summary>
    private const int Length = 968, NumberedLength = 964;

    [Fact]
    public void APathSendsWhatItsLimitAllowsAndNoMore()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, Configs.Path(0) with { RateLimit = 8 * Megabit });
        // 2 ms at once are two packets, and the one that makes the debt.
        bench.SendIntoTunnel(Repeat(ToB(length: Length), 30));
        Assert.InRange(bench.Connection.Paths[0].Sent.Packets, 2, 3);
        Assert.NotNull(bench.SendDeadline);
        Wait(bench, TimeSpan.FromMilliseconds(20));
        Assert.InRange(bench.Connection.Paths[0].Sent.Packets, 21, 23);
        Wait(bench, TimeSpan.FromMilliseconds(20));
        Assert.Equal(30, bench.Connection.Paths[0].Sent.Packets);
        Assert.Null(bench.SendDeadline);
        Assert.Equal(30, bench.Peers[0].Receive(30).Count(datagram => datagram.Payload.AsSpan(4).SequenceEqual(ToB(length: Length))));
        Assert.Equal(0, bench.Connection.Shaper!.Chunks.InUse);
    }

    [Fact]
    public void WhatTheQueueDoesNotHoldIsCounted()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, Configs.Path(0) with { RateLimit = 8 * Megabit });
        SendAll(bench, ToB(length: Length), 100);
        // 50 ms wait.
        long sent = bench.Connection.Paths[0].Sent.Packets;
        Assert.InRange(bench.Connection.Paths[0].Waiting!.Count, 49, 52);
        Assert.Equal(100, sent + bench.Connection.Paths[0].Waiting!.Count + bench.Connection.Paths[0].SendDrops[DropReason.RateLimit]);
        Wait(bench, TimeSpan.FromMilliseconds(60));
        Assert.Equal(100, bench.Connection.Paths[0].Sent.Packets + bench.Connection.Paths[0].SendDrops[DropReason.RateLimit]);
    }

    [Fact]
    public void ACallIsNotHeldUpByADownload()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, Configs.Path(0) with { RateLimit = 8 * Megabit });
        bench.SendIntoTunnel(Repeat(UdpToB(1, 80, mark: 1, length: Length), 40));
        bench.SendIntoTunnel(UdpToB(2, 5060, mark: 2));
        long before = bench.Connection.Paths[0].Sent.Packets;
        Wait(bench, TimeSpan.FromMilliseconds(4));
        List<PeerDatagram> received = bench.Peers[0].Receive((int)bench.Connection.Paths[0].Sent.Packets);
        // The download may finish the turn it has begun: two packets.
        Assert.Contains(received.Skip((int)before).Take(3), datagram => MarkOfUdp(datagram.Payload.AsSpan(4)) == 2);
    }

    [Fact]
    public void WithNumbersThePathsAddUpAndTheOrderIsThatOfTheNumbers()
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Packet, Configs.Path(0) with { RateLimit = 8 * Megabit }, Configs.Path(1) with { RateLimit = 24 * Megabit });
        List<byte[]> sent = [];
        for (int i = 0; i < 100; i++)
        {
            // 32 Mbit/s.
            byte[][] packets = [.. Enumerable.Range(0, 4).Select(mark => UdpToB(1, 2, (uint)(4 * i + mark), NumberedLength))];
            bench.SendIntoTunnel(packets);
            sent.AddRange(packets);
            Wait(bench, TimeSpan.FromMilliseconds(1));
        }
        Wait(bench, TimeSpan.FromMilliseconds(50));
        Assert.Equal(400, SentBy(bench).Sum());
        Assert.InRange(SentBy(bench)[0], 90, 115);
        Assert.Equal(400u, bench.Connection.NextSequence);
        byte[]?[] inOrder = new byte[400][];
        for (int path = 0; path < 2; path++)
        {
            int last = -1;
            foreach (PeerDatagram datagram in bench.Peers[path].Receive((int)SentBy(bench)[path]))
            {
                int number = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(datagram.Payload.AsSpan(4));
                Assert.True(number > last);
                inOrder[last = number] = datagram.Payload[8..];
            }
        }
        Assert.Equal(sent, inOrder);
    }

    [Fact]
    public void PriorityUsesTheNextPathOnlyWhenTheFirstIsFull()
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Priority, Configs.Path(0) with { RateLimit = 8 * Megabit, Priority = 1 }, Configs.Path(1) with { Priority = 2 });
        // 4 Mbit/s, evenly: nothing ever waits.
        for (int i = 0; i < 100; i++)
        {
            bench.SendIntoTunnel(ToB(length: Length));
            Wait(bench, TimeSpan.FromMilliseconds(2));
        }
        Assert.Equal([100, 0], SentBy(bench));
        Assert.Equal(0u, bench.Connection.NextSequence);

        // The same in bursts of eight, which wait a little.
        for (int i = 0; i < 50; i++)
        {
            bench.SendIntoTunnel(Repeat(ToB(length: NumberedLength), 8));
            Wait(bench, TimeSpan.FromMilliseconds(16));
        }
        Assert.Equal([500, 0], SentBy(bench));

        // 16 Mbit/s: all leaves at once or soon, and nothing is lost.
        for (int i = 0; i < 200; i++)
        {
            bench.SendIntoTunnel(Repeat(ToB(length: NumberedLength), 2));
            Wait(bench, TimeSpan.FromMilliseconds(1));
        }
        Wait(bench, TimeSpan.FromMilliseconds(30));
        Assert.Equal(900, SentBy(bench).Sum());
        Assert.InRange(SentBy(bench)[1], 150, 200);
        Assert.Equal(0, bench.Connection.SendDrops.Total + bench.Connection.Paths.Sum(path => path.SendDrops.Total));
        Assert.NotEqual(0u, bench.Connection.NextSequence);

        // Back when there is room, and after a while without numbers.
        Wait(bench, TimeSpan.FromSeconds(2));
        long[] before = SentBy(bench);
        uint number = bench.Connection.NextSequence;
        bench.SendIntoTunnel(ToB(length: Length), ToB(length: Length));
        Wait(bench, TimeSpan.FromMilliseconds(16));
        Assert.Equal([before[0] + 2, before[1]], SentBy(bench));
        Assert.Equal(number, bench.Connection.NextSequence);
    }

    [Fact]
    public void WhatMayBeOvertakenOnAnotherPathHasNumbers()
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Priority, Configs.Path(0) with { RateLimit = 8 * Megabit, Priority = 1 }, Configs.Path(1) with { Priority = 2 });
        SendAll(bench, ToB(length: Length), 60);
        Wait(bench, TimeSpan.FromMilliseconds(40));
        long[] sent = SentBy(bench);
        Assert.InRange(sent[1], 20, 50);
        Assert.All(bench.Peers[1].Receive((int)sent[1]), datagram => Assert.Equal(0x10, datagram.Payload[0]));
        // Without numbers only what left before anything had to wait.
        Assert.InRange(bench.Peers[0].Receive((int)sent[0]).Count(datagram => datagram.Payload[0] == 0), 0, 3);
    }

    [Fact]
    public void PriorityPassesOverWhatIsDown()
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Priority, Configs.Path(0) with { Priority = 3 }, Configs.Path(1) with { Priority = 2 }, Configs.Path(2) with { Priority = 2 });
        bench.SendIntoTunnel(Repeat(ToB(), 6));
        Assert.Equal([0, 3, 3], SentBy(bench));
        bench.Connection.UpPaths = 0b001;
        bench.SendIntoTunnel(Repeat(ToB(), 6));
        Assert.Equal([6, 3, 3], SentBy(bench));
    }

    [Fact]
    public void ARuleMayPreferAPath()
    {
        using TunnelBench bench = Combined(
            MappingMode.Flow,
            [new() { Index = 0, Protocols = [17], DestinationPorts = [new(80, 80)], Prefer = 1 }],
            Configs.Path(0), Configs.Path(1) with { RateLimit = 8 * Megabit, IsBackup = true });
        bench.SendIntoTunnel(Repeat(UdpToB(1, 80, length: Length), 10));
        Wait(bench, TimeSpan.FromMilliseconds(20));
        Assert.Equal([0, 10], SentBy(bench));
        SendAll(bench, UdpToB(1, 80, length: NumberedLength), 100);
        Wait(bench, TimeSpan.FromMilliseconds(40));
        Assert.Equal(110, SentBy(bench).Sum());
        Assert.InRange(SentBy(bench)[0], 60, 90);
        bench.Connection.UpPaths = 0b01;
        bench.SendIntoTunnel(UdpToB(1, 80));
        Assert.Equal(111, SentBy(bench).Sum());
    }

    [Fact]
    public void WhatWaitsForAPathThatGoesDownTakesAnother()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, Configs.Path(0) with { RateLimit = Megabit }, Configs.Path(1));
        byte[] packet = Enumerable.Range(1, 100).Select(port => UdpToB(port, 7, length: Length)).First(candidate =>
        {
            long before = SentBy(bench)[0];
            bench.SendIntoTunnel(candidate);
            return SentBy(bench)[0] > before;
        });
        long[] before = SentBy(bench);
        bench.SendIntoTunnel(Repeat(packet, 5));
        Assert.Equal(5, bench.Connection.Paths[0].Waiting!.Count);
        bench.Connection.UpPaths = 0b10;
        // At once, whatever it had to wait for.
        bench.SendWaiting();
        Assert.Equal([before[0], before[1] + 5], SentBy(bench));
    }

    [Fact]
    public void WhatWaitsFindsItsWayThroughAChange()
    {
        using TunnelBench bench = BenchOf(MappingMode.Packet, Configs.Path(0) with { RateLimit = Megabit }, Configs.Path(1) with { RateLimit = Megabit });
        ConnectionRuntime connection = bench.Connection;
        byte[][] packets = [.. Enumerable.Range(0, 12).Select(mark => UdpToB(1, 2, (uint)mark, NumberedLength))];
        bench.SendIntoTunnel(packets);
        Assert.InRange(connection.Mapping.Rest.Waiting!.Count, 8, 11);
        connection.Become(
            connection.Config with { Paths = [connection.Config.Paths[1] with { Index = 0, RateLimit = 0 }] }, [connection.Paths[1]], connection.Order, bench.Now);
        Wait(bench, TimeSpan.FromMilliseconds(20));
        Assert.Equal(12u, connection.NextSequence);
        Assert.Null(bench.SendDeadline);
        Assert.Equal(0, connection.Shaper!.Chunks.InUse);
        Assert.Equal(0, connection.SendDrops.Total);
    }

    [Fact]
    public void EveryCopyKeepsToItsPathsLimit()
    {
        using TunnelBench bench = BenchOf(MappingMode.Duplicate, Configs.Path(0) with { RateLimit = 8 * Megabit }, Configs.Path(1));
        bench.Connection.PeerTakesDuplicates = true;
        bench.SendIntoTunnel(Repeat(ToB(length: 960), 20));
        Assert.InRange(SentBy(bench)[0], 2, 3);
        Assert.Equal(20, SentBy(bench)[1]);
        Wait(bench, TimeSpan.FromMilliseconds(30));
        Assert.Equal([20, 20], SentBy(bench));
        Assert.Equal(bench.Peers[0].Receive(20).Select(datagram => datagram.Payload), bench.Peers[1].Receive(20).Select(datagram => datagram.Payload));
    }

    [Fact]
    public void AConnectionThatIsTakenAwayLeavesNothingToDo()
    {
        using TunnelBench bench = BenchOf(MappingMode.Packet, Configs.Path(0) with { RateLimit = Megabit });
        bench.SendIntoTunnel(Repeat(ToB(length: Length), 20));
        Assert.NotNull(bench.SendDeadline);
        bench.ForgetSending();
        Assert.Null(bench.SendDeadline);
    }

    [Fact]
    public void WithoutALimitNothingWaits()
    {
        using TunnelBench bench = BenchOf(MappingMode.Packet, Configs.Path(0));
        bench.SendIntoTunnel(Repeat(ToB(), 20));
        Assert.Null(bench.SendDeadline);
        Assert.Null(bench.Connection.Shaper);
    }

    [Fact]
    public void APathIsServedWhenItHasRoomHoweverLongAnotherHasNone()
    {
        using TunnelBench bench = Combined(
            MappingMode.Flow,
            [
                new() { Index = 0, Protocols = [17], DestinationPorts = [new(80, 80)], Paths = [0] },
                new() { Index = 1, Protocols = [17], DestinationPorts = [new(81, 81)], Paths = [1] },
            ],
            Configs.Path(0) with { RateLimit = 8000 }, Configs.Path(1) with { RateLimit = 8 * Megabit });
        // A second for each packet.
        bench.SendIntoTunnel(Repeat(UdpToB(1, 80, length: Length), 2));
        Wait(bench, TimeSpan.FromMilliseconds(10));
        bench.SendIntoTunnel(Repeat(UdpToB(1, 81, length: Length), 20));
        Wait(bench, TimeSpan.FromMilliseconds(25));
        Assert.Equal([1, 20], SentBy(bench));
    }

    [Fact]
    public void WhatWaitsForAnyPathIsSentWhenOneComesUp()
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Packet, Configs.Path(0) with { RateLimit = 8000 }, Configs.Path(1) with { RateLimit = 80 * Megabit });
        bench.Connection.UpPaths = 0b01;
        bench.SendIntoTunnel(Repeat(ToB(length: NumberedLength), 2));
        Wait(bench, TimeSpan.FromMilliseconds(10));
        bench.Connection.UpPaths = 0b11;
        for (int i = 0; i < 10; i++)
        {
            // More than the queue of the first path alone holds.
            bench.SendIntoTunnel(Repeat(ToB(length: NumberedLength), 5));
            Wait(bench, TimeSpan.FromMilliseconds(1));
        }
        Wait(bench, TimeSpan.FromMilliseconds(5));
        Assert.Equal([1, 51], SentBy(bench));
    }

    [Theory]
    [InlineData(MappingMode.Packet)]
    [InlineData(MappingMode.Priority)]
    public void NoMoreWaitsThanThePathsThatAreLeftCarry(MappingMode mode)
    {
        using TunnelBench bench = BenchOf(mode, Configs.Path(0) with { RateLimit = 8 * Megabit }, Configs.Path(1) with { RateLimit = 800 * Megabit });
        SendAll(bench, ToB(length: NumberedLength), 300);
        Assert.True(bench.Connection.Mapping.Rest.Waiting!.Count > 60);
        bench.Connection.UpPaths = 0b01;
        SendAll(bench, ToB(length: NumberedLength), 20);
        Assert.InRange(bench.Connection.Mapping.Rest.Waiting!.Count, 40, 62);
    }

    [Theory]
    [InlineData(MappingMode.Packet)]
    [InlineData(MappingMode.Priority)]
    public void MoreMayWaitWhenAPathComesUp(MappingMode mode)
    {
        using TunnelBench bench = BenchOf(mode, Configs.Path(0) with { RateLimit = 8 * Megabit }, Configs.Path(1) with { RateLimit = 8 * Megabit });
        bench.Connection.UpPaths = 0b01;
        SendAll(bench, ToB(length: NumberedLength), 20);
        bench.Connection.UpPaths = 0b11;
        SendAll(bench, ToB(length: NumberedLength), 80);
        Assert.Equal(0, bench.Connection.SendDrops.Total + bench.Connection.Paths.Sum(path => path.SendDrops.Total));
    }

    [Theory]
    [InlineData(8000, 964)]
    [InlineData(1_000_000, 964)]
    [InlineData(8_000_000, 40)]
    [InlineData(20_000_000, 40)]
    public void WhatTheFirstPathDoesNotCarryTakesTheNextWhateverTheRateAndTheLength(long rate, int length)
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Priority, Configs.Path(0) with { RateLimit = rate, Priority = 1 }, Configs.Path(1) with { Priority = 2 });
        SendAll(bench, ToB(length: length), 2000);
        Assert.Equal(0, bench.Connection.SendDrops.Total + bench.Connection.Paths.Sum(path => path.SendDrops.Total));
        Assert.InRange(SentBy(bench)[1], 500, 2000);
    }

    [Fact]
    public void FragmentsTooTakeTheFirstPathsOfPriority()
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Priority, Configs.Path(0) with { RateLimit = 8 * Megabit, Priority = 1 }, Configs.Path(1) with { Priority = 2 });
        bench.Connection.Size.LargestInner = 500;
        for (int flow = 0; flow < 20; flow++)
        {
            bench.SendIntoTunnel(UdpToB(1000 + flow, 7, length: 900));
            Wait(bench, TimeSpan.FromMilliseconds(4));
        }
        Assert.Equal([40, 0], SentBy(bench));
        bench.Connection.UpPaths = 0b10;
        bench.SendIntoTunnel(UdpToB(1, 7, length: 900));
        Assert.Equal([40, 2], SentBy(bench));
    }

    [Fact]
    public void AHigherLimitIsUsedAtOnceByWhatWaits()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, Configs.Path(0) with { RateLimit = 8000 });
        ConnectionRuntime connection = bench.Connection;
        bench.SendIntoTunnel(Repeat(ToB(length: Length), 3));
        Wait(bench, TimeSpan.FromMilliseconds(10));
        Assert.Equal([1], SentBy(bench));
        connection.Become(
            connection.Config with { Paths = [connection.Config.Paths[0] with { RateLimit = 0 }] }, connection.Paths, connection.Order, bench.Now);
        Wait(bench, TimeSpan.FromMilliseconds(1));
        Assert.Equal([3], SentBy(bench));
        Assert.Null(bench.SendDeadline);
    }

    /// <summary>As many at once as the pair of sockets holds that stands in for the device.</summary>
    private static void SendAll(TunnelBench bench, byte[] packet, int count)
    {
        for (int left = count; left > 0; left -= 20)
        {
            bench.SendIntoTunnel(Repeat(packet, Math.Min(left, 20)));
        }
    }

    /// <summary>Time passes; the sending side is served whenever it has said it wants to be.</summary>
    private static void Wait(TunnelBench bench, TimeSpan time)
    {
        TimeSpan end = bench.Now + time;
        while (bench.SendDeadline is { } due && due <= end)
        {
            bench.Now = due > bench.Now ? due : bench.Now;
            bench.SendWaiting();
            Assert.False(bench.SendDeadline <= bench.Now, "The deadline does not move.");
        }
        bench.Now = end;
    }
}
