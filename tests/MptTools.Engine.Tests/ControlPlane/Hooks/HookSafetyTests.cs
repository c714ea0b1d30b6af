using MptTools.Engine.ControlPlane.Hooks;

namespace MptTools.Engine.Tests.ControlPlane.Hooks;

/// <summary>A hook has all rights of the server, so only what nobody else can change or replace is run.</summary>
[Collection(nameof(HookBench))]
public class HookSafetyTests
{
    private const int Mine = 0x1ed, GroupsToo = 0x1fd, OthersToo = 0x1ef;

    private static readonly HookFacts Facts = new(HookChange.InterfaceUp) { Interface = "eth1" };

    [Theory]
    [InlineData(GroupsToo)]
    [InlineData(OthersToo)]
    public void AFileThatOthersMayWriteIsNotRun(int mode)
    {
        using HookBench bench = new();
        string file = bench.Add("10-hook", "echo ran >> $JOURNAL; exit 1", mode);
        bench.Add("20-mine", "test $MPT_PHASE = post || echo mine >> $JOURNAL");
        bench.Runner.Around(Facts, () => { });
        bench.Runner.Around(Facts, () => { });
        Assert.Equal(["mine", "mine"], bench.Said);
        // Told once, and told again when it was cured and has the same fault once more.
        HookBench.SetMode(file, Mine);
        bench.Write(file, "exit 0");
        bench.Runner.Around(Facts, () => { });
        HookBench.SetMode(file, mode);
        bench.Runner.Around(Facts, () => { });
        MptEvent[] warnings = bench.End();
        Assert.Equal(2, warnings.Length);
        Assert.All(warnings, warning => Assert.Equal(
            (MptEventKind.HookFailed, $"{file} can be written by others than its owner, so it is not run: hooks have all rights of the server. Take that away: chmod go-w '{file}'."),
            (warning.Kind, warning.Message)));
    }

    [Theory]
    [InlineData(true, GroupsToo)]
    [InlineData(false, GroupsToo)]
    [InlineData(true, OthersToo)]
    [InlineData(false, OthersToo)]
    public void NothingIsRunFromADirectoryThatOthersMayWrite(bool hooksItself, int mode)
    {
        using HookBench bench = new();
        bench.Add("10-hook", "echo ran >> $JOURNAL; exit 1");
        string directory = hooksItself ? bench.HooksDirectory : bench.ConfigDirectory;
        HookBench.SetMode(directory, mode);
        bench.Runner.Around(Facts, () => { });
        bench.Runner.Around(Facts, () => { });
        Assert.Empty(bench.Said);
        Assert.Contains($"chmod go-w '{directory}'", Assert.Single(bench.End()).Message);
    }

    [Fact]
    public void NothingIsRunThatBelongsToSomebodyElse()
    {
        using HookBench bench = new(owner: 4242);
        bench.Add("10-hook", "echo ran >> $JOURNAL; exit 1");
        bench.Runner.Around(Facts, () => { });
        Assert.Empty(bench.Said);
        Assert.Contains($"chown 4242 '{bench.ConfigDirectory}'", Assert.Single(bench.End()).Message);
    }

    [Fact]
    public void WhatALinkLeadsToIsLookedAt()
    {
        using HookBench bench = new();
        string outside = Directory.CreateDirectory(Path.Combine(bench.ConfigDirectory, "outside")).FullName;
        string good = bench.Write(Path.Combine(outside, "good"), "test $MPT_PHASE = post || echo good >> $JOURNAL");
        string bad = bench.Write(Path.Combine(outside, "bad"), "exit 1", OthersToo);
        File.CreateSymbolicLink(Path.Combine(bench.HooksDirectory, "10-good"), good);
        File.CreateSymbolicLink(Path.Combine(bench.HooksDirectory, "20-bad"), bad);
        File.CreateSymbolicLink(Path.Combine(bench.HooksDirectory, "30-gone"), Path.Combine(outside, "gone"));
        bench.Runner.Around(Facts, () => { });
        Assert.Equal(["good"], bench.Said);
        // Whoever can write the directory can put another file in its place.
        HookBench.SetMode(outside, OthersToo);
        bench.Runner.Around(Facts, () => { });
        Assert.Equal(["good"], bench.Said);
        string[] warnings = [.. bench.End().Select(warning => warning.Message)];
        Assert.Equal(3, warnings.Length);
        Assert.Contains($"chmod go-w '{bad}'", warnings[0]);
        Assert.Contains("30-gone", warnings[1]);
        Assert.Contains($"chmod go-w '{outside}'", warnings[2]);
    }

    [Fact]
    public void ALinkMayBeTheWholeDirectory()
    {
        using HookBench bench = new(withHooks: false);
        string elsewhere = Directory.CreateDirectory(Path.Combine(bench.ConfigDirectory, "elsewhere")).FullName;
        File.CreateSymbolicLink(bench.HooksDirectory, elsewhere);
        bench.Add("10-hook", "echo $MPT_PHASE >> $JOURNAL");
        bench.Runner.Around(Facts, () => { });
        Assert.Equal(["pre", "post"], bench.Said);
        HookBench.SetMode(elsewhere, OthersToo);
        bench.Runner.Around(Facts, () => { });
        Assert.Equal(2, bench.Said.Length);
        Assert.Contains($"chmod go-w '{bench.HooksDirectory}'", Assert.Single(bench.End()).Message);
    }
}
