using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// The routes into the tunnels for the networks behind the peers. Connections that differ in their source networks only
/// share a route: it stays until the last of them has stopped. Used by the control thread only.
/// </summary>
internal sealed class NetworkRoutes(ServerContext context)
{
    private readonly Dictionary<(string Device, string Destination), Route> routes = [];

    /// <summary>Adds the routes of a connection that starts; one that cannot be is a warning.</summary>
    /// <exception cref="MptStartException">While the server starts: a hook has stopped it.</exception>
    internal void Add(ConnectionConfig connection, string device)
    {
        foreach (string destination in DestinationsOf(connection))
        {
            if (Use(connection, device, destination) is { Refusal: { } reason } && !context.Hooks.IsControlRunning)
            {
                throw new MptStartException(reason);
            }
        }
    }

    /// <summary>Removes the routes of a connection that has stopped, but for those that another still needs.</summary>
    internal void Remove(ConnectionConfig connection, string device)
    {
        foreach (string destination in DestinationsOf(connection))
        {
            Leave(connection, device, destination);
        }
    }

    /// <summary>Adds and removes what is different in another configuration of a running connection.</summary>
    /// <exception cref="MptCommandException">One cannot be added; all are as before.</exception>
    internal void Change(ConnectionConfig before, ConnectionConfig wanted, string device)
    {
        string[] old = [.. DestinationsOf(before)], now = [.. DestinationsOf(wanted)];
        List<string> added = [];
        foreach (string destination in now.Except(old))
        {
            added.Add(destination);
            if (Use(wanted, device, destination).Fault is { } fault)
            {
                added.ForEach(item => Leave(wanted, device, item));
                throw new MptCommandException(fault);
            }
        }
        foreach (string destination in old.Except(now))
        {
            Leave(before, device, destination);
        }
    }

    /// <summary>Lays the routes again that the kernel has taken away, as when the device was set down.</summary>
    internal void Renew(ConnectionConfig connection, string device)
    {
        foreach (string destination in DestinationsOf(connection))
        {
            ProgramRun.Result there = IpCommand.Run(
                destination.Contains(':') ? "-6" : "-4", "route", "show", "exact", destination, "dev", device, "proto", PathRoutes.Protocol.ToString());
            if (there is { Succeeded: true, Output.Length: 0 })
            {
                Route route = routes[(device, destination)];
                context.Hooks.Begin(route.Facts, refusal => Lay(route, connection, refusal));
            }
        }
    }

    /// <summary>The tunnels have gone, and all routes through them.</summary>
    internal void Clear()
    {
        foreach (Route route in routes.Values.Where(route => route.IsLaid))
        {
            context.Hooks.Made(route.Facts with { Event = HookChange.NetworkRouteDelete });
        }
        routes.Clear();
    }

    private Route Use(ConnectionConfig connection, string device, string destination)
    {
        if (routes.TryGetValue((device, destination), out Route? there))
        {
            there.Users++;
            return there;
        }
        Route route = new(Facts(HookChange.NetworkRouteAdd, connection, device, destination));
        routes.Add((device, destination), route);
        context.Hooks.Begin(route.Facts, refusal => Lay(route, connection, refusal));
        return route;
    }

    private void Leave(ConnectionConfig connection, string device, string destination)
    {
        Route route = routes[(device, destination)];
        if (--route.Users > 0)
        {
            return;
        }
        routes.Remove((device, destination));
        if (route.IsLaid)
        {
            IpCommand.Run("route", "del", destination, "dev", device, "proto", PathRoutes.Protocol.ToString());
            context.Raise(MptEventKind.RouteRemoved, $"The route to {destination} through {device} was removed.", connection.Name);
            context.Hooks.Made(Facts(HookChange.NetworkRouteDelete, connection, device, destination));
        }
    }

    private void Lay(Route route, ConnectionConfig connection, string? refusal)
    {
        route.Refusal = refusal;
        if (refusal is not null || route.Users == 0)
        {
            return;
        }
        string destination = route.Facts.Destination!, device = route.Facts.Interface!;
        ProgramRun.Result result = IpCommand.Run("route", "add", destination, "dev", device, "proto", PathRoutes.Protocol.ToString());
        route.IsLaid = result.Succeeded;
        route.Fault = null;
        if (result.Succeeded)
        {
            context.Raise(MptEventKind.RouteAdded, $"The route to {destination} through {device} was added.", connection.Name);
        }
        else
        {
            route.Fault = $"The route to {destination} through {device} cannot be added: {result.Error} Remove the route that is in its way, or the network from {connection.File}.";
            context.Warn(route.Fault, connection.Name);
        }
        context.Hooks.Made(route.Facts, result.Succeeded ? null : result.Error);
    }

    private static HookFacts Facts(string change, ConnectionConfig connection, string device, string destination) => new(change)
    {
        Connection = connection.Name,
        Interface = device,
        Address = connection.LocalAddress.ToString(),
        Remote = connection.RemoteAddress?.ToString(),
        Destination = destination,
    };

    private static IEnumerable<string> DestinationsOf(ConnectionConfig connection) =>
        connection.Networks.SelectMany(TunnelSetup.RoutesTo).Distinct();

    /// <summary>One route, and how many connections need it.</summary>
    private sealed class Route(HookFacts facts)
    {
        internal HookFacts Facts { get; } = facts;
        internal int Users { get; set; } = 1;
        internal bool IsLaid { get; set; }
        internal string? Refusal { get; set; }

        /// <summary>Why the kernel does not take it.</summary>
        internal string? Fault { get; set; }
    }
}
