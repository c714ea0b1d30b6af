using MptTools.Engine.DataPlane;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>The receiving side around the reorder buffer: what counts, what is due when, and what becomes of the memory.</summary>
public class DownlinkOrderingTests
{
    [Fact]
    public void WhatWaitsSurvivesTheNextBatches()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Connection.PeerIsOurs = true;
        Assert.Equal([ToA(0)], bench.Deliver((0, Gre(ToA(0), 0))));
        const int largest = 65_507 - 8;
        Assert.Empty(bench.Deliver((0, Gre(ToA(2, length: largest), 2)), (0, Gre(ToA(3), 3))));
        Assert.Empty(bench.Deliver((0, Gre(ToA(5, length: 2000), 5))));
        Assert.Equal(3, bench.ChunksInUse);
        Assert.Equal(
            [ToA(1), ToA(2, length: largest), ToA(3), ToA(4), ToA(5, length: 2000)],
            bench.Deliver((1, Gre(ToA(1), 1)), (1, Gre(ToA(4), 4))));
        Assert.Equal(0, bench.ChunksInUse);
        Assert.Null(bench.Deadline);
    }

    [Fact]
    public void WhatIsDueByTimeGoesOutWithoutAnythingComing()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        Assert.Equal([ToA(0)], bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(4), 4))));
        Assert.Equal(bench.Now + TimeSpan.FromMilliseconds(100), bench.Deadline);
        bench.Now += TimeSpan.FromMilliseconds(99.9);
        Assert.Empty(bench.Deliver());
        bench.Now = bench.Deadline!.Value;
        Assert.Equal([ToA(4)], bench.Deliver());
        Assert.Null(bench.Deadline);
        Assert.Equal(3, bench.Connection.Order!.LostByTime);
    }

    [Fact]
    public void TheEarliestDeadlineOfAllConnectionsCounts()
    {
        using TunnelBench bench = new(
            Configs.Connection(Configs.Path(0), Configs.Path(1)) with { ReorderWindow = 10, MaxBufferDelay = TimeSpan.FromMilliseconds(300) },
            Configs.Connection(Configs.Path(0), Configs.Path(1)) with { ReorderWindow = 10, MaxBufferDelay = TimeSpan.FromMilliseconds(20) });
        TimeSpan start = bench.Now;
        bench.Deliver((0, Gre(ToA(0), 0)), (2, Gre(ToA(0), 0)), (1, Gre(ToA(2), 2)));
        Assert.Equal(start + TimeSpan.FromMilliseconds(300), bench.Deadline);
        bench.Now += TimeSpan.FromMilliseconds(5);
        bench.Deliver((3, Gre(ToA(2), 2)));
        Assert.Equal(start + TimeSpan.FromMilliseconds(25), bench.Deadline);
        bench.Now = bench.Deadline!.Value;
        Assert.Single(bench.Deliver());
        Assert.Equal(start + TimeSpan.FromMilliseconds(300), bench.Deadline);
    }

    [Fact]
    public void OneLostPacketIsGivenUpWhenAllPathsHaveBroughtNewerOnes()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1)));
        bench.Now += TimeSpan.FromMilliseconds(150);
        Assert.Empty(bench.Deliver((0, Gre(ToA(3), 3))));
        Assert.Equal([ToA(3), ToA(4)], bench.Deliver((1, Gre(ToA(4), 4))));
        Assert.Empty(bench.Deliver((0, Gre(ToA(2), 2)), (1, Gre(ToA(4), 4))));
        Assert.Equal(1, bench.Connection.ReceiveDrops[DropReason.OrderLate]);
        Assert.Equal(1, bench.Connection.ReceiveDrops[DropReason.OrderDuplicate]);
        Assert.Equal(
            bench.Connection.Paths.Sum(path => path.Received.Packets),
            bench.Connection.Delivered.Packets + bench.Connection.ReceiveDrops.Total);
    }

    [Fact]
    public void AnExistingPeersIdlePathIsNotWaitedFor()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1)));
        // Not yet idle: the packet may be under way on path 1.
        bench.Now += TimeSpan.FromMilliseconds(199);
        Assert.Empty(bench.Deliver((0, Gre(ToA(3), 3))));
        bench.Now += TimeSpan.FromMilliseconds(1);
        Assert.Equal([ToA(3)], bench.Deliver());
        Assert.Equal(1, bench.Connection.Order!.LostByGap);
        // It was under way after all.
        Assert.Equal([ToA(2)], bench.Deliver((1, Gre(ToA(2), 2))));
    }

    [Fact]
    public void OurPeersIdlePathIsWaitedForUntilItSpeaks()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Connection.PeerIsOurs = true;
        bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1)));
        bench.Now += TimeSpan.FromSeconds(10);
        Assert.Empty(bench.Deliver((0, Gre(ToA(3), 3))));
        bench.Now += TimeSpan.FromMilliseconds(50);
        Assert.Empty(bench.Deliver());
        bench.Connection.Paths[1].Announce(4);
        Assert.Equal([ToA(3)], bench.Deliver());
        Assert.Equal(1, bench.Connection.Order!.LostByGap);
    }

    [Fact]
    public void AnAnnouncementThatCameWhileNothingWaitedIsNotForgotten()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Connection.PeerIsOurs = true;
        bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1)));
        bench.Now += TimeSpan.FromSeconds(10);
        bench.Connection.Paths[1].Announce(3);
        Assert.Empty(bench.Deliver());
        Assert.Equal([ToA(3)], bench.Deliver((0, Gre(ToA(3), 3))));
    }

    [Fact]
    public void APathThatIsDownHereIsWaitedForOnlyWhileItCarriesData()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Connection.PeerIsOurs = true;
        bench.Connection.UpPaths = 0b01;
        bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1)));
        Assert.Empty(bench.Deliver((0, Gre(ToA(3), 3))));
        Assert.Equal([ToA(2), ToA(3)], bench.Deliver((1, Gre(ToA(2), 2))));
        bench.Now += TimeSpan.FromMilliseconds(200);
        Assert.Equal([ToA(5)], bench.Deliver((0, Gre(ToA(5), 5))));
    }

    [Fact]
    public void AConnectionThatEndsGivesItsMemoryBack()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        bench.Connection.PeerIsOurs = true;
        bench.Deliver((0, Gre(ToA(0), 0)), (0, Gre(ToA(2), 2)), (0, Gre(ToA(4), 4)));
        Assert.Equal(2, bench.ChunksInUse);
        bench.Forget();
        Assert.Equal(0, bench.ChunksInUse);
        Assert.Null(bench.Deadline);
        bench.Now += TimeSpan.FromSeconds(1);
        Assert.Empty(bench.Deliver());
    }

    [Fact]
    public void ManyBusyPathsAreReadInEveryRound()
    {
        const int paths = 20;
        using TunnelBench bench = TunnelBench.With(paths, window: 10_000);
        for (int i = 0; i < paths * 100; i++)
        {
            bench.Peers[i % paths].Send(Gre(ToA((uint)i), (uint)i));
        }
        List<byte[]> delivered = [];
        while (delivered.Count < paths * 100)
        {
            long[] before = [.. bench.Connection.Paths.Select(path => path.Received.Packets)];
            bench.TakeUntilSomethingCame();
            delivered.AddRange(bench.Deliver());
            // Whoever was read to the end of its share has not been read at the cost of others.
            Assert.All(bench.Connection.Paths, path => Assert.InRange(path.Received.Packets - before[path.Index], 0, 256 / paths));
        }
        Assert.Equal(Enumerable.Range(0, paths * 100).Select(mark => ToA((uint)mark)), delivered);
    }

    [Fact]
    public void ReceivingAllocatesNothing()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        uint number = 0;
        long allocated = 0;
        for (int round = 0; round < 4; round++)
        {
            List<(int, byte[])> datagrams = [];
            for (int i = 0; i < 50; i++, number += 4)
            {
                // Pairs change places, and one in fifty is lost.
                datagrams.Add((0, Gre(ToA(number + 1), number + 1)));
                datagrams.Add((1, Gre(ToA(number + 2), number + 2)));
                datagrams.Add((1, Gre(ToA(number + 3), number + 3)));
                if (i != 7)
                {
                    datagrams.Add((0, Gre(ToA(number), number)));
                }
            }
            allocated = bench.AllocatedWhileReceiving(datagrams);
        }
        Assert.Equal(0, allocated);
        Assert.True(bench.Connection.Order!.Waited > 0);
    }
}
