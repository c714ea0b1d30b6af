using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Rules, rates and ports go into a file, and what its user wrote around them stays.</summary>
public class RuleWriterTests
{
    private static readonly string File = ConfText.Connection()
        .Set("path_0", "tcp_dst", "443,80 ; the web").Set("path_0", "rate_limit", "19.5m # of 20").Set("connection", "mapping", "Combined ; so")
        + """

        ; calls first
        [rule_0]
        name     = "call"   ; by SIP
        dscp     = EF       ; 46
        protocol = 17
        spread   = duplicate

        ; guests
        [Rule_1]
            src_addr = 10.20.0.0/16
            paths    = 1,0
            strict   = 1
        ; the end
        """;

    [Fact]
    public void WhatDidNotChangeKeepsItsSpelling() => AssertChanges(config => config);

    [Fact]
    public void ValuesAreReplacedWhereTheyStand() => AssertChanges(
        config => config with
        {
            MappingRest = MappingMode.Flow,
            Paths = [config.Paths[0] with { RateLimit = 20_000_000, TcpDestinationPorts = [new(443, 443), new(8000, 8010)], Priority = 2 }, config.Paths[1]],
            Rules = [config.Rules[0] with { Dscp = [46, 34] }, config.Rules[1] with { Paths = [1], IsStrict = false }],
        },
        "+mapping_rest = flow",
        "-tcp_dst = 443,80 ; the web", "-rate_limit = 19.5m # of 20",
        "+tcp_dst = 443 8000-8010 ; the web", "+rate_limit = 20M # of 20", "+path_priority = 2",
        "-dscp     = EF       ; 46", "+dscp     = ef af41       ; 46",
        "-    paths    = 1,0", "-    strict   = 1", "+    paths    = 1", "+    strict   = 0");

    [Fact]
    public void ANewRuleTakesItsPlaceAndTheNextOnesMoveDown() => AssertChanges(
        config => config with { Rules = [config.Rules[0], new() { Index = 1, Protocols = [58], Prefer = 0 }, config.Rules[1]] },
        "+[rule_1]", "+protocol = icmpv6", "+prefer   = 0", "+", "-[Rule_1]", "+[Rule_2]");

    [Fact]
    public void ARemovedRuleTakesItsSectionAlongAndNoComment() => AssertChanges(
        config => config with { Rules = [config.Rules[1] with { Index = 0 }] },
        "-[rule_0]", "-name     = \"call\"   ; by SIP", "-dscp     = EF       ; 46", "-protocol = 17", "-spread   = duplicate", "-[Rule_1]", "+[Rule_0]");

    [Fact]
    public void AMappingThatFollowsFromTheRulesIsNotWritten()
    {
        string plain = ConfText.Connection().ToString();
        ConnectionConfig config = ConfigLoader.ParseConnection("c.conf", plain).Config!;
        RuleConfig rule = new() { Index = 0, Protocols = [6], Paths = [0] };

        string one = Update(plain, config with { Mapping = MappingMode.Combined, Rules = [rule] });
        string none = Update(one, config);
        string unused = Update(one, config with { Rules = [rule] });

        Assert.Equal(["+[rule_0]", "+protocol = tcp", "+paths    = 0", "+"], LineDifference.Of(plain.Split('\n'), one.Split('\n')));
        Assert.Equal(plain.TrimEnd(), none.TrimEnd());
        Assert.Equal(["+mapping   = packet"], LineDifference.Of(one.Split('\n'), unused.Split('\n')));
    }

    [Fact]
    public void AWholeFileHasOnlyWhatItNeeds()
    {
        ConnectionConfig config = ConfigLoader.ParseConnection("c.conf", File).Config!;

        string text = Encoding.UTF8.GetString(ConnectionWriter.Create("c.conf", config).Content!);
        string plain = Encoding.UTF8.GetString(ConnectionWriter.Create("c.conf", ConfigLoader.ParseConnection("c.conf", ConfText.Connection().ToString()).Config!).Content!);

        Assert.EndsWith(
            """

            ; The first rule that a packet matches decides which paths it may take.
            [rule_0]
            name               = call
            protocol           = udp
            dscp               = ef
            spread             = duplicate

            [rule_1]
            src_addr           = 10.20.0.0/16
            paths              = 1 0
            strict             = 1

            """, text, StringComparison.Ordinal);
        Assert.Contains("\nrate_limit         = 19500k\ntcp_dst            = 443 80\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("mapping", text, StringComparison.Ordinal);
        Assert.All(["mapping", "rate_limit", "path_priority", "backup", "tcp_", "udp_dst", "udp_src", "rule"], key => Assert.DoesNotContain(key, plain, StringComparison.Ordinal));
    }

    [Fact]
    public void RulesThatNoFileCanSayAreNotWritten()
    {
        ConnectionConfig config = ConfigLoader.ParseConnection("c.conf", File).Config!;

        ConfigWriteResult result = ConnectionWriter.Update("c.conf", Encoding.UTF8.GetBytes(File), config with { Rules = [config.Rules[0] with { Spread = null }] });

        Assert.Null(result.Content);
        Assert.Contains(result.Diagnostics, fault => fault.Section == "rule_0");
    }

    private static void AssertChanges(Func<ConnectionConfig, ConnectionConfig> change, params string[] expected) =>
        Assert.Equal(expected, LineDifference.Of(File.Split('\n'), Update(File, change(ConfigLoader.ParseConnection("c.conf", File).Config!)).Split('\n')));

    private static string Update(string text, ConnectionConfig config)
    {
        ConfigWriteResult result = ConnectionWriter.Update("c.conf", Encoding.UTF8.GetBytes(text), config);
        Assert.Empty(result.Diagnostics);
        return Encoding.UTF8.GetString(result.Content!);
    }
}
