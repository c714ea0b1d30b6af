using MptTools.Engine.Config;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// The routes into the tunnels for the networks behind the peers. Connections that differ in their source networks only
/// share a route: it stays until the last of them has stopped. Used by the control thread only.
/// </summary>
internal sealed class NetworkRoutes(ServerContext context)
{
    private readonly Dictionary<(string Device, string Destination), int> users = [];

    /// <summary>Adds the routes of a connection that starts; one that cannot be is a warning.</summary>
    internal void Add(ConnectionConfig connection, string device)
    {
        foreach (string destination in DestinationsOf(connection))
        {
            int before = users.GetValueOrDefault((device, destination));
            users[(device, destination)] = before + 1;
            if (before > 0)
            {
                continue;
            }
            IpCommand.Result result = IpCommand.Run("route", "add", destination, "dev", device, "proto", PathRoutes.Protocol.ToString());
            if (!result.Succeeded)
            {
                context.Warn($"The route to {destination} through {device} cannot be added: {result.Error} Remove the route that is in its way, or the network from {connection.File}.", connection.Name);
            }
        }
    }

    /// <summary>Removes the routes of a connection that has stopped, but for those that another still needs.</summary>
    internal void Remove(ConnectionConfig connection, string device)
    {
        foreach (string destination in DestinationsOf(connection))
        {
            if (--users[(device, destination)] == 0)
            {
                users.Remove((device, destination));
                IpCommand.Run("route", "del", destination, "dev", device, "proto", PathRoutes.Protocol.ToString());
            }
        }
    }

    private static IEnumerable<string> DestinationsOf(ConnectionConfig connection) =>
        connection.Networks.SelectMany(TunnelSetup.RoutesTo).Distinct();
}
