using System.Net;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.ControlPlane.Handshakes;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>The parts that keep what strangers can cost within bounds.</summary>
public class HandshakePartsTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    [Fact]
    public void ATableIsADictionaryWithALimitAndATime() => PropertyCheck.Holds(
        Gen.ListOf(
            from what in Gen.Choose(0, 3)
            from key in Gen.Choose(0, 6)
            from milliseconds in Gen.Choose(0, 1500)
            select (what, key, milliseconds)),
        steps =>
        {
            const int limit = 4;
            var table = new HandshakeTable<int, string>(limit, Lifetime);
            // The oldest first: key, value, and when it goes.
            List<(int Key, string Value, TimeSpan At)> model = [];
            TimeSpan now = Ends.Start;
            foreach ((int what, int key, int milliseconds) in steps)
            {
                now += TimeSpan.FromMilliseconds(milliseconds);
                model.RemoveAll(entry => entry.At <= now);
                table.Expire(now);
                int at = model.FindIndex(entry => entry.Key == key);
                switch (what)
                {
                    case 0:
                        model.RemoveAll(entry => entry.Key == key);
                        bool hasRoom = model.Count < limit;
                        model.RemoveRange(0, hasRoom ? 0 : 1);
                        model.Add((key, $"{now}", now + Lifetime));
                        Assert.Equal(hasRoom, table.Add(key, $"{now}", now));
                        break;
                    case 1:
                        table.Remove(key);
                        model.RemoveAll(entry => entry.Key == key);
                        break;
                    case 2 when at >= 0:
                        model.Add((key, model[at].Value, now + Lifetime));
                        model.RemoveAt(at);
                        table.Touch(key, now);
                        break;
                    default:
                        Assert.Equal(at < 0 ? null : model[at].Value, table.Find(key, now));
                        break;
                }
                Assert.Equal(model.Count, table.Count);
                Assert.Equal(model.Count == 0 ? null : model[0].At, table.NextExpiry);
            }
            return true;
        });

    [Fact]
    public void ABucketFillsWithTime()
    {
        var rate = new SourceRateLimit(10, 3, seed: 1);
        UInt128 source = Ends.Number("192.0.2.1");
        Assert.Equal([true, true, true, false, false], Take(rate, source, Ends.Start, 5));
        Assert.Equal([false], Take(rate, source, Ends.Start + TimeSpan.FromMilliseconds(99), 1));
        Assert.Equal([true, false], Take(rate, source, Ends.Start + TimeSpan.FromMilliseconds(100), 2));
        Assert.Equal([true, true, true, false], Take(rate, source, Ends.Start + TimeSpan.FromHours(1), 4));
        Assert.Equal([false], Take(rate, source, Ends.Start, 1)); // a clock that goes back gives nothing
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)] // one host's
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("fe80::1", "fe80::2", false)] // many hosts'
    public void WhoSharesABucket(string first, string second, bool shared)
    {
        var rate = new SourceRateLimit(1, 1, seed: 3);
        Assert.Equal(shared, rate.BucketOf(Ends.Number(first)) == rate.BucketOf(Ends.Number(second)));
    }

    [Fact]
    public void SourcesAreSpreadOverAllBucketsAndDifferentlyForEverySeed()
    {
        UInt128[] sources = [.. Enumerable.Range(0, 20_000).Select(i => Ends.Number($"10.0.{i / 256}.{i % 256}"))];
        int[] first = [.. sources.Select(new SourceRateLimit(1, 1, 1).BucketOf)];
        int[] second = [.. sources.Select(new SourceRateLimit(1, 1, 2).BucketOf)];
        Assert.All(first, bucket => Assert.InRange(bucket, 0, SourceRateLimit.BucketCount - 1));
        Assert.InRange(first.CountBy(bucket => bucket).Max(bucket => bucket.Value), 1, 25);
        Assert.InRange(first.Zip(second).Count(pair => pair.First == pair.Second), 0, 50);
    }

    [Theory]
    [InlineData("10.1.1.2:60456")]
    [InlineData("[fd00:2::2]:1")]
    [InlineData("[fe80::1%7]:65535")]
    public void AnEndpointIsWhatItWas(string text)
    {
        var endpoint = IPEndPoint.Parse(text);
        var peer = PeerEndpoint.Of(endpoint);
        Assert.Equal(endpoint, peer.ToIPEndPoint());
        Assert.Equal(text, peer.ToString());
        Assert.Equal(PeerEndpoint.Of(new IPEndPoint(endpoint.Address.MapToIPv6(), endpoint.Port)), peer);
    }

    private static IEnumerable<bool> Take(SourceRateLimit rate, UInt128 source, TimeSpan now, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => rate.TryTake(source, now))];
}
