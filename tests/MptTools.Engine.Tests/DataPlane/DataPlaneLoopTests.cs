using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.DataPlane;

public class DataPlaneLoopTests
{
    [Fact]
    public void A_wake_up_in_the_middle_of_a_round_makes_another_round()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        using EventFd arrival = new();
        CountingClock clock = new();
        using DataPlaneLoop loop = new("test", clock, new KeepaliveMailbox(arrival));
        loop.Start();
        int readings = 0;
        loop.OnThread(() =>
        {
            loop.Wake();
            readings = clock.Readings;
        });
        // The clock is read before the thread waits and after: the second reading tells that it did not wait.
        Assert.True(SpinWait.SpinUntil(() => clock.Readings >= readings + 2, TimeSpan.FromSeconds(10)));
    }

    private sealed class CountingClock : TimeProvider
    {
        private int readings;

        internal int Readings => Volatile.Read(ref readings);

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref readings);
            return base.GetTimestamp();
        }
    }
}
