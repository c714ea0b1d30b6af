using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>Whether somebody may ask at all, by <c>permission</c>, <c>accept_remote</c> and the keys there are.</summary>
public class HandshakePermissionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void WithoutPermissionNothingIsTaken(int authentication)
    {
        FakeHandshakeServer server = Ends.Server(0xA2, authentication);
        server.Connections[(4, Ends.TunnelB, Ends.TunnelA)] =
            new HandshakeParty { Authentication = (ControlAuthentication)authentication, Key = Ends.Key, MayReceive = false };
        Assert.Equal(HandshakeRefusal.NotPermitted, Round1(server, Ends.Request(0xA2, authentication)));
    }

    [Theory]
    [InlineData(0xA2, nameof(HandshakeRefusal.UnknownConnection))] // without a connection only a create
    [InlineData(0xA3, nameof(HandshakeRefusal.None))]
    public void ATemplateIsForACreateOnly(int kind, string expected) =>
        Assert.Equal(expected, Round1(Ends.Server(0xA3, 2), Ends.Request(kind, 2)).ToString());

    [Fact]
    public void WithoutATemplateNothingIsCreated()
    {
        FakeHandshakeServer server = Ends.Server(0xA3, 2);
        server.Template = null;
        Assert.Equal(HandshakeRefusal.CreateNotAccepted, Round1(server, Ends.Request(0xA3, 2)));
    }

    [Fact]
    public void WithoutAKeyNothingThatNeedsOneIsTaken()
    {
        FakeHandshakeServer server = Ends.Server(0xA3, 2);
        server.Template = new HandshakeParty { Authentication = ControlAuthentication.None };
        Assert.Equal(HandshakeRefusal.NoKey, Round1(server, Ends.Request(0xA3, 2)));
        Assert.Equal(HandshakeRefusal.NoKey, Round1(server, Ends.Request(0xA3, 2) with { Key = default }));
        server.Connections.Add((4, Ends.TunnelB, Ends.TunnelA), new HandshakeParty { Authentication = ControlAuthentication.Sha256 });
        Assert.Equal(HandshakeRefusal.NoKey, Round1(server, Ends.Request(0xA2, 2) with { Key = default }));
    }

    [Fact]
    public void AWeakerAuthenticationThanTheConnectionsIsRefused()
    {
        for (int wanted = 0; wanted <= 2; wanted++)
        {
            for (int given = 0; given <= 2; given++)
            {
                HandshakeRefusal expected = wanted == given ? HandshakeRefusal.None : HandshakeRefusal.AuthenticationType;
                Assert.Equal(expected, Round1(Ends.Server(0xA2, wanted), Ends.Request(0xA2, given)));
            }
        }
    }

    private static HandshakeRefusal Round1(FakeHandshakeServer server, HandshakeRequest request)
    {
        HandshakeResponder responder = Ends.Responder(server);
        HandshakeReaction reaction = responder.Receive(Ends.A, Ends.Write(request, 1, 0), Ends.Start);
        Assert.Equal(reaction.Refusal == HandshakeRefusal.None, !reaction.Answer.IsEmpty);
        Assert.Equal(reaction.Answer.IsEmpty ? 0 : 1, responder.OpenCount);
        Assert.Equal(reaction.Answer.IsEmpty ? 1 : 0, responder.Counters[reaction.Refusal]);
        return reaction.Refusal;
    }
}
