using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.ControlPlane;

public class MappingTestTests
{
    private static readonly MappingQuestion Question = new() { Connection = "to_B", Source = "10.0.0.2", Destination = "10.0.0.3" };

    private static ConnectionConfig Config => Configs.Connection(Configs.Path(0), Configs.Path(1), Configs.Path(2)) with
    {
        ReorderWindow = 100,
        Mapping = MappingMode.Combined,
        MappingRest = MappingMode.Flow,
        Rules =
        [
            new() { Index = 0, Name = "voice", Protocols = [17], DestinationPorts = [new(5060, 5061)], Spread = MappingMode.Duplicate },
            new() { Index = 1, Protocols = [17], SourcePorts = [new(53, 53)], Paths = [2], IsStrict = true },
            new() { Index = 2, Dscp = [46], Prefer = 1 },
            new() { Index = 3, Protocols = [6], SourcePorts = [new(7, 7)], Spread = MappingMode.Packet },
            new() { Index = 4, Protocols = [50], Paths = [0] },
        ],
    };

    [Fact]
    public void CopiesGoByEveryPathThatIsUp()
    {
        MappingAnswer answer = Ask(Question with { Protocol = "udp", DestinationPort = 5061 }, peerTakesCopies: true);
        Assert.Equal(("tun0", "to_B", MappingMode.Combined, MappingMode.Duplicate), (answer.Server, answer.Connection, answer.Mapping, answer.Spread));
        Assert.Equal((0, "rule 0 (voice)", 0, true), (answer.Rule, answer.RuleTitle, answer.Path, answer.IsNumbered));
        Assert.Equal([0, 1, 2], answer.Candidates);
        Assert.Equal("The packet matches rule 0 (voice). A copy goes by each of paths 0, 1 and 2.", answer.Reason);
    }

    [Fact]
    public void ToAPeerThatDoesNotKnowCopiesOneGoesByItsFlow()
    {
        MappingAnswer answer = Ask(Question with { Protocol = "udp", DestinationPort = 5060 });
        Assert.Equal((MappingMode.Flow, false), (answer.Spread, answer.IsNumbered));
        Assert.Contains($"so it is sent once. Among paths 0, 1 and 2, by their weights, its flow belongs on path {answer.Path}.", answer.Reason);
    }

    [Theory]
    [InlineData(0b111u, new[] { 2 }, "The packet matches rule 1. Path 2 is the only one it may take now.")]
    [InlineData(0b011u, new int[0], "The packet matches rule 1. The rule is strict and its path 2 is down, so the packet is dropped.")]
    public void AStrictRuleHasItsPathsOrNone(uint up, int[] candidates, string reason)
    {
        MappingAnswer answer = Ask(Question with { Protocol = "17", SourcePort = 53 }, up);
        Assert.Equal(candidates, answer.Candidates);
        Assert.Equal(reason, answer.Reason);
        Assert.Equal(candidates is [] ? null : candidates[0], answer.Path);
    }

    [Theory]
    [InlineData(0b111u, "The packet matches rule 2. Path 1 is preferred; the others are used when there is no room.")]
    [InlineData(0b101u, "The packet matches rule 2. Path 1 is preferred but down, and among the others path {0} is next.")]
    [InlineData(0b001u, "The packet matches rule 2. Path 0 is the only one it may take now.")]
    [InlineData(0u, "The packet matches rule 2. No path is up, so the packet is dropped.")]
    public void AndAPreferredPathIsSaidToBe(uint up, string reason)
    {
        MappingAnswer answer = Ask(Question with { Protocol = "icmp", Dscp = 46 }, up);
        Assert.Equal(string.Format(reason, answer.Path), answer.Reason);
        Assert.Equal((answer.Candidates.Count, answer.Candidates.Count > 0), (System.Numerics.BitOperations.PopCount(up), answer.Path is { } path && (up >> path & 1) != 0));
    }

    [Fact]
    public void ARuleWhosePathsAreDownFallsToTheOthers() => Assert.StartsWith(
        "The packet matches rule 4. As its path 0 is down, it goes by the others. Among paths 1 and 2, by their weights, its flow belongs on path ",
        Ask(Question with { Protocol = "esp" }, up: 0b110).Reason);

    [Fact]
    public void WhatNoRuleMatchesIsSpreadAsTheRest()
    {
        MappingAnswer answer = Ask(Question with { Protocol = "udp" });
        Assert.Equal((null, null, MappingMode.Flow, false), (answer.Rule, answer.RuleTitle, answer.Spread, answer.IsNumbered));
        Assert.StartsWith("It matches no rule of to_B, so mapping_rest decides: flow. Among paths 0, 1 and 2", answer.Reason);
        Assert.StartsWith("to_B has no rules, so mapping_rest decides: flow.", Ask(Question, config: Config with { Rules = [] }).Reason);
    }

    [Theory]
    [InlineData(MappingMode.Packet, true, "The mapping of to_B is packet. By the weights of paths 0 and 1 and the packets sent so far, path 0 is next.")]
    [InlineData(MappingMode.Bytes, true, "The mapping of to_B is bytes. By the weights of paths 0 and 1 and the bytes sent so far, path 0 is next.")]
    [InlineData(MappingMode.Priority, false, "The mapping of to_B is priority. Path 1 is of the first path_priority that is up; the next ones are used when there is no room.")]
    public void WithoutRulesTheMappingDecides(MappingMode mapping, bool isNumbered, string reason)
    {
        ConnectionConfig config = Config;
        config = config with { Mapping = mapping, Paths = [config.Paths[0] with { Priority = 2 }, config.Paths[1]], Rules = [] };
        MappingAnswer answer = Ask(Question, up: 0b11, config: config);
        Assert.Equal((mapping, mapping, null, isNumbered), (answer.Mapping, answer.Spread, answer.Rule, answer.IsNumbered));
        Assert.Equal(reason, answer.Reason);
    }

    [Fact]
    public void APortOfAPathIsARuleWithoutANumber()
    {
        ConnectionConfig config = Config;
        config = config with { Rules = [], Paths = [config.Paths[0], config.Paths[1] with { TcpDestinationPorts = [new(443, 443)], RateLimit = 1_000_000 }] };
        MappingAnswer answer = Ask(Question with { DestinationPort = 443 }, up: 0b11, config: config);
        Assert.Equal((null, "tcp_dst of path 1", 1), (answer.Rule, answer.RuleTitle, answer.Path));
        Assert.Equal(
            "The packet matches tcp_dst of path 1. Path 1 is the only one it may take now. Whether a rate limit has room at this moment is not considered.", answer.Reason);
    }

    [Fact]
    public void BackupsAreSaidToBeAndAConnectionOutOfUseToo()
    {
        ConnectionConfig config = Config;
        config = config with { Rules = [], Mapping = MappingMode.Flow, Paths = [config.Paths[0], config.Paths[1] with { IsBackup = true }] };
        Assert.Equal([0], Ask(Question, up: 0b11, config: config).Candidates);
        Assert.Equal("The mapping of to_B is flow. Only backup paths are up. Path 1 is the only one it may take now.", Ask(Question, up: 0b10, config: config).Reason);
        Assert.EndsWith("The connection is not in use (status = 1), so the packet is dropped.", Ask(Question, up: 0, config: config with { Status = 1 }).Reason);
    }

    [Fact]
    public void AskingChangesNothing()
    {
        using TunnelBench bench = new(Config with { Rules = [], Mapping = MappingMode.Packet });
        bench.Connection.UpPaths = 0b111;
        int?[] paths = [.. Enumerable.Range(0, 10).Select(_ => Answer(bench, Question).Path)];
        Assert.Equal(Enumerable.Repeat(paths[0], 10), paths);
        Assert.Equal(0, bench.Connection.Mapping.Rest.Decided.Packets);
    }

    [Fact]
    public void EveryPartOfTheQuestionCounts()
    {
        ConnectionConfig config = Config with
        {
            Rules =
            [
                new()
                {
                    Index = 0,
                    Protocols = [132],
                    SourcePorts = [new(1000, 1000)],
                    DestinationPorts = [new(2000, 2000)],
                    Sources = [IPNetwork.Parse("fd00::2/128")],
                    Destinations = [IPNetwork.Parse("fd00::3/128")],
                    Dscp = [63],
                    Paths = [1],
                },
            ],
        };
        MappingQuestion right = new()
        {
            Connection = "to_B",
            Source = "fd00::2",
            Destination = "fd00::3",
            Protocol = "SCTP",
            SourcePort = 1000,
            DestinationPort = 2000,
            Dscp = 63,
            FlowLabel = 0xFFFFF,
            Length = 65535,
        };
        Assert.Equal(0, Ask(right, config: config).Rule);
        foreach (MappingQuestion wrong in (MappingQuestion[])
        [
            right with { Source = "fd00::1" }, right with { Destination = "fd00::2" }, right with { Protocol = "udp" }, right with { SourcePort = 1001 },
            right with { DestinationPort = 2001 }, right with { Dscp = 62 },
        ])
        {
            Assert.Null(Ask(wrong, config: config).Rule);
        }
    }

    [Fact]
    public void TheFlowLabelTellsFlowsWithoutPortsApart()
    {
        MappingQuestion question = new() { Connection = "to_B", Source = "fd00::2", Destination = "fd00::3", Protocol = "esp" };
        ConnectionConfig config = Config with { Rules = [] };
        int?[] paths = [.. Enumerable.Range(0, 64).Select(label => Ask(question with { FlowLabel = label }, config: config).Path)];
        Assert.Equal([0, 1, 2], paths.Distinct().Order());
    }

    [Theory]
    [InlineData("10.0.0", "10.0.0.3", null, null, null, null, "no IP address")]
    [InlineData("10.0.0.2", "host", null, null, null, null, "no IP address")]
    [InlineData("10.0.0.2", "fd00::3", null, null, null, null, "two IP versions")]
    [InlineData("10.0.0.2", "10.0.0.3", "quic", null, null, null, "quic\" is no protocol")]
    [InlineData("10.0.0.2", "10.0.0.3", "tcp,udp", null, null, null, "is no protocol")]
    [InlineData("10.0.0.2", "10.0.0.3", "256", null, null, null, "is no protocol")]
    [InlineData("10.0.0.2", "10.0.0.3", "icmp", 5, null, null, "icmp have no ports")]
    [InlineData("10.0.0.2", "10.0.0.3", "udp", 65536, null, null, "port cannot be 65536")]
    [InlineData("10.0.0.2", "10.0.0.3", "udp", -1, null, null, "port cannot be -1")]
    [InlineData("10.0.0.2", "10.0.0.3", "udp", null, 64, null, "codepoint (DSCP) cannot be 64")]
    [InlineData("10.0.0.2", "10.0.0.3", null, null, null, 19, "length cannot be 19")]
    [InlineData("fd00::2", "fd00::3", null, null, null, 39, "length cannot be 39")]
    [InlineData("fd00::2", "fd00::3", null, null, null, 65536, "length cannot be 65536")]
    public void AQuestionWithAFaultIsRefused(string source, string destination, string? protocol, int? port, int? dscp, int? length, string expected)
    {
        MappingQuestion question = Question with { Source = source, Destination = destination, Protocol = protocol, DestinationPort = port, Dscp = dscp, Length = length };
        MptCommandException refusal = Assert.Throws<MptCommandException>(() => Ask(question));
        Assert.Equal(MptErrorKind.InvalidSetting, refusal.Kind);
        Assert.Contains(expected, refusal.Message);
        Assert.EndsWith(".", refusal.Message);
    }

    [Theory]
    [InlineData("10.0.0.2", 1)]
    [InlineData("fd00::2", 0x100000)]
    public void AFlowLabelIsOneOfIPv6(string address, int label) => Assert.Contains(
        "flow label", Assert.Throws<MptCommandException>(() => Ask(Question with { Source = address, Destination = address, FlowLabel = label })).Message);

    [Fact]
    public void TheConnectionIsFoundAsAPacketFindsIt()
    {
        using TunnelBench bench = new(Config);
        bench.Connection.UpPaths = 0b111;
        MappingQuestion question = Question with { Connection = null };
        Assert.Equal("to_B", Answer(bench, question).Connection);
        MptCommandException refusal = Assert.Throws<MptCommandException>(() => Answer(bench, question with { Destination = "10.0.0.4" }));
        Assert.Equal(MptErrorKind.NotFound, refusal.Kind);
        Assert.Contains("from 10.0.0.2 to 10.0.0.4 is no connection's traffic", refusal.Message);
        Assert.Equal("to_B", Answer(bench, Question with { Destination = "10.0.0.4" }).Connection);
    }

    private static MappingAnswer Ask(MappingQuestion question, uint up = 0b111, bool peerTakesCopies = false, ConnectionConfig? config = null)
    {
        using TunnelBench bench = new(config ?? Config);
        bench.Connection.UpPaths = up;
        bench.Connection.PeerTakesDuplicates = peerTakesCopies;
        return Answer(bench, question);
    }

    private static MappingAnswer Answer(TunnelBench bench, MappingQuestion question) => MappingTest.Answer("tun0", question, name =>
    {
        Assert.Equal("to_B", name);
        return bench.Connection;
    }, [bench.Tunnel], bench.Now);
}
