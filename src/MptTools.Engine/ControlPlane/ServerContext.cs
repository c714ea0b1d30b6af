using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>What the parts of one running server share.</summary>
/// <param name="Offloads">Those that are not turned off.</param>
internal sealed record ServerContext(
    string Server, TimeProvider Time, Forwarder Forwarder, PathRoutes Routes, EventHub Events, Offloads Offloads)
{
    /// <summary>Where the data plane's doubts about sizes go; null: nowhere.</summary>
    internal SizeDoubts? Doubts { get; init; }

    /// <summary>What some path takes has changed, so the tunnels' MTUs are to be looked at. The control thread's own.</summary>
    internal bool SizesChanged { get; set; }

    internal void Raise(
        MptEventKind kind, string message, string? connection = null, int? path = null, string? before = null, string? after = null) =>
        Events.Raise(new MptEvent
        {
            Time = Time.GetUtcNow(),
            Kind = kind,
            Server = Server,
            Connection = connection,
            Path = path,
            OldState = before,
            NewState = after,
            Message = message,
        });

    internal void Warn(string message, string? connection = null, int? path = null) =>
        Raise(MptEventKind.Warning, message, connection, path);
}
