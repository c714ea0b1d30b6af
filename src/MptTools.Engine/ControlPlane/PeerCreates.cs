using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>Connections that two servers make together: asked of a peer here, or asked by one. Used by the control thread only.</summary>
/// <param name="config">The server's configuration as it is now.</param>
/// <param name="start">Begins a handshake.</param>
internal sealed class PeerCreates(
    ServerContext context, ConnectionSet connections, Func<ServerConfig> config, Action<HandshakeRequest, TimeSpan> start)
{
    private readonly Dictionary<UInt128, DatagramWay> ways = [];
    private readonly HashSet<Ticket> open = [];

    private TimeSpan Now => context.Forwarder.Now;

    /// <summary>Has the peer create the other end of a connection, and completes and starts our own.</summary>
    /// <param name="file">A name in connections/.</param>
    /// <returns>Ends when the connection runs; fails with an <see cref="MptCommandException"/>.</returns>
    /// <exception cref="MptCommandException">It cannot be asked at all.</exception>
    internal Task Begin(string file)
    {
        ConnectionController? running = connections.FindFile(file);
        ConnectionConfig own = running?.Config ?? Load(file);
        PathConfig path = own.Paths.FirstOrDefault(item => item.IsCommandDefault) ?? own.Paths[0];
        if (path.RemoteAddress is not { } peer || own.RemoteCommandPort is not { } port || own.RemoteAddress is not { } tunnel)
        {
            throw Failed($"{file} does not say where the peer takes commands. Write remote_ipaddr in the path with cmd_default = 1, and remote_cmd_port and ip_remote in [connection].");
        }
        if (own.AuthenticationKey is null)
        {
            throw Failed($"{file} has no auth_key, and a create is always authenticated. Write the auth_key of the peer's conf.template; where an existing server has none there, write auth_key = default.");
        }
        if ((own.Permission & ConnectionPermission.Send) == 0)
        {
            throw Failed($"permission in {file} does not let this server start changes. Write permission = 3, or 1 to send only.");
        }
        ways[MappedAddress.ToInteger(peer)] = running?.Paths[path.Index].Way ?? WayBy(path, path.LocalAddress, peer);
        var ticket = new Ticket(file, own);
        open.Add(ticket);
        start(new HandshakeRequest
        {
            Peer = PeerEndpoint.Of(new IPEndPoint(peer, port)),
            Kind = ControlKind.Create,
            Authentication = ControlAuthentication.Sha256,
            Key = PeerHandshakes.KeyOf(own),
            IPVersion = own.IPVersion,
            LocalTunnel = MappedAddress.ToInteger(own.LocalAddress),
            RemoteTunnel = MappedAddress.ToInteger(tunnel),
            Data = CreateText.Render(WithFoundAddresses(own, running), config().General.CommandPort, isMarked: true),
            Tag = ticket,
        }, Now);
        return ticket.Done.Task;
    }

    /// <summary>The way a message to a peer takes while it is asked to create; null for any other.</summary>
    internal DatagramWay? WayTo(UInt128 peer) => ways.TryGetValue(peer, out DatagramWay way) ? way : null;

    /// <summary>A create that was asked for has ended.</summary>
    internal void Ended(HandshakeRequest request, HandshakeOutcome outcome)
    {
        var ticket = (Ticket)request.Tag!;
        open.Remove(ticket);
        ways.Remove(request.Peer.Address);
        try
        {
            Complete(ticket, request.Peer, outcome);
            ticket.Done.TrySetResult();
        }
        catch (MptCommandException e)
        {
            ticket.Done.TrySetException(e);
        }
    }

    /// <summary>The server stops: who waits is told.</summary>
    internal void Abandon()
    {
        foreach (Ticket ticket in open)
        {
            ticket.Done.TrySetException(new MptCommandException("The server is stopping.") { Kind = MptErrorKind.ConnectionLost });
        }
        open.Clear();
    }

    /// <summary>What a peer without a connection is checked with; null where it may create none.</summary>
    internal HandshakeParty? FindTemplate(UInt128 local)
    {
        ServerConfig current = config();
        return current.General.AcceptRemote && current.Template is { } template
            && (template.Permission & ConnectionPermission.Receive) != 0
            && TunnelAddresses(current).Any(address => MappedAddress.ToInteger(address) == local)
            ? new HandshakeParty { Authentication = ControlAuthentication.Sha256, Key = PeerHandshakes.KeyOf(template), Tag = template }
            : null;
    }

    /// <summary>A peer has asked for a connection, and has shown that it knows the template's key.</summary>
    internal HandshakeResult Answer(HandshakeCommand command)
    {
        ServerConfig current = config();
        IPAddress peer = MappedAddress.ToIPAddress(command.RequesterTunnel);
        ConfigResult<CreateOffer> read = CreateOffer.Read($"the create of {peer}", command.Text);
        if (read.Config is not { } offer || current.Template is not { } template)
        {
            context.Warn($"The create of {peer} cannot be read: {string.Join(' ', read.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error))}");
            return new HandshakeResult(ControlResult.Unreadable);
        }
        bool isBuiltIn = !offer.IsOurs && template.BuiltInKeyAfterCreate;
        CreateResult result = CreateMerge.Merge(
            new CreateRequest(
                WithSeenAddress(offer, MappedAddress.ToIPAddress(command.Source.Address)), peer,
                MappedAddress.ToIPAddress(command.ResponderTunnel), command.Text.Length,
                ControlMessage.AuthenticationLength(ControlAuthentication.Sha256)),
            new CreateFacts
            {
                Template = template,
                TunnelAddresses = [.. TunnelAddresses(current)],
                CommandPort = current.General.CommandPort,
                Connections = [.. connections.Running.Select(connection => connection.Config)],
                IsPortFree = CommandSocket.IsPortFree,
                Key = isBuiltIn ? KeyAfterCreate.BuiltIn : KeyAfterCreate.Configured,
            });
        if (result.Connection is not { } connection)
        {
            context.Warn($"The create of {peer} was refused: {result.Reason}");
            return new HandshakeResult(result.Outcome == CreateOutcome.Exists ? ControlResult.Exists : ControlResult.Unreadable);
        }
        if (!connection.IsComplete)
        {
            context.Warn($"The create of {peer} was refused: it does not say where each of its paths is reached, and only one of them is seen here. Write public_ipaddr into every path of the peer's file.");
            return new HandshakeResult(ControlResult.Unreadable);
        }
        try
        {
            connections.Start(connection);
        }
        catch (MptCommandException e)
        {
            context.Warn($"The create of {peer} was refused: {e.Message}");
            return new HandshakeResult(ControlResult.Unreadable);
        }
        Created(connection, offer.IsOurs, "asked for it");
        return new HandshakeResult(ControlResult.Done, result.Answer);
    }

    /// <summary>The way back to a peer that has no connection: that of the template's path whose address it has written to.</summary>
    internal DatagramWay? WayBack(UInt128 source, UInt128 destination)
    {
        IPAddress local = MappedAddress.ToIPAddress(destination);
        return config().Template?.Paths.FirstOrDefault(path =>
                local.Equals(path.LocalAddress) || (path.LocalAddress is null && connections.Links.Find(path.Interface)?.Has(local) == true)) is { } path
            ? WayBy(path, local, MappedAddress.ToIPAddress(source))
            : null;
    }

    private void Complete(Ticket ticket, PeerEndpoint peer, HandshakeOutcome outcome)
    {
        switch (outcome)
        {
            case { End: HandshakeEnd.TimedOut, Round: 2 }:
                throw new MptCommandException($"{peer} did not answer. Check that the server there runs, that its accept_remote is 1 and it has a conf.template, that auth_key there and in {ticket.File} are the same, and that its command port can be reached.") { Kind = MptErrorKind.TimedOut };
            case { End: HandshakeEnd.TimedOut }:
                throw new MptCommandException($"{peer} began to answer and then fell silent. Look at its status: the connection may have been created there; then delete it there and try again.") { Kind = MptErrorKind.TimedOut };
            case { End: HandshakeEnd.Refused, Reason: HandshakeRefusal.AuthenticationFailed }:
                throw Failed($"{peer} answered with another key. Write the auth_key of its conf.template into {ticket.File}.");
            case { End: HandshakeEnd.Refused }:
                throw Failed($"{peer} could not be asked to create the connection ({outcome.Reason}).");
            case { Result: ControlResult.Exists }:
                throw Failed($"{peer} has a connection between {ticket.Own.LocalAddress} and {ticket.Own.RemoteAddress} already. Delete it there, or write its values into {ticket.File} and reload.");
            case { Result: not ControlResult.Done }:
                throw Failed($"{peer} cannot make a connection of {ticket.File}; its log says why. Often the paths are not in the order of its conf.template.");
        }
        ConfigResult<CreateOffer> read = CreateOffer.Read($"the answer of {peer}", outcome.Payload);
        if (read.Config is not { } answer)
        {
            throw Failed($"The answer of {peer} cannot be read: {string.Join(' ', read.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error))}");
        }
        bool isBuiltIn = !answer.IsOurs && ticket.Own.BuiltInKeyAfterCreate;
        (ConnectionConfig? completed, string reason) =
            CreateCompletion.Complete(ticket.Own, answer, isBuiltIn ? KeyAfterCreate.BuiltIn : KeyAfterCreate.Configured);
        if (completed is null)
        {
            throw Failed(reason);
        }
        if (!completed.IsComplete)
        {
            throw Failed($"{peer} does not say where each of its paths is reached. Write public_ipaddr into every path of its conf.template, or remote_ipaddr into every path of {ticket.File}.");
        }
        if (connections.FindFile(ticket.File) is { } running)
        {
            connections.Change(running, completed);
        }
        else
        {
            connections.Start(completed, loaded: ticket.Own);
        }
        Created(completed, answer.IsOurs, "has created its end");
    }

    private void Created(ConnectionConfig connection, bool isOurs, string how)
    {
        context.Raise(MptEventKind.ConnectionCreated, $"Connection {connection.Name} to {connection.RemoteAddress} was created: the peer {how}. 'mpt save' writes it to {connection.File}.", connection.Name);
        if (!isOurs && connection.AuthenticationType == AuthenticationType.Sha256 && !BuiltInKey.Is(connection.AuthenticationKey))
        {
            context.Warn($"The peer of {connection.Name} is an existing server, which goes on with its built-in key: the two will not take each other's status changes. Write the same auth_key into both files, or auth_key_after_create = default to use the built-in key, which protects nothing.", connection.Name);
        }
    }

    private ConnectionConfig Load(string file)
    {
        string path = Path.Combine(ConfigLoader.ConnectionsOf(config().Directory), file);
        if (!File.Exists(path))
        {
            throw new MptCommandException($"There is no file {file} in {Path.GetDirectoryName(path)}.") { Kind = MptErrorKind.NotFound };
        }
        ConfigResult<ConnectionConfig> read = ConfigLoader.LoadConnection(path);
        ConnectionConfig own = read.Config ?? throw new MptCommandException(
            string.Join(Environment.NewLine, read.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error))) { Kind = MptErrorKind.InvalidConfiguration };
        if (!TunnelAddresses(config()).Contains(own.LocalAddress))
        {
            throw Failed($"ip_local in {file} is {own.LocalAddress}, which no tunnel of this server has.");
        }
        return own;
    }

    /// <summary>
    /// Where the peer is to send to, as far as it is known by now. A connection that does not run yet has the addresses of its
    /// interfaces at least.
    /// </summary>
    private ConnectionConfig WithFoundAddresses(ConnectionConfig own, ConnectionController? running) => own with
    {
        Paths = [.. own.Paths.Select((path, index) => path with
        {
            PublicAddress = path.PublicAddress ?? running?.Paths[index].PublicAddress ?? path.LocalAddress ?? FirstAddress(path),
        })],
    };

    private IPAddress? FirstAddress(PathConfig path) => connections.Links.Find(path.Interface)?.Addresses
        .Select(item => item.Address).FirstOrDefault(address => AddressText.Version(address) == path.IPVersion);

    /// <summary>A path whose address its own end does not know is reached where the message came from, if that is no other path's.</summary>
    private static CreateOffer WithSeenAddress(CreateOffer offer, IPAddress seen) =>
        offer.Paths.Count(path => path.PublicAddress is null) == 1 && !offer.Paths.Any(path => seen.Equals(path.PublicAddress))
            ? offer with { Paths = [.. offer.Paths.Select(path => path with { PublicAddress = path.PublicAddress ?? seen })] }
            : offer;

    /// <summary>The way out that a path would take, for one that does not run.</summary>
    private DatagramWay WayBy(PathConfig path, IPAddress? local, IPAddress remote)
    {
        if (connections.Links.Find(path.Interface) is not { } link)
        {
            return default;
        }
        bool isOnLink = link.ReachesOnLink(remote) || (path.Gateway is { } own && (own.Equals(path.LocalAddress) || own.Equals(path.PublicAddress)));
        var egress = new Egress(path.Interface, isOnLink ? null : path.Gateway ?? FoundGateway.On(path.Interface, path.IPVersion), path.IPVersion);
        UInt128 source = local is null ? 0 : MappedAddress.ToInteger(local);
        // Without its own routes the main table leads somewhere, and the peer may still be reached.
        return context.Routes.Install(egress) is null ? new DatagramWay(source, link.Index, context.Routes.MarkFor(egress)) : new DatagramWay(source);
    }

    private static IEnumerable<IPAddress> TunnelAddresses(ServerConfig config) =>
        config.Tunnels.SelectMany(tunnel => new[] { tunnel.IPv4?.Address, tunnel.IPv6?.Address }).OfType<IPAddress>();

    private static MptCommandException Failed(string why) => new(why);

    private sealed record Ticket(string File, ConnectionConfig Own)
    {
        internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
