using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>Takes the place of either end of every captured handshake; the other end gets what it got then, byte for byte.</summary>
public class CaptureReplayTests
{
    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void OurRequesterSendsWhatWasCaptured(string scenario)
    {
        foreach ((CapturedHandshake handshake, byte status) in Handshakes(scenario))
        {
            var requester = new HandshakeRequester(handshake.Request(status), handshake.TimeOf(1));
            Assert.Equal(handshake.Messages[0].Destination, requester.Request.Peer.ToIPEndPoint());
            Assert.Equal(handshake[1], requester.Tick(handshake.TimeOf(1)).ToArray());

            HandshakeReaction reaction = Receive(requester, handshake, 2);
            Assert.Equal(handshake[3], reaction.Answer.ToArray());
            Assert.Null(requester.Outcome);

            reaction = Receive(requester, handshake, 4);
            Assert.True(reaction.Answer.IsEmpty);
            HandshakeOutcome outcome = requester.Outcome!;
            Assert.Equal((HandshakeEnd.Done, 4, ControlResult.Done), (outcome.End, outcome.Round, outcome.Result));
            Assert.Equal(handshake.IsCreate ? handshake[4][76..] : [], outcome.Payload.ToArray());
            for (int message = 5; message <= handshake.Messages.Count; message++)
            {
                Assert.Equal(HandshakeRefusal.Repeated, Receive(requester, handshake, message).Refusal);
                Assert.Same(outcome, requester.Outcome);
            }
            Assert.Null(requester.NextTick);
        }
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void OurRequestsSendWhatWasCapturedOneAfterTheOther(string scenario)
    {
        var requests = new HandshakeRequests();
        foreach ((CapturedHandshake handshake, byte status) in Handshakes(scenario))
        {
            HandshakeRequest request = handshake.Request(status);
            requests.Start(request, handshake.TimeOf(1));
            Assert.Equal(handshake[1], Sent(requests, request));
            Assert.Equal(HandshakeRefusal.None, requests.Receive(request.Peer, handshake[2], handshake.TimeOf(2)));
            Assert.Equal(handshake[3], Sent(requests, request));
            Assert.Equal(HandshakeRefusal.None, requests.Receive(request.Peer, handshake[4], handshake.TimeOf(4)));
            Assert.True(requests.TryTakeEnded(out HandshakeRequest ended, out HandshakeOutcome outcome));
            Assert.Same(request, ended);
            Assert.Equal(HandshakeEnd.Done, outcome.End);
            foreach (CapturedDatagram repeated in handshake.Messages.Skip(4))
            {
                Assert.Equal(HandshakeRefusal.Foreign, requests.Receive(request.Peer, repeated.Payload, handshake.TimeOf(5)));
            }
            Assert.False(requests.TryTakeDatagram(out _, out _));
            Assert.Equal(0, requests.Count);
        }
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void OurResponderAnswersWhatWasCaptured(string scenario)
    {
        (CapturedHandshake Handshake, byte Status)[] handshakes = [.. Handshakes(scenario)];
        FakeHandshakeServer server = handshakes[0].Handshake.Server();
        HandshakeResponder responder = Ends.Responder(server, numbers: [.. handshakes
            .Select(handshake => handshake.Handshake.Number).Where(number => number != 0)]);
        foreach ((CapturedHandshake handshake, byte status) in handshakes)
        {
            PeerEndpoint source = PeerEndpoint.Of(handshake.Messages[0].Source);
            HandshakeReaction reaction = responder.Receive(source, handshake[1], handshake.TimeOf(1));
            Assert.Equal((HandshakeRefusal.None, Convert.ToHexString(handshake[2])), (reaction.Refusal, Convert.ToHexString(reaction.Answer.Span)));
            Assert.Empty(server.Executed);

            reaction = responder.Receive(source, handshake[3], handshake.TimeOf(3));
            Assert.Equal((HandshakeRefusal.None, Convert.ToHexString(handshake[4])), (reaction.Refusal, Convert.ToHexString(reaction.Answer.Span)));
            Check(handshake, status, source, Assert.Single(server.Executed));

            // The answer may get lost.
            Assert.Equal(handshake[4], responder.Receive(source, handshake[3], handshake.TimeOf(3)).Answer.ToArray());
            Assert.Single(server.Executed);
            server.Executed.Clear();
        }
        Assert.Equal(0, responder.OpenCount);
        Assert.Equal(handshakes.Length, responder.Counters.Executed);
    }

    private static void Check(CapturedHandshake handshake, byte status, PeerEndpoint source, HandshakeCommand command)
    {
        HandshakeRequest asked = handshake.Request(status);
        Assert.Equal(source, command.Source);
        Assert.Equal(asked.Kind, command.Kind);
        Assert.Equal(asked.NewStatus, command.NewStatus);
        Assert.Equal(asked.IPVersion, command.IPVersion);
        Assert.Equal(asked.LocalTunnel, command.RequesterTunnel);
        Assert.Equal(asked.RemoteTunnel, command.ResponderTunnel);
        if (handshake.IsCreate)
        {
            Assert.StartsWith(";;;;;;;####", System.Text.Encoding.ASCII.GetString(command.Text.Span));
            Assert.Equal(handshake[3][76..], command.Text.ToArray());
        }
        else
        {
            Assert.Equal(PathStatusData.Read(asked.Data.Span), command.Path);
            Assert.True(command.Text.IsEmpty);
        }
    }

    private static HandshakeReaction Receive(HandshakeRequester requester, CapturedHandshake handshake, int message) =>
        requester.Receive(
            PeerEndpoint.Of(handshake.Messages[message - 1].Source), handshake[message], handshake.TimeOf(message));

    private static byte[] Sent(HandshakeRequests requests, HandshakeRequest request)
    {
        Assert.True(requests.TryTakeDatagram(out PeerEndpoint peer, out ReadOnlyMemory<byte> datagram));
        Assert.Equal(request.Peer, peer);
        Assert.False(requests.TryTakeDatagram(out _, out _));
        return datagram.ToArray();
    }

    /// <summary>A path went down and up again; in v6 only down.</summary>
    private static IEnumerable<(CapturedHandshake, byte)> Handshakes(string scenario)
    {
        byte[] statuses = scenario switch { "create" => [0], "v6" => [128], _ => [128, 0] };
        IReadOnlyList<CapturedHandshake> handshakes = CapturedHandshake.Of(scenario);
        Assert.Equal(statuses.Length, handshakes.Count);
        return handshakes.Zip(statuses);
    }
}
