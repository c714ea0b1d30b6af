using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Path status changes between this server and its peers, both ways: what is told, when, by which path, and what becomes of what
/// is heard. Creates go through here to <see cref="PeerCreates"/>. Used by the control thread only.
/// </summary>
internal sealed class PeerHandshakes : IHandshakeServer
{
    /// <summary>The byte on the wire for a path that is in use, and for one that is not.</summary>
    private const byte WireUp = (byte)PathStatusCode.Up, WireDown = (byte)PathStatusCode.Down;

    private readonly ServerContext context;
    private readonly CommandPort port;
    private readonly ConnectionSet connections;
    private readonly HandshakeRequests requests = new();
    private readonly HandshakeResponder responder;
    private readonly PeerCreates creates;
    private readonly RefusalReports refusals;

    internal PeerHandshakes(
        ServerContext context, CommandPort port, ConnectionSet connections, Func<ServerConfig> config, RefusalReports refusals)
    {
        this.refusals = refusals;
        (this.context, this.port, this.connections) = (context, port, connections);
        responder = new HandshakeResponder(this, HandshakeResponder.CryptographicRandom, new HandshakeLimits());
        creates = new PeerCreates(context, connections, config, Start);
    }

    /// <summary>What became of the messages of peers.</summary>
    internal HandshakeCounters Counters => responder.Counters;

    /// <summary>What is to be created at peers.</summary>
    internal PeerCreates Creates => creates;

    /// <summary>When <see cref="Tick"/> has something to do; null: never.</summary>
    internal TimeSpan? NextTick => requests.NextTick is { } first && !(responder.NextTick < first) ? first : responder.NextTick;

    /// <summary>Lets time pass.</summary>
    internal void Tick(TimeSpan now)
    {
        requests.Tick(now);
        responder.Tick(now);
        Flush(now);
    }

    /// <summary>Takes a datagram that begins like a message between servers.</summary>
    internal void Take(in DatagramOrigin origin, ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        var source = new PeerEndpoint(origin.Source, origin.Port, IsLinkLocal(origin.Source) ? origin.Interface : 0);
        if (ControlMessage.TryParse(datagram, out ControlMessage message) == ControlError.None && !message.IsRequest)
        {
            requests.Receive(source, datagram, now);
            Flush(now);
            return;
        }
        HandshakeReaction reaction = responder.Receive(source, datagram, now);
        refusals.Add(source, reaction.Refusal, now);
        if (!reaction.Answer.IsEmpty)
        {
            port.Send(reaction.Answer.Span, source.ToIPEndPoint(), connections.WayBack(origin.Source, origin.Destination)
                ?? creates.WayBack(origin.Source, origin.Destination)
                ?? new DatagramWay(origin.Destination));
        }
        Flush(now);
    }

    /// <summary>Tells the peer that a path has changed its status here.</summary>
    /// <param name="byHand">Somebody waits for it and wants to know when the peer does not answer.</param>
    internal void Tell(ConnectionController connection, PathController path, bool isUp, bool byHand, TimeSpan now)
    {
        ConnectionConfig config = connection.Config;
        // The first path that carries traffic. None: the peer's own dead timers say it all.
        if (config.RemoteCommandPort is not { } remotePort || Array.Find(connection.Paths, other => other.IsCarrying) is not { } carrier
            || (config.Permission & ConnectionPermission.Send) == 0)
        {
            return;
        }
        byte[] data = new byte[PathStatusData.Length];
        new PathStatusData(
            MappedAddress.ToInteger(path.PublicAddress ?? IPAddress.Any), MappedAddress.ToInteger(path.Config.RemoteAddress!)).Write(data);
        var request = new HandshakeRequest
        {
            Peer = PeerEndpoint.Of(new IPEndPoint(carrier.PeerAddress, remotePort)),
            Kind = ControlKind.PathStatus,
            NewStatus = isUp ? WireUp : WireDown,
            Authentication = (ControlAuthentication)config.AuthenticationType,
            Key = KeyOf(config),
            IPVersion = config.IPVersion,
            LocalTunnel = MappedAddress.ToInteger(config.LocalAddress),
            RemoteTunnel = MappedAddress.ToInteger(config.RemoteAddress!),
            Data = data,
            Tag = new StatusTold(connection, path, carrier, isUp, byHand),
        };
        Start(request, now);
    }

    /// <summary>The server stops: nobody waits any longer.</summary>
    internal void Abandon() => creates.Abandon();

    HandshakeParty? IHandshakeServer.FindConnection(int ipVersion, UInt128 local, UInt128 remote) =>
        connections.FindByTunnels(local, remote) is { } found && found.Config.IPVersion == ipVersion
            ? new HandshakeParty
            {
                Authentication = (ControlAuthentication)found.Config.AuthenticationType,
                Key = KeyOf(found.Config),
                MayReceive = (found.Config.Permission & ConnectionPermission.Receive) != 0,
                Tag = found,
            }
            : null;

    HandshakeParty? IHandshakeServer.FindTemplate(int ipVersion, UInt128 local, UInt128 remote) => creates.FindTemplate(local);

    HandshakeResult? IHandshakeServer.Execute(HandshakeCommand command) => command.Kind == ControlKind.Create
        ? creates.Answer(command)
        : TakeStatus((ConnectionController)command.Party.Tag!, command);

    /// <summary>The key of a connection or template as it goes into hashes; empty where it has none.</summary>
    internal static ReadOnlyMemory<byte> KeyOf(ConnectionConfig config) =>
        config.AuthenticationKey is { } key ? ControlHash.KeyOf(key) : default;

    private void Start(HandshakeRequest request, TimeSpan now)
    {
        requests.Start(request, now);
        Flush(now);
    }

    private HandshakeResult TakeStatus(ConnectionController connection, HandshakeCommand command)
    {
        if (FindPath(connection, command.Path) is not { } path)
        {
            context.Warn($"The peer of {connection.Config.Name} speaks of a path from {MappedAddress.ToIPAddress(command.Path.PublicAddress)} to {MappedAddress.ToIPAddress(command.Path.RemoteAddress)} that is not known here. Check remote_ipaddr and public_ipaddr of its paths at both ends.", connection.Config.Name);
            return new HandshakeResult(ControlResult.Unreadable);
        }
        connections.SetPathStatusByPeer(connection, path, command.NewStatus == WireUp);
        return new HandshakeResult(ControlResult.Done);
    }

    /// <summary>
    /// The path between two addresses as the peer sees them, its own first. One of ours that is behind a NAT may not know what the peer
    /// calls it, and the peer may not know itself: then the one end that is known and leads to one path is enough.
    /// </summary>
    private static PathController? FindPath(ConnectionController connection, in PathStatusData data)
    {
        UInt128 theirs = data.PublicAddress, ours = data.RemoteAddress;
        return Only(path => IsTheirs(path, theirs) && IsOurs(path, ours))
            ?? Only(path => IsTheirs(path, theirs))
            ?? Only(path => IsOurs(path, ours));

        PathController? Only(Func<PathController, bool> isMeant) =>
            connection.Paths.Where(isMeant).Take(2).ToArray() is [var one] ? one : null;
    }

    private static bool IsTheirs(PathController path, UInt128 address) =>
        MappedAddress.ToInteger(path.Config.RemoteAddress!) == address || MappedAddress.ToInteger(path.PeerAddress) == address;

    private static bool IsOurs(PathController path, UInt128 address) =>
        (path.PublicAddress is { } known && MappedAddress.ToInteger(known) == address)
        || (path.LocalAddress is { } local && MappedAddress.ToInteger(local) == address);

    private void Flush(TimeSpan now)
    {
        while (requests.TryTakeDatagram(out PeerEndpoint peer, out ReadOnlyMemory<byte> datagram))
        {
            port.Send(datagram.Span, peer.ToIPEndPoint(), creates.WayTo(peer.Address) ?? connections.WayTo(peer.Address));
        }
        while (requests.TryTakeEnded(out HandshakeRequest request, out HandshakeOutcome outcome))
        {
            if (request.Tag is StatusTold told)
            {
                StatusEnded(told, outcome, now);
            }
            else
            {
                creates.Ended(request, outcome);
            }
        }
    }

    private void StatusEnded(StatusTold told, HandshakeOutcome outcome, TimeSpan now)
    {
        if (outcome is { End: HandshakeEnd.Done, Result: ControlResult.Done } || outcome.Reason == HandshakeRefusal.Superseded
            || !connections.Running.Contains(told.Connection))
        {
            return;
        }
        bool isStillTrue = told.Path.IsCarrying == told.IsUp;
        if (outcome.End == HandshakeEnd.TimedOut && isStillTrue && !told.Carrier.IsCarrying)
        {
            // The path it went by died as well; another may be left.
            Tell(told.Connection, told.Path, told.IsUp, told.ByHand, now);
            return;
        }
        if (told.ByHand)
        {
            string name = told.Connection.Config.Name;
            string why = outcome switch
            {
                { End: HandshakeEnd.TimedOut } => "did not answer; check its command port and that the key is the same at both ends",
                { Reason: HandshakeRefusal.AuthenticationFailed or HandshakeRefusal.RandomNumber } => "answered in a way that does not fit the key; check that it is the same at both ends",
                { End: HandshakeEnd.Done } => "does not know the path by these addresses",
                _ => $"could not be asked ({outcome.Reason})",
            };
            context.Warn($"Path {told.Path.Runtime.Index} of {name} was changed here, but its peer {why}. The peer will find out by its dead timer.", name, told.Path.Runtime.Index);
        }
    }

    private static bool IsLinkLocal(UInt128 address) => address >> 118 == 0xFE80 >> 6;

    private sealed record StatusTold(ConnectionController Connection, PathController Path, PathController Carrier, bool IsUp, bool ByHand);
}
