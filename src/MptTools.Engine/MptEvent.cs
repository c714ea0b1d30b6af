namespace MptTools.Engine;

/// <summary>What an <see cref="MptEvent"/> is about.</summary>
public enum MptEventKind
{
    /// <summary>The server runs.</summary>
    ServerStarted,
    /// <summary>The server has stopped.</summary>
    ServerStopped,
    /// <summary>The server died; the message says of what.</summary>
    ServerFailed,
    /// <summary>The configuration was read again.</summary>
    Reloaded,
    /// <summary>A connection started.</summary>
    ConnectionStarted,
    /// <summary>A connection stopped.</summary>
    ConnectionStopped,
    /// <summary>A running connection has another configuration; the message says what is different.</summary>
    ConnectionChanged,
    /// <summary>What was changed at run time was written into a file.</summary>
    Saved,
    /// <summary>A path changed its status.</summary>
    PathChanged,
    /// <summary>A tunnel's MTU was changed, as its paths ask for (mtu = auto); the states are the numbers.</summary>
    MtuChanged,
    /// <summary>The program at the other end was recognised or changed.</summary>
    PeerChanged,
    /// <summary>Something the admin should look at; nothing stopped.</summary>
    Warning,
    /// <summary>A hook stopped a change before it was made.</summary>
    ChangeRefused,
    /// <summary>A hook could not be run, or ended badly where it could not stop anything.</summary>
    HookFailed,
    /// <summary>A line that a hook wrote.</summary>
    HookOutput,
}

/// <summary>A change in a running server.</summary>
public sealed record MptEvent
{
    /// <summary>When it happened.</summary>
    public required DateTimeOffset Time { get; init; }
    /// <summary>What kind of change.</summary>
    public required MptEventKind Kind { get; init; }
    /// <summary>The server's name.</summary>
    public required string Server { get; init; }
    /// <summary>The connection, where it is about one.</summary>
    public string? Connection { get; init; }
    /// <summary>The path's index, where it is about one.</summary>
    public int? Path { get; init; }
    /// <summary>The state before.</summary>
    public string? OldState { get; init; }
    /// <summary>The state after.</summary>
    public string? NewState { get; init; }
    /// <summary>A whole sentence.</summary>
    public required string Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Message;
}
