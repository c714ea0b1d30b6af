using System.Net;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

public class StunTests
{
    private static readonly byte[] Transaction = Convert.FromHexString("B7E7A701BC34D686FA87DFAE");

    // RFC 5769, sections 2.2 and 2.3.
    private static readonly byte[] SampleIPv4 = Convert.FromHexString(
        "0101003C2112A442B7E7A701BC34D686FA87DFAE" + "8022000B7465737420766563746F7220" + "002000080001A147E112A643"
        + "000800142B91F599FD9E90C38C7489F92AF9BA53F06BE7D7" + "80280004C07D4C96");

    private static readonly byte[] SampleIPv6 = Convert.FromHexString(
        "010100482112A442B7E7A701BC34D686FA87DFAE" + "8022000B7465737420766563746F7220" + "002000140002A1470113A9FAA5D3F179BC25F4B5BED2B9D9"
        + "00080014A382954E4BE67BF11784C97C8292C275BFE3ED41" + "80280004C8FB0B4C");

    [Fact]
    public void TheSamplesOfRfc5769AreRead()
    {
        Assert.Equal("192.0.2.1:32853", Read(SampleIPv4));
        Assert.Equal("[2001:db8:1234:5678:11:2233:4455:6677]:32853", Read(SampleIPv6));
    }

    [Fact]
    public void ARequestIsAHeaderWithTheTransactionsNumber()
    {
        byte[] request = new byte[Stun.HeaderLength];
        Stun.WriteRequest(request, Transaction);

        Assert.Equal("000100002112A442B7E7A701BC34D686FA87DFAE", Convert.ToHexString(request));
    }

    [Theory]
    [InlineData("0101", "0001 0008 0001 8055 C0000201", "192.0.2.1:32853")] // MAPPED-ADDRESS of older servers
    [InlineData("0101", "0001 0008 0001 0001 01020304 0020 0008 0001 A147 E112A643", "192.0.2.1:32853")] // the masked one is better
    [InlineData("0101", "0020 0008 0001 A147 E112A643 0020 0008 0001 0000 00000000", "192.0.2.1:32853")] // of two the first
    [InlineData("0101", "8023 0003 01020300 0020 0008 0001 A147 E112A643", "192.0.2.1:32853")] // padding, and an optional one we do not know
    [InlineData("0101", "7FFF 0000 0020 0008 0001 A147 E112A643", "refused 0")] // one that must be known
    [InlineData("0101", "", "refused 0")]
    [InlineData("0101", "0020 0008 0003 A147 E112A643", "refused 0")] // no family
    [InlineData("0101", "0020 0008 0002 A147 E112A643", "refused 0")] // the other family's length
    [InlineData("0101", "0020 0000", "refused 0")]
    [InlineData("0111", "0009 0004 00000414", "refused 420")]
    [InlineData("0111", "0009 0002 00000000", "refused 0")]
    [InlineData("0111", "0020 0008 0001 A147 E112A643", "refused 0")]
    [InlineData("0001", "0020 0008 0001 A147 E112A643", "foreign")]
    [InlineData("0102", "0020 0008 0001 A147 E112A643", "foreign")]
    [InlineData("0101", "0020 0008 0001 A147", "foreign")] // cut inside an attribute
    [InlineData("0101", "0020", "foreign")]
    [InlineData("0101", "8023 0003 010203", "foreign")] // no padding
    public void AttributesAreReadAsTheRfcSays(string type, string attributes, string expected)
    {
        byte[] body = Convert.FromHexString(attributes.Replace(" ", ""));
        byte[] datagram = [.. Convert.FromHexString(type), 0, (byte)body.Length, .. Convert.FromHexString("2112A442"), .. Transaction, .. body];

        Assert.Equal(expected, Read(datagram));
    }

    [Fact]
    public void WhatBelongsToNoRequestOfOursIsForeign()
    {
        for (int length = 0; length < SampleIPv4.Length; length++)
        {
            Assert.Equal("foreign", Read(SampleIPv4[..length]));
        }
        foreach (int i in Enumerable.Range(2, 18))
        {
            byte[] damaged = [.. SampleIPv4];
            damaged[i] ^= 1;
            Assert.Equal("foreign", Read(damaged));
        }
    }

    [Fact]
    public void RandomBytesNeverHurtAndAnyAddressIsReadBack()
    {
        PropertyCheck.Holds(
            from bytes in Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b))
            from position in Gen.Choose(0, SampleIPv6.Length - 1)
            select (bytes, position),
            input =>
            {
                byte[] damaged = [.. SampleIPv6];
                input.bytes.AsSpan(0, Math.Min(input.bytes.Length, damaged.Length - input.position)).CopyTo(damaged.AsSpan(input.position));
                _ = Read(damaged);
                _ = Read(input.bytes);
                return true;
            });
        PropertyCheck.Holds(
            from bytes in Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), 18)
            from isIPv4 in Gen.Elements(true, false)
            select (bytes, isIPv4),
            input =>
            {
                byte[] address = input.bytes[2..(input.isIPv4 ? 6 : 18)];
                byte[] mask = [.. Convert.FromHexString("2112A442"), .. Transaction];
                byte[] masked = [(byte)(input.bytes[0] ^ 0x21), (byte)(input.bytes[1] ^ 0x12), .. address.Select((b, i) => (byte)(b ^ mask[i]))];
                byte[] datagram = [1, 1, 0, (byte)(8 + address.Length), .. mask, 0, 0x20, 0, (byte)(4 + address.Length), 0, (byte)(input.isIPv4 ? 1 : 2), .. masked];
                return Read(datagram) == new IPEndPoint(new IPAddress(address), input.bytes[0] << 8 | input.bytes[1]).ToString();
            });
    }

    [Fact]
    public void AQuestionIsSentSevenTimesAndThenGivenUp()
    {
        StunQuery query = new(Transaction, TimeSpan.FromSeconds(100));
        List<double> sent = [];
        while (query.NextTick is { } due)
        {
            if (!query.Tick(due).IsEmpty)
            {
                sent.Add((due - TimeSpan.FromSeconds(100)).TotalMilliseconds);
            }
            Assert.True(query.Tick(due).IsEmpty);
        }

        Assert.Equal([0, 500, 1500, 3500, 7500, 15500, 31500], sent);
        Assert.Equal(("does not answer", null), (query.Failure, query.Seen));
        query.Receive(SampleIPv4);
        Assert.Null(query.Seen);
    }

    [Fact]
    public void AnAnswerEndsItAndAStrangersDoesNot()
    {
        StunQuery query = new(Transaction, TimeSpan.Zero);
        query.Tick(TimeSpan.Zero);
        query.Receive([.. SampleIPv4[..8], 1, .. SampleIPv4[9..]]);
        Assert.NotNull(query.NextTick);

        query.Receive(SampleIPv4);
        Assert.Equal((null, null, "192.0.2.1"), (query.NextTick, query.Failure, MappedAddress.ToIPAddress(query.Seen!.Value.Address).ToString()));
    }

    private static string Read(byte[] datagram) => Stun.Read(datagram, Transaction, out ObservedEndpoint seen, out int code) switch
    {
        StunAnswer.Mapped => new IPEndPoint(MappedAddress.ToIPAddress(seen.Address), seen.Port).ToString(),
        StunAnswer.Refused => $"refused {code}",
        _ => "foreign",
    };
}
