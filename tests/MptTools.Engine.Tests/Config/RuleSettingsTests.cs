using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Rules come, change and go by single settings.</summary>
public class RuleSettingsTests
{
    private static readonly ConnectionConfig Connection = ConnectionSettingsTests.Of(ConfText.Connection()
        .Section("rule_0", ("name", "names"), ("protocol", "udp"), ("dst_port", "53"), ("paths", "1"))
        .Section("rule_1", ("name", "web"), ("dst_port", "80"), ("paths", "0 1"), ("strict", "1"))
        .Section("rule_2", ("name", "rest"), ("dscp", "le"), ("prefer", "0")));

    private static readonly ConnectionConfig Without = ConnectionSettingsTests.Of(ConfText.Connection());
    private static readonly ConnectionSurroundings Around = ConnectionSettingsTests.Surroundings();

    [Theory]
    [InlineData(null, "names web rest new")]
    [InlineData(3, "names web rest new")]
    [InlineData(0, "new names web rest")]
    [InlineData(1, "names new web rest")]
    public void ARuleIsPutWhereItIsWanted(int? position, string expected)
    {
        ConnectionConfig changed = Taken(Add(Connection, position, ("name", "new"), ("Protocol", " icmp "), ("spread", "duplicate")));

        Assert.Equal(expected, Names(changed));
        Assert.Equal([0, 1, 2, 3], changed.Rules.Select(rule => rule.Index));
        RuleConfig added = changed.Rules.Single(rule => rule.Name == "new");
        Assert.Equal((1, MappingMode.Duplicate), (Assert.Single(added.Protocols), added.Spread));
    }

    [Fact]
    public void TheFirstRuleBringsItsMappingAndTheLastOneTakesItAlong()
    {
        ConnectionConfig one = Taken(Add(Without, null, ("protocol", "tcp"), ("paths", "0")));
        Assert.Equal((MappingMode.Packet, MappingMode.Combined), (Without.Mapping, one.Mapping));
        Assert.True(ConfigComparer.AreSame(Without, Taken(ConnectionSettings.RemoveRule(one, 0, Around))));
    }

    [Fact]
    public void WhatNoRuleMatchesIsSpreadAsBeforeWhenTheLastRuleGoes()
    {
        ConnectionConfig one = Taken(Add(Without, null, ("protocol", "tcp"), ("paths", "0")));
        ConnectionConfig flows = Taken(ConnectionSettings.Set(one, ConnectionSettingsTests.Settings(("mapping_rest", "flow")), Around));

        ConnectionConfig none = Taken(ConnectionSettings.RemoveRule(flows, 0, Around));

        Assert.Equal((MappingMode.Combined, MappingMode.Flow), (none.Mapping, none.MappingRest));
    }

    [Fact]
    public void OnlyTheKeysThatAreSetChange()
    {
        ConnectionConfig changed = Taken(ConnectionSettings.SetRule(Connection, 1, ConnectionSettingsTests.Settings(("DST_PORT", "443 8443"), ("strict", "")), Around));

        Assert.True(ConfigComparer.AreSame(
            Connection with { Rules = [Connection.Rules[0], Connection.Rules[1] with { DestinationPorts = [new(443, 443), new(8443, 8443)], IsStrict = false }, Connection.Rules[2]] },
            changed));
    }

    [Fact]
    public void LaterRulesMoveUp()
    {
        ConnectionConfig changed = Taken(ConnectionSettings.RemoveRule(Connection, 1, Around));

        Assert.Equal("names rest", Names(changed));
        Assert.Equal([0, 1], changed.Rules.Select(rule => rule.Index));
    }

    [Theory]
    [InlineData("dst_port", "http", "[rule_3] dst_port: \"http\" names \"http\", which is neither a port nor a range of ports. Write ports from 0 to 65535 and ranges of them, such as 80 443 8000-8010, with blanks or commas between them.")]
    [InlineData("paths", "2", "[rule_3] paths: \"2\" names \"2\", which is no path of the connection. Write numbers of paths, 0 to 1, with blanks or commas between them.")]
    [InlineData("weight_out", "2", "[rule_3] weight_out: The key is not read here; weight_out belongs to [path_n].")]
    [InlineData("name", "a\n[path_9]", "[rule_3] name: The value has a line break or another control character in it. Write it in one line.")]
    [InlineData("spread", "", "[rule_3]: The rule does not say where its packets go. Write paths =, prefer = or spread =, or remove the rule.")]
    public void AWrongSettingIsNamedWithoutALine(string key, string value, string sentence)
    {
        Dictionary<string, string> settings = ConnectionSettingsTests.Settings(("protocol", "tcp"), ("spread", "flow"));
        settings[key] = value;

        ConfigResult<ConnectionConfig> result = ConnectionSettings.AddRule(Connection, settings, null, Around);

        Assert.Null(result.Config);
        Assert.Equal(sentence, Assert.Single(result.Diagnostics).Sentence);
    }

    [Fact]
    public void ANewRuleComesBehindTheOthersAtMost() =>
        Assert.Equal("[rule_4]: A new rule cannot have this number. Choose one from 0 to 3, which puts it behind all others.", Refused(Add(Connection, 4, ("spread", "flow"))));

    [Fact]
    public void TwoHundredRulesAreEnough()
    {
        ConnectionConfig full = Connection with { Rules = [.. Enumerable.Range(0, 200).Select(index => Connection.Rules[index % 3] with { Index = index })] };

        Assert.StartsWith("[rule_200]: The number is out of range:", Refused(Add(full, 0, ("protocol", "tcp"), ("spread", "flow"))), StringComparison.Ordinal);
    }

    [Fact]
    public void RulesInVainAreToldOf()
    {
        ConfigResult<ConnectionConfig> first = Add(Connection, 2, ("spread", "flow"));
        ConnectionConfig flow = Without with { Mapping = MappingMode.Flow };
        ConfigResult<ConnectionConfig> unused = Add(flow, null, ("protocol", "tcp"), ("spread", "packet"));
        ConfigResult<ConnectionConfig> ports = ConnectionSettings.SetPath(flow, 0, ConnectionSettingsTests.Settings(("Tcp_Dst", "80")), Around);
        ConfigResult<ConnectionConfig> weight = ConnectionSettings.SetPath(ports.Config!, 0, ConnectionSettingsTests.Settings(("weight_out", "9")), Around);

        Assert.Equal("[rule_3]: The rule never matches, because [rule_2] asks for nothing and so takes all packets. Put that one behind all others, or remove this one.", Warning(first));
        Assert.Equal("[connection] mapping: With flow, rules and ports of paths are not used: [rule_0]. Write mapping = combined and mapping_rest = flow, or remove them.", Warning(unused));
        Assert.Equal("[connection] mapping: With flow, rules and ports of paths are not used: tcp_dst of [path_0]. Write mapping = combined and mapping_rest = flow, or remove them.", Warning(ports));
        Assert.Empty(weight.Diagnostics);
    }

    [Fact]
    public void APathThatGoesTakesItsNumberAlong()
    {
        ConnectionConfig three = Connection with
        {
            Paths = [.. Connection.Paths, Connection.Paths[0] with { Index = 2, Interface = "eth3", PublicAddress = Address("10.3.3.2"), LocalAddress = Address("10.3.3.2"), RemoteAddress = Address("10.3.3.3") }],
            Rules = [Connection.Rules[0] with { Paths = [2, 0, 1] }, Connection.Rules[1] with { Paths = [], Prefer = 2, IsStrict = false }, Connection.Rules[2] with { Spread = MappingMode.Flow, Prefer = null }],
        };

        ConnectionConfig two = Taken(ConnectionSettings.RemovePath(three, 1, Around));

        Assert.Equal(["eth1", "eth3"], two.Paths.Select(path => path.Interface));
        Assert.Equal([1, 0], two.Rules[0].Paths);
        Assert.Equal((1, null, 0), (two.Rules[1].Prefer, two.Rules[2].Prefer, two.Rules[2].Paths.Count));
    }

    [Fact]
    public void APathThatARuleCannotDoWithoutStays()
    {
        Assert.Equal("[rule_0] paths: The rule would have no path left: path 1 is all it has. Give the rule another one, or remove it.",
            Refused(ConnectionSettings.RemovePath(Connection, 1, Around)));
        Assert.Equal("[rule_2] prefer: The rule prefers path 0, which would be gone. Let it prefer another one, or remove it.",
            Refused(ConnectionSettings.RemovePath(Connection, 0, Around)));
    }

    private static System.Net.IPAddress Address(string text) => System.Net.IPAddress.Parse(text);

    private static string Names(ConnectionConfig config) => string.Join(' ', config.Rules.Select(rule => rule.Name));

    private static ConfigResult<ConnectionConfig> Add(ConnectionConfig config, int? position, params (string Key, string Value)[] settings) =>
        ConnectionSettings.AddRule(config, ConnectionSettingsTests.Settings(settings), position, Around);

    private static ConnectionConfig Taken(ConfigResult<ConnectionConfig> result)
    {
        Assert.Empty(result.Diagnostics);
        return result.Config!;
    }

    private static string Warning(ConfigResult<ConnectionConfig> result)
    {
        Assert.NotNull(result.Config);
        return Assert.Single(result.Diagnostics).Sentence;
    }

    private static string Refused(ConfigResult<ConnectionConfig> result)
    {
        Assert.Null(result.Config);
        return Assert.Single(result.Diagnostics).Sentence;
    }
}
