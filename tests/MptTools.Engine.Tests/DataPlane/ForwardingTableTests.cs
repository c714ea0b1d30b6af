using System.Net;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.DataPlane;

public class ForwardingTableTests
{
    private const int Seed = 4632;

    [Theory]
    [InlineData("192.168.1.1", "10.1.2.3", "host")]
    [InlineData("192.168.1.1", "10.1.2.4", "from 192.168")]
    [InlineData("172.16.0.1", "10.1.2.4", "net 24")]
    [InlineData("192.168.1.1", "10.1.3.1", "net 16")]
    [InlineData("192.168.1.1", "11.0.0.1", "default")]
    [InlineData("0.0.0.0", "255.255.255.255", "default")]
    public void TheLongestDestinationWinsThenTheLongestSource(string source, string destination, string expected)
    {
        ForwardingTable<string> table = new(
        [
            Entry("0.0.0.0/0", "0.0.0.0/0", "default"),
            Entry("10.1.0.0/16", "192.168.1.0/24", "net 16"),
            Entry("10.1.2.0/24", "0.0.0.0/0", "net 24"),
            Entry("10.1.2.0/24", "192.168.0.0/16", "from 192.168"),
            Entry("10.1.2.3/32", "0.0.0.0/0", "host"),
        ]);
        Assert.Equal(expected, Find(table, source, destination));
    }

    [Fact]
    public void OfTwoThatSayTheSameTheFirstCounts()
    {
        ForwardingTable<string> table = new(
            [Entry("10.1.0.0/16", "10.2.0.0/16", "first"), Entry("10.1.0.0/16", "10.2.0.0/16", "second")]);
        Assert.Equal("first", Find(table, "10.2.0.1", "10.1.0.1"));
    }

    [Fact]
    public void TheDestinationMatchesButTheSourceDoesNot()
    {
        ForwardingTable<string> table = new(
            [Entry("10.1.0.0/16", "0.0.0.0/0", "wide"), Entry("10.1.2.0/24", "10.9.0.0/16", "narrow")]);
        Assert.Equal("wide", Find(table, "10.8.0.1", "10.1.2.1"));
        Assert.Null(Find(table, "10.8.0.1", "10.2.0.1"));
    }

    [Fact]
    public void TheTwoVersionsOfIPDoNotMix()
    {
        ForwardingTable<string> table = new([Entry("0.0.0.0/0", "0.0.0.0/0", "v4"), Entry("::/96", "::/0", "v6")]);
        Assert.Equal("v4", Find(table, "10.0.0.1", "10.0.0.2"));
        Assert.Equal("v6", Find(table, "::10.0.0.1", "::10.0.0.2"));
        Assert.Null(Find(table, "fd00::1", "fd00::2"));
        Assert.Null(Find(new ForwardingTable<string>([Entry("::/0", "::/0", "v6")]), "10.0.0.1", "10.0.0.2"));
    }

    [Fact]
    public void AnEmptyTableKnowsNoConnection() => Assert.Null(Find(ForwardingTable<string>.Empty, "10.0.0.1", "10.0.0.2"));

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void EveryPacketGoesWhereALookAtEveryEntrySendsIt(int version)
    {
        int bits = version == 4 ? 32 : 128;
        int found = 0;
        for (int round = 0; round < 300; round++)
        {
            Random random = new(Seed + round);
            List<ForwardingEntry<string>> entries = [];
            for (int i = random.Next(40); i > 0; i--)
            {
                // Now and then an entry of the other version, which must have no effect.
                IPAddress destination = Address(random, random.Next(8) == 0 ? 10 - version : version);
                int most = destination.GetAddressBytes().Length * 8;
                IPAddress source = Address(random, most == 32 ? 4 : 6);
                entries.Add(new(
                    Prefix.Of(destination, Length(random, most)), Prefix.Of(source, Length(random, most)), $"{entries.Count}"));
            }
            ForwardingTable<string> table = new(entries);
            for (int packet = 0; packet < 200; packet++)
            {
                UInt128 source = IPHeader.AddressAsInteger(Address(random, version));
                UInt128 destination = IPHeader.AddressAsInteger(Address(random, version));
                string? expected = LookAtAll(entries, version, bits, source, destination);
                Assert.True(
                    expected == table.Find(version, source, destination),
                    $"From {source:X} to {destination:X}: expected entry {expected ?? "none"}, seed {Seed + round}.");
                found += expected is null ? 0 : 1;
            }
        }
        Assert.True(found > 10_000, $"Only {found} packets matched an entry: the test looks at nothing.");
    }

    /// <summary>The rule, entry by entry and bit by bit.</summary>
    private static string? LookAtAll(
        List<ForwardingEntry<string>> entries, int version, int bits, UInt128 source, UInt128 destination)
    {
        ForwardingEntry<string>? best = null;
        foreach (ForwardingEntry<string> entry in entries)
        {
            if (entry.Destination.IPVersion == version
                && StartAlike(entry.Destination, destination, bits) && StartAlike(entry.Source, source, bits)
                && (best is not { } known
                    || entry.Destination.PrefixLength > known.Destination.PrefixLength
                    || (entry.Destination.PrefixLength == known.Destination.PrefixLength
                        && entry.Source.PrefixLength > known.Source.PrefixLength)))
            {
                best = entry;
            }
        }
        return best?.Target;
    }

    private static bool StartAlike(Prefix prefix, UInt128 address, int bits)
    {
        for (int bit = 0; bit < prefix.PrefixLength; bit++)
        {
            if ((prefix.Address >> (bits - 1 - bit) & 1) != (address >> (bits - 1 - bit) & 1))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>One of few addresses that differ in few places, so that prefixes of every length match now and then.</summary>
    private static IPAddress Address(Random random, int version)
    {
        byte[] bytes = new byte[version == 4 ? 4 : 16];
        bytes[0] = (byte)(random.Next(2) * 0x80);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        bytes[^1] ^= (byte)random.Next(2);
        return new IPAddress(bytes);
    }

    private static int Length(Random random, int most) => random.Next(5) switch
    {
        0 => 0,
        1 => most,
        2 => random.Next(8),
        _ => random.Next(most + 1),
    };

    private static ForwardingEntry<string> Entry(string destination, string source, string target) =>
        new(Prefix.Of(IPNetwork.Parse(destination)), Prefix.Of(IPNetwork.Parse(source)), target);

    private static string? Find(ForwardingTable<string> table, string source, string destination)
    {
        IPAddress to = IPAddress.Parse(destination);
        return table.Find(
            to.GetAddressBytes().Length == 4 ? 4 : 6,
            IPHeader.AddressAsInteger(IPAddress.Parse(source)), IPHeader.AddressAsInteger(to));
    }
}

public class PrefixTests
{
    [Theory]
    [InlineData("10.1.2.3", 0, "0.0.0.0")]
    [InlineData("255.255.255.255", 1, "128.0.0.0")]
    [InlineData("10.1.2.3", 24, "10.1.2.0")]
    [InlineData("10.1.2.3", 31, "10.1.2.2")]
    [InlineData("10.1.2.3", 32, "10.1.2.3")]
    [InlineData("fec0::1:2", 0, "::")]
    [InlineData("fec0::1:2", 64, "fec0::")]
    [InlineData("fec0::1:3", 127, "fec0::1:2")]
    [InlineData("fec0::1:3", 128, "fec0::1:3")]
    public void HostBitsAreCutOff(string address, int length, string network) =>
        Assert.Equal(
            new Prefix(address.Contains(':') ? 6 : 4, IPHeader.AddressAsInteger(IPAddress.Parse(network)), length),
            Prefix.Of(IPAddress.Parse(address), length));
}
