using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

public sealed class TimetableTests
{
    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private static ControllerBench BenchWith(double keepalive, double dead) => new(Configs.Connection(
        Configs.Path(0) with { KeepaliveTime = Seconds(keepalive), DeadTime = Seconds(dead) }));

    [Fact]
    public void ConnectionsComeWhenTheirOwnTimersAreDue()
    {
        using ControllerBench fast = BenchWith(keepalive: 1, dead: 100), slow = BenchWith(keepalive: 3, dead: 100);
        List<string> ticks = Run([fast, slow], until: 7);
        Assert.Equal(["0 fast", "0 slow", "1 fast", "2 fast", "3 fast", "3 slow", "4 fast", "5 fast", "6 fast", "6 slow", "7 fast"], ticks);
    }

    [Fact]
    public void ATimerThatWasPutOffIsLookedAtOnceAndEnteredAgain()
    {
        using ControllerBench bench = BenchWith(keepalive: 10, dead: 4);
        Timetable timetable = new();
        bench.Controller.Tick(TimeSpan.Zero);
        timetable.Schedule(bench.Controller);
        Assert.Equal(Seconds(4), timetable.Next);
        bench.Now = 3000;
        bench.HearPlain(0);
        timetable.Schedule(bench.Controller);
        Assert.Equal(bench.Controller, timetable.TakeDue(Seconds(4)));
        bench.Controller.Tick(Seconds(4));
        Assert.Equal(PathStatusCode.Up, bench.Controller.Paths[0].Monitor.Status);
        timetable.Schedule(bench.Controller);
        Assert.Equal(Seconds(7), timetable.Next);
        Assert.Null(timetable.TakeDue(Seconds(6.9)));
    }

    [Fact]
    public void AnEarlierTimeTakesThePlaceOfALaterOne()
    {
        using ControllerBench bench = BenchWith(keepalive: 10, dead: 100);
        Timetable timetable = new();
        bench.Controller.Tick(TimeSpan.Zero);
        timetable.Schedule(bench.Controller);
        Assert.Equal(Seconds(10), timetable.Next);
        bench.Controller.SetPathStatus(0, up: false, Seconds(2));
        bench.Controller.Paths[0].Monitor.SetByHand(up: true, Seconds(2));
        timetable.Schedule(bench.Controller);
        Assert.Equal(Seconds(2), timetable.Next);
        Assert.Equal(bench.Controller, timetable.TakeDue(Seconds(2)));
        bench.Controller.Tick(Seconds(2));
        timetable.Schedule(bench.Controller);
        Assert.Null(timetable.TakeDue(Seconds(11.9)));
        Assert.Equal(bench.Controller, timetable.TakeDue(Seconds(12)));
        Assert.Null(timetable.Next);
    }

    [Fact]
    public void AConnectionThatHasGoneComesNoMore()
    {
        using ControllerBench gone = BenchWith(keepalive: 1, dead: 3), stays = BenchWith(keepalive: 2, dead: 6);
        Timetable timetable = new();
        timetable.Schedule(gone.Controller);
        timetable.Schedule(stays.Controller);
        timetable.Remove(gone.Controller);
        Assert.Equal(stays.Controller, timetable.TakeDue(Seconds(1)));
        Assert.Null(timetable.TakeDue(Seconds(100)));
        Assert.Null(timetable.Next);
    }

    [Fact]
    public void WithoutKeepalivesNothingIsEverDue()
    {
        using ControllerBench silent = BenchWith(keepalive: 0, dead: 0);
        Timetable timetable = new();
        timetable.Schedule(silent.Controller);
        Assert.Null(timetable.Next);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void KeepalivesAllocateNothing(bool fromOurs)
    {
        using ControllerBench bench = new();
        Timetable timetable = new();
        timetable.Schedule(bench.Controller);
        KeepaliveExtension extension = new() { Capabilities = PeerCapabilities.EcnNormalMode, NextSequence = 7 };
        byte[] body = bench.Body(fromOurs ? extension : null, []);
        ReceivedKeepalive received = new() { Path = bench.Runtime.Paths[0], Length = body.Length };
        body.CopyTo(received.Body, 0);
        long before = 0;
        for (int second = 0; second < 60; second++)
        {
            if (second == 30)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }
            received.Time = Seconds(second);
            bench.Controller.Take(received, Seconds(second));
            timetable.Schedule(bench.Controller);
            while (timetable.TakeDue(Seconds(second)) is { } due)
            {
                due.Tick(Seconds(second));
                timetable.Schedule(due);
            }
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(PathStatusCode.Up, bench.Controller.Paths[0].Monitor.Status);
    }

    /// <summary>Lets time pass in steps of a second, as the control thread would, and notes who was looked at when.</summary>
    private static List<string> Run(ControllerBench[] benches, int until)
    {
        Timetable timetable = new();
        Array.ForEach(benches, bench => timetable.Schedule(bench.Controller));
        List<string> ticks = [];
        for (int second = 0; second <= until; second++)
        {
            List<string> now = [];
            while (timetable.TakeDue(Seconds(second)) is { } due)
            {
                due.Tick(Seconds(second));
                timetable.Schedule(due);
                now.Add($"{second} {(due == benches[0].Controller ? "fast" : "slow")}");
            }
            ticks.AddRange(now.Order());
        }
        return ticks;
    }
}
