using System.Globalization;
using System.Text;
using MptTools.Engine.Config;

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
    /// <summary>A connection was created together with its peer, at the wish of either.</summary>
    ConnectionCreated,
    /// <summary>A command of a peer, or of somebody on this host, was refused; nothing was changed.</summary>
    CommandRefused,
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
    /// <summary>An address of a path that was to be found has been found, or is another one now; the states are the addresses.</summary>
    AddressFound,
    /// <summary>The peer's end of a path has another address or port now, as a keepalive has proved; the states are both.</summary>
    PeerMoved,
    /// <summary>Something the admin should look at; nothing stopped.</summary>
    Warning,
    /// <summary>A change was not made: a hook stopped it, or the files have faults.</summary>
    ChangeRefused,
    /// <summary>A hook could not be run, or ended badly where it could not stop anything.</summary>
    HookFailed,
    /// <summary>A line that a hook wrote.</summary>
    HookOutput,
    /// <summary>A route of a path, or into a tunnel, was added.</summary>
    RouteAdded,
    /// <summary>A route was removed.</summary>
    RouteRemoved,
}

/// <summary>How much an event matters: the levels of syslog(3), with its numbers.</summary>
public enum MptEventLevel
{
    /// <summary>The server cannot go on.</summary>
    Error = 3,
    /// <summary>The admin should look at it.</summary>
    Warning = 4,
    /// <summary>A change that matters, as it should be.</summary>
    Notice = 5,
    /// <summary>Good to know.</summary>
    Information = 6,
    /// <summary>For whoever looks for a fault.</summary>
    Debug = 7,
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
    /// <summary>What of it: of AddressFound "local", "gateway" or "public"; null where the kind says it all.</summary>
    public string? Subject { get; init; }
    /// <summary>The state before.</summary>
    public string? OldState { get; init; }
    /// <summary>The state after.</summary>
    public string? NewState { get; init; }
    /// <summary>A whole sentence.</summary>
    public required string Message { get; init; }

    /// <summary>How much it matters; its kind decides, and for a path where it goes.</summary>
    public MptEventLevel Level => Kind switch
    {
        MptEventKind.ServerFailed => MptEventLevel.Error,
        MptEventKind.Warning or MptEventKind.ChangeRefused or MptEventKind.CommandRefused or MptEventKind.HookFailed => MptEventLevel.Warning,
        MptEventKind.PathChanged => LevelOfPath(),
        MptEventKind.PeerChanged or MptEventKind.MtuChanged or MptEventKind.HookOutput => MptEventLevel.Information,
        MptEventKind.RouteAdded or MptEventKind.RouteRemoved => MptEventLevel.Debug,
        _ => MptEventLevel.Notice,
    };

    /// <summary>
    /// The event as one line for a log: the sentence, and behind it in brackets what programs and grep look for: kind, connection, path and
    /// states by name.
    /// </summary>
    public string ToLogLine()
    {
        StringBuilder line = new();
        foreach (char c in Message)
        {
            line.Append(char.IsControl(c) ? ' ' : c);
        }
        line.Append($" [{EventNames.Of(Kind)}");
        Add("connection", Connection);
        Add("path", Path?.ToString(CultureInfo.InvariantCulture));
        Add("old", OldState);
        Add("new", NewState);
        return line.Append(']').ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                line.Append($" {name}={value}");
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Message;

    private MptEventLevel LevelOfPath() => (OldState, NewState) switch
    {
        // What somebody asked for is no reason to worry, and neither is a path that is on its way back.
        (_, nameof(PathStatusCode.Up) or nameof(PathStatusCode.TakenDown) or nameof(PathStatusCode.Disabled)) => MptEventLevel.Notice,
        (nameof(PathStatusCode.InterfaceDown) or nameof(PathStatusCode.AddressDown), nameof(PathStatusCode.Down)) => MptEventLevel.Notice,
        (nameof(PathStatusCode.InterfaceDown), nameof(PathStatusCode.AddressDown)) => MptEventLevel.Notice,
        _ => MptEventLevel.Warning,
    };
}
