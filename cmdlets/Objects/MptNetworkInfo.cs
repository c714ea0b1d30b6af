using MptTools.Engine;

namespace MptTools;

/// <summary>A network of a running connection.</summary>
public sealed class MptNetworkInfo
{
    internal MptNetworkInfo(string server, NetworkStatus status)
    {
        Server = server;
        Connection = status.Connection;
        Index = status.Index;
        Source = status.Source;
        Destination = status.Destination;
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection's name.</summary>
    public string Connection { get; }
    /// <summary>n of [net_n].</summary>
    public int Index { get; }
    /// <summary>This side's network.</summary>
    public string Source { get; }
    /// <summary>The peer's network.</summary>
    public string Destination { get; }

    /// <summary>Connection and both networks, as in "hostB 10.10.0.0/16 > 10.20.0.0/16".</summary>
    public override string ToString() => $"{Connection} {Source} > {Destination}";
}
