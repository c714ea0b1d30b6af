using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Steady traffic leaves the garbage collector nothing to do.</summary>
public sealed class NoGarbageTests
{
    [Fact]
    public void AMillionPacketsInBothDirectionsAllocateNothing()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        byte[] packet = ToB();
        long warmUp = bench.Circulate(packet, 10_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long delivered = bench.Circulate(packet, 1_000_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(bench.Connection.Delivered.Packets, warmUp + delivered);
        Assert.Equal(0, bench.ChunksInUse);
    }
}
