using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>
/// The states of a path, step by step in virtual time (milliseconds). A scenario is a line: at each time something
/// happens, and then the status and whether a keepalive was sent are looked at.
/// </summary>
public class PathMonitorTests
{
    [Theory]
    [InlineData("0 up+")]
    [InlineData("0 up+; 999 tick up; 1000 tick up+; 1001 tick up; 2000 tick up+; 2999 tick up; 3000 tick down+")]
    [InlineData("0 up+; 500 heard up+; 1500 tick up+; 2500 tick up+; 3499 tick up; 3500 tick down+; 4000 tick down; 4500 tick down+")]
    // A long time passes between two looks.
    [InlineData("0 up+; 60000 tick down+; 60500 tick down; 61000 tick down+")]
    // It comes back by a keepalive, and answers at once.
    [InlineData("0 up+; 3000 tick down+; 3400 heard up+; 4400 tick up+; 6399 tick up+; 6400 tick down; 7399 tick down+")]
    // Heard for the first time since the path is open: the peer may have come after the first keepalive, and is answered.
    [InlineData("0 up+; 400 heard up+; 800 heard up; 1400 tick up+; 1500 heard up; 1600 nolink 129; 1700 link down+; 1800 heard up+; 1900 heard up")]
    // Link lost and back: waits for the peer, and says at once that it is there.
    [InlineData("0 up+; 100 nolink 129; 200 tick 129; 1000 tick 129; 1500 link down+; 2500 tick down+; 2600 heard up+")]
    [InlineData("0 up+; 100 noaddress 130; 1000 tick 130; 1500 link down+; 1600 heard up+")]
    [InlineData("0 up+; 100 nolink 129; 200 noaddress 130; 300 link down+; 400 heard up+; 3399 tick up+; 3400 tick down")]
    [InlineData("0 up+; 100 noaddress 130; 200 nolink 129; 9000 tick 129; 9001 link down+")]
    // The kernel repeats itself.
    [InlineData("0 up+; 100 link up; 900 link up; 1000 link up+; 3000 link down+")]
    // By hand.
    [InlineData("0 up+; 100 takedown 131; 1000 tick 131; 1100 heard 131; 1200 nolink 131; 1300 link 131; 9000 tick 131; 9100 takeup up+; 10100 tick up+; 12100 tick down+")]
    [InlineData("0 up+; 100 takedown 131; 200 noaddress 131; 300 takeup 130; 400 link down+; 500 heard up+")]
    [InlineData("0 up+; 100 nolink 129; 200 takedown 131; 300 takeup 129; 400 link down+")]
    [InlineData("0 up+; 3000 tick down+; 3100 takeup up+; 6099 tick up+; 6100 tick down")]
    // The peer's word: a keepalive that it sent before may come after it, and one that comes later counts.
    [InlineData("0 up+; 100 peerdown down; 599 heard down; 600 heard up+; 1600 tick up+")]
    [InlineData("0 up+; 100 peerdown down; 1000 tick down+; 1100 peerup up+; 1150 heard up+; 4149 tick up+; 4150 tick down")]
    [InlineData("0 up+; 100 peerdown down; 200 peerup up+; 250 heard up+")]
    [InlineData("0 up+; 100 takedown 131; 200 peerup up+; 3199 tick up+; 3200 tick down")]
    [InlineData("0 up+; 100 takedown 131; 200 peerdown 131; 300 takeup up+")]
    [InlineData("0 up+; 100 nolink 129; 200 peerup 129; 300 link down+; 400 heard up+")]
    public void FromConfiguredUp(string scenario) => Play(PathStatusCode.Up, scenario);

    // What the peer says of hearing this end. It is answered at once while it does not.
    [Theory]
    [InlineData("0 up+; 300 saidyes up+; 1300 saidyes up+; 2000 saidno down+; 3000 tick down+; 3100 saidno down+; 3200 saidyes up")]
    // An existing server takes the peer's place, which says nothing of the kind.
    [InlineData("0 up+; 300 saidno down+; 600 saidno down+; 700 heard up")]
    // Cut both ways, and healed: the first keepalive is answered, and the next one says it all.
    [InlineData("0 up+; 300 saidyes up+; 3299 tick up+; 3300 tick down+; 4300 tick down+; 5000 saidno down+; 5010 saidyes up")]
    // It is not heard any more, and is told so at once; told that it does not hear either, nothing changes.
    [InlineData("0 up+; 100 saidyes up+; 1100 tick up+; 1500 saidyes up; 2100 tick up+; 3100 tick up+; 4100 tick up+; 4499 tick up; 4500 tick down+; 5500 tick down+")]
    [InlineData("0 up+; 100 saidno down+; 1100 tick down+; 3099 tick down+; 3100 tick down+; 3200 tick down; 4100 tick down+")]
    // By hand, and with links that come and go.
    [InlineData("0 up+; 100 saidno down+; 200 takedown 131; 300 saidno 131; 400 takeup up+; 500 saidno down+; 600 nolink 129; 700 link down+; 800 saidyes up+")]
    // Another address at this end.
    [InlineData("0 up+; 100 saidyes up+; 200 readdress down+; 300 saidno down+; 400 saidyes up")]
    [InlineData("0 up+; 100 takedown 131; 200 readdress 131; 300 takeup up+")]
    public void WhatThePeerSays(string scenario) => Play(PathStatusCode.Up, scenario);

    [Theory]
    [InlineData(PathStatusCode.Up, null, PathStatusCode.Up)]
    [InlineData(PathStatusCode.Up, false, PathStatusCode.TakenDown)]
    [InlineData(PathStatusCode.Down, null, PathStatusCode.Down)]
    [InlineData(PathStatusCode.Down, true, PathStatusCode.Down)]
    [InlineData(PathStatusCode.TakenDown, null, PathStatusCode.TakenDown)]
    [InlineData(PathStatusCode.TakenDown, true, PathStatusCode.Up)]
    [InlineData(PathStatusCode.Disabled, null, PathStatusCode.Disabled)]
    [InlineData(PathStatusCode.Disabled, true, PathStatusCode.Up)]
    [InlineData(PathStatusCode.Disabled, false, PathStatusCode.Disabled)]
    public void WhatWasOrderedByHandIsToldFromWhatPasses(PathStatusCode configured, bool? ordered, PathStatusCode expected)
    {
        PathConfig config = Configs.Path(0) with { Status = configured };
        PathMonitor monitor = new(config, TimeSpan.Zero);
        if (ordered is { } up)
        {
            monitor.SetByHand(up, TimeSpan.Zero);
        }
        monitor.LinkChanged(up: false, hasAddress: false, TimeSpan.Zero);
        Assert.Equal(expected, monitor.Ordered(configured));
    }

    [Fact]
    public void WhoSendsNoKeepalivesIsNotSupposedToBeHeard() =>
        Play(PathStatusCode.Up, "0 up; 100 saidno up; 200 readdress up; 300 saidyes up; 90000 tick up", keepaliveMilliseconds: 0);

    [Fact]
    public void ThePeerIsToldThatItIsHeardForAsLongAsItIsExpectedTo()
    {
        PathMonitor monitor = new(Configs.Path(0), TimeSpan.Zero);
        monitor.LinkChanged(true, true, TimeSpan.Zero);
        Assert.True(monitor.IsPeerHeard);
        monitor.Tick(TimeSpan.FromSeconds(3));
        Assert.False(monitor.IsPeerHeard || monitor.IsOneWay);
        monitor.KeepaliveHeard(TimeSpan.FromSeconds(4));
        monitor.PeerSaid(false, TimeSpan.FromSeconds(4));
        Assert.True(monitor.IsPeerHeard && monitor.IsOneWay);
    }

    [Theory]
    [InlineData(PathStatusCode.Down, "0 down+; 1000 tick down+; 1500 heard up+; 4499 tick up+; 4500 tick down")]
    [InlineData(PathStatusCode.Down, "0 down+; 500 takeup up+")]
    [InlineData(PathStatusCode.TakenDown, "0 131; 100 heard 131; 5000 tick 131; 5100 nolink 131; 5200 link 131; 6000 takeup up+")]
    [InlineData(PathStatusCode.Disabled, "0 255; 100 heard 255; 5000 tick 255; 5100 nolink 255; 5200 link 255; 5300 takedown 255; 5400 peerup 255; 6000 takeup up+; 9000 tick down+")]
    // These two are the kernel's to say, whatever a file says.
    [InlineData(PathStatusCode.InterfaceDown, "0 up+")]
    [InlineData(PathStatusCode.AddressDown, "0 up+")]
    public void FromOtherConfiguredStates(PathStatusCode configured, string scenario) => Play(configured, scenario);

    [Theory]
    [InlineData(PathStatusCode.Up, "0 up; 100000 tick up; 100001 nolink 129; 100002 link up; 100003 noaddress 130; 100004 link up; 200000 tick up; 200001 takedown 131; 200002 takeup up; 300000 tick up")]
    [InlineData(PathStatusCode.Down, "0 down; 100000 tick down; 100001 heard up; 200000 tick up")]
    [InlineData(PathStatusCode.Down, "0 down; 100000 takeup up; 200000 tick up")]
    public void WithoutKeepalivesNothingIsSentAndNobodyIsTakenForDead(PathStatusCode configured, string scenario) =>
        Play(configured, scenario, keepaliveMilliseconds: 0);

    [Theory]
    [InlineData("0 up+; 1000 tick up+; 100000 tick up+; 100100 nolink 129; 100200 link down+; 100300 heard up+; 900000 tick up+")]
    public void WithADeadTimeOfZeroThePeerMayBeSilentForEver(string scenario) =>
        Play(PathStatusCode.Up, scenario, deadMilliseconds: 0);

    [Theory]
    [InlineData("0 up+; 249 tick up; 250 tick up+; 499 tick up; 500 tick up+; 749 tick up; 750 tick down+; 800 heard up+; 1050 tick up+; 1300 tick up+; 1549 tick up; 1550 tick down+")]
    public void TimesMayBeFractionsOfASecond(string scenario) =>
        Play(PathStatusCode.Up, scenario, keepaliveMilliseconds: 250, deadMilliseconds: 750);

    // Milliseconds for the times, a code for the status.
    [Theory]
    // What has passed of a running timer counts.
    [InlineData("0 up+; 600 keepalive:800 up; 799 tick up; 800 tick up+; 1600 tick up+")]
    [InlineData("0 up+; 600 keepalive:500 up+; 1100 tick up+")]
    [InlineData("0 up+; 500 heard up+; 1000 dead:1500 up; 1500 tick up+; 1999 tick up; 2000 tick down")]
    [InlineData("0 up+; 500 heard up+; 1500 tick up+; 2200 dead:1500 down")]
    [InlineData("0 up+; 500 heard up+; 1500 tick up+; 2500 dead:9000 up+; 9499 tick up+; 9500 tick down")]
    [InlineData("0 up+; 500 heard up+; 1500 dead:0 up+; 90000 tick up+; 90100 dead:1000 down")]
    // Off and on again.
    [InlineData("0 up+; 500 keepalive:0 up; 90000 tick up; 90100 keepalive:1000 up+; 91100 tick up+; 93099 tick up+; 93100 tick down")]
    [InlineData("0 up+; 3000 tick down+; 3500 keepalive:0 up; 90000 tick up")]
    // The status in the configuration.
    [InlineData("0 up+; 500 status:131 131; 600 heard 131; 700 status:0 up+")]
    [InlineData("0 up+; 500 status:255 255; 600 takedown 255; 700 status:0 up+")]
    [InlineData("0 up+; 500 status:128 down+; 700 heard up+")]
    [InlineData("0 up+; 500 takedown 131; 600 dead:2000 131; 700 keepalive:500 131")]
    [InlineData("0 up+; 500 status:131 131; 600 status:255 255; 700 status:131 131; 800 takeup up+")]
    public void OtherSettingsInTheMiddle(string scenario) => Play(PathStatusCode.Up, scenario);

    [Fact]
    public void OneThatCameLaterWaitsForThePeerWhereThereAreKeepalives()
    {
        PathMonitor monitor = new(Configs.Path(0), TimeSpan.Zero, awaitsPeer: true);
        monitor.LinkChanged(true, true, TimeSpan.Zero);
        Assert.Equal(PathStatusCode.Down, monitor.Status);
        Assert.True(monitor.Tick(TimeSpan.Zero));
        monitor.KeepaliveHeard(TimeSpan.FromSeconds(2));
        Assert.Equal(PathStatusCode.Up, monitor.Status);

        PathMonitor silent = new(Configs.Path(0) with { KeepaliveTime = TimeSpan.Zero }, TimeSpan.Zero, awaitsPeer: true);
        silent.LinkChanged(true, true, TimeSpan.Zero);
        Assert.Equal(PathStatusCode.Up, silent.Status);
    }

    [Fact]
    public void OneWithOtherAddressesWaitsForThePeerAndStaysTakenDown()
    {
        PathMonitor monitor = new(Configs.Path(0), TimeSpan.Zero);
        monitor.LinkChanged(true, true, TimeSpan.Zero);
        monitor.ForgetLink();
        monitor.LinkChanged(true, true, TimeSpan.Zero);
        Assert.Equal(PathStatusCode.Down, monitor.Status);
        monitor.SetByHand(false, TimeSpan.Zero);
        monitor.ForgetLink();
        monitor.LinkChanged(true, true, TimeSpan.Zero);
        Assert.Equal(PathStatusCode.TakenDown, monitor.Status);
    }

    [Fact]
    public void BeforeTheKernelHasSpokenNothingIsSent()
    {
        PathMonitor monitor = new(Configs.Path(0), TimeSpan.Zero);
        Assert.Equal(PathStatusCode.InterfaceDown, monitor.Status);
        Assert.False(monitor.IsUsable);
        Assert.Null(monitor.NextTick);
        Assert.False(monitor.Tick(TimeSpan.FromSeconds(100)));
    }

    [Fact]
    public void AnInterfaceThatIsMissingAtTheStartWaitsForThePeerWhenItComes()
    {
        PathMonitor monitor = new(Configs.Path(0), TimeSpan.Zero);
        monitor.LinkChanged(false, false, TimeSpan.Zero);
        monitor.LinkChanged(true, true, TimeSpan.FromSeconds(1));
        Assert.Equal(PathStatusCode.Down, monitor.Status);
        Assert.True(monitor.Tick(TimeSpan.FromSeconds(1)));
        monitor.KeepaliveHeard(TimeSpan.FromSeconds(2));
        Assert.Equal(PathStatusCode.Up, monitor.Status);
    }

    [Fact]
    public void TheNextTickIsTheEarlierOfKeepaliveAndDeadTimer()
    {
        PathMonitor monitor = new(Configs.Path(0) with { DeadTime = TimeSpan.FromSeconds(2.5) }, TimeSpan.Zero);
        monitor.LinkChanged(true, true, TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, monitor.NextTick);
        Assert.True(monitor.Tick(TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromSeconds(1), monitor.NextTick);
        Assert.True(monitor.Tick(TimeSpan.FromSeconds(2)));
        Assert.Equal(TimeSpan.FromSeconds(2.5), monitor.NextTick);
        Assert.False(monitor.Tick(TimeSpan.FromSeconds(2.5)));
        Assert.Equal(PathStatusCode.Down, monitor.Status);
        Assert.Equal(TimeSpan.FromSeconds(3), monitor.NextTick);
        monitor.SetByHand(false, TimeSpan.FromSeconds(2.6));
        Assert.Null(monitor.NextTick);
    }

    private static void Play(
        PathStatusCode configured, string scenario, int keepaliveMilliseconds = 1000, int deadMilliseconds = 3000)
    {
        PathConfig config = Configs.Path(0) with
        {
            Status = configured,
            KeepaliveTime = TimeSpan.FromMilliseconds(keepaliveMilliseconds),
            DeadTime = TimeSpan.FromMilliseconds(deadMilliseconds),
        };
        PathMonitor monitor = new(config, TimeSpan.Zero);
        foreach (string step in scenario.Split("; "))
        {
            string[] words = step.Split(' ');
            TimeSpan now = TimeSpan.FromMilliseconds(int.Parse(words[0]));
            switch (words is [_, var happened, _] ? happened : "link")
            {
                case "tick":
                    break;
                case "heard":
                    monitor.KeepaliveHeard(now);
                    monitor.PeerSaid(null, now);
                    break;
                case "saidyes" or "saidno":
                    monitor.KeepaliveHeard(now);
                    monitor.PeerSaid(words[1] == "saidyes", now);
                    break;
                case "readdress":
                    monitor.AddressChanged(now);
                    break;
                case "peerdown":
                    monitor.SetByPeer(false, now);
                    break;
                case "peerup":
                    monitor.SetByPeer(true, now);
                    break;
                case "nolink":
                    monitor.LinkChanged(false, true, now);
                    break;
                case "noaddress":
                    monitor.LinkChanged(true, false, now);
                    break;
                case "link":
                    monitor.LinkChanged(true, true, now);
                    break;
                case "takedown":
                    monitor.SetByHand(false, now);
                    break;
                case "takeup":
                    monitor.SetByHand(true, now);
                    break;
                case var setting when setting.Split(':') is [var key, var value]:
                    PathConfig before = config;
                    config = key switch
                    {
                        "keepalive" => config with { KeepaliveTime = TimeSpan.FromMilliseconds(int.Parse(value)) },
                        "dead" => config with { DeadTime = TimeSpan.FromMilliseconds(int.Parse(value)) },
                        _ => config with { Status = (PathStatusCode)int.Parse(value) },
                    };
                    monitor.Change(before, config, now);
                    break;
                default:
                    throw new ArgumentException($"'{words[1]}' is nothing that can happen to a path.");
            }
            bool due = monitor.NextTick <= now;
            bool sent = monitor.Tick(now);
            string status = monitor.Status switch
            {
                PathStatusCode.Up => "up",
                PathStatusCode.Down => "down",
                var other => $"{(int)other}",
            };
            Assert.True(
                $"{status}{(sent ? "+" : "")}" == words[^1],
                $"After '{step}' of '{scenario}': {status}, keepalive {(sent ? "sent" : "not sent")}.");
            Assert.True(due || !sent, $"'{step}' of '{scenario}': sent, but not announced by NextTick.");
            Assert.True(monitor.NextTick is not { } next || next > now, $"'{step}' of '{scenario}': NextTick stands still.");
        }
    }
}
