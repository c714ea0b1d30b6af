using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Order, gaps and time. Two paths, a window of ten, a maximum delay of 100 ms, where nothing else is said.</summary>
public class ReorderBufferTests
{
    [Fact]
    public void WhatComesInOrderGoesStraightOn()
    {
        using OrderingBench bench = new(window: 10);
        Assert.Equal([0u, 1, 2, 3], bench.Receive((0, 0), (1, 1), (0, 2), (1, 3)));
        Assert.Equal([4u], bench.Receive(0, 4));
        Assert.Equal(0, bench.Buffer.Waited);
        Assert.Equal(0, bench.ChunksInUse);
        Assert.Null(bench.Deadline);
    }

    [Fact]
    public void AnEarlyPacketWaitsForTheOneBeforeIt()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(1, 12));
        Assert.Empty(bench.Receive(1, 14));
        Assert.Equal(2, bench.Buffer.Waiting);
        Assert.Equal(2, bench.ChunksInUse);
        Assert.Equal([10u], bench.Receive(0, 10));
        Assert.Equal([11u, 12], bench.Receive(0, 11));
        Assert.Equal([13u, 14], bench.Receive(0, 13));
        Assert.Equal(0, bench.ChunksInUse);
        Assert.Equal(2, bench.Buffer.Waited);
        Assert.Equal(0, bench.Buffer.Waiting);
    }

    [Fact]
    public void AGapIsGivenUpAsSoonAsEveryPathHasDeliveredSomethingNewer()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11, 13));
        Assert.Equal([11u], bench.Receive(1, 12)[..1]);
        Assert.Equal(1, bench.Buffer.LostByGap);
        Assert.Equal(0, bench.Buffer.Waiting);
        Assert.Empty(bench.Receive(0, 10));
        Assert.Equal([DropReason.OrderLate], bench.Dropped);
        Assert.Equal(1, bench.Buffer.Late);
    }

    [Fact]
    public void OnlyWhatIsOlderThanTheSlowestPathIsGivenUp()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11, 13, 15));
        // 10 can come no more, 14 can: by path 1.
        Assert.Equal([11u, 12, 13], bench.Receive(1, 12));
        Assert.Equal(1, bench.Buffer.LostByGap);
        Assert.Equal([14u, 15], bench.Receive(1, 14));
        Assert.Equal(1, bench.Buffer.LostByGap);
    }

    [Fact]
    public void APathThatHasDeliveredNothingNewerHoldsTheGapOpen()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11, 12, 13, 14));
        Assert.Equal([10u, 11, 12, 13, 14], bench.Receive(1, 10));
    }

    [Fact]
    public void APathThatHasDeliveredNothingAtAllHoldsTheGapOpen()
    {
        using OrderingBench bench = new(window: 10, paths: 3);
        Assert.Equal([0u], bench.Receive(0, 0));
        Assert.Empty(bench.Receive((0, 2), (1, 3)));
        Assert.Equal([2u, 3, 4], bench.Receive(2, 4));
    }

    [Fact]
    public void WhereNoPathCountsOnlyTimeDecides()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        bench.Counted = 0;
        Assert.Empty(bench.Receive((0, 11), (1, 12)));
        Assert.Equal([11u, 12], bench.At(1100));
    }

    [Fact]
    public void AnIdlePathThatAnnouncesItsNextNumberDoesNotHoldTheGapOpen()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11));
        bench.Buffer.Announce(1, 10);
        Assert.Empty(bench.At(1001));
        bench.Buffer.Announce(1, 11);
        Assert.Equal([11u], bench.At(1002));
        Assert.Equal(1, bench.Buffer.LostByGap);
    }

    [Fact]
    public void AnAnnouncementThatSpeaksOfOtherNumbersIsIgnored()
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        Assert.Empty(bench.Receive(0, 1011));
        bench.Buffer.Announce(1, 1010 + 10 + 1);
        bench.Buffer.Announce(1, 1010 + (1u << 31));
        bench.Buffer.Announce(1, 0);
        Assert.Empty(bench.At(1001));
        Assert.Equal([1010u, 1011], bench.Receive(1, 1010));
    }

    [Fact]
    public void WhatWasAnnouncedBeforeTheFirstPacketTellsWhereTheNumberingBegins()
    {
        using OrderingBench bench = new(window: 10);
        bench.Buffer.Announce(0, 6);
        bench.Buffer.Announce(1, 5);
        Assert.Empty(bench.Receive(0, 6));
        Assert.Equal([5u, 6], bench.Receive(1, 5));
        Assert.Equal(0, bench.Buffer.Late);
    }

    [Theory]
    [InlineData(5u, 4u)]
    [InlineData(5u, 15u)]
    [InlineData(5u, 0x9000_0000u)]
    public void AnAnnouncementThatDoesNotFitTheFirstPacketDoesNotHoldItUp(uint announced, uint first)
    {
        using OrderingBench bench = new(window: 10);
        bench.Buffer.Announce(0, announced);
        Assert.Equal([first], bench.Receive(0, first));
    }

    [Fact]
    public void APeerThatStartsOverMayAnnounceWhereItBegins()
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        bench.Buffer.Announce(0, 0);
        bench.Buffer.Announce(1, 0);
        Assert.Empty(bench.Receive(1, 1));
        Assert.Equal([0u, 1], bench.Receive(0, 0));
        Assert.Equal((1, 0), (bench.Buffer.Restarts, bench.Buffer.Late));
    }

    [Fact]
    public void WhatAnIdlePathBringsAfterAllIsDeliveredLateForAWhile()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        (bench.Counted, bench.AllPathsCount) = (0b01, false);
        Assert.Equal([13u], bench.Receive(0, 13));
        Assert.Equal(3, bench.Buffer.LostByGap);
        bench.Now += 99;
        Assert.Equal([11u], bench.Receive(1, 11));
        Assert.Empty(bench.Receive(1, 11));
        bench.Now += 1;
        Assert.Empty(bench.Receive(1, 12));
        Assert.Equal([DropReason.OrderDuplicate, DropReason.OrderLate], bench.Dropped);
        Assert.Equal((2, 1), (bench.Buffer.Late, bench.Buffer.Duplicate));
        Assert.Equal([14u], bench.Receive(0, 14));
    }

    [Fact]
    public void APacketWaitsNoLongerThanTheMaximumDelay()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11));
        Assert.Equal(1100, bench.Deadline);
        Assert.Empty(bench.At(1099));
        Assert.Equal([11u], bench.At(1100));
        Assert.Equal(1, bench.Buffer.LostByTime);
        Assert.Null(bench.Deadline);
        Assert.Empty(bench.Receive(1, 10));
        Assert.Equal([DropReason.OrderLate], bench.Dropped);
    }

    [Fact]
    public void EachPacketHasItsOwnTime()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 12));
        bench.Now += 50;
        Assert.Empty(bench.Receive(0, 14, 15));
        Assert.Equal([12u], bench.At(1100));
        Assert.Equal(2, bench.Buffer.LostByTime);
        Assert.Equal(1150, bench.Deadline);
        Assert.Empty(bench.At(1149));
        Assert.Equal([14u, 15], bench.At(1150));
        Assert.Equal(3, bench.Buffer.LostByTime);
    }

    [Fact]
    public void WithAPacketWhoseTimeIsUpGoesAllBeforeIt()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 15));
        bench.Now += 50;
        Assert.Empty(bench.Receive(0, 12));
        Assert.Equal(1100, bench.Deadline);
        Assert.Equal([12u, 15], bench.At(1100));
        Assert.Equal(4, bench.Buffer.LostByTime);
    }

    [Fact]
    public void ADeadlineGoesWithItsPacket()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11));
        bench.Now += 30;
        Assert.Empty(bench.Receive(0, 13));
        Assert.Equal([10u, 11], bench.Receive(1, 10));
        Assert.Equal(1130, bench.Deadline);
        Assert.Equal([12u, 13], bench.Receive(1, 12));
        Assert.Null(bench.Deadline);
    }

    [Fact]
    public void AFullWindowSlides()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, OrderingBench.Range(11, 9)));
        Assert.Equal(9, bench.Buffer.Waiting);
        Assert.Equal(OrderingBench.Range(11, 10), bench.Receive(0, 20));
        Assert.Equal((1, 0), (bench.Buffer.LostByJump, bench.Buffer.Jumps));
        Assert.Equal([21u], bench.Receive(0, 21));
    }

    [Fact]
    public void AFullWindowSlidesOnlyAsFarAsItMust()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 14, 19));
        Assert.Empty(bench.Receive(0, 21));
        Assert.Equal(2, bench.Buffer.LostByJump);
        Assert.Equal([12u], bench.Receive(1, 12));
        Assert.Equal([13u, 14], bench.Receive(1, 13));
        // What the window had no room to wait for is delivered late: the sender is not to blame.
        Assert.Equal([11u], bench.Receive(1, 11));
        Assert.Equal(1, bench.Buffer.Late);
    }

    [Fact]
    public void AJumpFarAheadIsFollowed()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11));
        Assert.Equal([11u], bench.Receive(0, 5000));
        Assert.Equal([5000u, 5001], bench.Receive(1, 5001));
        Assert.Equal([5002u], bench.Receive(0, 5002));
        Assert.Equal(1, bench.Buffer.Jumps);
        Assert.Equal(5000 - 10 - 1, bench.Buffer.LostByJump + bench.Buffer.LostByGap);
    }

    [Theory]
    [InlineData(5_000_000u)]
    [InlineData(1010u + (1u << 31) - 1)]
    public void AStrayNumberFarAheadStopsTheStreamForThirtyOnePackets(uint stray)
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        bench.Receive(0, stray);
        uint[] delivered = [.. OrderingBench.Range(1010, 100).SelectMany(sequence => bench.Receive((int)sequence & 1, sequence))];
        Assert.Equal([stray, .. OrderingBench.Range(1041, 69)], delivered);
        Assert.Equal(31, bench.Buffer.Late);
        Assert.Equal((1, 1), (bench.Buffer.Jumps, bench.Buffer.Restarts));
    }

    [Fact]
    public void OldPacketsBetweenNewOnesAreNoRestart()
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        for (uint i = 0; i < 100; i++)
        {
            Assert.Equal([1010 + i], bench.Receive((0, 1010 + i), (1, 1000 + i)));
        }
        Assert.Equal((100, 0), (bench.Buffer.Duplicate, bench.Buffer.Restarts));
    }

    [Fact]
    public void DuplicatesAreDroppedOfWhatWaitsAndOfWhatWasDelivered()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive((0, 12), (0, 12), (0, 9), (0, 0)));
        Assert.Empty(bench.Receive(0, 12));
        Assert.Equal([10u, 11, 12], bench.Receive((1, 10), (1, 11), (1, 11)));
        Assert.Equal(5, bench.Buffer.Duplicate);
        Assert.Equal(Enumerable.Repeat(DropReason.OrderDuplicate, 5), bench.Dropped);
    }

    [Fact]
    public void PathsDifferInDelaySoAtTheStartLatePacketsAreDelivered()
    {
        using OrderingBench bench = new(window: 10) { Now = 500 };
        Assert.Equal([5u], bench.Receive(0, 5));
        Assert.Equal([6u, 3], bench.Receive((0, 6), (1, 3)));
        Assert.Empty(bench.Receive(1, 3));
        bench.Now = 599;
        Assert.Equal([2u], bench.Receive(1, 2));
        bench.Now = 600;
        Assert.Empty(bench.Receive(1, 4));
        Assert.Equal([DropReason.OrderDuplicate, DropReason.OrderLate], bench.Dropped);
        Assert.Equal(0, bench.Buffer.Restarts);
    }

    [Fact]
    public void AtTheStartALateRunAfterItsPathsFasterTwinIsNoRestart()
    {
        using OrderingBench bench = new(window: 1000) { Now = 500 };
        Assert.Equal(OrderingBench.Range(40, 40), bench.Receive(0, OrderingBench.Range(40, 40)));
        Assert.Equal(OrderingBench.Range(0, 40), bench.Receive(1, OrderingBench.Range(0, 40)));
        Assert.Equal((40, 0), (bench.Buffer.Late, bench.Buffer.Restarts));
    }

    [Fact]
    public void WhatStillWaitsIsReturnedWhenTheConnectionEnds()
    {
        OrderingBench bench = OrderingBench.Started(0);
        Assert.Empty(bench.Receive(0, 11, 13, 14));
        Assert.Equal(3, bench.ChunksInUse);
        bench.Dispose(); // Looks at the chunks itself.
        Assert.Equal(0, bench.Buffer.Waiting);
        Assert.Null(bench.Deadline);
    }

    [Fact]
    public void APathThatWasSilentForHalfOfAllNumbersStillHoldsTheGapOpen()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        // Path 1 last brought 9; path 0 goes on by three quarters of all numbers.
        uint next = 10;
        for (int quarter = 0; quarter < 3; quarter++)
        {
            next += 1u << 30;
            bench.Receive(0, next);
            bench.Now += 1000;
            bench.At(bench.Now);
        }
        next++;
        Assert.Empty(bench.Receive(0, next + 1));
        Assert.Equal([next, next + 1], bench.Receive(1, next));
        Assert.Empty(bench.Receive(0, next + 3));
        Assert.Equal([next + 3, next + 4], bench.Receive(1, next + 4));
    }

    [Fact]
    public void OrderingAllocatesNothing()
    {
        using ChunkPool chunks = new();
        using ReorderBuffer buffer = new(100, TimeSpan.FromMilliseconds(100), 2, chunks);
        PacketList output = new();
        long before = 0;
        for (uint i = 0; i < 20_000; i += 4)
        {
            // Out of order, with a gap and a duplicate, a millisecond each.
            foreach (uint sequence in (ReadOnlySpan<uint>)[i + 3, i + 1, i, i + 1])
            {
                buffer.Insert(new PacketRef { Sequence = sequence, Length = 0, Path = (byte)(sequence & 1) }, TimeSpan.FromMilliseconds(i), output);
            }
            buffer.GiveUpGaps(0b11, true, TimeSpan.FromMilliseconds(i), output);
            buffer.Expire(TimeSpan.FromMilliseconds(i), output);
            output.Clear();
            if (i == 400)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(buffer.LostByTime + buffer.LostByGap > 0);
    }
}
