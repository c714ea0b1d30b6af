using MptTools.Engine.Config;

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

    /// <summary>
    /// Reads the configuration files again and applies what changed, wholly or not at all: connections that are the same in
    /// them go on undisturbed, of a changed one only what is different is touched. One whose file is gone keeps running.
    /// </summary>
    /// <param name="file">The name of the only file of connections/ to take over, without a directory; null for everything.</param>
    /// <exception cref="MptCommandException">
    /// A file has a fault (the message names all of them), there is no such file, or a connection cannot run as its file says.
    /// </exception>
    void Reload(string? file = null);

    /// <summary>
    /// Closes and opens the paths' sockets and routes. The paths start with their configured status; counters, numbering and
    /// configuration stay, whatever the files say.
    /// </summary>
    /// <param name="file">The file of the connection, without a directory; null for all connections.</param>
    /// <exception cref="MptCommandException">No connection runs from that file.</exception>
    void Restart(string? file = null);

    /// <summary>Stops a connection and renames its file to FILE.disabled, in the place of an older one of that name.</summary>
    /// <param name="file">A name in connections/, without a directory.</param>
    /// <exception cref="MptCommandException">There is no such file, or it cannot be renamed.</exception>
    void Delete(string file);

    /// <summary>
    /// Writes what was changed at run time back into the files, which keep everything else; a connection that has no file gets one.
    /// </summary>
    /// <param name="file">The file of the connection, without a directory; null for all connections.</param>
    /// <returns>The names of the files that were written, without a directory; none where nothing was changed.</returns>
    /// <exception cref="MptCommandException">No connection runs from that file, or one cannot be written; it is as it was then.</exception>
    IReadOnlyList<string> Save(string? file = null);

    /// <summary>
    /// Changes a running connection. Where name, ip_ver, ip_local or ip_remote change it starts anew; otherwise it
    /// goes on, and only what depends on the changed settings is touched.
    /// </summary>
    /// <param name="connection">Its name.</param>
    /// <param name="settings">Keys and values as in [connection] of its file; an empty value is as if the key were missing there.</param>
    /// <exception cref="MptCommandException">There is no such connection, or a setting is wrong or cannot be carried out.</exception>
    void SetConnection(string connection, IReadOnlyDictionary<string, string> settings);

    /// <summary>Adds a path to a running connection. Where it has keepalives, it carries traffic once the peer is heard on it.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="settings">Keys and values as in [path_n] of its file.</param>
    /// <returns>Its index: it comes behind the others.</returns>
    /// <exception cref="MptCommandException">There is no such connection, or a setting is wrong, missing or cannot be carried out.</exception>
    int AddPath(string connection, IReadOnlyDictionary<string, string> settings);

    /// <summary>Changes a path of a running connection; the others do not notice.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="path">The path's index, from 0.</param>
    /// <param name="settings">Keys and values as in [path_n] of its file; an empty value is as if the key were missing there.</param>
    /// <exception cref="MptCommandException">There is no such connection or path, or a setting is wrong or cannot be carried out.</exception>
    void SetPath(string connection, int path, IReadOnlyDictionary<string, string> settings);

    /// <summary>Takes a path out of a running connection; the later ones move up by one, and the others do not notice.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="path">The path's index, from 0.</param>
    /// <exception cref="MptCommandException">There is no such connection or path, or it is the only one.</exception>
    void RemovePath(string connection, int path);

    /// <summary>Adds a network behind the peer to a running connection, and its route.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="source">As src_addr in [net_n].</param>
    /// <param name="destination">As dst_addr in [net_n].</param>
    /// <returns>Its index: it comes behind the others.</returns>
    /// <exception cref="MptCommandException">There is no such connection, an address is wrong, or the route cannot be added.</exception>
    int AddNetwork(string connection, string source, string destination);

    /// <summary>Takes a network out of a running connection, and its route where no other connection needs it.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="source">As src_addr in [net_n].</param>
    /// <param name="destination">As dst_addr in [net_n].</param>
    /// <exception cref="MptCommandException">There is no such connection or network.</exception>
    void RemoveNetwork(string connection, string source, string destination);

    /// <summary>Adds a rule to a running connection's combined mapping.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="settings">Keys and values as in [rule_n] of its file.</param>
    /// <param name="position">Its index: that of the rule it comes before, from 0; null: behind the others.</param>
    /// <returns>Its index.</returns>
    /// <exception cref="MptCommandException">There is no such connection or position, or a setting is wrong or cannot be carried out.</exception>
    int AddRule(string connection, IReadOnlyDictionary<string, string> settings, int? position = null);

    /// <summary>Changes a rule of a running connection.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="rule">The rule's index, from 0.</param>
    /// <param name="settings">Keys and values as in [rule_n] of its file; an empty value is as if the key were missing there.</param>
    /// <exception cref="MptCommandException">There is no such connection or rule, or a setting is wrong or cannot be carried out.</exception>
    void SetRule(string connection, int rule, IReadOnlyDictionary<string, string> settings);

    /// <summary>Takes a rule out of a running connection; the later ones move up by one.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="rule">The rule's index, from 0.</param>
    /// <exception cref="MptCommandException">There is no such connection or rule.</exception>
    void RemoveRule(string connection, int rule);

    /// <summary>Tells which path a packet would take now, and why, without sending it and without a trace in what comes after.</summary>
    /// <exception cref="MptCommandException">
    /// The question has a fault, there is no such connection, or the packet is no connection's traffic.
    /// </exception>
    MappingAnswer TestMapping(MappingQuestion question);

    /// <summary>
    /// Has the peer create the other end of a connection (<c>accept_remote</c> and <c>conf.template</c> there), completes our own
    /// with its answer and starts it. Takes up to 6 seconds where the peer does not answer.
    /// </summary>
    /// <param name="file">The file of the connection in connections/, without a directory; it may lack what the peer knows.</param>
    /// <returns>Ends when the connection runs; fails with an <see cref="MptCommandException"/>.</returns>
    Task CreateAsync(string file);

    /// <summary>Adds an address to an interface of this host.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="address">The address and the length of its network's prefix.</param>
    /// <exception cref="MptCommandException">The system refuses; the message has its reason.</exception>
    void AddAddress(string interfaceName, InterfaceAddress address);

    /// <summary>Removes an address from an interface of this host.</summary>
    /// <inheritdoc cref="AddAddress"/>
    void RemoveAddress(string interfaceName, InterfaceAddress address);

    /// <summary>Sets an interface of this host up or down.</summary>
    /// <exception cref="MptCommandException">The system refuses; the message has its reason.</exception>
    void SetInterface(string interfaceName, bool up);

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
    /// <summary>A setting of a command is wrong, missing, or does not go together with what there is.</summary>
    InvalidSetting,
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
