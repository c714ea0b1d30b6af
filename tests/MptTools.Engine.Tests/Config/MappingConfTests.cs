using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class MappingConfTests
{
    private const string Ports = "ports from 0 to 65535 and ranges of them, such as 80 443 8000-8010, with blanks or commas between them";
    private const string Protocols = "names of protocols or their numbers from 0 to 255, such as tcp, udp, icmp or 50, with blanks or commas between them";
    private const string Codepoints = "codepoints from 0 to 63, ranges of them, or names such as ef, af41, cs5, va or le, with blanks or commas between them";
    private const string Networks = "networks or addresses such as 10.1.0.0/16, 192.0.2.7 or fd00:1::/64, with blanks or commas between them";
    private const string Rate = "0 for no limit, or a rate in bit/s from 8k to 1000G, such as 20M, 1.5G, 800k or 20000000";

    [Theory]
    [InlineData("connection", "mapping", "weight", "\"weight\" is none of the possible values. Write packet, bytes, flow, combined, duplicate or priority.")]
    [InlineData("connection", "mapping_rest", "combined", "\"combined\" is none of the possible values. Write packet, bytes, flow, duplicate or priority.")]
    [InlineData("path_0", "path_priority", "0", "\"0\" is out of range. Write a whole number from 1 to 255.")]
    [InlineData("path_0", "path_priority", "256", "\"256\" is out of range. Write a whole number from 1 to 255.")]
    [InlineData("path_0", "rate_limit", "20 M", $"\"20 M\" is no rate. Write {Rate}.")]
    [InlineData("path_0", "rate_limit", "20Mbit", $"\"20Mbit\" is no rate. Write {Rate}.")]
    [InlineData("path_0", "rate_limit", "-1M", $"\"-1M\" is no rate. Write {Rate}.")]
    [InlineData("path_0", "rate_limit", "7.9k", $"\"7.9k\" is out of range. Write {Rate}.")]
    [InlineData("path_0", "rate_limit", "1001G", $"\"1001G\" is out of range. Write {Rate}.")]
    [InlineData("path_0", "rate_limit", "8.0001k", $"\"8.0001k\" is no whole number of bit/s. Write {Rate}.")]
    [InlineData("path_0", "backup", "2", "\"2\" is out of range. Write 0 or 1.")]
    [InlineData("path_0", "tcp_dst", "http", $"\"http\" names \"http\", which is neither a port nor a range of ports. Write {Ports}.")]
    [InlineData("path_1", "tcp_src", "80 65536", $"\"80 65536\" names \"65536\", which is above 65535. Write {Ports}.")]
    [InlineData("path_0", "udp_dst", "90-80", $"\"90-80\" names \"90-80\", a range that ends before it begins. Write {Ports}.")]
    [InlineData("path_0", "udp_src", ", ,", $"\", ,\" has nothing but separators. Write {Ports}.")]
    [InlineData("rule_0", "name", "my voice", "\"my voice\" has a blank in it. Write one word to recognise the rule by.")]
    [InlineData("rule_0", "protocol", "tcp utp", $"\"tcp utp\" names \"utp\", which is no protocol known here; the nearest name is udp. Write {Protocols}.")]
    [InlineData("rule_0", "protocol", "256", $"\"256\" names \"256\", which is no protocol number. Write {Protocols}.")]
    [InlineData("rule_0", "src_port", "1-2-3", $"\"1-2-3\" names \"1-2-3\", which is neither a port nor a range of ports. Write {Ports}.")]
    [InlineData("rule_0", "dst_port", "-80", $"\"-80\" names \"-80\", which is neither a port nor a range of ports. Write {Ports}.")]
    [InlineData("rule_0", "src_addr", "10.0.0.0/33", $"\"10.0.0.0/33\" names \"10.0.0.0/33\", which is neither a network nor an address. Write {Networks}.")]
    [InlineData("rule_0", "dst_addr", "fd00::/8, 10.1.1.1/8", $"\"fd00::/8, 10.1.1.1/8\" names \"10.1.1.1/8\", which has bits behind its prefix, unlike 10.0.0.0/8. Write {Networks}.")]
    [InlineData("rule_0", "dscp", "af44", $"\"af44\" names \"af44\", which is no codepoint. Write {Codepoints}.")]
    [InlineData("rule_0", "dscp", "64", $"\"64\" names \"64\", which is no codepoint. Write {Codepoints}.")]
    [InlineData("rule_0", "dscp", "cs2-cs1", $"\"cs2-cs1\" names \"cs2-cs1\", a range that ends before it begins. Write {Codepoints}.")]
    [InlineData("rule_0", "paths", "0 2", "\"0 2\" names \"2\", which is no path of the connection. Write numbers of paths, 0 to 1, with blanks or commas between them.")]
    [InlineData("rule_0", "paths", "eth1", "\"eth1\" names \"eth1\", which is no number of a path. Write numbers of paths, 0 to 1, with blanks or commas between them.")]
    [InlineData("rule_0", "paths", "1,0,1", "\"1,0,1\" names path 1 twice. Write numbers of paths, 0 to 1, with blanks or commas between them.")]
    [InlineData("rule_0", "prefer", "2", "\"2\" is no path of the connection. Write the number of a path, 0 to 1.")]
    [InlineData("rule_0", "spread", "priority", "\"priority\" is none of the possible values. Write packet, bytes, flow or duplicate.")]
    [InlineData("rule_0", "strict", "yes", "\"yes\" is no whole number. Write 0 or 1.")]
    public void WrongValueIsNamed(string section, string key, string value, string message)
    {
        ConfText text = WithRule().Set(section, key, value);

        Assert.Equal(new ConfigDiagnostic(ConfigSeverity.Error, "c.conf", text.LineOf(section, key), section, key, message), OnlyFault(text));
    }

    [Fact]
    public void ARuleMustSayWherePacketsGo()
    {
        ConfText text = WithRule().Remove("rule_0", "paths");

        Assert.Equal($"c.conf({text.LineOf("rule_0")}): error: [rule_0]: The rule does not say where its packets go. Write paths =, prefer = or spread =, or remove the rule.",
            OnlyFault(text).ToString());
    }

    [Theory]
    [InlineData("protocol", "udp icmp", "dst_port", "dst_port", "The rule asks for ports, but packets of the protocol icmp have none. Take it out of protocol = (tcp, udp, dccp, sctp, udplite have ports), or remove dst_port.")]
    [InlineData("protocol", "99", "src_port", "src_port", "The rule asks for ports, but packets of the protocol 99 have none. Take it out of protocol = (tcp, udp, dccp, sctp, udplite have ports), or remove src_port.")]
    public void PortsNeedAProtocolThatHasSome(string key, string value, string port, string blamed, string message)
    {
        ConfText text = WithRule().Remove("rule_0", "dst_port").Set("rule_0", port, "1").Set("rule_0", key, value);

        Assert.Equal(new ConfigDiagnostic(ConfigSeverity.Error, "c.conf", text.LineOf("rule_0", blamed), "rule_0", blamed, message), OnlyFault(text));
    }

    [Theory]
    [InlineData("strict", "1", "With prefer the other paths take what the preferred one cannot, and strict forbids that. Remove one of them; for this path alone write paths = and strict = 1.")]
    [InlineData("spread", "duplicate", "With spread = duplicate every path gets a copy, so that none comes first. Remove one of them.")]
    [InlineData("paths", "0", "1 is not among the paths of the rule. Add it to paths =, or prefer one of those.")]
    public void APreferredPathGoesNotWithEverything(string key, string value, string message)
    {
        ConfText text = WithRule().Set("rule_0", "paths", "0 1").Set("rule_0", "prefer", "1").Set("rule_0", key, value);

        Assert.Equal(new ConfigDiagnostic(ConfigSeverity.Error, "c.conf", text.LineOf("rule_0", "prefer"), "rule_0", "prefer", message), OnlyFault(text));
    }

    [Fact]
    public void AllThatIsWrongIsNamedAtOnce()
    {
        ConfText text = WithRule().Set("rule_0", "dscp", "x").Set("path_0", "tcp_dst", "y").Section("rule_1", ("paths", "7"), ("spread", "z"));

        Assert.Equal(["tcp_dst", "dscp", "paths", "spread"], text.Load().Diagnostics.Select(fault => fault.Key));
    }

    [Fact]
    public void RulesHaveNoGaps()
    {
        ConfText text = ConfText.Connection().Section("rule_1", ("paths", "0"), ("protocol", "tcp")).Section("rule_4", ("paths", "0"));

        Assert.Equal(
            [
                $"c.conf({text.LineOf("rule_1")}): error: [rule_0]: The section is missing: [rule_1] is there, and the numbers must have no gap. Add it, or give [rule_1] and those behind it smaller numbers.",
                $"c.conf({text.LineOf("rule_4")}): error: [rule_2]: The section is missing, and so are those up to [rule_3]: [rule_4] is there, and the numbers must have no gap. Add it, or give [rule_4] and those behind it smaller numbers.",
            ],
            text.Load().Diagnostics.Select(fault => fault.ToString()));
    }

    [Fact]
    public void TwoHundredRulesAreReadAndNoMore()
    {
        ConfText text = ConfText.Connection();
        for (int index = 199; index >= 0; index--)
        {
            text.Section($"rule_{index}", ("dst_port", $"{index}"), ("paths", $"{index % 2}"));
        }

        ConnectionConfig config = Loaded(text);
        text.Section("rule_200", ("dst_port", "200"), ("paths", "0"));

        Assert.Equal(Enumerable.Range(0, 200), config.Rules.Select(rule => rule.Index));
        Assert.Equal(199, config.Rules[199].DestinationPorts[0].First);
        Assert.Equal($"c.conf({text.LineOf("rule_200")}): error: [rule_200]: The number is out of range: there may be 200 such sections, [rule_0] to [rule_199]. Give it a smaller number, or remove it.",
            OnlyFault(text).ToString());
    }

    [Theory]
    [InlineData(null, false, false, MappingMode.Packet)]
    [InlineData(null, true, false, MappingMode.Combined)]
    [InlineData(null, false, true, MappingMode.Combined)]
    [InlineData("", false, true, MappingMode.Combined)]
    [InlineData("COMBINED", false, false, MappingMode.Combined)]
    [InlineData("bytes", false, false, MappingMode.Bytes)]
    [InlineData("flow", false, false, MappingMode.Flow)]
    [InlineData("Duplicate", false, false, MappingMode.Duplicate)]
    [InlineData("priority", false, false, MappingMode.Priority)]
    public void AMappingThatIsLeftOutFollowsFromTheRules(string? mapping, bool hasRule, bool hasPorts, MappingMode expected)
    {
        ConfText text = hasRule ? WithRule() : ConfText.Connection();
        text = hasPorts ? text.Set("path_1", "udp_src", "53") : text;

        Assert.Equal(expected, Loaded(mapping is null ? text : text.Set("connection", "mapping", mapping)).Mapping);
    }

    [Fact]
    public void RulesWithoutTheirMappingAreNotUsed()
    {
        ConfText one = WithRule().Set("connection", "mapping", "flow");
        ConfText ports = ConfText.Connection().Set("connection", "mapping", "flow").Set("path_1", "udp_src", "53").Set("path_1", "tcp_dst", "80");

        Assert.Equal($"With flow, rules and ports of paths are not used: [rule_0] in line {one.LineOf("rule_0")}. Write mapping = combined and mapping_rest = flow, or remove them.",
            Warning(one, "connection", "mapping"));
        Assert.Equal($"With flow, rules and ports of paths are not used: tcp_dst of [path_1] in line {ports.LineOf("path_1", "tcp_dst")} and 1 more. Write mapping = combined and mapping_rest = flow, or remove them.",
            Warning(ports, "connection", "mapping"));
    }

    [Fact]
    public void TheRestIsNamedAsWell() =>
        Assert.Equal(["mapping", "mapping_rest"],
            WithRule().Set("connection", "mapping", "bytes").Set("connection", "mapping_rest", "flow").Load().Diagnostics.Select(fault => fault.Key));

    [Fact]
    public void TheRestNeedsRules() =>
        Assert.Equal("It is not used, because mapping is packet. Write mapping = combined, or remove the line.",
            Warning(ConfText.Connection().Set("connection", "mapping_rest", "flow"), "connection", "mapping_rest"));

    [Fact]
    public void WhatStandsBehindARuleForAllNeverMatches()
    {
        ConfText text = WithRule().Section("rule_1", ("spread", "flow")).Section("rule_2", ("protocol", "tcp"), ("paths", "0")).Set("path_1", "udp_src", "53");
        string why = $"because [rule_1] in line {text.LineOf("rule_1")} asks for nothing and so takes all packets";

        ConfigResult<ConnectionConfig> result = text.Load();

        Assert.NotNull(result.Config);
        Assert.Equal(
            [
                $"c.conf({text.LineOf("path_1", "udp_src")}): warning: [path_1] udp_src: The ports are never looked at, {why}. Remove the line, or write a rule for the ports before that one.",
                $"c.conf({text.LineOf("rule_2")}): warning: [rule_2]: The rule never matches, {why}. Put that one behind all others, or remove this one.",
            ],
            result.Diagnostics.Select(fault => fault.ToString()));
    }

    [Theory]
    [InlineData("strict", "1", "It is not used, because the rule has no paths = that could all be down. Write paths =, or remove the line.")]
    [InlineData("dst_addr", "10.0.0.0/8", "The rule never matches, because src_addr and dst_addr have no IP version in common. Write networks of one version in both.")]
    public void ARuleThatSaysSomethingInVainIsNamed(string key, string value, string message) =>
        Assert.Equal(message, Warning(
            WithRule().Remove("rule_0", "paths").Set("rule_0", "spread", "flow").Set("rule_0", "src_addr", "fd00::/8").Set("rule_0", key, value), "rule_0", key));

    [Fact]
    public void PathsThatAreAllBackupsAreNone() =>
        Assert.Equal("Every path of the connection is a backup, which is as if none were. Write backup = 0 for those to be used first.",
            Warning(ConfText.Connection().Set("path_0", "backup", "1").Set("path_1", "backup", "1"), "path_0", "backup"));

    [Fact]
    public void PrioritiesAndBackupsNeedNoOtherKey() =>
        Loaded(ConfText.Connection().Set("path_0", "path_priority", "2").Set("path_1", "backup", "1").Set("path_1", "rate_limit", "0"));

    [Fact]
    public void TheExampleOfTheExperimentLoadsAsItStands()
    {
        const string example =
            """
            [path_0]
            interface_name   = eth1
            ip_ver           = 4
            public_ipaddr    = 10.1.1.2
            gw_ipaddr        = 10.1.1.2
            remote_ipaddr    = 10.1.1.3
            keepalive_time   = 5
            dead_time        = 11
            weight_out       = 10
            cmd_default      = 1
            status           = 0
            tcp_dst		 = 80 443 8080 23456
            tcp_src		 = 60000 65000
            udp_dst		 = 53
            udp_src		 = 1568 10000

            [path_1]
            interface_name   = eth2
            ip_ver           = 4
            public_ipaddr    = 10.2.2.2
            gw_ipaddr        = 10.2.2.2
            remote_ipaddr    = 10.2.2.3
            keepalive_time   = 5
            dead_time        = 11
            weight_out       = 10
            status           = 0
            tcp_dst		 = 21 22 68
            """;
        ConfText head = ConfText.Connection().RemoveSection("path_0").RemoveSection("path_1");

        ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("c.conf", $"{head}{example}\n");

        Assert.Empty(result.Diagnostics);
        Assert.Equal(MappingMode.Combined, result.Config?.Mapping);
        Assert.Equal(
            [
                "tcp_dst of path 0: [6] [] [80 443 8080 23456] [0]", "tcp_src of path 0: [6] [60000 65000] [] [0]",
                "udp_dst of path 0: [17] [] [53] [0]", "udp_src of path 0: [17] [1568 10000] [] [0]", "tcp_dst of path 1: [6] [] [21 22 68] [1]",
            ],
            MappingRules.Of(result.Config!).Select(item =>
                $"{item.Title}: [{string.Join(' ', item.Rule.Protocols)}] [{PortList.Of(item.Rule.SourcePorts)}] [{PortList.Of(item.Rule.DestinationPorts)}] [{string.Join(' ', item.Rule.Paths)}]"));
    }

    private static ConfText WithRule() => ConfText.Connection().Section("rule_0", ("protocol", "udp"), ("dst_port", "53"), ("paths", "1"));

    private static ConnectionConfig Loaded(ConfText text)
    {
        ConfigResult<ConnectionConfig> result = text.Load();
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Config);
        return result.Config;
    }

    private static ConfigDiagnostic OnlyFault(ConfText text)
    {
        ConfigResult<ConnectionConfig> result = text.Load();
        Assert.Null(result.Config);
        return Assert.Single(result.Diagnostics);
    }

    private static string Warning(ConfText text, string section, string key)
    {
        ConfigResult<ConnectionConfig> result = text.Load();
        Assert.NotNull(result.Config);
        ConfigDiagnostic fault = Assert.Single(result.Diagnostics);
        Assert.Equal((ConfigSeverity.Warning, text.LineOf(section, key), section, key), (fault.Severity, fault.Line, fault.Section, fault.Key));
        return fault.Message;
    }
}
