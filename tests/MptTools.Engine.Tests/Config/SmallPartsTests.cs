using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class NearestNameTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "ABC", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("gw_ipadrd", "gw_ipaddr", 1)]
    [InlineData("weigth_out", "weight_out", 1)]
    [InlineData("ca", "abc", 3)]
    public void DistanceCountsEdits(string left, string right, int expected)
    {
        Assert.Equal(expected, NearestName.Distance(left, right));
        Assert.Equal(expected, NearestName.Distance(right, left));
    }

    [Fact]
    public void NearestIsTheFirstOfSeveral()
    {
        Assert.Equal("path_0", NearestName.Of("paht_0", ["net_0", "path_0", "path_1"]));
        Assert.Equal("ab", NearestName.Of("xx", ["ab", "cd"]));
        Assert.Equal("ab", NearestName.Of(new string('x', 100_000), ["ab", "cd"]));
    }
}

public class AddressTextTests
{
    [Theory]
    [InlineData("10.1.1.2")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("fd00::2")]
    [InlineData("::")]
    [InlineData("::ffff:10.1.1.2")]
    public void AddressIsRead(string text) => Assert.Equal(IPAddress.Parse(text), AddressText.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("10.1")]
    [InlineData("10.1.1.256")]
    [InlineData("10.1.1.02")]
    [InlineData("0x0a.1.1.2")]
    [InlineData("10.1.1.2.3")]
    [InlineData("10.1.1.")]
    [InlineData("10.1.1.+2")]
    [InlineData("10.1.1.２")]
    [InlineData("[::1]:80")]
    [InlineData("[::1]")]
    [InlineData("::1%1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("fd00:::2")]
    [InlineData("fd00::2 ")]
    [InlineData("fd00::2/64")]
    [InlineData("localhost")]
    public void WhatIsNoAddressIsNone(string text) => Assert.Null(AddressText.Parse(text));

    [Theory]
    [InlineData("10.1.1.7", 24, "10.1.1.0/24")]
    [InlineData("10.1.1.7", 32, "10.1.1.7/32")]
    [InlineData("10.1.1.7", 0, "0.0.0.0/0")]
    [InlineData("10.1.255.7", 18, "10.1.192.0/18")]
    [InlineData("fd00:1:2:3:4::5", 63, "fd00:1:2:2::/63")]
    [InlineData("fd00::5", 128, "fd00::5/128")]
    public void NetworkHasNoHostBits(string address, int length, string expected) =>
        Assert.Equal(IPNetwork.Parse(expected), AddressText.Network(IPAddress.Parse(address), length));

    [Theory]
    [InlineData("10.0.0.2/24", 24)]
    [InlineData("10.0.0.2 / 24", 24)]
    [InlineData("10.0.0.2/32", 32)]
    [InlineData("fd00::2/128", 128)]
    [InlineData("fd00::2/0", 0)]
    [InlineData("fd00::2", -1)]
    public void PrefixLengthIsRead(string text, int expected) => Assert.Equal(expected, AddressText.ParsePrefix(text)?.PrefixLength);

    [Theory]
    [InlineData("10.0.0.2/33")]
    [InlineData("10.0.0.2/-1")]
    [InlineData("10.0.0.2/")]
    [InlineData("10.0.0.2/255.255.255.0")]
    [InlineData("fd00::2/129")]
    [InlineData("/24")]
    public void WhatIsNoPrefixIsNone(string text) => Assert.Null(AddressText.ParsePrefix(text));
}

public class ConfigTextTests
{
    [Theory]
    [InlineData("value", "\"value\"")]
    [InlineData("a\u001B[31m", "\"a?[31m\"")]
    [InlineData("A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2", "\"(64 characters)\"")]
    [InlineData("x A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2", "\"(66 characters)\"")]
    public void QuoteIsFitForATerminal(string text, string expected) => Assert.Equal(expected, ConfigText.Quote(text));

    [Fact]
    public void QuoteIsShort() => Assert.Equal(65, ConfigText.Quote(new string('x', 10_000)).Length);
}
