using MptTools.Engine.Config;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>Packets that are to go on several paths, towards a peer that would deliver them all.</summary>
public class CopiesInVainTests
{
    private static readonly RuleConfig Copies = new() { Index = 0, Spread = MappingMode.Duplicate };

    private static ConnectionConfig Config => Configs.Connection(Configs.Path(0), Configs.Path(1)) with { Mapping = MappingMode.Duplicate };

    [Fact]
    public void EachPeerThatIsAnExistingServerIsWarnedOfOnce()
    {
        using ControllerBench bench = new(Config);
        bench.HearPlain(0);
        bench.HearPlain(1);
        // Out of reach, and back.
        bench.PassTo(10_000);
        Assert.Equal(PeerKind.Unknown, bench.Controller.Peer);
        bench.HearPlain(0);
        // It is replaced, and comes back.
        bench.HearExtended(0, new KeepaliveExtension { Capabilities = PeerCapabilities.Duplicates, Instance = new KeepaliveInstance(1, 1) });
        bench.HearPlain(0);
        MptEvent[] warnings = [.. bench.Events().Where(item => item.Kind == MptEventKind.Warning)];
        Assert.Equal(2, warnings.Length);
        Assert.All(warnings, warning => Assert.Equal("to_B", warning.Connection));
        Assert.All(warnings, warning => Assert.Contains("would deliver every copy", warning.Message));
        Assert.All(warnings, warning => Assert.Contains("sent once", warning.Message));
    }

    [Theory]
    [InlineData(MappingMode.Flow, MappingMode.Packet, false, 0)]
    [InlineData(MappingMode.Flow, MappingMode.Duplicate, true, 0)]
    [InlineData(MappingMode.Combined, MappingMode.Packet, false, 0)]
    [InlineData(MappingMode.Combined, MappingMode.Packet, true, 1)]
    [InlineData(MappingMode.Combined, MappingMode.Duplicate, false, 1)]
    public void OnlyWhatIsInUseIsWarnedOf(MappingMode mapping, MappingMode rest, bool hasRule, int expected)
    {
        using ControllerBench bench = new(Config with { Mapping = mapping, MappingRest = rest, Rules = hasRule ? [Copies] : [] });
        bench.HearPlain(0);
        Assert.Equal(expected, bench.Events().Count(item => item.Kind == MptEventKind.Warning));
    }

    [Fact]
    public void APeerOfOursIsNotWarnedOf()
    {
        using ControllerBench bench = new(Config);
        bench.HearExtended(0, new KeepaliveExtension { Capabilities = PeerCapabilities.Duplicates });
        Assert.DoesNotContain(bench.Events(), item => item.Kind == MptEventKind.Warning);
    }

    [Theory]
    [InlineData(MappingMode.Packet, MappingMode.Packet, 0, MappingMode.Duplicate, MappingMode.Packet, 0, true)]
    [InlineData(MappingMode.Duplicate, MappingMode.Packet, 0, MappingMode.Duplicate, MappingMode.Packet, 0, false)]
    [InlineData(MappingMode.Duplicate, MappingMode.Packet, 0, MappingMode.Flow, MappingMode.Packet, 0, false)]
    [InlineData(MappingMode.Packet, MappingMode.Packet, 0, MappingMode.Packet, MappingMode.Duplicate, 0, true)]
    [InlineData(MappingMode.Combined, MappingMode.Packet, 1, MappingMode.Combined, MappingMode.Packet, 2, true)]
    [InlineData(MappingMode.Combined, MappingMode.Packet, 2, MappingMode.Combined, MappingMode.Packet, 1, false)]
    [InlineData(MappingMode.Combined, MappingMode.Packet, 1, MappingMode.Combined, MappingMode.Flow, 1, false)]
    [InlineData(MappingMode.Flow, MappingMode.Packet, 1, MappingMode.Combined, MappingMode.Packet, 1, true)]
    [InlineData(MappingMode.Flow, MappingMode.Duplicate, 0, MappingMode.Combined, MappingMode.Duplicate, 0, true)]
    public void WhatAsksForMoreCopiesIsKnown(
        MappingMode mappingBefore, MappingMode restBefore, int rulesBefore, MappingMode mapping, MappingMode rest, int rules, bool expected) => Assert.Equal(
        expected,
        MappingRules.AsksForMoreCopies(
            Config with { Mapping = mappingBefore, MappingRest = restBefore, Rules = [.. Enumerable.Repeat(Copies, rulesBefore)] },
            Config with { Mapping = mapping, MappingRest = rest, Rules = [.. Enumerable.Repeat(Copies, rules)] }));
}
