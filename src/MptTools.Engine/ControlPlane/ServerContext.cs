using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>A path's status has changed here, and the peer is to know.</summary>
/// <param name="byHand">Somebody has ordered it.</param>
internal delegate void PathReport(ConnectionController connection, PathController path, bool isUp, bool byHand);

/// <summary>What the parts of one running server share.</summary>
/// <param name="Offloads">Those that are not turned off.</param>
internal sealed record ServerContext(
    string Server, TimeProvider Time, Forwarder Forwarder, PathRoutes Routes, EventHub Events, Offloads Offloads)
{
    /// <summary>The site's own programs, called before and after changes.</summary>
    internal required HookRunner Hooks { get; init; }

    /// <summary>Has a connection look at its interfaces once more, if it still runs; null: nobody does.</summary>
    internal Action<ConnectionRuntime>? LookAgain { get; set; }

    /// <summary>Where the data plane's doubts about sizes go; null: nowhere.</summary>
    internal SizeDoubts? Doubts { get; init; }

    /// <summary>Tells peers what has become of a path; null: nobody does.</summary>
    internal PathReport? ReportPath { get; set; }

    /// <summary>Some path has been opened or closed, or takes another way. The control thread's own.</summary>
    internal bool WaysChanged { get; set; }

    /// <summary>What some path takes has changed, so the tunnels' MTUs are to be looked at. The control thread's own.</summary>
    internal bool SizesChanged { get; set; }

    internal void Raise(
        MptEventKind kind, string message, string? connection = null, int? path = null, string? before = null, string? after = null,
        string? subject = null)
    {
        MptEvent happened = new()
        {
            Time = Time.GetUtcNow(),
            Kind = kind,
            Server = Server,
            Connection = connection,
            Path = path,
            Subject = subject,
            OldState = before,
            NewState = after,
            Message = message,
        };
        Events.Raise(happened);
        Hooks.Happened(happened);
    }

    internal void Warn(string message, string? connection = null, int? path = null) =>
        Raise(MptEventKind.Warning, message, connection, path);
}
