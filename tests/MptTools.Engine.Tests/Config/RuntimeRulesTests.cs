using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Rules that were changed at run time go into files that somebody may have changed meanwhile.</summary>
public class RuntimeRulesTests
{
    private static readonly ConnectionSurroundings Around = ConnectionSettingsTests.Surroundings();

    private static readonly ConnectionConfig Loaded = ConnectionSettingsTests.Of(Text());

    [Fact]
    public void WhatChangedAtRunTimeIsAllThatChangesInTheFile()
    {
        int changed = 0;
        PropertyCheck.Holds(
        from config in ConfigPropertyTests.AnyConnection
        from seed in Gen.Choose(0, int.MaxValue)
        from count in Gen.Choose(0, 5)
        select (config, seed, count),
        input =>
        {
            ConnectionConfig loaded = input.config;
            ConnectionConfig running = RuleChanges.Apply(loaded, new Random(input.seed), input.count);

            ConfigResult<ConnectionConfig> merged = RuntimeChanges.Merge(loaded, running, loaded);

            changed += running.Rules.Count == loaded.Rules.Count ? 0 : 1;
            Assert.Equal(ConnectionConfTests.ConfigText(running), ConnectionConfTests.ConfigText(merged.Config));
            return true;
        });
        Assert.True(changed > 400, $"Only {changed} of all inputs changed the number of rules.");
    }

    [Fact]
    public void WhatTheFileSaysBesidesStays() => PropertyCheck.Holds(
        from config in ConfigPropertyTests.AnyConnection.Where(config => config.Rules.Count < 10)
        from seed in Gen.Choose(0, int.MaxValue)
        from count in Gen.Choose(0, 5)
        select (config, seed, count),
        input =>
        {
            RuleConfig own = new() { Index = input.config.Rules.Count, Name = "by-hand", Protocols = [200], Spread = MappingMode.Bytes };
            ConnectionConfig loaded = input.config with { Mapping = MappingMode.Combined };
            ConnectionConfig running = RuleChanges.Apply(loaded, new Random(input.seed), input.count);

            ConfigResult<ConnectionConfig> merged = RuntimeChanges.Merge(loaded, running, loaded with { Rules = [.. loaded.Rules, own] });

            Assert.Equal(
                running.Rules.Select(ConnectionConfTests.Members).Order(),
                merged.Config!.Rules.Where(rule => rule.Name != own.Name).Select((rule, index) => ConnectionConfTests.Members(rule with { Index = index })).Order());
            Assert.Equal(ConnectionConfTests.Members(own), ConnectionConfTests.Members(Assert.Single(merged.Config.Rules, rule => rule.Name == own.Name) with { Index = own.Index }));
            return true;
        });

    [Fact]
    public void RulesThatSomebodyMovedOrChangedAreFound()
    {
        ConnectionConfig running = Taken(ConnectionSettings.SetRule(Loaded, 0, ConnectionSettingsTests.Settings(("dscp", "ef")), Around));
        running = Taken(ConnectionSettings.AddRule(running, ConnectionSettingsTests.Settings(("name", "new"), ("protocol", "gre"), ("paths", "0")), 1, Around));
        ConnectionConfig file = ConnectionSettingsTests.Of(Text("mail", "web").Set("rule_1", "dst_port", "8080").Set("rule_1", "name", "www"));

        ConnectionConfig merged = Taken(RuntimeChanges.Merge(Loaded, running, file));

        Assert.Equal("mail www new", Names(merged));
        Assert.Equal((8080, 46), (merged.Rules[1].DestinationPorts[0].First, Assert.Single(merged.Rules[1].Dscp)));
    }

    [Fact]
    public void WhatSomebodyTookOutOfTheFileStaysOutAndWhatWasRemovedGoes()
    {
        ConnectionConfig running = Taken(ConnectionSettings.SetRule(Loaded, 0, ConnectionSettingsTests.Settings(("dscp", "ef")), Around));
        running = Taken(ConnectionSettings.RemoveRule(running, 1, Around));

        Assert.Equal("", Names(Taken(RuntimeChanges.Merge(Loaded, running, ConnectionSettingsTests.Of(Text("mail"))))));
        Assert.Equal("web", Names(Taken(RuntimeChanges.Merge(Loaded, running, Loaded))));
    }

    [Fact]
    public void ARuleThatIsInTheFileAlreadyIsNotAddedAgain()
    {
        ConnectionConfig running = Taken(ConnectionSettings.AddRule(Loaded, ConnectionSettingsTests.Settings(("protocol", "gre"), ("paths", "0")), null, Around));
        ConnectionConfig file = Taken(ConnectionSettings.AddRule(Loaded, ConnectionSettingsTests.Settings(("protocol", "gre"), ("paths", "0")), 0, Around));

        Assert.True(ConfigComparer.AreSame(file, Taken(RuntimeChanges.Merge(Loaded, running, file))));
    }

    [Fact]
    public void RulesFollowTheirPathsWhereverThoseStandInTheFile()
    {
        // In the file the paths are exchanged, and at run time the one that was the first is gone.
        ConnectionConfig loaded = Loaded with { Rules = [Loaded.Rules[0] with { Paths = [0, 1] }, Loaded.Rules[1] with { Paths = [1] }] };
        ConnectionConfig running = Taken(ConnectionSettings.RemovePath(loaded, 0, Around));
        ConnectionConfig file = loaded with
        {
            Paths = [loaded.Paths[1] with { Index = 0 }, loaded.Paths[0] with { Index = 1 }],
            Rules = [loaded.Rules[0], loaded.Rules[1] with { Paths = [0] }, new() { Index = 2, Protocols = [47], Paths = [1, 0] }],
        };

        ConnectionConfig merged = Taken(RuntimeChanges.Merge(loaded, running, file));

        Assert.Equal("eth2", Assert.Single(merged.Paths).Interface);
        Assert.All(merged.Rules, rule => Assert.Equal([0], rule.Paths));
        Assert.Equal(3, merged.Rules.Count);
    }

    [Fact]
    public void APathThatARuleGotAtRunTimeHasItsNumberInTheFile()
    {
        ConnectionConfig running = Taken(ConnectionSettings.SetRule(Loaded, 0, ConnectionSettingsTests.Settings(("paths", "1"), ("dscp", "ef")), Around));
        ConnectionConfig file = Loaded with
        {
            Paths = [Loaded.Paths[1] with { Index = 0 }, Loaded.Paths[0] with { Index = 1 }],
            Rules = [Loaded.Rules[0] with { Paths = [1] }, Loaded.Rules[1] with { Paths = [0] }],
        };

        Assert.Equal([0], Taken(RuntimeChanges.Merge(Loaded, running, file)).Rules[0].Paths);
    }

    [Fact]
    public void ARuleIsKnownByItsNameWhateverElseItSays()
    {
        ConnectionConfig running = Taken(ConnectionSettings.SetRule(Loaded, 0, ConnectionSettingsTests.Settings(("dscp", "ef")), Around));
        ConnectionConfig file = Loaded with { Rules = [Loaded.Rules[0] with { Protocols = [], DestinationPorts = [], Sources = [System.Net.IPNetwork.Parse("10.0.0.0/8")], Paths = [1] }, Loaded.Rules[1]] };

        Assert.Equal(46, Assert.Single(Taken(RuntimeChanges.Merge(Loaded, running, file)).Rules[0].Dscp));
    }

    [Theory]
    [InlineData(false, "[rule_2] paths: None of the paths that the rule names is left. Change or remove the rule, here or in the file.")]
    [InlineData(true, "[rule_2] prefer: The path that the rule prefers is gone. Change or remove the rule, here or in the file.")]
    public void ARuleOfTheFileWithoutItsPathIsAReasonNotToWrite(bool isPreferred, string sentence)
    {
        ConnectionConfig loaded = Loaded with { Rules = [.. Loaded.Rules.Select(rule => rule with { Paths = [1] })] };
        ConnectionConfig running = Taken(ConnectionSettings.RemovePath(loaded, 0, Around));
        RuleConfig added = new() { Index = 2, Protocols = [47], Paths = isPreferred ? [] : [0], Prefer = isPreferred ? 0 : null };

        ConfigResult<ConnectionConfig> merged = RuntimeChanges.Merge(loaded, running, loaded with { Rules = [.. loaded.Rules, added] });

        Assert.Null(merged.Config);
        Assert.Equal(sentence, merged.Diagnostics[0].Sentence);
    }

    [Fact]
    public void TheMappingThatFollowsFromRulesIsNoChange()
    {
        ConnectionConfig none = Taken(ConnectionSettings.RemoveRule(Taken(ConnectionSettings.RemoveRule(Loaded, 0, Around)), 0, Around));
        ConnectionConfig file = ConnectionSettingsTests.Of(Text("web", "mail").Section("rule_2", ("protocol", "gre"), ("paths", "0")));

        ConnectionConfig merged = Taken(RuntimeChanges.Merge(Loaded, none, file));

        Assert.Equal((MappingMode.Packet, MappingMode.Combined, 1), (none.Mapping, merged.Mapping, merged.Rules.Count));
    }

    [Fact]
    public void TheDifferenceIsToldInWords()
    {
        ConnectionConfig before = Loaded with
        {
            Rules = [Loaded.Rules[0] with { Paths = [0, 1] }, Loaded.Rules[1] with { Paths = [1] }, new() { Index = 2, Protocols = [47], Prefer = 1 }],
        };
        ConnectionConfig now = before with
        {
            Mapping = MappingMode.Flow,
            Paths = [before.Paths[1] with { Index = 0 }],
            Rules = [before.Rules[1] with { Index = 0, Paths = [0] }, before.Rules[0] with { Index = 1, Paths = [0] }, new() { Index = 2, Dscp = [46], Spread = MappingMode.Duplicate }],
        };

        Assert.Empty(ConnectionDifference.Describe(before, before));
        Assert.Equal(
            [
                "mapping is flow (it was combined)", "path 0 (eth1) is removed", "rule 2 is removed",
                "rule 1 (web) was rule 0", "rule 1 (web): paths is 0 (it was 0 1)", "rule 2 is new",
            ],
            ConnectionDifference.Describe(before, now));
    }

    private static ConfText Text(params string[] names)
    {
        ConfText text = ConfText.Connection();
        names = names.Length == 0 ? ["web", "mail"] : names;
        for (int index = 0; index < names.Length; index++)
        {
            text.Section($"rule_{index}", ("name", names[index]), ("protocol", "tcp"), ("dst_port", names[index] == "web" ? "80 443" : "25"), ("paths", names[index] == "web" ? "0" : "1"));
        }

        return text;
    }

    private static string Names(ConnectionConfig config) => string.Join(' ', config.Rules.Select(rule => rule.Name));

    private static ConnectionConfig Taken(ConfigResult<ConnectionConfig> result)
    {
        Assert.Empty(result.Diagnostics);
        return result.Config!;
    }
}
