using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public class ForwardingThreadTests
{
    [Fact]
    public void A_wake_up_in_the_middle_of_a_round_makes_another_round()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        CountingClock clock = new();
        using ForwardingThread thread = new("test", () => clock.GetElapsedTime(0), new Uplink(), null);
        thread.Start();
        int readings = 0;
        thread.Execute(() =>
        {
            thread.Wake();
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
