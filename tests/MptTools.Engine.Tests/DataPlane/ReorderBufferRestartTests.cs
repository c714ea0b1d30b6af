using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Numbers that begin anew: a peer that restarted, and the wrap at 2^32, which is no restart.</summary>
public class ReorderBufferRestartTests
{
    [Theory]
    [InlineData(1000u, 0u)]
    [InlineData(1000u, 50u)]
    [InlineData(200u, 20u)]
    [InlineData(2_000_000_000u, 3u)]
    [InlineData(3_000_000_000u, 0u)] // Old numbers are now ahead, by the arithmetic of 32 bits.
    [InlineData(4_000_000_000u, 50u)]
    public void ASmallNumberIsAPeerThatStartedOver(uint before, uint first)
    {
        using OrderingBench bench = OrderingBench.Started(before);
        Assert.Equal([first], bench.Receive(1, first));
        Assert.Equal([first + 1, first + 2], bench.Receive((0, first + 1), (1, first + 2)));
        Assert.Equal((1, 0, 0), (bench.Buffer.Restarts, bench.Buffer.Jumps, bench.Buffer.LostByJump));
        Assert.Empty(bench.Dropped);
    }

    [Fact]
    public void APeerThatStartsOverAfterAFewPacketsIsKnownByItsSilence()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        Assert.Equal([0u], bench.Receive(0, 0));
        Assert.Equal([1u], bench.Receive(1, 1));
        Assert.Equal(1, bench.Buffer.Restarts);
    }

    [Fact]
    public void ASmallNumberThatWasInUseAMomentAgoIsADuplicateOrLate()
    {
        using OrderingBench bench = OrderingBench.Started(0);
        for (uint i = 10; i < 30; i += 2)
        {
            // A packet now and then, at a ping's pace; every other one is lost.
            bench.Now += 1000;
            Assert.Equal([i + 1], bench.Receive((0, i + 1), (1, i + 1)) is [] ? bench.At(bench.Now + 100) : [i + 1]);
            bench.Now += 20;
            Assert.Empty(bench.Receive((0, i + 1), (1, i)));
        }
        Assert.Equal((0, 10), (bench.Buffer.Restarts, bench.Buffer.Late));
        Assert.Equal(20, bench.Buffer.Duplicate);
    }

    [Fact]
    public void APeerThatStartedOverIsKnownAlsoWhenItsFirstPacketsWereLost()
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        uint[] delivered = [.. OrderingBench.Range(60, 100).SelectMany(sequence => bench.Receive((int)sequence & 1, sequence))];
        Assert.Equal(OrderingBench.Range(91, 69), delivered);
        Assert.Equal((1, 31), (bench.Buffer.Restarts, bench.Buffer.Late));
    }

    [Fact]
    public void WhatWaitedBeforeARestartGoesOutBeforeIt()
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        Assert.Empty(bench.Receive(0, 1012, 1015));
        Assert.Equal([1012u, 1015, 0], bench.Receive(0, 0));
        Assert.Equal(0, bench.ChunksInUse);
        Assert.Null(bench.Deadline);
        Assert.Empty(bench.Receive(0, 2));
        Assert.Equal([1u, 2], bench.Receive(1, 1));
    }

    [Fact]
    public void AfterARestartPathsDifferInDelayAsAtTheStart()
    {
        using OrderingBench bench = OrderingBench.Started(1000);
        Assert.Equal([2u], bench.Receive(0, 2));
        Assert.Equal([0u, 1], bench.Receive(1, 0, 1));
        Assert.Equal([3u], bench.Receive(0, 3));
        Assert.Equal((1, 2), (bench.Buffer.Restarts, bench.Buffer.Late));
    }

    [Fact]
    public void TheWrapIsNothingSpecial()
    {
        using OrderingBench bench = OrderingBench.Started(uint.MaxValue - 15);
        uint first = uint.MaxValue - 5;
        for (uint i = 0; i < 100; i += 4)
        {
            Assert.Empty(bench.Receive(0, first + i + 2, first + i + 3));
            Assert.Equal(OrderingBench.Range(first + i, 4), bench.Receive(1, first + i, first + i + 1));
        }
        Assert.Equal((0, 0, 0), (bench.Buffer.Restarts, bench.Buffer.Jumps, bench.Buffer.Late));
    }

    [Fact]
    public void LossAndLatenessAroundTheWrapAreNoRestart()
    {
        using OrderingBench bench = OrderingBench.Started(uint.MaxValue - 12);
        // Next is 2^32 - 3. It, 2^32 - 1, 1 and 2 are lost on path 1, so it seems.
        Assert.Empty(bench.Receive(0, uint.MaxValue - 1, 0, 3));
        Assert.Equal([uint.MaxValue - 1, 0, 3, 4], bench.Receive(1, 4));
        Assert.Equal(4, bench.Buffer.LostByGap);
        foreach (int later in (int[])[0, 10, 150])
        {
            bench.Now += later;
            Assert.Empty(bench.Receive((1, uint.MaxValue - 2), (1, uint.MaxValue), (1, 1), (0, 0)));
        }
        Assert.Equal((0, 9, 3), (bench.Buffer.Restarts, bench.Buffer.Late, bench.Buffer.Duplicate));
        Assert.Equal([5u], bench.Receive(0, 5));
    }

    [Fact]
    public void ByTheTimeLimitGapsAreGivenUpAcrossTheWrap()
    {
        using OrderingBench bench = OrderingBench.Started(uint.MaxValue - 10);
        // Next is the last number but one.
        Assert.Empty(bench.Receive(0, 1));
        Assert.Equal([1u], bench.At(1100));
        Assert.Equal(2, bench.Buffer.LostByTime);
        Assert.Equal([2u], bench.Receive(0, 2));
    }

    [Fact]
    public void AJumpAcrossTheWrapIsFollowed()
    {
        using OrderingBench bench = OrderingBench.Started(uint.MaxValue - 200);
        Assert.Empty(bench.Receive(0, 300));
        Assert.Equal([300u, 301], bench.Receive(1, 301));
        Assert.Equal((0, 1), (bench.Buffer.Restarts, bench.Buffer.Jumps));
    }

    [Fact]
    public void ASmallNumberSoonAfterTheWrapIsLateEvenWhenMuchHasComeSince()
    {
        using OrderingBench bench = OrderingBench.Started(uint.MaxValue - 15, window: 1);
        foreach (uint sequence in OrderingBench.Range(uint.MaxValue - 5, 200))
        {
            bench.Receive((int)sequence & 1, sequence);
        }
        // 40 is older than the memory of delivered numbers.
        Assert.Empty(bench.Receive(0, 40));
        Assert.Equal(0, bench.Buffer.Restarts);
        bench.Now += 100;
        Assert.Equal([40u], bench.Receive(0, 40));
        Assert.Equal(1, bench.Buffer.Restarts);
    }
}
