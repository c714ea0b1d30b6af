using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public sealed class FairQueueTests : IDisposable
{
    private const int Plenty = 100_000_000;
    private readonly FairQueueBench bench = new(Plenty);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void OneFlowIsAQueueInWhichTheFirstToComeIsTheFirstToLeave()
    {
        for (int i = 0; i < 1000; i++)
        {
            bench.Add(flow: 7, length: 20 + i * 37 % 1480);
        }
        Assert.Equal(Enumerable.Range(0, 1000), bench.TakeAll().Select(packet => packet.Number));
    }

    [Fact]
    public void TwoFlowsThatHavePiledUpGetTheSameBytesWithinAQuantum()
    {
        // 1500 bytes against 200: by packets, the first would get seven times as much.
        Random random = new(1);
        for (int i = 0; i < 2000; i++)
        {
            bench.Add(flow: 1, length: 1500);
            bench.Add(flow: 2, length: random.Next(40, 200));
        }
        Dictionary<ulong, int> bytes = new() { [1] = 0, [2] = 0 };
        while (bench.Waiting(1) > 0 && bench.Waiting(2) > 0)
        {
            FairQueueBench.Packet packet = bench.Take();
            bytes[packet.Flow] += packet.Length;
            Assert.InRange(bytes[1] - bytes[2], -FairQueue.Quantum - 1500, FairQueue.Quantum + 1500);
        }
        Assert.True(bytes[2] > 200_000, $"Only {bytes[2]} bytes were compared.");
    }

    [Fact]
    public void WhoHasLittleToSendGoesBeforeWhatHasPiledUp()
    {
        for (int i = 0; i < 100; i++)
        {
            bench.Add(flow: 1, length: 1500);
            bench.Add(flow: 2, length: 1500);
        }
        bench.Take(10);
        for (int call = 0; call < 20; call++)
        {
            int number = bench.Add(flow: 3, length: 200);
            Assert.Equal(number, bench.Take().Number);
            // Between two of its packets each download has two turns: the call has been through the old flows and is a new one again.
            bench.Take(4);
        }
    }

    [Fact]
    public void AFlowThatSendsOneAtATimeDoesNotStarveTheOthers()
    {
        for (int i = 0; i < 100; i++)
        {
            bench.Add(flow: 1, length: 1500);
        }
        for (int i = 0; i < 20; i++)
        {
            int download = 0;
            for (int j = 0; j < 10; j++)
            {
                bench.Add(flow: 3, length: 1500);
                download += bench.Take().Flow == 1 ? 1 : 0;
            }
            Assert.InRange(download, 4, 6);
        }
    }

    [Fact]
    public void WhatIsTooMuchIsTakenFromTheFrontOfTheFlowThatFillsTheQueueMost()
    {
        bench.Queue.Limit = 10_000;
        int call = bench.Add(flow: 1, length: 200);
        int[] download = [.. Enumerable.Range(0, 6).Select(_ => bench.Add(flow: 2, length: 1500))];
        Assert.Equal((0, 0), bench.Dropped);
        bench.Add(flow: 3, length: 1400);
        Assert.Equal((1, 1500), bench.Dropped);
        Assert.Equal((7, 200 + 5 * 1500 + 1400), (bench.Queue.Count, bench.Queue.Bytes));
        // One large packet may take the place of several.
        bench.Add(flow: 4, length: 3900);
        Assert.Equal((3, 4500), bench.Dropped);
        List<int> left = [.. bench.TakeAll().Select(packet => packet.Number)];
        Assert.Contains(call, left);
        Assert.Equal(download[3..], left.Where(download.Contains));
        Assert.Equal(6, left.Count);
    }

    [Fact]
    public void SmallPacketsFillTheQueueWithMoreThanTheirLength()
    {
        bench.Queue.Limit = 100 * FairQueue.SmallestCounted;
        for (int i = 0; i < 300; i++)
        {
            bench.Add(flow: 1, length: 40);
        }
        Assert.Equal((100, 4000), (bench.Queue.Count, bench.Queue.Bytes));
        Assert.Equal((200, 8000), bench.Dropped);
    }

    [Fact]
    public void APacketLongerThanTheLimitWaitsAlone()
    {
        bench.Queue.Limit = 1000;
        bench.Add(flow: 1, length: 500);
        int number = bench.Add(flow: 1, length: 9000);
        Assert.Equal((1, 500), bench.Dropped);
        Assert.Equal([number], bench.TakeAll().Select(packet => packet.Number));
    }

    [Fact]
    public void ALowerLimitIsKeptFromTheNextPacketOn()
    {
        for (int i = 0; i < 10; i++)
        {
            bench.Add(flow: 1, length: 1000);
        }
        bench.Queue.Limit = 3000;
        Assert.Equal(10, bench.Queue.Count);
        bench.Add(flow: 2, length: 1000);
        Assert.Equal((8, 8000), bench.Dropped);
        Assert.Equal(3, bench.Queue.Count);
    }

    [Theory]
    [InlineData(8_000, 2 * FairQueue.Quantum)]
    [InlineData(20_000_000, 125_000)]
    [InlineData(1_000_000_000_000, 64 * 1024 * 1024)]
    public void ALimitIsFiftyMillisecondsOfTheRateWithinReason(long rate, int limit) => Assert.Equal(limit, FairQueue.LimitFor(rate));

    [Theory]
    [InlineData(20, 0, 0)]
    [InlineData(1500, 0, 4)]
    [InlineData(40, 1460, 8)]
    [InlineData(0, 1500, 16)]
    [InlineData(60, 65475, 16)]
    [InlineData(65535, 0, 16)]
    [InlineData(1952, 0, 0)]
    [InlineData(1953, 0, 0)]
    public void APacketComesOutAsItWentInAndHasRoomForAGreHeader(int first, int second, int greLength)
    {
        // Neighbours on both sides: nobody writes over them.
        bench.Add(flow: 1, length: 1500);
        bench.Add(flow: 1, first + second, greLength, payloadLength: second);
        bench.Add(flow: 1, length: 1500);
        Assert.Equal(3, bench.TakeAll(overwriteHeadroom: true).Count);
    }

    [Fact]
    public void SteadyTrafficAllocatesNothing()
    {
        bench.Queue.Limit = 50_000;
        bench.Churn(packets: 1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bench.Churn(packets: 100_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(0, bench.Chunks.InUse);
    }

    [Fact]
    public void FlowsThatDifferInAFewBitsShareNoBucket()
    {
        for (int shift = 0; shift <= 56; shift += 8)
        {
            int buckets = Enumerable.Range(0, 64).Select(flow => FairQueue.BucketOf((ulong)flow << shift)).Distinct().Count();
            Assert.InRange(buckets, 48, 64);
        }
    }
}
