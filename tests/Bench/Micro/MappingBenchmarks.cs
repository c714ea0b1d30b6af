using System.Net;
using BenchmarkDotNet.Attributes;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;

namespace MptTools.Bench.Micro;

/// <summary>What decides which path a packet takes: different flows one after the other, so that no branch is foretold.</summary>
internal static class MappingTraffic
{
    internal const int Packets = 1024;

    internal static PacketFields[] Fields(int ipVersion)
    {
        Random random = new(1);
        PacketFields[] fields = new PacketFields[Packets];
        UInt128 network = ipVersion == 4 ? 0x0A000000 : new UInt128(0x2001_0DB8_0000_0000, 0);
        for (int i = 0; i < Packets; i++)
        {
            fields[i] = new PacketFields
            {
                Version = (ushort)ipVersion,
                Source = network + (uint)random.Next(0x10000),
                Destination = network + (uint)random.Next(0x10000),
                Protocol = random.Next(2) == 0 ? TransportHeader.Tcp : TransportHeader.Udp,
                HasPorts = true,
                SourcePort = (ushort)random.Next(65536),
                DestinationPort = (ushort)random.Next(2000),
                Dscp = (byte)random.Next(64),
            };
        }
        return fields;
    }
}

/// <summary>The first rule that matches: rules that ask for ports, networks of both IP versions, protocols and codepoints.</summary>
public class RuleBenchmarks
{
    private RuleTable table = null!;
    private PacketFields[] fields = null!;

    [Params(1, 50, 200)]
    public int Rules { get; set; }

    [Params(4, 6)]
    public int IPVersion { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        table = new RuleTable([.. Enumerable.Range(0, Rules).Select(Rule)]);
        fields = MappingTraffic.Fields(IPVersion);
    }

    [Benchmark(OperationsPerInvoke = MappingTraffic.Packets)]
    public int Find()
    {
        int sum = 0;
        foreach (ref readonly PacketFields packet in fields.AsSpan())
        {
            sum += table.Find(packet);
        }
        return sum;
    }

    private static RuleConfig Rule(int i) => new()
    {
        Index = i,
        Protocols = i % 3 == 0 ? [TransportHeader.Udp] : [],
        SourcePorts = i % 4 == 1 ? [new(1000 * i % 60000, 1000 * i % 60000 + 500)] : [],
        DestinationPorts = i % 4 != 1 ? [new(7 * i, 7 * i + 3), new(30000 + i, 30000 + i)] : [],
        Sources = i % 5 == 2 ? [IPNetwork.Parse($"10.0.{i}.0/24"), IPNetwork.Parse($"2001:db8::{i:x}00/120")] : [],
        Destinations = i % 5 < 2 ? [IPNetwork.Parse($"10.0.{i}.0/25"), IPNetwork.Parse($"2001:db8::{i:x}00/121")] : [],
        Dscp = i % 7 == 0 ? [i % 64, 46] : [],
    };
}

/// <summary>The path of a flow, its hash included and not.</summary>
public class FlowSelectionBenchmarks
{
    private FlowSelector selector = null!;
    private PacketFields[] fields = null!;
    private ulong[] hashes = null!;

    [Params(2, 4, 20)]
    public int Paths { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        selector = new FlowSelector(
            [.. Enumerable.Range(0, Paths).Select(path => 3 + 7 * path)],
            [.. Enumerable.Range(0, Paths).Select(path => 0x9E3779B97F4A7C15ul * (uint)(path + 1))]);
        fields = MappingTraffic.Fields(4);
        hashes = [.. fields.Select(packet => FlowSelector.HashOf(packet))];
    }

    [Benchmark(OperationsPerInvoke = MappingTraffic.Packets)]
    public int Select()
    {
        int sum = 0;
        foreach (ulong hash in hashes)
        {
            sum += selector.Select(hash, uint.MaxValue);
        }
        return sum;
    }

    [Benchmark(OperationsPerInvoke = MappingTraffic.Packets)]
    public int HashAndSelect()
    {
        int sum = 0;
        foreach (ref readonly PacketFields packet in fields.AsSpan())
        {
            sum += selector.Select(FlowSelector.HashOf(packet), uint.MaxValue);
        }
        return sum;
    }
}

/// <summary>The choice of a packet's path by bytes, with weights and lengths that differ.</summary>
public class ByteSelectionBenchmarks
{
    private ByteSelector selector = null!;
    private int[] lengths = null!;

    [Params(2, 4, 20)]
    public int Paths { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        selector = new ByteSelector([.. Enumerable.Range(0, Paths).Select(path => 3 + 7 * path)]);
        Random random = new(1);
        lengths = [.. Enumerable.Range(0, MappingTraffic.Packets).Select(_ => random.Next(40, 1500))];
    }

    [Benchmark(OperationsPerInvoke = MappingTraffic.Packets)]
    public int Next()
    {
        int sum = 0;
        foreach (int length in lengths)
        {
            sum += selector.Next(uint.MaxValue, length);
        }
        return sum;
    }
}

/// <summary>What is read out of a packet, and the comparison with the packet before.</summary>
public class PacketFieldsBenchmarks
{
    private byte[] packet = null!;
    private PacketFields before;

    [Params("TCP over IPv4", "UDP over IPv6", "behind two headers", "ICMP error")]
    public string Packet { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        packet = Packet switch
        {
            "TCP over IPv4" => new PacketSpec { Payload = new byte[1000] }.Build(),
            "UDP over IPv6" => new PacketSpec { IsIPv6 = true, IsUdp = true, Payload = new byte[1000] }.Build(),
            "behind two headers" => new PacketSpec { IsIPv6 = true, IsUdp = true, Extensions = [(0, new byte[8]), (60, new byte[8])], Payload = new byte[1000] }.Build(),
            _ => IcmpError(),
        };
        PacketFields.TryRead(packet, out before);
    }

    [Benchmark]
    public bool TryReadAndCompare() => PacketFields.TryRead(packet, out PacketFields fields) && fields.SameAs(before);

    private static byte[] IcmpError()
    {
        byte[] error = [.. new PacketSpec { IsUdp = true }.Build().AsSpan(0, 20), 3, 4, 0, 0, 0, 0, 0, 0, .. new PacketSpec().Build()];
        error[9] = 1;
        return error;
    }
}
