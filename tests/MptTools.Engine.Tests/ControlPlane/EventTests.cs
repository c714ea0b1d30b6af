using System.Text.Json;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>How much an event matters, and how a log says it (docs/events.md).</summary>
public class EventTests
{
    [Theory]
    [InlineData(MptEventKind.ServerFailed, MptEventLevel.Error)]
    [InlineData(MptEventKind.Warning, MptEventLevel.Warning)]
    [InlineData(MptEventKind.ChangeRefused, MptEventLevel.Warning)]
    [InlineData(MptEventKind.HookFailed, MptEventLevel.Warning)]
    [InlineData(MptEventKind.ServerStarted, MptEventLevel.Notice)]
    [InlineData(MptEventKind.Reloaded, MptEventLevel.Notice)]
    [InlineData(MptEventKind.ConnectionStopped, MptEventLevel.Notice)]
    [InlineData(MptEventKind.HookOutput, MptEventLevel.Information)]
    [InlineData(MptEventKind.MtuChanged, MptEventLevel.Information)]
    [InlineData(MptEventKind.RouteAdded, MptEventLevel.Debug)]
    public void AKindHasALevel(MptEventKind kind, MptEventLevel level) => Assert.Equal(level, Event(kind).Level);

    [Theory]
    [InlineData(PathStatusCode.Up, PathStatusCode.Down, MptEventLevel.Warning)]
    [InlineData(PathStatusCode.Up, PathStatusCode.InterfaceDown, MptEventLevel.Warning)]
    [InlineData(PathStatusCode.Up, PathStatusCode.AddressDown, MptEventLevel.Warning)]
    [InlineData(PathStatusCode.Down, PathStatusCode.AddressDown, MptEventLevel.Warning)]
    [InlineData(PathStatusCode.InterfaceDown, PathStatusCode.AddressDown, MptEventLevel.Notice)]
    [InlineData(PathStatusCode.InterfaceDown, PathStatusCode.Down, MptEventLevel.Notice)]
    [InlineData(PathStatusCode.AddressDown, PathStatusCode.Down, MptEventLevel.Notice)]
    [InlineData(PathStatusCode.Up, PathStatusCode.TakenDown, MptEventLevel.Notice)]
    [InlineData(PathStatusCode.Down, PathStatusCode.Up, MptEventLevel.Notice)]
    public void APathThatFailsIsAWarningAndOneThatComesBackIsNot(PathStatusCode before, PathStatusCode after, MptEventLevel level) =>
        Assert.Equal(level, (Event(MptEventKind.PathChanged) with { OldState = before.ToString(), NewState = after.ToString() }).Level);

    [Fact]
    public void ALineOfALogHasTheSentenceFirstAndThenTheNames()
    {
        MptEvent path = Event(MptEventKind.PathChanged) with { Connection = "c1", Path = 0, OldState = "Up", NewState = "Down" };
        Assert.Equal("It's so. [path-changed connection=c1 path=0 old=Up new=Down]", path.ToLogLine());
        Assert.Equal("It's so. [server-started]", Event(MptEventKind.ServerStarted).ToLogLine());
        Assert.Equal("a  b [warning]", (Event(MptEventKind.Warning) with { Message = "a\r\nb" }).ToLogLine());
    }

    [Fact]
    public void LevelsAreSyslogsAndHaveItsWords()
    {
        Assert.Equal(["error", "warning", "notice", "info", "debug"], EventNames.LevelNames);
        Assert.Equal([3, 4, 5, 6, 7], Enum.GetValues<MptEventLevel>().Select(level => (int)level));
        Assert.All(Enum.GetValues<MptEventLevel>(), level => Assert.Equal(level, EventNames.LevelOf(EventNames.Of(level))));
        Assert.Null(EventNames.LevelOf("Error"));
    }

    [Fact]
    public void EveryKindHasANameInLowerCaseWithHyphens()
    {
        Assert.Equal("path-changed", EventNames.Of(MptEventKind.PathChanged));
        Assert.Equal("mtu-changed", EventNames.Of(MptEventKind.MtuChanged));
        Assert.All(Enum.GetValues<MptEventKind>(), kind => Assert.Equal(kind.ToString(), EventNames.Of(kind).Replace("-", ""), ignoreCase: true));
    }

    [Fact]
    public void TheControlSocketTellsTheLevelAndTakesEventsWithIt()
    {
        MptEvent sent = Event(MptEventKind.Warning);
        string line = JsonSerializer.Serialize(new ControlAnswer { Event = sent }, ControlJson.Default.ControlAnswer);
        Assert.Contains("\"level\":\"Warning\"", line);
        Assert.Equal(sent, JsonSerializer.Deserialize(line, ControlJson.Default.ControlAnswer)!.Event);
    }

    [Fact]
    public void AnObserverThatHangsIsNotWaitedForLongerThanSaid()
    {
        using ManualResetEventSlim release = new();
        List<MptEventKind> seen = [];
        EventHub hub = new(TimeSpan.Zero), patient = new(Samples.Patience);
        patient.Subscribe(happened => seen.Add(happened.Kind));
        foreach (EventHub one in new[] { hub, patient })
        {
            one.Subscribe(_ => release.Wait(Samples.Patience));
            one.Raise(Event(MptEventKind.Warning));
        }
        Assert.False(hub.Complete());

        patient.Raise(Event(MptEventKind.Reloaded));
        release.Set();
        Assert.True(patient.Complete());
        Assert.Equal([MptEventKind.Warning, MptEventKind.Reloaded], seen);
        patient.Raise(Event(MptEventKind.ServerStopped));
        Assert.Equal(2, seen.Count);
    }

    private static MptEvent Event(MptEventKind kind) => new() { Time = Samples.Start, Kind = kind, Server = "tun0", Message = "It's so." };
}
