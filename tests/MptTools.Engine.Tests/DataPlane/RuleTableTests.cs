using System.Net;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.DataPlane;

public class RuleTableTests
{
    private const byte Tcp = 6, Udp = 17, Icmp = 1;

    /// <summary>Networks that lie in one another, and some that begin or end with the numbers.</summary>
    private static readonly IPNetwork[] Networks =
    [
        .. new[]
        {
            "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "10.1.2.0/24",
            "10.1.2.128/25", "10.1.2.3/32", "10.1.2.4/32", "255.255.255.255/32", "0.0.0.0/32", "::/0", "::/1", "8000::/1",
            "2001:db8::/32", "2001:db8::/48", "2001:db8:0:1::/64", "2001:db8:0:1::/65", "2001:db8::1/128", "2001:db8::2/128",
            "::/96", "::a01:203/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "ffff:ffff:ffff:ffff::/64",
        }.Select(IPNetwork.Parse),
    ];

    [Fact]
    public void WithoutRulesNoneMatches()
    {
        RuleTable table = new([]);
        Assert.Equal(-1, table.Find(Packet()));
        Assert.Equal(-1, table.Find(Packet() with { Version = 6 }));
    }

    [Fact]
    public void ARuleThatAsksForNothingMatchesAll()
    {
        RuleTable table = new([Rule()]);
        Assert.Equal(0, table.Find(Packet()));
        Assert.Equal(0, table.Find(Packet() with { HasPorts = false, IsFragment = true, Label = 7 }));
        Assert.Equal(0, table.Find(Packet() with { Version = 6, Source = UInt128.MaxValue, Protocol = 255, Dscp = 63 }));
    }

    [Fact]
    public void TheFirstRuleThatMatchesDecides()
    {
        RuleTable table = new(
        [
            Rule() with { Protocols = [Udp], DestinationPorts = [new(5060, 5061), new(10000, 20000)] },
            Rule() with { Protocols = [Tcp, Udp], DestinationPorts = [new(5061, 5061)] },
            Rule() with { Dscp = [46] },
            Rule() with { Protocols = [Icmp] },
        ]);
        Assert.Equal(0, table.Find(Packet() with { Protocol = Udp, DestinationPort = 5061 }));
        Assert.Equal(0, table.Find(Packet() with { Protocol = Udp, DestinationPort = 5060, Dscp = 46 }));
        Assert.Equal(1, table.Find(Packet() with { Protocol = Tcp, DestinationPort = 5061, Dscp = 46 }));
        Assert.Equal(2, table.Find(Packet() with { Protocol = Udp, DestinationPort = 5062, Dscp = 46 }));
        Assert.Equal(3, table.Find(Packet() with { Protocol = Icmp, DestinationPort = 0, HasPorts = false }));
        Assert.Equal(-1, table.Find(Packet() with { Protocol = Udp, DestinationPort = 20001 }));
    }

    [Fact]
    public void APacketWithoutPortsMatchesNoRuleThatAsksForOne()
    {
        RuleTable table = new([Rule() with { SourcePorts = [new(0, 65535)] }, Rule() with { DestinationPorts = [new(0, 0)] }]);
        PacketFields fragment = Packet() with { HasPorts = false, IsFragment = true, SourcePort = 0, DestinationPort = 0 };
        Assert.Equal(-1, table.Find(fragment));
        Assert.Equal(0, table.Find(fragment with { HasPorts = true }));
    }

    [Fact]
    public void NetworksOfOneVersionDoNotMatchTheOther()
    {
        RuleTable version4 = new([Rule() with { Sources = [IPNetwork.Parse("0.0.0.0/0")] }]);
        RuleTable version6 = new([Rule() with { Destinations = [IPNetwork.Parse("::/0")] }]);
        Assert.Equal(0, version4.Find(Packet()));
        Assert.Equal(-1, version4.Find(Packet() with { Version = 6 }));
        Assert.Equal(-1, version6.Find(Packet()));
        Assert.Equal(0, version6.Find(Packet() with { Version = 6 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    [InlineData(280)]
    public void EachOfManyRulesIsFound(int count)
    {
        RuleTable table = new([.. Enumerable.Range(0, count).Select(i => Rule() with { DestinationPorts = [new(1000 + i, 1000 + i), new(3000 - i, 3000 + i)] })]);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(i, table.Find(Packet() with { DestinationPort = (ushort)(1000 + i) }));
            Assert.Equal(i, table.Find(Packet() with { DestinationPort = (ushort)(3000 + i) }));
            Assert.Equal(i, table.Find(Packet() with { DestinationPort = (ushort)(3000 - i) }));
        }
        Assert.Equal(-1, table.Find(Packet() with { DestinationPort = (ushort)(1000 + count) }));
        Assert.Equal(-1, table.Find(Packet() with { DestinationPort = 999 }));
    }

    [Fact]
    public void EachCodepointAndProtocolHasItsOwn()
    {
        RuleTable byCodepoint = new([.. Enumerable.Range(0, 64).Select(i => Rule() with { Dscp = [i] })]);
        RuleTable byProtocol = new([.. Enumerable.Range(0, 256).Select(i => Rule() with { Protocols = [i] })]);
        for (int i = 0; i < 256; i++)
        {
            Assert.Equal(i % 64, byCodepoint.Find(Packet() with { Dscp = (byte)(i % 64), Protocol = (byte)i }));
            Assert.Equal(i, byProtocol.Find(Packet() with { Dscp = (byte)(i % 64), Protocol = (byte)i }));
        }
    }

    [Fact]
    public void AnyRulesDecideAsTheyDoOneByOne() => PropertyCheck.Holds(
        from rules in Gen.ListOf(AnyRule)
        from packets in Gen.ListOf(AnyPacket, 100)
        select (rules, packets),
        input => Agrees([.. input.rules], input.packets));

    [Theory]
    [InlineData(50)]
    [InlineData(130)]
    [InlineData(200)]
    public void ManyRulesDecideAsTheyDoOneByOne(int count) => PropertyCheck.Holds(
        from rules in AnyRule.ArrayOf(count)
        from packets in AnyPacket.ArrayOf(50)
        select (rules, packets),
        input => Agrees(input.rules, input.packets));

    [Fact]
    public void FindingAllocatesNothing()
    {
        RuleTable table = new([Rule() with { Protocols = [Udp], Sources = [.. Networks], DestinationPorts = [new(0, 100)] }]);
        PacketFields fields = Packet();
        table.Find(fields);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            fields.Version = (ushort)(4 + i % 2 * 2);
            fields.DestinationPort = (ushort)i;
            table.Find(fields);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static RuleConfig Rule() => new() { Index = 0 };

    private static PacketFields Packet() => new()
    {
        Version = 4,
        Source = 0x0A010203,
        Destination = 0xC0A80101,
        Protocol = Tcp,
        HasPorts = true,
        SourcePort = 40000,
        DestinationPort = 443,
    };

    private static bool Agrees(IReadOnlyList<RuleConfig> rules, IEnumerable<PacketFields> packets)
    {
        RuleTable table = new(rules);
        foreach (PacketFields packet in packets)
        {
            int expected = -1;
            for (int i = 0; i < rules.Count && expected < 0; i++)
            {
                expected = Matches(rules[i], packet) ? i : -1;
            }
            if (table.Find(packet) != expected)
            {
                return false;
            }
        }
        return true;
    }

    private static bool Matches(RuleConfig rule, PacketFields packet) =>
        (rule.Protocols.Count == 0 || rule.Protocols.Contains(packet.Protocol))
        && (rule.Dscp.Count == 0 || rule.Dscp.Contains(packet.Dscp))
        && (rule.SourcePorts.Count == 0
            || (packet.HasPorts && rule.SourcePorts.Any(range => packet.SourcePort >= range.First && packet.SourcePort <= range.Last)))
        && (rule.DestinationPorts.Count == 0
            || (packet.HasPorts && rule.DestinationPorts.Any(range => packet.DestinationPort >= range.First && packet.DestinationPort <= range.Last)))
        && (rule.Sources.Count == 0 || rule.Sources.Any(network => network.Contains(Address(packet.Version, packet.Source))))
        && (rule.Destinations.Count == 0 || rule.Destinations.Any(network => network.Contains(Address(packet.Version, packet.Destination))));

    private static IPAddress Address(int version, UInt128 number) =>
        new([.. Enumerable.Range(0, version == 4 ? 4 : 16).Select(i => (byte)(number >> 8 * i)).Reverse()]);

    private static UInt128 Number(IPAddress address) =>
        address.GetAddressBytes().Aggregate(UInt128.Zero, (number, value) => number << 8 | value);

    /// <summary>Few values, close to each other and at both ends.</summary>
    private static Gen<int> Port => Gen.Elements(0, 1, 79, 80, 81, 443, 1023, 1024, 5060, 32767, 65534, 65535);

    private static Gen<PortRange> Ports =>
        from first in Port
        from other in Gen.Frequency((1, Port), (1, Gen.Constant(first)))
        select new PortRange(Math.Min(first, other), Math.Max(first, other));

    private static Gen<RuleConfig> AnyRule =>
        from protocols in SomeOf(Gen.Elements((int)Tcp, Udp, Icmp, 0, 255))
        from sourcePorts in SomeOf(Ports)
        from destinationPorts in SomeOf(Ports)
        from sources in SomeOf(Gen.Elements(Networks))
        from destinations in SomeOf(Gen.Elements(Networks))
        from dscp in SomeOf(Gen.Elements(0, 1, 46, 62, 63))
        select new RuleConfig
        {
            Index = 0,
            Protocols = protocols,
            SourcePorts = sourcePorts,
            DestinationPorts = destinationPorts,
            Sources = sources,
            Destinations = destinations,
            Dscp = dscp,
        };

    /// <summary>Mostly none, or hardly any packet would match anything.</summary>
    private static Gen<List<T>> SomeOf<T>(Gen<T> values) => Gen.Frequency(
        (6, Gen.Constant(new List<T>())),
        (2, values.ListOf(1).Select(list => list.ToList())),
        (1, values.ListOf(4).Select(list => list.ToList())));

    private static Gen<UInt128> AddressNear(int version) =>
        from network in Gen.Elements([.. Networks.Where(network => network.BaseAddress.GetAddressBytes().Length == (version == 4 ? 4 : 16))])
        from isEnd in Gen.Elements(true, false)
        from step in Gen.Choose(-1, 1)
        let mask = Prefix.Mask(version, network.PrefixLength)
        let all = version == 4 ? uint.MaxValue : UInt128.MaxValue
        select (Number(network.BaseAddress) | (isEnd ? all & ~mask : 0)) + (UInt128)(Int128)step & all;

    private static Gen<PacketFields> AnyPacket =>
        from version in Gen.Elements(4, 6)
        from source in AddressNear(version)
        from destination in AddressNear(version)
        from protocol in Gen.Elements(Tcp, Udp, Icmp, (byte)0, (byte)2, (byte)255)
        from hasPorts in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        from sourcePort in PortNear
        from destinationPort in PortNear
        from dscp in Gen.Elements(0, 1, 2, 46, 62, 63)
        select new PacketFields
        {
            Version = (ushort)version,
            Source = source,
            Destination = destination,
            Protocol = protocol,
            HasPorts = hasPorts,
            SourcePort = hasPorts ? sourcePort : (ushort)0,
            DestinationPort = hasPorts ? destinationPort : (ushort)0,
            Dscp = (byte)dscp,
        };

    private static Gen<ushort> PortNear =>
        from port in Port
        from step in Gen.Choose(-1, 1)
        select (ushort)(port + step);
}
