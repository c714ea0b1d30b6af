using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.ControlPlane;

public class MappingStatusTests
{
    private static ConnectionConfig Config => Configs.Connection(
        Configs.Path(0, 3) with { RateLimit = 1_500_000, TcpDestinationPorts = [new(80, 80), new(8000, 8099)] },
        Configs.Path(1) with { IsBackup = true, Priority = 7, UdpSourcePorts = [new(53, 53)] }) with
    {
        Mapping = MappingMode.Combined,
        MappingRest = MappingMode.Bytes,
        Rules =
        [
            new()
            {
                Index = 0,
                Name = "voice",
                Protocols = [17, 47],
                SourcePorts = [new(1, 1)],
                DestinationPorts = [new(5060, 5061), new(9, 9)],
                Sources = [IPNetwork.Parse("10.0.0.0/8")],
                Destinations = [IPNetwork.Parse("fd00::/8")],
                Dscp = [46],
                Paths = [0, 1],
                Spread = MappingMode.Duplicate,
                IsStrict = true,
            },
            new() { Index = 1, Prefer = 1 },
        ],
    };

    [Fact]
    public void ThePathsTellTheirSettingsAndShares()
    {
        using ControllerBench bench = new(Config);
        ConnectionStatus status = StatusReader.Read("tun0", bench.Controller);
        Assert.Equal((MappingMode.Combined, MappingMode.Bytes), (status.Mapping, status.MappingRest));
        Assert.Equal([null, null], status.Paths.Select(path => path.Share));
        bench.Runtime.Paths[0].Sent.Add(1000);
        bench.Runtime.Paths[1].Sent.Add(2000);
        PathStatus[] paths = [.. StatusReader.Read("tun0", bench.Controller).Paths];
        Assert.Equal(
            [
                (1, 1_500_000L, false, "80 8000-8099", "", "", "", 33.33, 75.0),
                (7, null, true, "", "", "", "53", 66.67, 25.0),
            ],
            paths.Select(path => (
                path.Priority, path.RateLimit, path.IsBackup, path.TcpDestinationPorts, path.TcpSourcePorts, path.UdpDestinationPorts, path.UdpSourcePorts,
                path.Share!.Value, path.WeightShare)));
    }

    [Fact]
    public void WhatTheDataPlaneCountsIsShown()
    {
        using ControllerBench bench = new(Config);
        bench.Runtime.Mapping.Rules[1].Decided.Add(1200);
        bench.Runtime.Mapping.Rules[1].Decided.Add(300);
        bench.Runtime.DuplicatesDiscarded = 5;
        bench.Runtime.Paths[0].SendDrops.Add(DropReason.RateLimit);
        bench.Runtime.Paths[0].SendDrops.Add(DropReason.SendFailed);
        ConnectionStatus status = StatusReader.Read("tun0", bench.Controller);
        Assert.Equal([(0L, 0L), (2, 1500), (0, 0), (0, 0)], status.Rules.Select(rule => (rule.Packets, rule.Bytes)));
        Assert.Equal((5, 1), (status.DuplicatesDiscarded, status.Paths[0].SendErrors));
        Assert.Equal(1, status.Paths[0].Drops["RateLimit"]);
        Assert.Equal([0L, 0L], status.Paths.Select(path => path.QueuedBytes));
    }

    [Fact]
    public void WhatWaitsIsCountedOnItsPathWhereItCanGoByNoOther()
    {
        using FairQueueBench ofPath = new(100_000), ofRule = new(100_000), ofRest = new(100_000);
        using ControllerBench bench = new(Config);
        ofPath.Add(flow: 1, length: 1000);
        ofRule.Add(flow: 1, length: 500);
        ofRest.Add(flow: 1, length: 300);
        (bench.Runtime.Paths[0].Waiting, bench.Runtime.Mapping.Rules[0].Waiting, bench.Runtime.Mapping.Rest.Waiting) = (ofPath.Queue, ofRule.Queue, ofRest.Queue);
        ConnectionStatus status = StatusReader.Read("tun0", bench.Controller);
        Assert.Equal([1000L, 0], status.Paths.Select(path => path.QueuedBytes));
        Assert.Equal(1800, status.QueuedBytes);
    }

    [Fact]
    public void RulesThatAreNotInUseHaveDecidedNothing()
    {
        using ControllerBench bench = new(Config with { Mapping = MappingMode.Flow });
        Assert.Equal([0L, 0, 0, 0], StatusReader.Read("tun0", bench.Controller).Rules.Select(rule => rule.Packets));
    }

    [Fact]
    public void TheRulesAreTheConnectionsAndThoseOfPorts()
    {
        using ControllerBench bench = new(Config);
        Assert.Equal(
            [
                (0, "voice", "rule 0 (voice)", "protocol=udp,gre src_port=1 dst_port=5060-5061,9 src_addr=10.0.0.0/8 dst_addr=fd00::/8 dscp=ef", "paths=0,1 spread=duplicate strict=1"),
                (1, null, "rule 1", "", "prefer=1"),
                (null, null, "tcp_dst of path 0", "protocol=tcp dst_port=80,8000-8099", "paths=0"),
                (null, null, "udp_src of path 1", "protocol=udp src_port=53", "paths=1"),
            ],
            StatusReader.Read("tun0", bench.Controller).Rules.Select(rule => (rule.Index, rule.Name, rule.Title, rule.Conditions, rule.Action)));
    }
}
