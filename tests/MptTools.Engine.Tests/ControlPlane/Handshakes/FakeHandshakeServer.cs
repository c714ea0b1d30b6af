using System.Net;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>A server that knows the connections a test gives it and notes what it is asked to do.</summary>
internal sealed class FakeHandshakeServer : IHandshakeServer
{
    /// <summary>By IP version, this server's and the peer's tunnel address.</summary>
    internal Dictionary<(int, UInt128, UInt128), HandshakeParty> Connections { get; } = [];

    internal HandshakeParty? Template { get; set; }

    internal List<HandshakeCommand> Executed { get; } = [];

    internal Func<HandshakeCommand, HandshakeResult?> Result { get; set; } = _ => new HandshakeResult(ControlResult.Done);

    public HandshakeParty? FindConnection(int ipVersion, UInt128 local, UInt128 remote) =>
        Connections.GetValueOrDefault((ipVersion, local, remote));

    public HandshakeParty? FindTemplate(int ipVersion, UInt128 local, UInt128 remote) => Template;

    public HandshakeResult? Execute(HandshakeCommand command)
    {
        Executed.Add(command);
        return Result(command);
    }
}

/// <summary>Two servers, A who asks and B who answers, and what they have in common.</summary>
internal static class Ends
{
    internal static readonly byte[] Key = ControlHash.KeyOf("A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2");
    internal static readonly UInt128 TunnelA = Number("10.0.0.2"), TunnelB = Number("10.0.0.3");
    internal static readonly PeerEndpoint A = Endpoint("10.1.1.2:60456"), B = Endpoint("10.1.1.3:60456");
    internal static readonly TimeSpan Start = TimeSpan.FromHours(1);

    internal static readonly string Text =
        ";;;;;;;###\n\n[connection]\nname = A\n\n" + new string('#', 60) + "\n";

    internal static UInt128 Number(string address) => MappedAddress.ToInteger(IPAddress.Parse(address));

    internal static PeerEndpoint Endpoint(string endpoint) => PeerEndpoint.Of(IPEndPoint.Parse(endpoint));

    internal static HandshakeRequest Request(int kind, int authentication, byte status = 128, string path = "10.2.2.2") => new()
    {
        Peer = B,
        Kind = (ControlKind)kind,
        NewStatus = kind == 0xA2 ? status : (byte)0,
        Authentication = (ControlAuthentication)authentication,
        Key = Key,
        IPVersion = 4,
        LocalTunnel = TunnelA,
        RemoteTunnel = TunnelB,
        Data = kind == 0xA2 ? Path(path) : System.Text.Encoding.ASCII.GetBytes(Text),
    };

    internal static byte[] Path(string address)
    {
        byte[] data = new byte[PathStatusData.Length];
        new PathStatusData(Number(address), Number("10.2.2.3")).Write(data);
        return data;
    }

    /// <summary>B with the connection of A, or with a template where it shall create one.</summary>
    internal static FakeHandshakeServer Server(int kind, int authentication)
    {
        var server = new FakeHandshakeServer();
        var party = new HandshakeParty { Authentication = (ControlAuthentication)authentication, Key = Key };
        if (kind == 0xA2)
        {
            server.Connections.Add((4, TunnelB, TunnelA), party);
        }
        else
        {
            server.Template = party;
            server.Result = command => new HandshakeResult(ControlResult.Done, System.Text.Encoding.ASCII.GetBytes(Text));
        }
        return server;
    }

    /// <summary>A responder whose random numbers are given; the first one goes into its rate limit.</summary>
    internal static HandshakeResponder Responder(IHandshakeServer server, HandshakeLimits? limits = null, params uint[] numbers)
    {
        var queue = new Queue<uint>([77, .. numbers]);
        uint next = 1000;
        return new HandshakeResponder(server, () => queue.TryDequeue(out uint number) ? number : next++, limits ?? new HandshakeLimits());
    }

    /// <summary>Writes a message of A, or of B with an even round.</summary>
    internal static byte[] Write(HandshakeRequest request, int round, uint number, byte? code = null, byte[]? payload = null)
    {
        byte[] announcement = new byte[ControlMessage.AnnouncementLength];
        ControlMessage.WriteAnnouncement(announcement, request.Data.Length);
        var message = new ControlMessage
        {
            Kind = request.Kind,
            Code = code ?? (round is 1 or 3 ? request.NewStatus : (byte)0),
            Authentication = request.EffectiveAuthentication,
            Random = number,
            Round = round,
            IPVersion = request.IPVersion,
            RequesterTunnel = request.LocalTunnel,
            ResponderTunnel = request.RemoteTunnel,
            Payload = payload ?? (round <= 2 ? announcement : round == 3 ? request.Data.ToArray() : []),
        };
        byte[] datagram = new byte[message.Length];
        message.Write(datagram, request.Key.Span);
        return datagram;
    }

    internal static uint RandomOf(ReadOnlyMemory<byte> datagram)
    {
        Assert.Equal(ControlError.None, ControlMessage.TryParse(datagram.Span, out ControlMessage message));
        return message.Random;
    }

    internal static int RoundOf(ReadOnlyMemory<byte> datagram)
    {
        Assert.Equal(ControlError.None, ControlMessage.TryParse(datagram.Span, out ControlMessage message));
        return message.Round;
    }
}
