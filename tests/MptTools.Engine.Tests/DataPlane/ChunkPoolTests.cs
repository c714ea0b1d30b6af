using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public unsafe class ChunkPoolTests
{
    [Fact]
    public void MemoryIsTakenOnceAndUsedAgain()
    {
        using ChunkPool pool = new();
        byte* small = pool.Rent(1), largestSmall = pool.Rent(ChunkPool.SmallSize), large = pool.Rent(ChunkPool.SmallSize + 1);
        Assert.Equal(3, pool.InUse);
        // Each is writable to its end without touching the others.
        new Span<byte>(small, ChunkPool.SmallSize).Fill(1);
        new Span<byte>(largestSmall, ChunkPool.SmallSize).Fill(2);
        new Span<byte>(large, ChunkPool.LargeSize).Fill(3);
        Assert.True(new Span<byte>(small, ChunkPool.SmallSize).IndexOfAnyExcept((byte)1) < 0);
        Assert.True(new Span<byte>(largestSmall, ChunkPool.SmallSize).IndexOfAnyExcept((byte)2) < 0);

        pool.Return(small);
        pool.Return(large);
        Assert.Equal(1, pool.InUse);
        Assert.True(pool.Rent(ChunkPool.LargeSize) == large);
        Assert.True(pool.Rent(20) == small);
        Assert.Equal(3, pool.InUse);
    }

    [Fact]
    public void AListOfPacketsGrowsAndKeepsItsOrder()
    {
        PacketList list = new();
        for (int round = 0; round < 2; round++)
        {
            for (uint i = 0; i < 1000; i++)
            {
                list.Add(new PacketRef { Sequence = i });
            }
            Assert.Equal(1000, list.Count);
            Assert.Equal(777u, list[777].Sequence);
            list.Clear();
        }
    }

    [Fact]
    public void DropCountersNameWhatHasOccurred()
    {
        DropCounters first = new(), second = new();
        first.Add(DropReason.NoPathUp);
        first.Add(DropReason.NoPathUp);
        second.Add(DropReason.NoPathUp);
        second.Add(DropReason.GreChecksum);
        Dictionary<string, long> sums = [];
        first.AddTo(sums);
        second.AddTo(sums);
        Assert.Equal(new Dictionary<string, long> { ["NoPathUp"] = 3, ["GreChecksum"] = 1 }, sums);
        Assert.Equal(2, first.Total);
    }
}
