using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public class ThreadPlanTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(3, 1, 2)]
    [InlineData(4, 2, 2)]
    [InlineData(5, 2, 3)]
    [InlineData(64, 32, 32)]
    public void ThreadsAreSharedOutAmongTheDirections(int threads, int uplinks, int downlinks)
    {
        ThreadPlan plan = new(threads);

        Assert.Equal((uplinks, downlinks, threads == 1), (plan.Uplinks, plan.Downlinks, plan.IsOneForBoth));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(7, 2)]
    [InlineData(8, 4)]
    [InlineData(15, 4)]
    [InlineData(16, 8)]
    [InlineData(256, 8)]
    public void TheNumberFollowsTheProcessors(int processors, int threads) =>
        Assert.Equal(threads, ThreadPlan.For(0, processors).Threads);

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void WhatIsAskedForGoesBeforeTheProcessors(int threads) => Assert.Equal(threads, ThreadPlan.For(threads, 8).Threads);

    [Theory]
    [InlineData(-1)]
    [InlineData(65)]
    public void ANumberThatCannotBeIsRefused(int threads) =>
        Assert.Contains($"{threads} is no number of threads", Assert.Throws<MptStartException>(() => ThreadPlan.For(threads, 8)).Message);
}
