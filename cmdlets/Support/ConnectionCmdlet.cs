using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that does something with connections of a running server, named with or without wildcards.</summary>
public abstract class ConnectionCmdlet : ServerCmdlet
{
    /// <summary>
    /// Does something with each connection that the names mean, in the server's order. A name that means none is an error of its own, and what the
    /// server refuses for one connection does not keep the next one from its turn.
    /// </summary>
    private protected void WithConnections(string[]? names, Action<MptClient, ConnectionStatus> action) => WithServer(null, client =>
    {
        ServerStatus status = client.GetStatus();
        var patterns = new NamePatterns(names);
        foreach (string missing in patterns.Missing([.. status.Connections.Select(connection => connection.Name)]))
        {
            WriteError(MptErrors.NothingNamed("connection", missing, status.Name));
        }
        foreach (ConnectionStatus connection in patterns.Choose(status.Connections, connection => connection.Name))
        {
            WithServer(connection.Name, _ => action(client, connection));
        }
    });
}
