namespace MptTools.Engine.ControlPlane;

/// <summary>
/// What a running server can be asked, whoever asks: the control socket, a host in the same process, a test. Every
/// member may be called from any thread.
/// </summary>
public interface IServerControl
{
    /// <summary>The server's name: that of its first tunnel.</summary>
    string Name { get; }

    /// <summary>One consistent reading of everything.</summary>
    ServerStatus GetStatus();

    /// <summary>
    /// Takes a path down (status 131) or up again, as <c>mpt path</c> does. Taking up a path whose interface or address is
    /// missing makes it usable as soon as they are back.
    /// </summary>
    /// <returns>The path as it is afterwards.</returns>
    /// <exception cref="MptCommandException">There is no such connection or path.</exception>
    PathStatus SetPathStatus(string connection, int path, bool up);

    /// <summary>Reads the configuration files again and applies what changed; a fault changes nothing.</summary>
    /// <exception cref="MptCommandException">A file has a fault; the message names all of them.</exception>
    void Reload();

    /// <summary>Asks the server to stop; returns at once. <see cref="Completion"/> tells when it has.</summary>
    void RequestStop();

    /// <summary>Ends when the server has stopped and left nothing behind; faulted with the reason when it died.</summary>
    Task Completion { get; }

    /// <summary>Calls <paramref name="observer"/> for every event from now on, until the result is disposed. Calls do not overlap.</summary>
    IDisposable Subscribe(Action<MptEvent> observer);
}

/// <summary>Why a command was not carried out, for programs; the sentence for people is the exception's message.</summary>
public enum MptErrorKind
{
    /// <summary>The command itself failed.</summary>
    Failed,
    /// <summary>There is no such connection or path.</summary>
    NotFound,
    /// <summary>A configuration file has a fault.</summary>
    InvalidConfiguration,
    /// <summary>The request cannot be understood.</summary>
    BadRequest,
    /// <summary>The caller is neither root nor a member of group mpt.</summary>
    AccessDenied,
    /// <summary>No server runs, or none of that name.</summary>
    NoServer,
    /// <summary>Several servers run and none was chosen.</summary>
    SeveralServers,
    /// <summary>The server's end of the control socket does not belong to root.</summary>
    NotTrusted,
    /// <summary>The server has too many clients already.</summary>
    Busy,
    /// <summary>No answer came in time.</summary>
    TimedOut,
    /// <summary>The server went away before it had answered.</summary>
    ConnectionLost,
    /// <summary>A defect of the server.</summary>
    Internal,
    /// <summary>A hook of the site stopped the change.</summary>
    StoppedByHook,
}

/// <summary>A command that cannot be carried out; the message is a whole sentence for the user, and nothing was changed.</summary>
public sealed class MptCommandException : Exception
{
    /// <summary>Makes one from its sentence.</summary>
    public MptCommandException(string message) : base(message) { }

    /// <summary>Makes one from its sentence and what caused it.</summary>
    public MptCommandException(string message, Exception inner) : base(message, inner) { }

    /// <summary>What kind of failure it is.</summary>
    public MptErrorKind Kind { get; init; }
}
