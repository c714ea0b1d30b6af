using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>The connections that run: how they start, change and stop. Used by the control thread only.</summary>
/// <param name="tunnels">All of the server's; the list may grow until the first connection starts.</param>
internal sealed class ConnectionSet(ServerContext context, LinkMonitor links, IReadOnlyList<TunnelRuntime> tunnels)
{
    private readonly NetworkRoutes networkRoutes = new(context);
    private readonly List<ConnectionController> running = [];
    private readonly Dictionary<ConnectionRuntime, ConnectionController> controllerOf = [];
    private readonly Timetable timetable = new();

    /// <summary>In the order in which they were started.</summary>
    internal IReadOnlyList<ConnectionController> Running => running;

    /// <summary>Interfaces and addresses of this host.</summary>
    internal LinkMonitor Links => links;

    /// <summary>When <see cref="Tick"/> is due; null: not by time.</summary>
    internal TimeSpan? NextTick => timetable.Next;

    private TimeSpan Now => context.Forwarder.Now;

    /// <summary>The connection of that name; null when there is none.</summary>
    internal ConnectionController? Find(string name) => running.Find(item => item.Config.Name == name);

    /// <summary>The connection from that file of connections/; null when there is none.</summary>
    internal ConnectionController? FindFile(string file) => running.Find(item => item.Config.File == file);

    /// <summary>The connection that the data plane knows as this; null when it has ended.</summary>
    internal ConnectionController? Find(ConnectionRuntime runtime) => controllerOf.GetValueOrDefault(runtime);

    /// <summary>The connection between two tunnel addresses, as numbers (see <see cref="MappedAddress"/>); null when there is none.</summary>
    internal ConnectionController? FindByTunnels(UInt128 local, UInt128 remote) =>
        running.Find(item => item.RemoteTunnel == remote && item.LocalTunnel == local);

    /// <summary>The way of messages to a peer's address: that of a path there, best of one that carries traffic.</summary>
    internal DatagramWay WayTo(UInt128 peer) =>
        (FindPath(path => path.IsCarrying && MappedAddress.ToInteger(path.PeerAddress) == peer)
            ?? FindPath(path => MappedAddress.ToInteger(path.PeerAddress) == peer))?.Way ?? default;

    /// <summary>The way of an answer: that of the path the message came by; null where it came by none.</summary>
    internal DatagramWay? WayBack(UInt128 source, UInt128 destination) => FindPath(path =>
        path.Way is { } way && way.Source == destination && MappedAddress.ToInteger(path.PeerAddress) == source)?.Way;

    /// <summary>Starts all connections that are complete.</summary>
    /// <exception cref="MptCommandException">As <see cref="Start"/>.</exception>
    internal void StartAll(IEnumerable<ConnectionConfig> connections)
    {
        foreach (ConnectionConfig connection in connections)
        {
            if (connection.IsComplete)
            {
                Open(connection, connection);
            }
            else
            {
                WarnOfIncomplete(connection);
            }
        }
        Forward();
    }

    /// <summary>Starts a connection.</summary>
    /// <param name="connection">A complete one, whose name, port and tunnel addresses no other has.</param>
    /// <param name="loaded">The connection as its file gives it; null when no file has it yet, or not like this.</param>
    /// <exception cref="MptCommandException">It cannot start; nothing of it is left.</exception>
    internal ConnectionController Start(ConnectionConfig connection, ConnectionConfig? loaded = null)
    {
        ConnectionController started = Open(connection, loaded);
        Forward();
        return started;
    }

    /// <summary>Stops a connection; nothing of it is left.</summary>
    internal void Stop(ConnectionController connection)
    {
        running.Remove(connection);
        controllerOf.Remove(connection.Runtime);
        timetable.Remove(connection);
        Forward();
        connection.Stop();
        context.SizesChanged = true;
        networkRoutes.Remove(connection.Config, connection.Runtime.Tunnel.Config.Name);
        RemoveUnusedRoutes(connection.Paths);
        context.Raise(MptEventKind.ConnectionStopped, $"Connection {connection.Config.Name} has stopped.", connection.Config.Name);
    }

    /// <summary>
    /// Gives a running connection another configuration, and touches only what is different: the one way by which it gets one.
    /// </summary>
    /// <returns>The connection that runs now: another one where it had to start anew.</returns>
    /// <exception cref="MptCommandException">It cannot run like this; it runs as before.</exception>
    internal ConnectionController Change(ConnectionController connection, ConnectionConfig wanted)
    {
        ConnectionConfig before = connection.Config;
        if (!wanted.IsComplete)
        {
            throw new MptCommandException($"Connection {before.Name} runs, so it needs remote_port, and remote_ipaddr in each path.") { Kind = MptErrorKind.InvalidSetting };
        }
        if (ConnectionDifference.StartsAnew(before, wanted))
        {
            return StartAnew(connection, wanted);
        }
        string device = connection.Runtime.Tunnel.Config.Name;
        PathController[] pathsBefore = connection.Paths;
        networkRoutes.Change(before, wanted, device);
        try
        {
            connection.Change(wanted, links, Now);
        }
        catch (MptCommandException)
        {
            networkRoutes.Change(wanted, before, device);
            throw;
        }
        finally
        {
            timetable.Schedule(connection);
        }
        Forward();
        RemoveUnusedRoutes(pathsBefore.Except(connection.Paths));
        string differences = string.Join("; ", ConnectionDifference.Describe(before, wanted));
        if (differences.Length > 0)
        {
            context.Raise(MptEventKind.ConnectionChanged, $"Connection {wanted.Name} has changed: {differences}.", wanted.Name);
        }
        return connection;
    }

    /// <summary>
    /// Closes and opens what a connection has in the system, and lays again what somebody has removed there. The ports stay ours
    /// meanwhile; counters, numbering and configuration go on.
    /// </summary>
    internal void Restart(ConnectionController connection)
    {
        TunnelConfig tunnel = connection.Runtime.Tunnel.Config;
        TunnelSetup.RenewAddresses(tunnel);
        networkRoutes.Renew(connection.Config, tunnel.Name);
        connection.Restart(links, Now);
        timetable.Schedule(connection);
        context.Raise(MptEventKind.ConnectionChanged, $"Connection {connection.Config.Name} was restarted.", connection.Config.Name);
    }

    /// <summary>Removes the paths' ways out that no path of any connection takes any more.</summary>
    /// <param name="ended">Paths that do not run any more.</param>
    private void RemoveUnusedRoutes(IEnumerable<PathController> ended)
    {
        IReadOnlyList<Egress> gone = context.Routes.RemoveExcept(
            running.SelectMany(connection => connection.Paths).Select(path => path.Egress).OfType<Egress>().ToHashSet());
        foreach (PathController path in ended)
        {
            if (path.Egress is { } egress && gone.Contains(egress))
            {
                path.RouteGone();
            }
        }
    }

    private ConnectionController StartAnew(ConnectionController connection, ConnectionConfig wanted)
    {
        (ConnectionConfig before, ConnectionConfig? loaded, bool keyIsSet) = (connection.Config, connection.Loaded, connection.KeyIsSet);
        Stop(connection);
        ConnectionController started;
        try
        {
            started = Start(wanted, loaded);
        }
        catch (MptCommandException)
        {
            Start(before, loaded).KeyIsSet = keyIsSet;
            throw;
        }
        started.KeyIsSet = keyIsSet;
        return started;
    }

    internal void WarnOfIncomplete(ConnectionConfig connection) =>
        context.Warn($"Connection {connection.Name} does not name all of its peer and was not started; {connection.File} is meant for 'mpt create'.", connection.Name);

    /// <summary>A keepalive came.</summary>
    internal void Take(ReceivedKeepalive received, TimeSpan now)
    {
        // One that was under way when its connection ended has nobody left.
        if (Find(received.Source!.Connection) is { } connection)
        {
            connection.Take(received, now);
            timetable.Schedule(connection);
        }
    }

    /// <summary>The data plane met a packet that was too big for a path, against what it had been told.</summary>
    internal void SizeDoubted(ConnectionRuntime doubted, TimeSpan now)
    {
        if (Find(doubted) is { } connection)
        {
            connection.SizeDoubted(now);
            timetable.Schedule(connection);
        }
    }

    internal PathStatusCode SetPathStatus(ConnectionController connection, int path, bool up)
    {
        PathStatusCode status = connection.SetPathStatus(path, up, Now);
        timetable.Schedule(connection);
        return status;
    }

    /// <summary>The peer says that a path is in use, or not.</summary>
    internal void SetPathStatusByPeer(ConnectionController connection, PathController path, bool up)
    {
        connection.SetPathStatusByPeer(path, up, Now);
        timetable.Schedule(connection);
    }

    /// <summary>Lets all timers that are due have their say.</summary>
    internal void Tick(TimeSpan now)
    {
        while (timetable.TakeDue(now) is { } due)
        {
            due.Tick(now);
            timetable.Schedule(due);
        }
    }

    /// <summary>The kernel said something about interfaces or addresses.</summary>
    internal void LinksChanged()
    {
        foreach (ConnectionController connection in running)
        {
            connection.LinksChanged(links, Now);
            timetable.Schedule(connection);
        }
    }

    /// <summary>Something that a connection's paths waited for is there.</summary>
    internal void LookAgain(ConnectionRuntime waiting)
    {
        if (Find(waiting) is { } connection)
        {
            connection.LinksChanged(links, Now);
            timetable.Schedule(connection);
        }
    }

    /// <summary>All routes of the server are gone; the hooks are told.</summary>
    internal void RoutesGone()
    {
        foreach (PathController path in running.SelectMany(connection => connection.Paths))
        {
            path.RouteGone();
        }
        networkRoutes.Clear();
    }

    /// <summary>Stops all; the tunnels are about to go, and their routes with them.</summary>
    internal void Clear()
    {
        foreach (ConnectionController connection in running)
        {
            connection.Stop();
        }
    }

    private PathController? FindPath(Func<PathController, bool> isMeant)
    {
        foreach (ConnectionController connection in running)
        {
            if (Array.Find(connection.Paths, path => isMeant(path)) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    private ConnectionController Open(ConnectionConfig connection, ConnectionConfig? loaded)
    {
        TunnelRuntime tunnel = tunnels.FirstOrDefault(item =>
            connection.LocalAddress.Equals(item.Config.IPv4?.Address) || connection.LocalAddress.Equals(item.Config.IPv6?.Address))
            ?? throw new MptCommandException($"Connection {connection.Name} belongs to a tunnel that this server does not have yet: {connection.LocalAddress}. Restart the server to use the changed interface.conf.");
        ConnectionController controller = new(context, connection, tunnel, Now) { Loaded = loaded };
        controller.LinksChanged(links, Now);
        if (controller.Paths.Select(path => path.Fault).FirstOrDefault(fault => fault is not null) is { } reason)
        {
            controller.Stop();
            throw new MptCommandException(reason);
        }
        running.Add(controller);
        controllerOf.Add(controller.Runtime, controller);
        timetable.Schedule(controller);
        networkRoutes.Add(connection, tunnel.Config.Name);
        context.Raise(MptEventKind.ConnectionStarted, $"Connection {connection.Name} to {connection.RemoteAddress} has started.", connection.Name);
        return controller;
    }

    private void Forward()
    {
        foreach (TunnelRuntime tunnel in tunnels)
        {
            tunnel.Forwarding = TunnelSetup.MakeForwarding(
                tunnel.Config, [.. running.Select(connection => connection.Runtime).Where(runtime => runtime.Tunnel == tunnel)]);
        }
    }
}
