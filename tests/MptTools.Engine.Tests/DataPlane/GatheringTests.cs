using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public sealed class GatheringTests
{
    private const int Least = Gathering.FewestRunsBeforePause;
    private static readonly TimeSpan Quick = Gathering.QuickSuccession, Slow = Gathering.QuickSuccession + TimeSpan.FromTicks(1);

    private TimeSpan now = TimeSpan.FromSeconds(100);
    private Gathering gathering;

    [Fact]
    public void PacketsInQuickSuccessionAreGathered()
    {
        Run(Slow);
        Run(Quick, times: Least - 1);
        Assert.Null(gathering.Due);
        Run(Quick);
        Assert.Equal(now + Gathering.Pause, gathering.Due);
    }

    [Fact]
    public void APacketThatComesAloneIsNotHeld()
    {
        for (int i = 0; i < 10; i++)
        {
            Run(Slow);
            Run(Quick, times: Least - 1);
            Assert.Null(gathering.Due);
        }
    }

    [Theory]
    [InlineData(Gathering.FewPackets + 1, 0)]
    [InlineData(1, Gathering.FewBytes + 1)]
    [InlineData(0, 0)]
    public void BatchesAreNotHeldAndEmptyRunsDoNotCount(int packets, int bytes)
    {
        Run(Quick, packets, bytes, times: 10 * Least);
        Assert.Null(gathering.Due);
    }

    [Fact]
    public void EachPauseThatGathersSomethingIsFollowedByAnother()
    {
        Start();
        for (int i = 0; i < 100; i++)
        {
            Run(Gathering.Pause, packets: 2 + i % 30);
            Assert.Equal(now + Gathering.Pause, gathering.Due);
        }
    }

    [Theory]
    [InlineData(Gathering.ManyPackets + 1, 0)]
    [InlineData(2, Gathering.ManyBytes + 1)]
    public void UnderFullLoadThereAreNoPauses(int packets, int bytes)
    {
        Start();
        Run(Gathering.Pause, packets, bytes);
        Assert.Null(gathering.Due);
        Run(Quick, packets, bytes, times: 10 * Least);
        Assert.Null(gathering.Due);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void APauseThatGathersNothingIsTheLast(int packets)
    {
        Start();
        Run(Gathering.Pause, packets);
        Assert.Null(gathering.Due);
    }

    [Fact]
    public void WhereWaitingGathersNothingItIsTriedLessAndLess()
    {
        Run(Slow);
        List<int> runsBetween = [];
        for (int i = 0; i < 13; i++)
        {
            runsBetween.Add(Start());
            Run(Gathering.Pause, packets: 1);
        }
        Assert.Equal([2, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024], runsBetween);
    }

    [Fact]
    public void WhereItGathersItIsTriedSoonerEachTime()
    {
        Run(Slow);
        for (int i = 0; i < 5; i++)
        {
            Start();
            Run(Gathering.Pause, packets: 1);
        }
        List<int> runsBetween = [];
        for (int i = 0; i < 6; i++)
        {
            runsBetween.Add(Start());
            Run(Gathering.Pause, packets: 5);
            Run(Gathering.Pause, packets: 0);
        }
        Assert.Equal([32, 16, 8, 4, 2, 2], runsBetween);
    }

    /// <summary>Packets come one by one in quick succession until they are gathered.</summary>
    /// <returns>How many it took.</returns>
    private int Start()
    {
        int runs = 0;
        while (gathering.Due is null)
        {
            Run(Quick);
            runs++;
        }
        return runs;
    }

    private void Run(TimeSpan after, int packets = 1, int bytes = 100, int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            now += after;
            gathering.HasRun(packets, bytes, now);
        }
    }
}
