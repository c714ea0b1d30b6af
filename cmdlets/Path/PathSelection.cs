using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Which paths of a server are meant, by connection, number and interface; what is left out leaves nothing out.</summary>
internal sealed class PathSelection(string[]? connections, int[]? indexes, string[]? interfaces)
{
    private readonly NamePatterns connections = new(connections), interfaces = new(interfaces);

    /// <summary>The paths that are meant, in the server's order.</summary>
    internal IEnumerable<PathStatus> Choose(ServerStatus status) =>
        from connection in status.Connections
        where connections.Match(connection.Name)
        from path in connection.Paths
        where (indexes is null || indexes.Contains(path.Index)) && interfaces.Match(path.Interface)
        select path;

    /// <summary>An error for each name of a connection that none has. Numbers and interfaces only narrow down what the names mean.</summary>
    internal IEnumerable<ErrorRecord> Missing(ServerStatus status) =>
        from name in connections.Missing([.. status.Connections.Select(connection => connection.Name)])
        select MptErrors.NothingNamed("connection", name, status.Name);
}
