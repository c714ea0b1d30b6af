using MptTools.Engine;

namespace MptTools;

/// <summary>A change in a running server.</summary>
public sealed class MptEventInfo
{
    internal MptEventInfo(MptEvent change)
    {
        Time = change.Time.LocalDateTime;
        Level = change.Level.ToString();
        Kind = change.Kind.ToString();
        Server = change.Server;
        Connection = change.Connection;
        Path = change.Path;
        Subject = change.Subject;
        OldState = change.OldState;
        NewState = change.NewState;
        Message = change.Message;
    }

    /// <summary>When it happened, in local time.</summary>
    public DateTime Time { get; }
    /// <summary>How much it matters: Error, Warning, Notice, Information or Debug.</summary>
    public string Level { get; }
    /// <summary>What kind of change; docs/events.md lists them.</summary>
    public string Kind { get; }
    /// <summary>The server's name.</summary>
    public string Server { get; }
    /// <summary>The connection, where it is about one.</summary>
    public string? Connection { get; }
    /// <summary>The path's number, where it is about one.</summary>
    public int? Path { get; }
    /// <summary>What of it, where the kind does not say it all.</summary>
    public string? Subject { get; }
    /// <summary>The state before.</summary>
    public string? OldState { get; }
    /// <summary>The state after.</summary>
    public string? NewState { get; }
    /// <summary>A whole sentence.</summary>
    public string Message { get; }

    /// <summary>The sentence.</summary>
    public override string ToString() => Message;
}
