using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

public class HandshakeRequesterTests
{
    private const uint Number = 0xE3DF0A16;

    /// <summary>Kind and authentication of every handshake there can be.</summary>
    public static TheoryData<int, int> Kinds => new() { { 0xA2, 0 }, { 0xA2, 1 }, { 0xA2, 2 }, { 0xA3, 2 } };

    [Theory, MemberData(nameof(Kinds))]
    public void EachRoundIsSentSixTimesHalfASecondApart(int kind, int authentication)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        var requester = new HandshakeRequester(request, Ends.Start);
        TimeSpan now = ExpectSends(requester, Ends.Start, 6, Ends.Write(request, 1, 0));
        Assert.Null(requester.Outcome);

        // The very last moment.
        HandshakeReaction reaction = requester.Receive(Ends.B, Ends.Write(request, 2, NumberOf(authentication)), now - TimeSpan.FromTicks(1));
        Assert.Equal(Ends.Write(request, 3, NumberOf(authentication)), reaction.Answer.ToArray());
        now = ExpectSends(requester, now - TimeSpan.FromTicks(1) + HandshakeRequester.RetryInterval, 5, reaction.Answer.ToArray());
        Assert.Null(requester.Outcome);
        Assert.True(requester.Tick(now).IsEmpty);
        Assert.Equal((HandshakeEnd.TimedOut, 4), (requester.Outcome!.End, requester.Outcome.Round));
        Assert.Null(requester.NextTick);
        Assert.True(requester.Tick(now + TimeSpan.FromHours(1)).IsEmpty);
        Assert.Equal(HandshakeRefusal.Repeated, requester.Receive(Ends.B, Ends.Write(request, 4, NumberOf(authentication)), now).Refusal);
        Assert.Equal(HandshakeEnd.TimedOut, requester.Outcome.End);
    }

    [Fact]
    public void ASilentPeerIsGivenUpAfterThreeSeconds()
    {
        var requester = new HandshakeRequester(Ends.Request(0xA2, 0), Ends.Start);
        int sends = 0;
        while (requester.NextTick is { } due)
        {
            Assert.InRange(due, Ends.Start, Ends.Start + TimeSpan.FromSeconds(3));
            sends += requester.Tick(due).IsEmpty ? 0 : 1;
        }
        Assert.Equal(6, sends);
        Assert.Equal((HandshakeEnd.TimedOut, 2), (requester.Outcome!.End, requester.Outcome.Round));
    }

    [Theory]
    [InlineData(0xA2, 0, 0)]
    [InlineData(0xA2, 1, 4)]
    [InlineData(0xA2, 2, 77)]
    [InlineData(0xA3, 2, 0)]
    [InlineData(0xA3, 2, 4)]
    [InlineData(0xA3, 2, 5)]
    public void TheResultOfThePeerIsTheEnd(int kind, int authentication, int result)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        HandshakeRequester requester = InRound4(request, NumberOf(authentication));
        byte[] text = kind == 0xA3 ? Encoding.ASCII.GetBytes(Ends.Text[..^36]) : [];
        requester.Receive(Ends.B, Ends.Write(request, 4, NumberOf(authentication), (byte)result, text), Ends.Start);
        Assert.Equal((HandshakeEnd.Done, (ControlResult)result), (requester.Outcome!.End, requester.Outcome.Result));
        Assert.Equal(text, requester.Outcome.Payload.ToArray());
    }

    [Theory]
    [InlineData(0u)] // as an existing server creates
    [InlineData(Number)] // as it refuses
    public void ACreateTakesANumberOrNone(uint number)
    {
        HandshakeRequest request = Ends.Request(0xA3, 0);
        HandshakeRequester requester = InRound4(request, number);
        requester.Receive(Ends.B, Ends.Write(request, 4, number, 5), Ends.Start);
        Assert.Equal(ControlResult.Exists, requester.Outcome!.Result);
    }

    [Fact]
    public void OnlyARefusedCreateMayEndWithANumberOfItsOwn()
    {
        HandshakeRequest request = Ends.Request(0xA3, 0);
        HandshakeRequester requester = InRound4(request, 0);
        Assert.Equal(HandshakeRefusal.RandomNumber, requester.Receive(Ends.B, Ends.Write(request, 4, Number, 0), Ends.Start).Refusal);
        Assert.Equal(HandshakeRefusal.None, requester.Receive(Ends.B, Ends.Write(request, 4, Number, 5), Ends.Start).Refusal);
        Assert.Equal(ControlResult.Exists, requester.Outcome!.Result);
    }

    [Fact]
    public void ARefusalBeforeRound2IsNotBelieved()
    {
        HandshakeRequest request = Ends.Request(0xA3, 0);
        HandshakeRequester requester = new(request, Ends.Start);
        requester.Tick(Ends.Start);
        Assert.Equal(HandshakeRefusal.Foreign, requester.Receive(Ends.B, Ends.Write(request, 4, Number, 5), Ends.Start).Refusal);
        Assert.Null(requester.Outcome);
        Assert.Equal(2, requester.AwaitedRound);
    }

    [Fact]
    public void TwoHandshakesMayCarryTheSameNumber()
    {
        foreach (byte status in (byte[])[128, 0])
        {
            HandshakeRequest request = Ends.Request(0xA2, 2, status);
            HandshakeRequester requester = InRound4(request, Number);
            requester.Receive(Ends.B, Ends.Write(request, 4, Number), Ends.Start);
            Assert.Equal(HandshakeEnd.Done, requester.Outcome!.End);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void RepeatedAnswersChangeNothing(int kind, int authentication)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        HandshakeRequester requester = InRound4(request, NumberOf(authentication));
        TimeSpan? due = requester.NextTick;
        TimeSpan later = Ends.Start + TimeSpan.FromMilliseconds(5);
        HandshakeReaction reaction = requester.Receive(Ends.B, Ends.Write(request, 2, NumberOf(authentication)), later);
        Assert.Equal(HandshakeRefusal.Repeated, reaction.Refusal);
        Assert.True(reaction.Answer.IsEmpty);
        Assert.Equal(due, requester.NextTick);
        byte[] last = Ends.Write(request, 4, NumberOf(authentication));
        requester.Receive(Ends.B, last, later);
        HandshakeOutcome outcome = requester.Outcome!;
        Assert.Equal(HandshakeRefusal.Repeated, requester.Receive(Ends.B, last, later).Refusal);
        Assert.Same(outcome, requester.Outcome);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void WhatIsNoAnswerChangesNothing(int kind, int authentication)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        uint number = NumberOf(authentication);
        foreach (bool inRound4 in (bool[])[false, true])
        {
            HandshakeRequester requester = inRound4 ? InRound4(request, number) : InRound2(request);
            byte[] good = Ends.Write(request, inRound4 ? 4 : 2, number);
            foreach ((PeerEndpoint source, byte[] datagram, string what) in Strangers(request, good, number, inRound4))
            {
                TimeSpan? due = requester.NextTick;
                HandshakeReaction reaction = requester.Receive(source, datagram, Ends.Start);
                Assert.True(reaction.Refusal != HandshakeRefusal.None, what);
                Assert.True(reaction.Answer.IsEmpty, what);
                Assert.True(requester is { Outcome: null } && requester.NextTick == due && requester.AwaitedRound == (inRound4 ? 4 : 2), what);
            }
            Assert.Equal(HandshakeRefusal.None, requester.Receive(Ends.B, good, Ends.Start).Refusal);
            Assert.Equal(inRound4, requester.Outcome is not null);
        }
    }

    [Fact]
    public void NoByteOfAHashedAnswerCanBeChangedOrMissing()
    {
        foreach (int kind in (int[])[0xA2, 0xA3])
        {
            HandshakeRequest request = Ends.Request(kind, 2);
            foreach (int round in (int[])[2, 4])
            {
                HandshakeRequester requester = round == 2 ? InRound2(request) : InRound4(request, Number);
                byte[] good = Ends.Write(request, round, Number, 0, kind == 0xA3 && round == 4 ? Encoding.ASCII.GetBytes(Ends.Text) : null);
                for (int at = 0; at < good.Length; at++)
                {
                    foreach (int bit in (int[])[1, 2, 128])
                    {
                        byte[] bad = [.. good];
                        bad[at] ^= (byte)bit;
                        Assert.NotEqual(HandshakeRefusal.None, requester.Receive(Ends.B, bad, Ends.Start).Refusal);
                    }
                    Assert.NotEqual(HandshakeRefusal.None, requester.Receive(Ends.B, good[..at], Ends.Start).Refusal);
                }
                Assert.Null(requester.Outcome);
                Assert.Equal(HandshakeRefusal.None, requester.Receive(Ends.B, good, Ends.Start).Refusal);
            }
        }
    }

    [Fact]
    public void ANewerNumberIsTakenButSendsNoMore()
    {
        HandshakeRequest request = Ends.Request(0xA2, 2);
        HandshakeRequester requester = InRound4(request, 1);
        for (uint number = 2; number <= 6; number++)
        {
            HandshakeReaction reaction = requester.Receive(Ends.B, Ends.Write(request, 2, number), Ends.Start);
            Assert.Equal(Ends.Write(request, 3, number), reaction.Answer.ToArray());
            Assert.Equal(HandshakeRefusal.Repeated, requester.Receive(Ends.B, Ends.Write(request, 2, number), Ends.Start).Refusal);
        }
        Assert.Equal(HandshakeRefusal.Repeated, requester.Receive(Ends.B, Ends.Write(request, 2, 7), Ends.Start).Refusal);
        Assert.Equal(HandshakeRefusal.RandomNumber, requester.Receive(Ends.B, Ends.Write(request, 4, 7), Ends.Start).Refusal);
        Assert.Equal(HandshakeRefusal.None, requester.Receive(Ends.B, Ends.Write(request, 4, 2), Ends.Start).Refusal);
        Assert.Equal(HandshakeEnd.Done, requester.Outcome!.End);
    }

    [Fact]
    public void APeerWithAnotherKeyIsNamedAtTheEnd()
    {
        HandshakeRequest request = Ends.Request(0xA2, 2);
        HandshakeRequester requester = InRound2(request);
        byte[] answer = Ends.Write(request with { Key = ControlHash.KeyOf(BuiltInKey.Digits) }, 2, Number);
        Assert.Equal(HandshakeRefusal.AuthenticationFailed, requester.Receive(Ends.B, answer, Ends.Start).Refusal);
        RunOut(requester);
        Assert.Equal(
            (HandshakeEnd.Refused, HandshakeRefusal.AuthenticationFailed, 2),
            (requester.Outcome!.End, requester.Outcome.Reason, requester.Outcome.Round));
    }

    [Fact]
    public void WhatStrangersSendIsNoReason()
    {
        HandshakeRequest request = Ends.Request(0xA2, 2);
        HandshakeRequester requester = InRound2(request);
        byte[] answer = Ends.Write(request with { Key = ControlHash.KeyOf(BuiltInKey.Digits) }, 2, Number);
        Assert.Equal(HandshakeRefusal.Foreign, requester.Receive(Ends.Endpoint("10.9.9.9:60456"), answer, Ends.Start).Refusal);
        RunOut(requester);
        Assert.Equal(HandshakeEnd.TimedOut, requester.Outcome!.End);
    }

    [Theory]
    [InlineData(0xA2, 0, false, false, nameof(HandshakeRefusal.NotPermitted))]
    [InlineData(0xA2, 2, true, false, nameof(HandshakeRefusal.NoKey))]
    [InlineData(0xA3, 0, true, false, nameof(HandshakeRefusal.NoKey))]
    [InlineData(0xA3, 0, false, true, nameof(HandshakeRefusal.NotPermitted))]
    public void WhatMayNotBeAskedIsNotSent(int kind, int authentication, bool mayask, bool hasKey, string reason)
    {
        HandshakeRequest request = Ends.Request(kind, authentication) with { MaySend = mayask };
        var requester = new HandshakeRequester(hasKey ? request : request with { Key = default }, Ends.Start);
        Assert.True(requester.Tick(Ends.Start).IsEmpty);
        Assert.Null(requester.NextTick);
        Assert.Equal((HandshakeEnd.Refused, 0, reason), (requester.Outcome!.End, requester.Outcome.Round, requester.Outcome.Reason.ToString()));
    }

    [Fact]
    public void NothingPrintsAKey()
    {
        HandshakeRequest request = Ends.Request(0xA3, 2);
        Assert.Equal("Create to 10.1.1.3:60456", request.ToString());
        Assert.Equal("x (Random)", new HandshakeParty { Authentication = ControlAuthentication.Random, Key = Ends.Key, Tag = "x" }.ToString());
    }

    private static uint NumberOf(int authentication) => authentication == 0 ? 0 : Number;

    private static HandshakeRequester InRound2(HandshakeRequest request)
    {
        var requester = new HandshakeRequester(request, Ends.Start);
        Assert.Equal(Ends.Write(request, 1, 0), requester.Tick(Ends.Start).ToArray());
        return requester;
    }

    private static HandshakeRequester InRound4(HandshakeRequest request, uint number)
    {
        HandshakeRequester requester = InRound2(request);
        HandshakeReaction reaction = requester.Receive(Ends.B, Ends.Write(request, 2, number), Ends.Start);
        Assert.Equal(Ends.Write(request, 3, number), reaction.Answer.ToArray());
        return requester;
    }

    private static void RunOut(HandshakeRequester requester)
    {
        while (requester.NextTick is { } due)
        {
            requester.Tick(due);
        }
    }

    private static TimeSpan ExpectSends(HandshakeRequester requester, TimeSpan at, int count, byte[] datagram)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(at, requester.NextTick);
            Assert.True(requester.Tick(at - TimeSpan.FromTicks(1)).IsEmpty);
            Assert.Equal(datagram, requester.Tick(at).ToArray());
            Assert.True(requester.Tick(at).IsEmpty);
            at += HandshakeRequester.RetryInterval;
        }
        return at;
    }

    private static IEnumerable<(PeerEndpoint, byte[], string)> Strangers(HandshakeRequest request, byte[] good, uint number, bool inRound4)
    {
        yield return (Ends.B with { Port = 60457 }, good, "another port");
        yield return (Ends.Endpoint("10.1.1.4:60456"), good, "another address");
        yield return (Ends.B with { Scope = 3 }, good, "another link");
        yield return (Ends.B, [], "nothing");
        yield return (Ends.B, Ends.Write(request, 1, 0), "our own round 1");
        yield return (Ends.B, Ends.Write(request, 3, number), "our own round 3");
        yield return (Ends.B, Ends.Write(request, inRound4 ? 2 : 4, number), "another round");
        yield return (Ends.B, Ends.Write(request with { LocalTunnel = Ends.TunnelB, RemoteTunnel = Ends.TunnelA }, inRound4 ? 4 : 2, number), "turned round");
        yield return (Ends.B, Ends.Write(request with { LocalTunnel = Ends.Number("10.0.0.4") }, inRound4 ? 4 : 2, number), "another requester");
        yield return (Ends.B, Ends.Write(request with { RemoteTunnel = Ends.Number("10.0.0.4") }, inRound4 ? 4 : 2, number), "another responder");
        ControlKind otherKind = request.Kind == ControlKind.Create ? ControlKind.PathStatus : ControlKind.Create;
        HandshakeRequest other = Ends.Request((int)otherKind, (int)request.Authentication);
        yield return (Ends.B, Ends.Write(other, inRound4 ? 4 : 2, number), "another kind");
        if (request.Kind == ControlKind.PathStatus)
        {
            var otherType = (ControlAuthentication)(((int)request.Authentication + 1) % 3);
            yield return (Ends.B, Ends.Write(request with { Authentication = otherType }, inRound4 ? 4 : 2, number), "another authentication");
        }
        if (request.EffectiveAuthentication == ControlAuthentication.Sha256)
        {
            yield return (Ends.B, Ends.Write(request with { Key = new byte[32] }, inRound4 ? 4 : 2, number), "another key");
        }
        if (request.Kind == ControlKind.Create && !inRound4)
        {
            yield return (Ends.B, Ends.Write(request with { Data = new byte[9] }, 2, number), "another length");
        }
        if (inRound4 && number != 0)
        {
            yield return (Ends.B, Ends.Write(request, 4, number + 1), "another number");
            yield return (Ends.B, Ends.Write(request, 4, 0), "no number");
        }
        for (int length = 0; length < good.Length; length++)
        {
            yield return (Ends.B, good[..length], $"{length} bytes");
        }
    }
}
