using System.Diagnostics;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Hooks;

namespace MptTools.Engine.Tests.ControlPlane.Hooks;

/// <summary>When hooks are called, with what, and what they can stop (docs/hooks.md).</summary>
[Collection(nameof(HookBench))]
public class HookRunnerTests
{
    private const string Tell = "echo \"$MPT_PHASE $MPT_EVENT ${0##*/}${MPT_RESULT:+ $MPT_RESULT}\" >> $JOURNAL";

    private static readonly HookFacts Facts = new(HookChange.AddressAdd) { Interface = "eth1", Address = "10.1.1.2/24" };

    private static HookLimits Short => HookLimits.Default with { Run = TimeSpan.FromMilliseconds(200) };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WithoutHooksAChangeIsJustMade(bool withDirectory)
    {
        using HookBench bench = new(withHooks: withDirectory);
        bench.ControlStarts();
        Assert.Equal(5, bench.Runner.Around(Facts, () => 5));
        string? answer = "not called";
        bench.Runner.Begin(Facts, refusal => answer = refusal);
        if (withDirectory)
        {
            Take(bench)();
        }
        Assert.Null(answer);
        bench.Runner.Made(Facts);
        bench.Runner.Happened(Event("one"));
        Assert.Empty(bench.End());
    }

    [Fact]
    public void HooksAreCalledInTheOrderOfTheirNamesBeforeAndAfter()
    {
        using HookBench bench = new();
        foreach (string name in (string[])["10-bar", "00-foo", "9", "Z", "a", ".hidden", "20-old~", "30.sample", "40.disabled"])
        {
            bench.Add(name, Tell);
        }
        bench.Add("50-plain-file", Tell, 0x1a4);
        Directory.CreateDirectory(Path.Combine(bench.HooksDirectory, "60-directory"));
        bench.Runner.Around(Facts, () => File.AppendAllText(bench.Journal, "the change\n"));
        string[] names = ["00-foo", "10-bar", "9", "Z", "a"];
        Assert.Equal(
            [.. names.Select(name => $"pre address-add {name}"), "the change", .. names.Select(name => $"post address-add {name} done")], bench.Said);
        Assert.Empty(bench.End());
    }

    [Fact]
    public void AHookHasTheFactsTheRootDirectoryNoInputAndNothingElse()
    {
        using HookBench bench = new();
        Environment.SetEnvironmentVariable("MPTTOOLS_SECRET", "of the server");
        bench.Add("10-env", "test \"$MPT_PHASE\" = pre || exit 0\ncat\npwd >> $JOURNAL\n/usr/bin/env >> $JOURNAL\nread process name state parent group session rest < /proc/$$/stat; test $session = $$ && echo leader >> $JOURNAL");
        HookFacts all = new(HookChange.PathRouteAdd)
        {
            Connection = "c1",
            Path = 2,
            Interface = "eth1",
            Address = "10.1.1.2",
            Gateway = "10.1.1.1",
            Remote = "10.2.2.2",
            Destination = "default",
            Mtu = 1500,
            OldState = "Up",
            NewState = "Down",
            Level = "warning",
            Time = new DateTimeOffset(2026, 7, 1, 14, 0, 0, 250, TimeSpan.FromHours(2)),
            Message = "It's \"so\";\n$(reboot)\0!",
            Result = "done",
        };
        bench.Runner.Around(all, () => { });
        Assert.Equal(
            ["/",
            "MPT_ADDRESS=10.1.1.2", $"MPT_CONFIG={bench.ConfigDirectory}", "MPT_CONNECTION=c1", "MPT_DESTINATION=default", "MPT_EVENT=path-route-add",
            "MPT_GATEWAY=10.1.1.1", "MPT_INTERFACE=eth1", "MPT_LEVEL=warning", "MPT_MESSAGE=It's \"so\"; $(reboot) !", "MPT_MTU=1500",
            "MPT_NEW_STATE=Down", "MPT_OLD_STATE=Up", "MPT_PATH=2", "MPT_PHASE=pre", "MPT_REMOTE=10.2.2.2", "MPT_RESULT=done", "MPT_SERVER=tun0",
            "MPT_TIME=2026-07-01T12:00:00.250Z", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "leader"],
            // What the shell itself adds.
            bench.Said.Where(line => !line.StartsWith("PWD=") && !line.StartsWith("_=") && !line.StartsWith("SHLVL=") && !line.StartsWith("OLDPWD=")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void APreHookThatFailsStopsTheChangeAndTheHooksBehindIt()
    {
        using HookBench bench = new();
        bench.Add("00-fine", Tell);
        bench.Add("10-no", "echo one; echo >&2; echo 'Not on Mondays' >&2; exit 3");
        bench.Add("20-behind", Tell);
        MptCommandException e = Assert.Throws<MptCommandException>(() => bench.Runner.Around(Facts, () => Assert.Fail("The change was made.")));
        Assert.Equal(MptErrorKind.StoppedByHook, e.Kind);
        Assert.Equal("Hook 10-no stopped address-add: exit code 3; its last line: Not on Mondays. Nothing was changed.", e.Message);
        Assert.Equal(["pre address-add 00-fine", "event change-refused 00-fine", "event change-refused 20-behind"], Finish(bench));
        Assert.Equal(
            [(MptEventKind.HookOutput, "Hook 10-no (address-add): one"), (MptEventKind.HookOutput, "Hook 10-no (address-add): Not on Mondays"), (MptEventKind.ChangeRefused, e.Message)],
            bench.End().Where(item => !item.Message.Contains("change-refused")).Select(item => (item.Kind, item.Message)));
    }

    [Theory]
    [InlineData("kill -9 $$", "exit code 137; it wrote nothing.")]
    [InlineData("exec /nonexistent/program 2> /dev/null", "exit code 127; it wrote nothing.")]
    public void HowAHookEndedIsTold(string script, string told)
    {
        using HookBench bench = new();
        bench.Add("10-no", script);
        MptCommandException e = Assert.Throws<MptCommandException>(() => bench.Runner.Around(Facts, () => { }));
        Assert.Contains(told, e.Message);
    }

    [Fact]
    public void AScriptWithoutItsProgramsNameIsNoHookAndStopsTheChange()
    {
        using HookBench bench = new();
        File.WriteAllText(bench.Add("10-no", ""), "exit 0\n");
        MptCommandException e = Assert.Throws<MptCommandException>(() => bench.Runner.Around(Facts, () => { }));
        Assert.Contains("#!/bin/sh", e.Message);
    }

    [Fact]
    public void AHookThatTakesTooLongIsEndedWithAllItHasStarted()
    {
        using HookBench bench = new(Short);
        string fifo = bench.Fifo("alive");
        Thread reader = HookBench.ReadToEnd(fifo);
        bench.Add("10-slow", $"exec 3> '{fifo}'\nsleep 1000 & echo waiting; wait");
        long started = Stopwatch.GetTimestamp();
        MptCommandException e = Assert.Throws<MptCommandException>(() => bench.Runner.Around(Facts, () => Assert.Fail("The change was made.")));
        Assert.Equal("Hook 10-slow stopped address-add: it did not end within 0.2 s and was killed; its last line: waiting. Nothing was changed.", e.Message);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(500));
        // The reader gets the end of the pipe only when both shell and sleep are gone.
        Assert.True(reader.Join(Samples.Patience));
    }

    [Fact]
    public void AHookMayLeaveSomethingRunning()
    {
        using HookBench bench = new();
        string fifo = bench.Fifo("alive");
        Thread reader = HookBench.ReadToEnd(fifo);
        bench.Add("10-daemon", $"test $MPT_PHASE = pre || exit 0\n{{ exec 3> '{fifo}'; echo $$ > $JOURNAL; exec sleep 1000; }} & sh -c 'exit 0'; until test -s $JOURNAL; do :; done");
        bench.Runner.Around(Facts, () => { });
        Assert.True(reader.IsAlive);
        _ = MptTools.Engine.Linux.Libc.kill(-int.Parse(bench.Said[0]), 9);
        Assert.True(reader.Join(Samples.Patience));
    }

    [Fact]
    public void AChangeThatFailsIsToldToThePostHooks()
    {
        using HookBench bench = new();
        bench.Add("10-tell", Tell + "\necho \"$MPT_MESSAGE\" >> $JOURNAL");
        Assert.Throws<IOException>(() => bench.Runner.Around(Facts, () => throw new IOException("The disk is full.")));
        Assert.Equal(["pre address-add 10-tell", "", "post address-add 10-tell failed", "The disk is full."], bench.Said);
    }

    [Fact]
    public void AfterTheChangeAHookThatFailsIsAWarningAndNoMore()
    {
        using HookBench bench = new();
        bench.Add("10-late", "test $MPT_PHASE = pre || exit 1");
        bench.Add("20-tell", Tell);
        Assert.Equal(1, bench.Runner.Around(Facts, () => 1));
        Assert.Equal(["pre address-add 20-tell", "post address-add 20-tell done"], bench.Said);
        MptEvent warning = Assert.Single(bench.End());
        Assert.Equal((MptEventKind.HookFailed, "Hook 10-late failed at post address-add: exit code 1; it wrote nothing."), (warning.Kind, warning.Message));
    }

    [Fact]
    public void OutputIsBoundedAndHarmless()
    {
        using HookBench bench = new();
        bench.Add("10-loud", "test $MPT_PHASE = pre || exit 0\nprintf '\\033[2Jred\\n\\n'; i=0; while [ $i -lt 59 ]; do echo $i; i=$((i + 1)); done; head -c 600 /dev/zero | tr '\\0' x; head -c 2000000 /dev/zero");
        bench.Runner.Around(Facts, () => { });
        string[] messages = [.. bench.End().Select(item => item.Message)];
        Assert.Equal(51, messages.Length);
        Assert.Equal("Hook 10-loud (address-add): [2Jred", messages[0]);
        Assert.Equal("Hook 10-loud (address-add): 48", messages[49]);
        Assert.Equal("Hook 10-loud (address-add) wrote 11 more line(s); the first 50 are kept.", messages[50]);
    }

    [Fact]
    public void TheControlThreadGoesOnWhileItsChangeWaitsForItsHook()
    {
        using HookBench bench = new();
        bench.ControlStarts();
        string fifo = bench.Fifo("gate");
        bench.Add("10-gate", $"test \"$MPT_CONNECTION\" = slow && test $MPT_PHASE = pre && read line < '{fifo}'\n{Tell}");
        List<string> done = [];
        bench.Runner.Begin(Facts with { Connection = "slow" }, refusal => done.Add($"slow {refusal}"));
        // Another connection's change does not wait behind it.
        bench.Runner.Begin(Facts with { Connection = "quick" }, refusal => done.Add($"quick {refusal}"));
        Take(bench)();
        Assert.Equal(["quick "], done);
        File.WriteAllText(fifo, "go\n");
        Take(bench)();
        Assert.Equal(["quick ", "slow "], done);
        bench.Runner.Made(Facts with { Connection = "slow" });
        bench.Runner.Made(Facts with { Connection = "quick" }, "There is no eth1.");
        Assert.Equal(
            ["pre address-add 10-gate", "pre address-add 10-gate", "post address-add 10-gate done", "post address-add 10-gate failed"], Finish(bench));
    }

    [Fact]
    public void WhatTheControlThreadBeginsCanBeStopped()
    {
        using HookBench bench = new();
        bench.ControlStarts();
        bench.Add("10-no", "exit 7");
        string? answer = null;
        bench.Runner.Begin(Facts, refusal => answer = refusal);
        Assert.Null(answer);
        Take(bench)();
        Assert.Equal("Hook 10-no stopped address-add: exit code 7; it wrote nothing. Nothing was changed.", answer);
    }

    [Fact]
    public void WhileTheServerStartsAllIsDoneInPlace()
    {
        using HookBench bench = new();
        bench.Add("10-tell", Tell);
        bench.Runner.Begin(Facts, refusal => File.AppendAllText(bench.Journal, $"the change{refusal}\n"));
        bench.Runner.Made(Facts);
        Assert.Equal(["pre address-add 10-tell", "the change", "post address-add 10-tell done"], bench.Said);
    }

    [Fact]
    public void EventsAreToldInTheirOrderOneAfterAnother()
    {
        using HookBench bench = new();
        bench.ControlStarts();
        bench.Add("10-tell", "echo \"$MPT_EVENT $MPT_PHASE $MPT_CONNECTION $MPT_PATH $MPT_OLD_STATE $MPT_NEW_STATE $MPT_MESSAGE\" >> $JOURNAL; echo heard");
        for (int i = 0; i < 20; i++)
        {
            bench.Runner.Happened(Event($"{i}.") with { Kind = MptEventKind.PathChanged, Connection = "c1", Path = i, OldState = "Up", NewState = "Down" });
        }
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"path-changed event c1 {i} Up Down {i}."), Finish(bench));
        // And what the hook wrote was not told to the hook.
        Assert.All(bench.End(), item => Assert.Equal((MptEventKind.HookOutput, "Hook 10-tell (path-changed): heard"), (item.Kind, item.Message)));
    }

    [Fact]
    public void MoreEventsThanHooksCanTakeAreCountedAndReported()
    {
        using HookBench bench = new(HookLimits.Default with { Queue = 3 });
        bench.ControlStarts();
        string fifo = bench.Fifo("gate"), entered = bench.Fifo("entered");
        bench.Add("10-gate", $"test \"$MPT_MESSAGE\" = first && {{ echo > '{entered}'; read line < '{fifo}'; }}\necho \"$MPT_MESSAGE\" >> $JOURNAL");
        bench.Runner.Happened(Event("first"));
        File.ReadAllText(entered);
        for (int i = 0; i < 8; i++)
        {
            bench.Runner.Happened(Event($"{i}"));
        }
        File.WriteAllText(fifo, "go\n");
        Assert.Equal(["first", "0", "1", "2"], Finish(bench));
        MptEvent report = Assert.Single(bench.End());
        Assert.Equal(MptEventKind.HookFailed, report.Kind);
        Assert.StartsWith("Hooks were not told of 5 event(s)", report.Message);
    }

    [Fact]
    public void AServerThatStopsDoesNotWaitForEver()
    {
        using HookBench bench = new(HookLimits.Default with { Run = TimeSpan.FromHours(1), Stop = TimeSpan.FromMilliseconds(300) });
        bench.ControlStarts();
        string fifo = bench.Fifo("alive");
        Thread reader = HookBench.ReadToEnd(fifo);
        bench.Add("10-hangs", $"exec 3> '{fifo}'\necho up >&3; sleep 1000");
        bench.Runner.Happened(Event("one"));
        bench.Runner.Happened(Event("two"));
        MptEvent[] events = bench.End();
        Assert.True(reader.Join(Samples.Patience));
        Assert.Equal("Hook 10-hangs failed at event warning: the server has stopped; it wrote nothing.", events[0].Message);
        Assert.Contains("2 call(s)", events[1].Message);
    }

    private static Action Take(HookBench bench)
    {
        Assert.True(bench.Posted.TryTake(out Action? posted, Samples.Patience));
        return posted;
    }

    private static string[] Finish(HookBench bench)
    {
        bench.End();
        return bench.Said;
    }

    private static MptEvent Event(string message) =>
        new() { Time = Samples.Start, Kind = MptEventKind.Warning, Server = "tun0", Message = message };
}
