using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Rates, ports, protocols and codepoints, from text and back.</summary>
public class MappingTextTests
{
    [Theory]
    [InlineData("0", 0, "0")]
    [InlineData("0k", 0, "0")]
    [InlineData("8k", 8_000, "8k")]
    [InlineData("8000", 8_000, "8k")]
    [InlineData("8001", 8_001, "8001")]
    [InlineData("20m", 20_000_000, "20M")]
    [InlineData("1.5G", 1_500_000_000, "1500M")]
    [InlineData(".5g", 500_000_000, "500M")]
    [InlineData("19.5M", 19_500_000, "19500k")]
    [InlineData("1000000000K", 1_000_000_000_000, "1000G")]
    public void ARateIsWrittenWithTheLargestUnitThatDividesIt(string text, long rate, string canonical)
    {
        Assert.Null(BitRate.Parse(text, out long read));
        Assert.Equal((rate, canonical), (read, BitRate.Of(rate)));
    }

    [Theory]
    [InlineData("", "is no rate")]
    [InlineData("M", "is no rate")]
    [InlineData("1,5M", "is no rate")]
    [InlineData("1e9", "is no rate")]
    [InlineData("8 k", "is no rate")]
    [InlineData("7999", "is out of range")]
    [InlineData("1000.1G", "is out of range")]
    [InlineData("0.001", "is out of range")]
    [InlineData("79228162514264337593543950335G", "is out of range")]
    [InlineData("8000.5", "is no whole number of bit/s")]
    public void WhatIsNoRateIsRefused(string text, string fault) => Assert.Equal((fault, 0L), (BitRate.Parse(text, out long rate), rate));

    [Fact]
    public void EveryRateIsReadAsItIsWritten() => PropertyCheck.Holds(
        from digits in Gen.Choose(8000, 999_999_999)
        from factor in Gen.Elements(1L, 10, 1000)
        select digits * factor,
        rate => BitRate.Parse(BitRate.Of(rate), out long read) is null && read == rate);

    [Theory]
    [InlineData("80,443;8000-8010", null)]
    [InlineData(" 80,\t443 ,8000-8010, 0 ", "80 443 8000-8010 0")]
    [InlineData("5-5 65535", "5 65535")]
    public void PortsHaveBlanksOrCommasBetweenThem(string text, string? canonical)
    {
        string? fault = PortList.Parse(text, out IReadOnlyList<PortRange> ports);
        Assert.Equal((canonical is null, canonical ?? ""), (fault is not null, PortList.Of(ports)));
    }

    [Theory]
    [InlineData("TCP 17 udplite", "6 17 136", "tcp udp udplite")]
    [InlineData("ipencap,ipip,4 ipv6-icmp", "4 4 4 58", "ipip ipip ipip icmpv6")]
    [InlineData("0 255 254", "0 255 254", "0 255 254")]
    public void ProtocolsHaveNamesAndNumbers(string text, string numbers, string canonical)
    {
        Assert.Null(ProtocolNames.Parse(text, out IReadOnlyList<int> protocols));
        Assert.Equal((numbers, canonical), (string.Join(' ', protocols), ProtocolNames.Of(protocols)));
    }

    [Fact]
    public void FiveProtocolsHavePorts() =>
        Assert.Equal([6, 17, 33, 132, 136], Enumerable.Range(0, 256).Where(ProtocolNames.HasPorts));

    [Theory]
    [InlineData("EF AF41", "46 34", "ef af41")]
    [InlineData("0-2 1", "0 1 2 1", "0-2 le")]
    [InlineData("cs6-cs6,va 45 46", "48 44 45 46", "cs6 44-46")]
    [InlineData("0 1 9 11", "0 1 9 11", "cs0 le 9 11")]
    public void CodepointsHaveNamesAndRanges(string text, string numbers, string canonical)
    {
        Assert.Null(DscpNames.Parse(text, out IReadOnlyList<int> codepoints));
        Assert.Equal((numbers, canonical), (string.Join(' ', codepoints), DscpNames.Of(codepoints)));
    }

    // RFC 2474 (class selectors), RFC 2597 (assured forwarding), RFC 3246, RFC 5865, RFC 8622.
    [Fact]
    public void CodepointsAreThoseOfTheStandards()
    {
        IEnumerable<string> selectors = Enumerable.Range(0, 8).Select(number => $"cs{number}");
        IEnumerable<string> assured = from type in Enumerable.Range(1, 4) from precedence in Enumerable.Range(1, 3) select $"af{type}{precedence}";
        Assert.Null(DscpNames.Parse(string.Join(' ', [.. selectors, .. assured, "ef", "va", "le"]), out IReadOnlyList<int> codepoints));
        Assert.Equal(
            [
                .. Enumerable.Range(0, 8).Select(number => number * 8),
                .. from type in Enumerable.Range(1, 4) from precedence in Enumerable.Range(1, 3) select (type * 8) + (precedence * 2),
                0b101110, 0b101100, 0b000001,
            ],
            codepoints);
    }

    [Fact]
    public void EveryListOfCodepointsIsReadAsItIsWritten() => PropertyCheck.Holds(
        Gen.Choose(0, 63).NonEmptyListOf().Select(list => list.ToArray()),
        codepoints =>
        {
            Assert.Null(DscpNames.Parse(DscpNames.Of(codepoints), out IReadOnlyList<int> read));
            Assert.Equal(codepoints, read);
            return true;
        });

    [Fact]
    public void AnyTextIsAListOrAFault() => PropertyCheck.Holds(
        from length in Gen.Choose(0, 12)
        from letters in Gen.ArrayOf(Gen.Elements("0123456789 ,-./:kMGafcstcpudp\u00A0\u0661é".ToCharArray()), length)
        select new string(letters),
        text =>
        {
            AssertSame<PortRange>(text, PortList.Parse, PortList.Of);
            AssertSame<int>(text, ProtocolNames.Parse, ProtocolNames.Of);
            AssertSame<int>(text, DscpNames.Parse, DscpNames.Of);
            AssertSame<System.Net.IPNetwork>(text, NetworkList.Parse, NetworkList.Of);
            Assert.True(BitRate.Parse(text, out long rate) is not null || rate is 0 or (>= ConfigRanges.MinRateLimit and <= ConfigRanges.MaxRateLimit));
            return true;
        });

    [Fact]
    public void MappingsHaveWords()
    {
        Assert.Equal("packet bytes flow combined duplicate priority", string.Join(' ', Enum.GetValues<MappingMode>().Select(MappingNames.Of)));
        Assert.All(Enum.GetValues<MappingMode>(), mode => Assert.Equal(mode, MappingNames.Find(MappingNames.Of(mode).ToUpperInvariant())));
        Assert.Null(MappingNames.Find("1"));
    }

    // What is read is written so that it is read as the same; a fault gives nothing.
    private static void AssertSame<T>(string text, TextParser<IReadOnlyList<T>> parse, Func<IReadOnlyList<T>, string> write)
    {
        if (parse(text, out IReadOnlyList<T> list) is not null)
        {
            Assert.Empty(list);
            return;
        }

        Assert.NotEmpty(list);
        Assert.Null(parse(write(list), out IReadOnlyList<T> again));
        Assert.Equal(list, again);
    }
}
