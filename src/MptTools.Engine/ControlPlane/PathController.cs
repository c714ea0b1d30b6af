using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// One path of a running connection: its sockets and routes come and go with its interface, its status follows
/// <see cref="PathMonitor"/>. Used by the control thread only.
/// </summary>
internal sealed class PathController
{
    private readonly ServerContext context;
    private readonly RouteLeave routeLeave;
    private ReceiveSource? source;
    private LinkState? link;
    private IPAddress? announcedLocal, announcedGateway;
    private string? lastRouteError;
    private int lossesSeen, indexSeen;
    private int defaultRouteChangesSeen;
    private bool followsDefaultRoutes;

    /// <param name="awaitsPeer">The path came while its connection ran.</param>
    internal PathController(ServerContext context, PathRuntime runtime, TimeSpan now, bool awaitsPeer = false)
    {
        this.context = context;
        Runtime = runtime;
        routeLeave = new RouteLeave(context, runtime);
        Monitor = new PathMonitor(runtime.Config, now, awaitsPeer);
        ReportedStatus = awaitsPeer && Monitor.KeepalivesAreOn ? PathStatusCode.Down : runtime.Config.Status;
        Since = context.Time.GetUtcNow();
    }

    internal PathRuntime Runtime { get; }
    internal PathMonitor Monitor { get; private set; }
    internal PathConfig Config => Runtime.Config;

    /// <summary>The address on the interface; null while there is none.</summary>
    internal IPAddress? LocalAddress { get; private set; }

    /// <summary>The address the peer reaches it at; null while that is not known.</summary>
    internal IPAddress? PublicAddress => Config.PublicAddress ?? FoundPublicAddress ?? LocalAddress;

    /// <summary>Where it is to be found: as a STUN server sees it, or else the peer.</summary>
    private IPAddress? FoundPublicAddress => (SeenByStun ?? SeenByPeer) is { } seen && seen.IPVersion == Config.IPVersion ? MappedAddress.ToIPAddress(seen.Address) : null;

    /// <summary>How <see cref="PublicAddress"/> is known.</summary>
    internal PublicAddressSource PublicAddressSource =>
        Config.PublicAddress is not null ? PublicAddressSource.Configured
        : FoundPublicAddress is null ? PublicAddressSource.Local
        : SeenByStun is not null ? PublicAddressSource.Stun
        : PublicAddressSource.Peer;

    /// <summary>Where the peer is.</summary>
    internal IPAddress PeerAddress => Runtime.Remote.Address;

    /// <summary>It carries traffic, as far as this end knows.</summary>
    internal bool IsCarrying => Monitor.Status == PathStatusCode.Up;

    /// <summary>The way that messages beside the data take; null while the path is closed.</summary>
    internal DatagramWay? Way { get; private set; }

    /// <summary>The way out; null before the interface was first usable.</summary>
    internal Egress? Egress { get; private set; }

    /// <summary>The largest outer packet in bytes that gets to the peer whole; null while the path is closed.</summary>
    internal int? PathMtu { get; private set; }

    /// <summary>The MTU of the interface in bytes; 0 while there is none.</summary>
    internal int InterfaceMtu { get; set; }

    /// <summary>The longest inner packet in bytes that it takes; null while it is closed or not in use at all.</summary>
    internal int? LargestInner => PathMtu is { } mtu && Monitor.Status != PathStatusCode.Disabled
        ? Overhead.LargestInner(mtu, Config.IPVersion, Runtime.Connection.HeaderLength)
        : null;

    /// <summary>
    /// A router on the way has made the path narrower than its interface. That is forgotten some time later, and nobody tells.
    /// </summary>
    internal bool IsNarrowed => PathMtu < InterfaceMtu;

    /// <summary>Why the path could not be opened although its interface and address are there; null when nothing is wrong.</summary>
    internal string? Fault { get; private set; }

    /// <summary>Interface and address are there, but hooks have not said yet whether its route may be laid.</summary>
    internal bool WaitsForHooks => routeLeave.IsOpen;

    /// <summary>The status that observers have been told.</summary>
    internal PathStatusCode ReportedStatus { get; set; }

    /// <summary>Its addresses have changed, and it was not up since.</summary>
    internal bool AwaitsPeer { get; set; }
    internal DateTimeOffset Since { get; set; }
    internal DateTimeOffset? LastKeepalive { get; set; }

    /// <summary>Observers have been told that the path sends no runs of packets.</summary>
    internal bool IsRefusalReported { get; set; }

    /// <summary>Where the last keepalive came from; null before the first.</summary>
    internal ObservedEndpoint? PeerSeenAt { get; set; }

    /// <summary>Where the peer says it sees this end; null before it has.</summary>
    internal ObservedEndpoint? SeenByPeer { get; private set; }

    /// <summary>Where a STUN server sees this end; null while it has not said so.</summary>
    internal ObservedEndpoint? SeenByStun { get; set; }

    /// <summary>The path's number at the peer; null before it was heard from there.</summary>
    internal byte? PeerNumber { get; set; }

    /// <summary>The highest counter that has come by this path from the peer's present instance.</summary>
    internal ulong NewestCounter { get; set; }

    /// <summary>Round trips and loss, as the keepalives tell.</summary>
    internal PathMeter Meter { get; } = new();

    /// <summary>The peer is not where the files say.</summary>
    internal bool IsPeerMoved => Runtime.Remote != RemoteEnd.Configured(Runtime.Connection.Config, Config);

    /// <summary>The interface's index, for link-local addresses.</summary>
    internal uint Scope => (uint)(link?.Index ?? 0);

    /// <summary>Not before then another place is asked whether the peer is there.</summary>
    internal TimeSpan NextProbe { get; set; }

    /// <summary>Keepalives that were refused; counted by the control plane.</summary>
    internal DropCounters ControlDrops { get; } = new();

    /// <summary>The peer's connection has begun anew: what it said of this path before speaks of other numbers.</summary>
    internal void PeerRestarted()
    {
        PeerNumber = null;
        NewestCounter = 0;
        Meter.PeerRestarted();
    }

    /// <summary>Opens or closes the path as its interface and address are now.</summary>
    internal void LinksChanged(LinkMonitor links, PathListeners listeners, TimeSpan now)
    {
        if (Config.Gateway is null && !followsDefaultRoutes)
        {
            links.FollowDefaultRoutes(Config.IPVersion);
            followsDefaultRoutes = true;
        }
        link = links.Find(Config.Interface);
        bool running = link is { IsRunning: true };
        IPAddress? address = link is null ? null : FindLocalAddress(link);
        bool lost = !running || address is null || link!.Losses != lossesSeen || link.Index != indexSeen;
        (lossesSeen, indexSeen) = link is null ? (0, 0) : (link.Losses, link.Index);
        if (lost)
        {
            context.Routes.InterfaceLost(Config.Interface);
            routeLeave.Lost();
        }
        bool isReplaced = LocalAddress is not null && address is not null && !address.Equals(LocalAddress);
        if (lost || !address!.Equals(LocalAddress) || IsRerouted(links, link!, address))
        {
            Close();
        }
        LocalAddress = address;
        AnnounceLocalAddress();
        defaultRouteChangesSeen = links.DefaultRouteChanges;
        Monitor.LinkChanged(running, address is not null, now);
        if (isReplaced)
        {
            Monitor.AddressChanged(now);
        }
        if (Monitor.IsUsable && source is null)
        {
            Open(link!, address!, listeners);
        }
        InterfaceMtu = link?.Mtu ?? 0;
        ReadMtu();
    }

    /// <summary>Asks the kernel how large packets may be now.</summary>
    /// <returns>Whether that has changed.</returns>
    internal bool ReadMtu()
    {
        int? before = PathMtu;
        PathMtu = Runtime.Socket?.PathMtu;
        // What a router said outlives a change of the interface to less, in the kernel's answer for IPv4.
        if (PathMtu > InterfaceMtu && InterfaceMtu > 0)
        {
            PathMtu = InterfaceMtu;
        }
        if (PathMtu == before)
        {
            return false;
        }
        Runtime.Socket?.ForgetRefusedRuns();
        context.SizesChanged = true;
        return true;
    }

    /// <summary>What hooks are told of a change of this path.</summary>
    internal HookFacts FactsOf(string change) => new(change)
    {
        Connection = Runtime.Connection.Config.Name,
        Path = Config.Index,
        Interface = Config.Interface,
        Address = (LocalAddress ?? Config.LocalAddress)?.ToString(),
        Gateway = Egress?.Gateway?.ToString(),
        Remote = Runtime.Remote.Address.ToString(),
        OldState = Monitor.Status.ToString(),
    };

    /// <summary>The server has removed all routes.</summary>
    internal void RouteGone() => routeLeave.Gone();

    /// <summary>Another configuration goes through the same socket.</summary>
    internal static bool KeepsSocket(PathConfig a, PathConfig b) =>
        IsBetweenSameAddresses(a, b) && a.UdpChecksum == b.UdpChecksum
            && Equals(a.Gateway, b.Gateway) && Equals(a.PublicAddress, b.PublicAddress);

    /// <summary>The path has another configuration; where its socket depends on that, it was closed before.</summary>
    internal void ConfigChanged(PathConfig before, TimeSpan now)
    {
        Monitor.Change(before, Config, now);
        if (!IsBetweenSameAddresses(before, Config))
        {
            Monitor.ForgetLink();
            PeerSeenAt = null;
            AwaitsPeer = true;
        }
    }

    /// <summary>Starts over with the configured status and new timers; the socket was closed before.</summary>
    internal void Restart(TimeSpan now)
    {
        Monitor = new PathMonitor(Config, now);
        routeLeave.Lost();
        if (Egress is { } egress)
        {
            context.Routes.Renew(egress);
        }
    }

    /// <summary>Takes a port at the path's address for its connection, where the path is open.</summary>
    /// <exception cref="MptCommandException">Another program has it.</exception>
    internal void Claim(PathListeners listeners, int port)
    {
        if (source is null)
        {
            return;
        }
        try
        {
            listeners.Open(LocalAddress!, (uint)indexSeen, context.Routes.MarkFor(Egress!.Value), Config.UdpChecksum, port);
        }
        catch (SystemCallException e)
        {
            throw new MptCommandException(Explain(e, LocalAddress!, port), e);
        }
    }

    /// <summary>Closes the path's socket; the data plane does not use it any more when this returns.</summary>
    internal void Close()
    {
        Runtime.Socket = null;
        if (source is not null)
        {
            context.Forwarder.Remove(source);
            source.Socket.Dispose();
            source = null;
            Way = null;
            context.WaysChanged = true;
        }
    }

    /// <summary>The peer is somewhere else, or is to be looked for where the files say again.</summary>
    /// <returns>False: the kernel does not let it be there.</returns>
    internal bool MoveTo(RemoteEnd remote, PathListeners listeners)
    {
        RemoteEnd before = Runtime.Remote;
        Runtime.Remote = remote;
        if (source is not null && !Reconnect(source.Socket, remote, listeners))
        {
            Runtime.Remote = before;
            return false;
        }
        ReadMtu();
        context.Raise(
            MptEventKind.PeerMoved, $"The peer's end of path {Config.Index} of {Runtime.Connection.Config.Name} is {remote} now; it was {before}.",
            Runtime.Connection.Config.Name, Config.Index, before.ToString(), remote.ToString());
        return true;
    }

    private bool Reconnect(UdpSocket socket, RemoteEnd remote, PathListeners listeners)
    {
        Egress egress = new(Config.Interface, FindGateway(link!, LocalAddress!, remote.Address), Config.IPVersion);
        if (egress != Egress)
        {
            Close();
            Open(link!, LocalAddress!, listeners);
            return true;
        }
        try
        {
            context.Routes.AnswerReversePathFilter(egress, LocalAddress!, remote.Address);
            socket.Reconnect(new IPEndPoint(remote.Address, remote.Port), (uint)link!.Index);
            return true;
        }
        catch (SystemCallException)
        {
            return false;
        }
    }

    /// <summary>
    /// The first address, and then that one for as long as it is there: a second one is no reason to change. A link-local IPv6
    /// address reaches nobody but peers with one.
    /// </summary>
    private IPAddress? FindLocalAddress(LinkState link)
    {
        if (Config.LocalAddress is { } configured)
        {
            return link.Has(configured) ? configured : null;
        }
        if (LocalAddress is { } current && link.Has(current))
        {
            return current;
        }
        foreach (InterfaceAddress item in link.Addresses)
        {
            if (AddressText.Version(item.Address) == Config.IPVersion
                && (!item.Address.IsIPv6LinkLocal || Runtime.Remote.Address.IsIPv6LinkLocal))
            {
                return item.Address;
            }
        }
        return null;
    }

    /// <summary>The peer says where it sees this end; null: it says nothing of the kind.</summary>
    internal void IsSeen(ObservedEndpoint? at)
    {
        IPAddress? before = FoundPublicAddress;
        SeenByPeer = at ?? SeenByPeer;
        AnnouncePublicAddress(before, "the peer");
    }

    /// <summary>The STUN server says where it sees this end.</summary>
    internal void FoundByStun(ObservedEndpoint at)
    {
        IPAddress? before = FoundPublicAddress;
        SeenByStun = at;
        AnnouncePublicAddress(before, "the STUN server");
    }

    private void AnnouncePublicAddress(IPAddress? before, string by)
    {
        if (Config.PublicAddress is null && FoundPublicAddress is { } found && !found.Equals(before))
        {
            string name = Runtime.Connection.Config.Name;
            context.Raise(
                MptEventKind.AddressFound, $"Path {Config.Index} of {name} is seen by {by} as {found}.", name, Config.Index,
                before?.ToString(), found.ToString(), "public");
        }
    }

    private void AnnounceLocalAddress()
    {
        if (Config.LocalAddress is null && LocalAddress is { } found && !found.Equals(announcedLocal))
        {
            string name = Runtime.Connection.Config.Name;
            context.Raise(
                MptEventKind.AddressFound, $"Path {Config.Index} of {name} uses {found}, the address of {Config.Interface}.",
                name, Config.Index, announcedLocal?.ToString(), found.ToString(), "local");
            announcedLocal = found;
        }
    }

    private void AnnounceGateway(IPAddress? gateway)
    {
        if (Config.Gateway is null && gateway is not null && !gateway.Equals(announcedGateway))
        {
            string name = Runtime.Connection.Config.Name;
            context.Raise(
                MptEventKind.AddressFound, $"Path {Config.Index} of {name} leaves by {gateway}, the gateway of {Config.Interface}.",
                name, Config.Index, announcedGateway?.ToString(), gateway.ToString(), "gateway");
            announcedGateway = gateway;
        }
    }

    /// <summary>The gateway is the system's choice, and the system has chosen another one.</summary>
    private bool IsRerouted(LinkMonitor links, LinkState link, IPAddress local)
    {
        if (Config.Gateway is not null || source is null || links.DefaultRouteChanges == defaultRouteChangesSeen)
        {
            return false;
        }
        // A gateway that has gone without another in its place is still the best guess.
        return FindGateway(link, local, Runtime.Remote.Address) is { } gateway && !gateway.Equals(Egress?.Gateway);
    }

    private void Open(LinkState link, IPAddress local, PathListeners listeners)
    {
        ConnectionConfig connection = Runtime.Connection.Config;
        (IPAddress remote, int remotePort) = (Runtime.Remote.Address, Runtime.Remote.Port);
        Egress egress = new(Config.Interface, FindGateway(link, local, remote), Config.IPVersion);
        Egress = egress;
        AnnounceGateway(egress.Gateway);
        if (!routeLeave.Has(egress, local, context.Forwarder.Now))
        {
            Fault = routeLeave.Refusal;
            Monitor.LinkChanged(true, false, context.Forwarder.Now);
            return;
        }
        UdpSocket? socket = null;
        try
        {
            string? routeError = context.Routes.Install(egress);
            routeLeave.Laid(routeError, egress);
            if (routeError is not null && routeError != lastRouteError)
            {
                context.Warn($"Path {Config.Index} of {connection.Name} has no route by {Config.Interface}: {routeError} Check gw_ipaddr and the interface's addresses.", connection.Name, Config.Index);
            }
            lastRouteError = routeError;
            context.Routes.AnswerReversePathFilter(egress, local, remote);
            uint mark = context.Routes.MarkFor(egress);
            Runtime.Listener = listeners.Open(local, (uint)link.Index, mark, Config.UdpChecksum, connection.LocalPort);
            socket = UdpSocket.Bind(
                new IPEndPoint(local, connection.LocalPort), (uint)link.Index, mark, share: true, context.Offloads, Config.UdpChecksum);
            socket.Connect(new IPEndPoint(remote, remotePort), (uint)link.Index);
        }
        catch (Exception e) when (e is SystemCallException or MptStartException)
        {
            socket?.Dispose();
            Fault = Explain(e, local, connection.LocalPort);
            context.Warn(Fault, connection.Name, Config.Index);
            // The next change of links or addresses tries again; until then the path counts as without its address.
            Monitor.LinkChanged(true, false, context.Forwarder.Now);
            return;
        }
        Fault = null;
        source = new ReceiveSource(socket, Runtime.Connection, Runtime);
        Way = new DatagramWay(MappedAddress.ToInteger(local), link.Index, context.Routes.MarkFor(egress));
        context.WaysChanged = true;
        context.Forwarder.Add(source);
        Runtime.Socket = socket;
    }

    private string Explain(Exception e, IPAddress local, int port)
    {
        ConnectionConfig connection = Runtime.Connection.Config;
        return e switch
        {
            SystemCallException { Errno: Libc.EADDRINUSE } => $"UDP port {port} of {local} is in use by another program, so path {Config.Index} of {connection.Name} cannot be used. Stop that program (ss -lunp shows it) or choose another local_port in {connection.File}.",
            SystemCallException => $"Path {Config.Index} of {connection.Name} cannot be opened: {e.Message}",
            _ => e.Message,
        };
    }

    private static bool IsBetweenSameAddresses(PathConfig a, PathConfig b) =>
        a.Interface == b.Interface && a.IPVersion == b.IPVersion
            && Equals(a.LocalAddress, b.LocalAddress) && Equals(a.RemoteAddress, b.RemoteAddress);

    /// <summary>
    /// The peer is on the link when the configuration says so (a gateway equal to an address of this end) or when it is
    /// in a network of the interface: a sample's made-up gateway must not stand in the way.
    /// </summary>
    private IPAddress? FindGateway(LinkState link, IPAddress local, IPAddress remote)
    {
        if (link.ReachesOnLink(remote) || (Config.Gateway is { } own && (own.Equals(local) || own.Equals(Config.PublicAddress))))
        {
            return null;
        }
        return Config.Gateway ?? FoundGateway.On(Config.Interface, Config.IPVersion);
    }
}
