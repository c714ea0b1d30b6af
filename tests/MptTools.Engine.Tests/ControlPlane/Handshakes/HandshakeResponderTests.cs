using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

public class HandshakeResponderTests
{
    private const uint Number = 0xE3DF0A16;

    public static TheoryData<int, int> Kinds => HandshakeRequesterTests.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void OursTalkToEachOther(int kind, int authentication)
    {
        FakeHandshakeServer server = Ends.Server(kind, authentication);
        HandshakeResponder responder = Ends.Responder(server);
        var requester = new HandshakeRequester(Ends.Request(kind, authentication), Ends.Start);
        ReadOnlyMemory<byte> datagram = requester.Tick(Ends.Start);
        while (!datagram.IsEmpty)
        {
            HandshakeReaction answer = responder.Receive(Ends.A, datagram.Span, Ends.Start);
            Assert.Equal(HandshakeRefusal.None, answer.Refusal);
            Assert.InRange(answer.Answer.Length, 40, datagram.Length);
            datagram = requester.Receive(Ends.B, answer.Answer.Span, Ends.Start).Answer;
        }
        Assert.Equal((HandshakeEnd.Done, ControlResult.Done), (requester.Outcome!.End, requester.Outcome.Result));
        string text = Encoding.ASCII.GetString(requester.Outcome.Payload.Span);
        Assert.Equal(kind == 0xA3 ? Ends.Text : "", text);
        HandshakeCommand command = Assert.Single(server.Executed);
        Assert.Equal(kind == 0xA3 ? Ends.Text : "", Encoding.ASCII.GetString(command.Text.Span));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void ARepeatedRequestGetsTheSameAnswerAndIsNotDoneAgain(int kind, int authentication)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        FakeHandshakeServer server = Ends.Server(kind, authentication);
        HandshakeResponder responder = Ends.Responder(server);
        byte[] first = Ends.Write(request, 1, 0);
        byte[] second = Answer(responder, first);
        for (int retry = 0; retry < 6; retry++)
        {
            Assert.Equal(second, Answer(responder, first));
        }
        byte[] third = Ends.Write(request, 3, Ends.RandomOf(second));
        byte[] fourth = Answer(responder, third);
        for (int retry = 0; retry < 6; retry++)
        {
            Assert.Equal(fourth, Answer(responder, third));
        }
        Assert.Single(server.Executed);
        Assert.Equal((1, 1, 12), (responder.Counters.Opened, responder.Counters.Executed, responder.Counters.Repeated));
        Assert.Equal((0, 1), (responder.OpenCount, responder.AnsweredCount));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ANumberIsTakenOnce(int authentication)
    {
        FakeHandshakeServer server = Ends.Server(0xA2, authentication);
        HandshakeResponder responder = Ends.Responder(server);
        HandshakeRequest request = Ends.Request(0xA2, authentication);
        uint number = Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0)));
        Answer(responder, Ends.Write(request, 3, number));

        byte[] other = Ends.Write(Ends.Request(0xA2, authentication, path: "10.3.3.2"), 3, number);
        AssertRefused(responder, Ends.A, other, HandshakeRefusal.RandomNumberUsed);
        AssertRefused(responder, Ends.A, Ends.Write(request, 3, number + 1), HandshakeRefusal.UnknownHandshake);
        Assert.Single(server.Executed);

        uint next = Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0)));
        Assert.NotEqual(number, next);
        AssertRefused(responder, Ends.A, other, HandshakeRefusal.RandomNumber);
        Answer(responder, Ends.Write(request, 3, next));
        Assert.Equal(2, server.Executed.Count);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void ARepeatedRound3IsAnsweredWhileTheNextHandshakeBegins(int kind, int authentication)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        FakeHandshakeServer server = Ends.Server(kind, authentication);
        HandshakeResponder responder = Ends.Responder(server);
        byte[] third = Ends.Write(request, 3, Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0))));
        byte[] fourth = Answer(responder, third);
        Answer(responder, Ends.Write(request, 1, 0));
        Assert.Equal(fourth, Answer(responder, third));
        Assert.Single(server.Executed);
    }

    [Fact]
    public void NumbersAreNeverZero()
    {
        HandshakeResponder responder = Ends.Responder(Ends.Server(0xA2, 1), numbers: [0, 5]);
        Assert.Equal(1u, Ends.RandomOf(Answer(responder, Ends.Write(Ends.Request(0xA2, 1), 1, 0))));
        Assert.Equal(5u, Ends.RandomOf(Answer(responder, Ends.Write(Ends.Request(0xA2, 1, status: 0), 1, 0))));
        uint[] numbers = [.. Enumerable.Range(0, 20).Select(_ => HandshakeResponder.CryptographicRandom())];
        Assert.InRange(numbers.Distinct().Count(), 19, 20);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void WhatIsNotAllowedChangesNothing(int kind, int authentication)
    {
        HandshakeRequest request = Ends.Request(kind, authentication);
        FakeHandshakeServer server = Ends.Server(kind, authentication);
        HandshakeResponder responder = Ends.Responder(server, new HandshakeLimits { Burst = 1e9 });
        byte[] first = Ends.Write(request, 1, 0);
        foreach ((PeerEndpoint source, byte[] datagram, HandshakeRefusal refusal) in Wrong(request, first, 1, 0))
        {
            AssertRefused(responder, source, datagram, refusal);
            Assert.Equal((0, 0), (responder.OpenCount, responder.AnsweredCount));
        }

        uint number = Ends.RandomOf(Answer(responder, first));
        byte[] third = Ends.Write(request, 3, number);
        foreach ((PeerEndpoint source, byte[] datagram, HandshakeRefusal refusal) in Wrong(request, third, 3, number))
        {
            AssertRefused(responder, source, datagram, refusal);
            Assert.Equal((1, 0), (responder.OpenCount, responder.AnsweredCount));
        }
        AssertRefused(responder, Ends.A with { Port = 60457 }, third, HandshakeRefusal.UnknownHandshake);
        AssertRefused(responder, Ends.Endpoint("10.1.1.4:60456"), third, HandshakeRefusal.UnknownHandshake);
        Assert.Empty(server.Executed);
        Assert.Equal(4, Ends.RoundOf(Answer(responder, third)));
        Assert.Single(server.Executed);
    }

    [Theory]
    [InlineData(0xA2)]
    [InlineData(0xA3)]
    public void NoByteOfAHashedRequestCanBeChangedOrMissing(int kind)
    {
        HandshakeRequest request = Ends.Request(kind, 2);
        FakeHandshakeServer server = Ends.Server(kind, 2);
        HandshakeResponder responder = Ends.Responder(server, new HandshakeLimits { Burst = 1e9 });
        byte[] first = Ends.Write(request, 1, 0);
        foreach (byte[] bad in Damaged(first))
        {
            Assert.NotEqual(HandshakeRefusal.None, responder.Receive(Ends.A, bad, Ends.Start).Refusal);
            Assert.Equal((0, 0), (responder.OpenCount, responder.AnsweredCount));
        }
        byte[] third = Ends.Write(request, 3, Ends.RandomOf(Answer(responder, first)));
        foreach (byte[] bad in Damaged(third))
        {
            Assert.NotEqual(HandshakeRefusal.None, responder.Receive(Ends.A, bad, Ends.Start).Refusal);
            Assert.Equal((1, 0), (responder.OpenCount, responder.AnsweredCount));
        }
        Assert.Empty(server.Executed);
        byte[] fourth = Answer(responder, third);
        foreach (byte[] bad in Damaged(third))
        {
            Assert.NotEqual(HandshakeRefusal.None, responder.Receive(Ends.A, bad, Ends.Start).Refusal);
        }
        Assert.Equal(fourth, Answer(responder, third));
        Assert.Single(server.Executed);
    }

    [Fact]
    public void RoundsInTheWrongOrderAreNotTaken()
    {
        foreach (int authentication in (int[])[0, 1, 2])
        {
            HandshakeRequest request = Ends.Request(0xA2, authentication);
            FakeHandshakeServer server = Ends.Server(0xA2, authentication);
            HandshakeResponder responder = Ends.Responder(server);
            AssertRefused(responder, Ends.A, Ends.Write(request, 3, 0), HandshakeRefusal.UnknownHandshake);
            AssertRefused(responder, Ends.A, Ends.Write(request, 2, 0), HandshakeRefusal.WrongDirection);
            AssertRefused(responder, Ends.A, Ends.Write(request, 4, 0), HandshakeRefusal.WrongDirection);
            Assert.Equal((0, 0), (responder.OpenCount, responder.AnsweredCount));
            Assert.Empty(server.Executed);
        }
    }

    [Fact]
    public void DownAndUpAndOtherPeersDoNotDisturbEachOther()
    {
        FakeHandshakeServer server = Ends.Server(0xA2, 2);
        HandshakeResponder responder = Ends.Responder(server);
        var handshakes = (from status in (byte[])[128, 0]
                          from port in Enumerable.Range(50_000, 40)
                          select (Request: Ends.Request(0xA2, 2, status), Source: Ends.A with { Port = (ushort)port })).ToList();
        uint[] numbers = [.. handshakes.Select(handshake => Ends.RandomOf(Answer(responder, Ends.Write(handshake.Request, 1, 0), handshake.Source)))];
        Assert.Equal(80, numbers.Distinct().Count());
        Assert.Equal(80, responder.OpenCount);
        foreach (((HandshakeRequest request, PeerEndpoint source), uint number) in handshakes.Zip(numbers).Reverse())
        {
            Assert.Equal(number, Ends.RandomOf(Answer(responder, Ends.Write(request, 3, number), source)));
            Assert.Equal((source, request.NewStatus), (server.Executed[^1].Source, server.Executed[^1].NewStatus));
        }
        Assert.Equal(80, server.Executed.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnExistingConnectionIsNotCreatedAgain(bool mayReceive)
    {
        FakeHandshakeServer server = Ends.Server(0xA3, 2);
        byte[] key = ControlHash.KeyOf(BuiltInKey.Digits);
        server.Connections.Add((4, Ends.TunnelB, Ends.TunnelA), new HandshakeParty
        {
            Authentication = ControlAuthentication.None,
            Key = key,
            MayReceive = mayReceive,
        });
        HandshakeResponder responder = Ends.Responder(server, numbers: Number);
        AssertRefused(responder, Ends.A, Ends.Write(Ends.Request(0xA3, 2), 1, 0), HandshakeRefusal.AuthenticationFailed);

        // The key is the one of the connection, and there is a number, other than in a create that is carried out.
        var requester = new HandshakeRequester(Ends.Request(0xA3, 2) with { Key = key }, Ends.Start);
        byte[] second = Answer(responder, requester.Tick(Ends.Start).ToArray());
        Assert.Equal(Number, Ends.RandomOf(second));
        byte[] third = requester.Receive(Ends.B, second, Ends.Start).Answer.ToArray();
        byte[] fourth = Answer(responder, third);
        Assert.Equal((76, Number), (fourth.Length, Ends.RandomOf(fourth)));
        requester.Receive(Ends.B, fourth, Ends.Start);
        Assert.Equal((HandshakeEnd.Done, ControlResult.Exists), (requester.Outcome!.End, requester.Outcome.Result));
        Assert.Empty(server.Executed);
        Assert.Equal(fourth, Answer(responder, third));
    }

    [Fact]
    public void ACreateRepeatedAfterItWasDoneIsStillAnswered()
    {
        FakeHandshakeServer server = Ends.Server(0xA3, 2);
        server.Result = command =>
        {
            server.Connections.Add((4, command.ResponderTunnel, command.RequesterTunnel), command.Party);
            return new HandshakeResult(ControlResult.Done, Encoding.ASCII.GetBytes(Ends.Text));
        };
        HandshakeResponder responder = Ends.Responder(server);
        HandshakeRequest request = Ends.Request(0xA3, 2);
        Answer(responder, Ends.Write(request, 1, 0));
        byte[] third = Ends.Write(request, 3, 0);
        byte[] fourth = Answer(responder, third);
        Assert.Equal(fourth, Answer(responder, third));
        Assert.NotEqual(0u, Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0))));
        Assert.Equal(fourth, Answer(responder, third));
        Assert.Single(server.Executed);
    }

    [Theory]
    [InlineData((byte)ControlResult.Done)]
    [InlineData((byte)ControlResult.Unreadable)]
    [InlineData((byte)ControlResult.Exists)]
    public void TheResultGoesToThePeer(byte result)
    {
        foreach (int kind in (int[])[0xA2, 0xA3])
        {
            FakeHandshakeServer server = Ends.Server(kind, 2);
            server.Result = _ => new HandshakeResult((ControlResult)result, Encoding.ASCII.GetBytes(Ends.Text));
            byte[] answer = Complete(Ends.Responder(server), Ends.Request(kind, 2));
            Assert.Equal(result, answer[1]);
            Assert.Equal(kind == 0xA3 && result == 0 ? Ends.Text.Length + 76 : 76, answer.Length);
        }
    }

    [Theory]
    [InlineData(0, (byte)ControlResult.Done)]
    [InlineData(1, (byte)ControlResult.Unreadable)]
    public void AnAnswerIsNeverLongerThanItsRequest(int excess, byte expected)
    {
        FakeHandshakeServer server = Ends.Server(0xA3, 2);
        HandshakeRequest request = Ends.Request(0xA3, 2);
        server.Result = _ => new HandshakeResult(ControlResult.Done, new byte[request.Data.Length + excess]);

        byte[] answer = Complete(Ends.Responder(server), request);

        Assert.Equal((expected, expected == (byte)ControlResult.Done ? 76 + request.Data.Length : 76), (answer[1], answer.Length));
    }

    [Fact]
    public void AnAnswerMayComeLater()
    {
        FakeHandshakeServer server = Ends.Server(0xA3, 2);
        server.Result = _ => null;
        HandshakeResponder responder = Ends.Responder(server);
        HandshakeRequest request = Ends.Request(0xA3, 2);
        Answer(responder, Ends.Write(request, 1, 0));
        byte[] third = Ends.Write(request, 3, 0);
        for (int send = 0; send < 3; send++)
        {
            HandshakeReaction reaction = responder.Receive(Ends.A, third, Ends.Start);
            Assert.Equal((HandshakeRefusal.None, 0), (reaction.Refusal, reaction.Answer.Length));
        }
        HandshakeCommand command = Assert.Single(server.Executed);
        var result = new HandshakeResult(ControlResult.Done, Encoding.ASCII.GetBytes(Ends.Text));
        Assert.True(responder.Complete(command with { }, result, Ends.Start).IsEmpty);
        ReadOnlyMemory<byte> answer = responder.Complete(command, result, Ends.Start);
        Assert.Equal(4, Ends.RoundOf(answer));
        Assert.Equal(answer.ToArray(), Answer(responder, third));
        Assert.True(responder.Complete(command, result, Ends.Start).IsEmpty);

        Answer(responder, Ends.Write(request, 1, 0));
        responder.Receive(Ends.A, third[..^1], Ends.Start);
        responder.Tick(Ends.Start + TimeSpan.FromSeconds(3));
        Answer(responder, Ends.Write(request, 1, 0));
        responder.Receive(Ends.A, third, Ends.Start);
        Assert.Equal(2, server.Executed.Count);
        Assert.True(responder.Complete(server.Executed[1], result, Ends.Start + TimeSpan.FromSeconds(4)).IsEmpty);
    }

    [Fact]
    public void APeerThatStopsIsForgotten()
    {
        FakeHandshakeServer server = Ends.Server(0xA2, 1);
        HandshakeResponder responder = Ends.Responder(server);
        HandshakeRequest request = Ends.Request(0xA2, 1);
        Assert.Null(responder.NextTick);
        TimeSpan patience = TimeSpan.FromSeconds(3);
        uint number = Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0)));
        Assert.Equal(Ends.Start + patience, responder.NextTick);
        responder.Tick(Ends.Start + patience - TimeSpan.FromTicks(1));
        Assert.Equal(1, responder.OpenCount);
        responder.Tick(Ends.Start + patience);
        Assert.Equal(0, responder.OpenCount);
        Assert.Null(responder.NextTick);
        AssertRefused(responder, Ends.A, Ends.Write(request, 3, number), HandshakeRefusal.UnknownHandshake);

        // Nobody has to call for the time to have passed.
        number = Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0)));
        Answer(responder, Ends.Write(request, 3, number));
        TimeSpan later = Ends.Start + patience;
        Assert.Equal(HandshakeRefusal.UnknownHandshake, responder.Receive(Ends.A, Ends.Write(request, 3, number), later).Refusal);
        Assert.Equal(0, responder.AnsweredCount);
        Assert.Single(server.Executed);
    }

    [Fact]
    public void AnAnswerIsKeptForAsLongAsItIsAskedFor()
    {
        FakeHandshakeServer server = Ends.Server(0xA2, 1);
        HandshakeResponder responder = Ends.Responder(server);
        HandshakeRequest request = Ends.Request(0xA2, 1);
        byte[] third = Ends.Write(request, 3, Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0))));
        byte[] fourth = Answer(responder, third);
        for (int second = 2; second <= 8; second += 2)
        {
            HandshakeReaction again = responder.Receive(Ends.A, third, Ends.Start + TimeSpan.FromSeconds(second));
            Assert.Equal(fourth, again.Answer.ToArray());
        }
        Assert.Single(server.Executed);
    }

    [Fact]
    public void AFloodDisplacesTheOldestAndKeepsItsLimits()
    {
        var limits = new HandshakeLimits { Open = 10, Answered = 5, Burst = 1e9 };
        FakeHandshakeServer server = Ends.Server(0xA2, 2);
        HandshakeResponder responder = Ends.Responder(server, limits);
        HandshakeRequest request = Ends.Request(0xA2, 2);
        byte[] first = Ends.Write(request, 1, 0);
        uint[] numbers = [.. Enumerable.Range(0, 30).Select(i => Ends.RandomOf(Answer(responder, first, Ends.A with { Port = (ushort)i })))];
        Assert.Equal((10, 20), (responder.OpenCount, responder.Counters.Displaced));
        for (int i = 0; i < 20; i++)
        {
            AssertRefused(responder, Ends.A with { Port = (ushort)i }, Ends.Write(request, 3, numbers[i]), HandshakeRefusal.UnknownHandshake);
        }
        for (int i = 20; i < 30; i++)
        {
            Answer(responder, Ends.Write(request, 3, numbers[i]), Ends.A with { Port = (ushort)i });
        }
        Assert.Equal((0, 5, 25), (responder.OpenCount, responder.AnsweredCount, responder.Counters.Displaced));
        // Whose answer was displaced gets none; that is better than to do it again.
        AssertRefused(responder, Ends.A with { Port = 20 }, Ends.Write(request, 3, numbers[20]), HandshakeRefusal.UnknownHandshake);
        Answer(responder, Ends.Write(request, 3, numbers[29]), Ends.A with { Port = 29 });
        Assert.Equal(10, server.Executed.Count);
    }

    [Fact]
    public void ASourceThatFloodsDoesNotHurtAnother()
    {
        var limits = new HandshakeLimits { MessagesPerSecond = 2, Burst = 4 };
        HandshakeResponder responder = Ends.Responder(Ends.Server(0xA2, 2), limits);
        byte[] first = Ends.Write(Ends.Request(0xA2, 2), 1, 0);
        for (ushort port = 1; port <= 4; port++)
        {
            Answer(responder, first, Ends.A with { Port = port });
        }
        AssertRefused(responder, Ends.A with { Port = 5 }, first, HandshakeRefusal.RateLimited);
        Answer(responder, first, Ends.Endpoint("10.1.1.9:1"));
        Assert.Equal(HandshakeRefusal.None, responder.Receive(Ends.A, first, Ends.Start + TimeSpan.FromSeconds(0.5)).Refusal);
        Assert.Equal(HandshakeRefusal.RateLimited, responder.Receive(Ends.A, first, Ends.Start + TimeSpan.FromSeconds(0.5)).Refusal);
    }

    private static IEnumerable<byte[]> Damaged(byte[] good)
    {
        for (int at = 0; at < good.Length; at++)
        {
            foreach (int bit in (int[])[1, 2, 128])
            {
                byte[] bad = [.. good];
                bad[at] ^= (byte)bit;
                yield return bad;
            }
            yield return good[..at];
        }
    }

    private static IEnumerable<(PeerEndpoint, byte[], HandshakeRefusal)> Wrong(HandshakeRequest request, byte[] good, int round, uint number)
    {
        bool isCreate = request.Kind == ControlKind.Create;
        HandshakeRefusal unknown = round == 3 ? HandshakeRefusal.UnknownHandshake : HandshakeRefusal.UnknownConnection;
        if (!isCreate)
        {
            yield return (Ends.A, Ends.Write(request with { LocalTunnel = Ends.Number("10.0.0.4") }, round, number), unknown);
            yield return (Ends.A, Ends.Write(request with { RemoteTunnel = Ends.Number("10.0.0.4") }, round, number), unknown);
            yield return (Ends.A, Ends.Write(request with { LocalTunnel = Ends.TunnelB, RemoteTunnel = Ends.TunnelA }, round, number), unknown);
            var otherType = (ControlAuthentication)(((int)request.Authentication + 1) % 3);
            yield return (Ends.A, Ends.Write(request with { Authentication = otherType }, round, number), HandshakeRefusal.AuthenticationType);
            yield return (Ends.A, Ends.Write(request, round, number, code: 131), HandshakeRefusal.Malformed);
            HandshakeRequest create = Ends.Request(0xA3, 2) with { LocalTunnel = Ends.Number("10.0.0.4") };
            yield return (Ends.A, Ends.Write(create, round, 0), round == 3 ? unknown : HandshakeRefusal.CreateNotAccepted);
        }
        if (request.EffectiveAuthentication != ControlAuthentication.None)
        {
            yield return (Ends.A, Ends.Write(request, round, number + 1), HandshakeRefusal.RandomNumber);
        }
        if (request.EffectiveAuthentication == ControlAuthentication.Sha256)
        {
            byte[] key = ControlHash.KeyOf(BuiltInKey.Digits);
            yield return (Ends.A, Ends.Write(request with { Key = key }, round, number), HandshakeRefusal.AuthenticationFailed);
            yield return (Ends.A, Ends.Write(request with { Key = default }, round, number), HandshakeRefusal.AuthenticationFailed);
        }
        if (isCreate && round == 3)
        {
            yield return (Ends.A, Ends.Write(request, 3, number, payload: new byte[request.Data.Length - 1]), HandshakeRefusal.LengthMismatch);
            yield return (Ends.A, Ends.Write(request, 3, number, payload: new byte[request.Data.Length + 1]), HandshakeRefusal.LengthMismatch);
        }
        yield return (Ends.A, Ends.Write(request, 2, number), HandshakeRefusal.WrongDirection);
        yield return (Ends.A, Ends.Write(request, 4, number), HandshakeRefusal.WrongDirection);
        for (int length = 0; length < good.Length; length++)
        {
            bool isCutText = isCreate && round == 3 && length >= 80;
            yield return (Ends.A, good[..length], isCutText ? HandshakeRefusal.AuthenticationFailed : HandshakeRefusal.Malformed);
        }
    }

    private static void AssertRefused(HandshakeResponder responder, PeerEndpoint source, byte[] datagram, HandshakeRefusal refusal)
    {
        long before = responder.Counters[refusal];
        long messages = responder.Counters.Messages;
        HandshakeReaction reaction = responder.Receive(source, datagram, Ends.Start);
        Assert.Equal((refusal, 0), (reaction.Refusal, reaction.Answer.Length));
        Assert.Equal((before + 1, messages + 1), (responder.Counters[refusal], responder.Counters.Messages));
    }

    private static byte[] Answer(HandshakeResponder responder, byte[] datagram, PeerEndpoint? source = null)
    {
        HandshakeReaction reaction = responder.Receive(source ?? Ends.A, datagram, Ends.Start);
        Assert.Equal(HandshakeRefusal.None, reaction.Refusal);
        Assert.InRange(reaction.Answer.Length, ControlMessage.BaseLength, datagram.Length);
        return reaction.Answer.ToArray();
    }

    private static byte[] Complete(HandshakeResponder responder, HandshakeRequest request) =>
        Answer(responder, Ends.Write(request, 3, Ends.RandomOf(Answer(responder, Ends.Write(request, 1, 0)))));
}
