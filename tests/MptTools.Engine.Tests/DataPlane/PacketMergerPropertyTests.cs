using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Random traffic through a merger: what comes out, cut again, is held against what went in.</summary>
public class PacketMergerPropertyTests
{
    private const int MostPackets = 20 * 30;

    [Fact]
    public void EveryFlowComesOutByteForByteAndInOrder()
    {
        using GuardedMemory memory = new(2 * MostPackets, slotSize: 4096);
        int merged = 0;
        PropertyCheck.Holds(PropertyCheck.AnyUInt32, seed =>
        {
            Random random = new((int)seed);
            MergerTraffic traffic = new(random, flows: random.Next(1, 21), packets: random.Next(1, 31), isTame: false);
            using MergerBench bench = new(maximumSegments: random.Next(2, 65), maximumRuns: random.Next(1, 17), memory: memory);
            foreach (byte[] packet in traffic.Packets)
            {
                bench.Add(packet);
                if (random.Next(100) == 0)
                {
                    bench.Flush();
                }
            }

            bench.Flush();
            merged += bench.Writes.Count(write => write.IsMerged);
            List<byte[]> cut = [.. bench.Writes.SelectMany(write => write.Cut)];
            AssertSame(traffic.Packets, cut);
            return true;
        });
        Assert.True(merged > 10_000, $"Only {merged} writes were merged.");
    }

    [Fact]
    public void WhatCanBeMergedIsMerged()
    {
        using GuardedMemory memory = new(2 * MostPackets, slotSize: 4096);
        PropertyCheck.Holds(PropertyCheck.AnyUInt32, seed =>
        {
            Random random = new((int)seed);
            int most = random.Next(2, 65);
            MergerTraffic traffic = new(random, flows: random.Next(1, 9), packets: random.Next(1, 31), isTame: true);
            using MergerBench bench = new(maximumSegments: most, memory: memory);
            bench.Batch(traffic.Packets);
            foreach (IGrouping<string, MergedWrite> flow in bench.Writes.GroupBy(write => FlowOf(write.Cut[0])))
            {
                foreach ((MergedWrite write, MergedWrite next) in flow.Zip(flow.Skip(1)))
                {
                    Assert.False(
                        write.Cut.Length < most && CanBeMerged([.. write.Cut, next.Cut[0]]),
                        $"A packet could have joined {write.Cut.Length} before it.");
                }
            }

            return true;
        });
    }

    private static void AssertSame(List<byte[]> sent, List<byte[]> received)
    {
        Assert.Equal(sent.Select(Convert.ToHexString).Order(), received.Select(Convert.ToHexString).Order());
        (Dictionary<string, List<string>> expected, Dictionary<string, List<string>> actual) = (ByFlow(sent), ByFlow(received));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach ((string flow, List<string> packets) in expected)
        {
            Assert.Equal(packets, actual[flow]);
        }
    }

    /// <summary>The packets of each flow in order. What has no ports belongs to every flow between the addresses.</summary>
    private static Dictionary<string, List<string>> ByFlow(List<byte[]> packets)
    {
        Dictionary<string, List<string>> flows = [];
        foreach (byte[] packet in packets)
        {
            flows[FlowOf(packet)] = [];
        }

        foreach (byte[] packet in packets.Where(packet => AddressesOf(packet) != ""))
        {
            (string addresses, string flow, string bytes) = (AddressesOf(packet), FlowOf(packet), Convert.ToHexString(packet));
            foreach (string key in flow == addresses ? flows.Keys.Where(key => key.StartsWith(addresses, StringComparison.Ordinal)) : [flow])
            {
                flows[key].Add(bytes);
            }
        }

        return flows;
    }

    /// <summary>The addresses, or nothing where there are none.</summary>
    private static string AddressesOf(byte[] packet) => packet switch
    {
        [>= 0x40 and < 0x50, ..] when packet.Length >= 20 => "4 " + Convert.ToHexString(packet[12..20]),
        [>= 0x60 and < 0x70, ..] when packet.Length >= 40 => "6 " + Convert.ToHexString(packet[8..40]),
        _ => "",
    };

    /// <summary>The addresses and, for a whole TCP or UDP packet without options, the protocol and ports.</summary>
    private static string FlowOf(byte[] packet)
    {
        string addresses = AddressesOf(packet);
        bool isIPv6 = addresses.StartsWith('6');
        int transport = isIPv6 ? 40 : 20;
        if (addresses == ""
            || (!isIPv6 && (packet[0] != 0x45 || (packet[6] & 0xBF) != 0 || packet[7] != 0 || (packet[2] << 8 | packet[3]) != packet.Length))
            || (isIPv6 && (packet[4] << 8 | packet[5]) != packet.Length - 40))
        {
            return addresses;
        }

        byte protocol = packet[isIPv6 ? 6 : 9];
        return packet.Length >= transport + (protocol switch { 6 => 20, 17 => 8, _ => ushort.MaxValue })
            ? $"{addresses} {protocol} {Convert.ToHexString(packet[transport..(transport + 4)])}"
            : addresses;
    }

    /// <summary>Whether the packets are what cutting a large one gives; and none carries a flag that is not to be merged.</summary>
    private static bool CanBeMerged(byte[][] packets)
    {
        (int transport, int payload) = ReferenceSegmenter.Offsets(packets[0]);
        if (packets.Any(packet => !IsPlain(packet, transport)) || packets[0].Length <= payload || packets[^1].Length <= payload)
        {
            return false;
        }

        byte[] large = [.. packets[0][..payload], .. packets.SelectMany(packet => packet[payload..])];
        if (payload != transport + 8)
        {
            large[transport + 13] |= packets[^1][transport + 13];
        }

        return large.Length <= 65535
            && ReferenceSegmenter.Cut(large, packets[0].Length - payload).Select(Convert.ToHexString).SequenceEqual(packets.Select(Convert.ToHexString));
    }

    private static bool IsPlain(byte[] packet, int transport)
    {
        const int onlyAckAndPsh = 0x0FF7;
        bool isUdp = packet[transport == 40 ? 6 : 9] == 17;
        return isUdp || ((packet[transport + 12] << 8 | packet[transport + 13]) & onlyAckAndPsh) == PacketSpec.Ack;
    }
}
