using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

public class HandshakeRequestsTests
{
    private readonly HandshakeRequests requests = new(limit: 4);
    private TimeSpan now = Ends.Start;

    [Fact]
    public void OnePeerIsAskedOneThingAtATimeAndWithAPause()
    {
        HandshakeRequest first = Ends.Request(0xA2, 0), second = Ends.Request(0xA2, 0, path: "10.3.3.2");
        requests.Start(first, now);
        requests.Start(second, now);
        Assert.Equal([Ends.Write(first, 1, 0)], Sent());
        Answer(first, 2);
        Assert.Equal([Ends.Write(first, 3, 0)], Sent());
        Answer(first, 4);
        AssertEnded(first, HandshakeEnd.Done);
        Assert.Empty(Sent());

        // Its last answer comes once more; that must not be taken for one to what is asked next.
        now += TimeSpan.FromMilliseconds(5);
        Assert.Equal(HandshakeRefusal.Foreign, requests.Receive(Ends.B, Ends.Write(first, 4, 0), now));
        Assert.Equal(Ends.Start + HandshakeRequests.Pause, requests.NextTick);
        now = requests.NextTick!.Value;
        requests.Tick(now);
        Assert.Equal([Ends.Write(second, 1, 0)], Sent());
        Answer(second, 2);
        Answer(second, 4);
        Assert.Equal([Ends.Write(second, 3, 0)], Sent());
        AssertEnded(second, HandshakeEnd.Done);
        AssertIdle();
    }

    [Fact]
    public void OtherPeersAndConnectionsAreAskedAtTheSameTime()
    {
        HandshakeRequest[] all =
        [
            Ends.Request(0xA2, 1),
            Ends.Request(0xA3, 1),
            Ends.Request(0xA2, 1) with { LocalTunnel = Ends.Number("10.0.0.9") },
            Ends.Request(0xA2, 1, path: "10.3.3.2") with { Peer = Ends.Endpoint("10.2.2.3:60456") },
        ];
        foreach (HandshakeRequest request in all)
        {
            requests.Start(request, now);
        }
        Assert.Equal(all.Select(request => Ends.Write(request, 1, 0)), Sent());
        foreach ((HandshakeRequest request, uint number) in all.Zip((uint[])[5, 6, 7, 8]).Reverse())
        {
            Answer(request, 2, number);
            Assert.Equal([Ends.Write(request, 3, number)], Sent());
            Answer(request, 4, number);
            AssertEnded(request, HandshakeEnd.Done);
        }
        AssertIdle();
    }

    [Fact]
    public void ASilentPeerIsRetriedAndGivesWayToTheNext()
    {
        HandshakeRequest first = Ends.Request(0xA2, 2), second = Ends.Request(0xA2, 2, path: "10.3.3.2");
        requests.Start(first, now);
        requests.Start(second, now);
        for (int send = 0; send < 6; send++)
        {
            Assert.Equal([Ends.Write(first, 1, 0)], Sent());
            Assert.Equal(now + HandshakeRequester.RetryInterval, requests.NextTick);
            now = requests.NextTick!.Value;
            requests.Tick(now);
        }
        Assert.Equal(Ends.Start + TimeSpan.FromSeconds(3), now);
        AssertEnded(first, HandshakeEnd.TimedOut);
        now = requests.NextTick!.Value;
        requests.Tick(now);
        Assert.Equal([Ends.Write(second, 1, 0)], Sent());
    }

    [Fact]
    public void ANewerWordAboutTheSamePathReplacesTheOlderWhereverItIs()
    {
        HandshakeRequest down = Ends.Request(0xA2, 2), up = Ends.Request(0xA2, 2, status: 0);
        HandshakeRequest other = Ends.Request(0xA2, 2, path: "10.3.3.2");
        requests.Start(down, now);
        Answer(down, 2, 9);
        Sent();
        requests.Start(other, now);
        requests.Start(up, now);
        AssertEnded(down, HandshakeEnd.Refused, HandshakeRefusal.Superseded);
        Assert.Equal(2, requests.Count);
        Assert.Empty(Sent());
        Assert.Equal(HandshakeRefusal.Foreign, requests.Receive(Ends.B, Ends.Write(down, 4, 9), now));

        // Also while it waits, and when the newer goes to another address of the peer.
        HandshakeRequest again = Ends.Request(0xA2, 2) with { Peer = Ends.Endpoint("10.2.2.3:60456") };
        requests.Start(again, now);
        AssertEnded(up, HandshakeEnd.Refused, HandshakeRefusal.Superseded);
        Assert.Equal([Ends.Write(again, 1, 0)], Sent());
        now += HandshakeRequests.Pause;
        requests.Tick(now);
        Assert.Equal([Ends.Write(other, 1, 0)], Sent());
        Answer(other, 2, 10);
        Answer(other, 4, 10);
        AssertEnded(other, HandshakeEnd.Done);
        Assert.Equal(1, requests.Count);
    }

    [Fact]
    public void ALimitedNumberWaits()
    {
        for (int path = 1; path <= 4; path++)
        {
            requests.Start(Ends.Request(0xA2, 0, path: $"10.3.3.{path}"), now);
        }
        HandshakeRequest excess = Ends.Request(0xA2, 0);
        requests.Start(excess, now);
        AssertEnded(excess, HandshakeEnd.Refused, HandshakeRefusal.Busy);
        HandshakeRequest newer = Ends.Request(0xA2, 0, status: 0, path: "10.3.3.4");
        requests.Start(newer, now);
        Assert.True(requests.TryTakeEnded(out _, out HandshakeOutcome outcome));
        Assert.Equal(HandshakeRefusal.Superseded, outcome.Reason);
        Assert.False(requests.TryTakeEnded(out _, out _));
        Assert.Equal(4, requests.Count);
    }

    [Fact]
    public void WhatMayNotBeAskedEndsWithoutBeingSent()
    {
        HandshakeRequest request = Ends.Request(0xA2, 0) with { MaySend = false };
        requests.Start(request, now);
        AssertEnded(request, HandshakeEnd.Refused, HandshakeRefusal.NotPermitted);
        Assert.Empty(Sent());
        AssertIdle();
    }

    [Theory]
    [InlineData(0xA2, 0)]
    [InlineData(0xA2, 31)]
    [InlineData(0xA2, 33)]
    [InlineData(0xA3, 3)]
    [InlineData(0xA3, ControlMessage.MaximumDataLength + 1)]
    public void DataNoPeerWouldTakeAreNotSent(int kind, int length)
    {
        HandshakeRequest request = Ends.Request(kind, 2) with { Data = new byte[length] };
        requests.Start(request, now);
        AssertEnded(request, HandshakeEnd.Refused, HandshakeRefusal.LengthMismatch);
        Assert.Empty(Sent());
    }

    [Fact]
    public void WhatNobodyAskedForIsRefused()
    {
        HandshakeRequest request = Ends.Request(0xA2, 0);
        Assert.Equal(HandshakeRefusal.Foreign, requests.Receive(Ends.B, Ends.Write(request, 2, 0), now));
        Assert.Equal(HandshakeRefusal.WrongDirection, requests.Receive(Ends.B, Ends.Write(request, 1, 0), now));
        Assert.Equal(HandshakeRefusal.Malformed, requests.Receive(Ends.B, [], now));
        requests.Start(request, now);
        Assert.Single(Sent());
        Assert.Equal(HandshakeRefusal.Foreign, requests.Receive(Ends.A, Ends.Write(request, 2, 0), now));
        Assert.Equal(HandshakeRefusal.WrongDirection, requests.Receive(Ends.B, Ends.Write(request, 1, 0), now));
        Assert.Empty(Sent());
    }

    private void Answer(HandshakeRequest request, int round, uint number = 0) =>
        Assert.Equal(HandshakeRefusal.None, requests.Receive(request.Peer, Ends.Write(request, round, number), now));

    private List<byte[]> Sent()
    {
        List<byte[]> datagrams = [];
        while (requests.TryTakeDatagram(out PeerEndpoint peer, out ReadOnlyMemory<byte> datagram))
        {
            Assert.Equal(60456, peer.Port);
            datagrams.Add(datagram.ToArray());
        }
        return datagrams;
    }

    private void AssertEnded(HandshakeRequest request, HandshakeEnd end, HandshakeRefusal reason = HandshakeRefusal.None)
    {
        Assert.True(requests.TryTakeEnded(out HandshakeRequest ended, out HandshakeOutcome outcome));
        Assert.Same(request, ended);
        Assert.Equal((end, reason), (outcome.End, outcome.Reason));
        Assert.False(requests.TryTakeEnded(out _, out _));
    }

    /// <summary>Nothing is left, and soon nothing is due any more.</summary>
    private void AssertIdle()
    {
        Assert.Equal(0, requests.Count);
        requests.Tick(now + HandshakeRequests.Pause);
        Assert.Null(requests.NextTick);
        Assert.Empty(Sent());
    }
}
