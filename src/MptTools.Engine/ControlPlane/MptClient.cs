using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// A running server as seen from anywhere in its network namespace. Each operation makes a connection of its own to the
/// control socket, from the network namespace of the thread that calls; so one client may be used from several threads and
/// holds nothing open. All operations throw <see cref="MptCommandException"/> and nothing else when the server refuses,
/// fails, is gone or does not answer in time, and <see cref="OperationCanceledException"/> when they are cancelled. What the server
/// has begun by then it carries out.
/// </summary>
public sealed class MptClient
{
    private readonly ControlChannel channel;

    private MptClient(ControlChannel channel) => this.channel = channel;

    /// <summary>How long an operation waits where nothing else is said.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The server's name: that of its first tunnel.</summary>
    public string Name => channel.Name;

    /// <summary>The server's UDP port for commands.</summary>
    public int CommandPort { get; private init; }

    /// <summary>The server's process.</summary>
    public int ProcessId { get; private init; }

    /// <summary>How long each operation waits for its answer.</summary>
    public TimeSpan Timeout => channel.Timeout;

    /// <summary>The names of the servers that run in this network namespace, in ordinal order.</summary>
    public static IReadOnlyList<string> ListServers() => ListServers(ControlAccess.IsRoot);

    /// <summary>Finds a server and makes sure that it answers.</summary>
    /// <param name="serverName">The name of its first tunnel; null for the only one there is.</param>
    /// <param name="timeout">For this and every later operation; <see cref="DefaultTimeout"/> where null.</param>
    /// <param name="cancellation">Ends this and every later operation that waits for the server.</param>
    public static MptClient Connect(string? serverName = null, TimeSpan? timeout = null, CancellationToken cancellation = default) =>
        Connect(serverName, timeout ?? DefaultTimeout, ControlAccess.IsRoot, cancellation);

    internal static MptClient Connect(
        string? serverName, TimeSpan timeout, Func<PeerCredentials, bool> isTrusted, CancellationToken cancellation = default)
    {
        var channel = new ControlChannel(serverName ?? TheOnlyOne(ListServers(isTrusted)), timeout, isTrusted, cancellation);
        ServerHello hello = channel.Exchange(new ControlRequest { Request = ControlRequest.Hello }).Hello
            ?? throw channel.NotUnderstood("it did not say who it is");
        if (hello.Protocol != ControlProtocol.Version)
        {
            throw channel.NotUnderstood($"its version {hello.Version} speaks another control protocol");
        }
        return new MptClient(channel) { CommandPort = hello.CommandPort, ProcessId = hello.ProcessId };
    }

    /// <summary>One consistent reading of everything.</summary>
    public ServerStatus GetStatus() => StatusOf(channel.Exchange(new ControlRequest { Request = ControlRequest.Status }));

    /// <inheritdoc cref="GetStatus"/>
    public async Task<ServerStatus> GetStatusAsync(CancellationToken cancellation = default) =>
        StatusOf(await channel.ExchangeAsync(new ControlRequest { Request = ControlRequest.Status }, cancellation).ConfigureAwait(false));

    /// <summary>Takes a path down by hand, or up again.</summary>
    /// <returns>The path as it is afterwards.</returns>
    public PathStatus SetPathStatus(string connection, int path, bool up) => PathOf(channel.Exchange(PathSet(connection, path, up)));

    /// <inheritdoc cref="SetPathStatus"/>
    public async Task<PathStatus> SetPathStatusAsync(
        string connection, int path, bool up, CancellationToken cancellation = default) =>
        PathOf(await channel.ExchangeAsync(PathSet(connection, path, up), cancellation).ConfigureAwait(false));

    /// <inheritdoc cref="IServerControl.Reload"/>
    public void Reload(string? file = null) => channel.Exchange(new ControlRequest { Request = ControlRequest.Reload, File = file });

    /// <inheritdoc cref="IServerControl.Reload"/>
    public Task ReloadAsync(CancellationToken cancellation = default) =>
        channel.ExchangeAsync(new ControlRequest { Request = ControlRequest.Reload }, cancellation);

    /// <inheritdoc cref="IServerControl.Restart"/>
    public void Restart(string? file = null) => channel.Exchange(new ControlRequest { Request = ControlRequest.Restart, File = file });

    /// <inheritdoc cref="IServerControl.Delete"/>
    public void Delete(string file) => channel.Exchange(new ControlRequest { Request = ControlRequest.Delete, File = file });

    /// <inheritdoc cref="IServerControl.Save"/>
    public IReadOnlyList<string> Save(string? file = null) =>
        channel.Exchange(new ControlRequest { Request = ControlRequest.Save, File = file }).Files ?? [];

    /// <inheritdoc cref="IServerControl.CreateAsync"/>
    public void Create(string file) => channel.Exchange(new ControlRequest { Request = ControlRequest.Create, File = file });

    /// <inheritdoc cref="IServerControl.SetConnection"/>
    public void SetConnection(string connection, IReadOnlyDictionary<string, string> settings) =>
        channel.Exchange(new ControlRequest { Request = ControlRequest.ConnectionChange, Connection = connection, Settings = new(settings) });

    /// <inheritdoc cref="IServerControl.AddPath"/>
    public int AddPath(string connection, IReadOnlyDictionary<string, string> settings) => IndexOf(channel.Exchange(
        new ControlRequest { Request = ControlRequest.PathAdd, Connection = connection, Settings = new(settings) }));

    /// <inheritdoc cref="IServerControl.SetPath"/>
    public void SetPath(string connection, int path, IReadOnlyDictionary<string, string> settings) => channel.Exchange(
        new ControlRequest { Request = ControlRequest.PathChange, Connection = connection, Path = path, Settings = new(settings) });

    /// <inheritdoc cref="IServerControl.RemovePath"/>
    public void RemovePath(string connection, int path) =>
        channel.Exchange(new ControlRequest { Request = ControlRequest.PathRemove, Connection = connection, Path = path });

    /// <inheritdoc cref="IServerControl.AddRule"/>
    public int AddRule(string connection, IReadOnlyDictionary<string, string> settings, int? position = null) => IndexOf(channel.Exchange(
        new ControlRequest { Request = ControlRequest.RuleAdd, Connection = connection, Rule = position, Settings = new(settings) }));

    /// <inheritdoc cref="IServerControl.SetRule"/>
    public void SetRule(string connection, int rule, IReadOnlyDictionary<string, string> settings) => channel.Exchange(
        new ControlRequest { Request = ControlRequest.RuleChange, Connection = connection, Rule = rule, Settings = new(settings) });

    /// <inheritdoc cref="IServerControl.RemoveRule"/>
    public void RemoveRule(string connection, int rule) =>
        channel.Exchange(new ControlRequest { Request = ControlRequest.RuleRemove, Connection = connection, Rule = rule });

    /// <inheritdoc cref="IServerControl.TestMapping"/>
    public MappingAnswer TestMapping(MappingQuestion question) =>
        channel.Exchange(new ControlRequest { Request = ControlRequest.MappingTest, Packet = question }).Mapping
            ?? throw channel.NotUnderstood("its answer has no mapping");

    /// <inheritdoc cref="IServerControl.AddNetwork"/>
    public int AddNetwork(string connection, string source, string destination) => IndexOf(channel.Exchange(
        new ControlRequest { Request = ControlRequest.NetworkAdd, Connection = connection, Source = source, Destination = destination }));

    /// <inheritdoc cref="IServerControl.RemoveNetwork"/>
    public void RemoveNetwork(string connection, string source, string destination) => channel.Exchange(
        new ControlRequest { Request = ControlRequest.NetworkRemove, Connection = connection, Source = source, Destination = destination });

    /// <inheritdoc cref="IServerControl.AddAddress"/>
    public void AddAddress(string interfaceName, InterfaceAddress address) => channel.Exchange(
        new ControlRequest { Request = ControlRequest.AddressAdd, Interface = interfaceName, Address = address.ToString() });

    /// <inheritdoc cref="IServerControl.RemoveAddress"/>
    public void RemoveAddress(string interfaceName, InterfaceAddress address) => channel.Exchange(
        new ControlRequest { Request = ControlRequest.AddressRemove, Interface = interfaceName, Address = address.ToString() });

    /// <inheritdoc cref="IServerControl.SetInterface"/>
    public void SetInterface(string interfaceName, bool up) => channel.Exchange(
        new ControlRequest { Request = ControlRequest.InterfaceSet, Interface = interfaceName, State = up ? PathState.Up : PathState.Down });

    /// <summary>Stops the server and returns when nothing of it is left.</summary>
    public void Stop()
    {
        var clock = Stopwatch.StartNew();
        using Socket socket = channel.Open();
        channel.Exchange(socket, new ControlRequest { Request = ControlRequest.Stop }, clock);
        using CancellationTokenRegistration wake = channel.WakeOnCancel(socket);
        try
        {
            channel.SetReceiveTimeout(socket, clock);
            Span<byte> ignored = stackalloc byte[1];
            socket.Receive(ignored);
            channel.ThrowIfCancelled();
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw channel.StillStopping(e);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A server that ends by force resets the connection: it is gone, which was the wish.
            return;
        }
    }

    /// <inheritdoc cref="Stop"/>
    public async Task StopAsync(CancellationToken cancellation = default)
    {
        using Socket socket = channel.Open();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Timeout);
        await channel.ExchangeAsync(socket, new ControlRequest { Request = ControlRequest.Stop }, limit.Token, cancellation).ConfigureAwait(false);
        try
        {
            await socket.ReceiveAsync(new byte[1], limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw channel.StillStopping(e);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // As in Stop.
            return;
        }
    }

    /// <summary>The server's events from now on, until the server stops or <paramref name="cancellation"/> fires.</summary>
    /// <remarks>The subscription stands when this method returns, before the first event is asked for.</remarks>
    public IAsyncEnumerable<MptEvent> ReadEvents(CancellationToken cancellation = default)
    {
        Socket socket = channel.Open();
        try
        {
            var lines = new LineChannel(socket, ControlChannel.AnswerLimit);
            channel.Exchange(socket, new ControlRequest { Request = ControlRequest.Subscribe }, Stopwatch.StartNew(), lines);
            return ReadEventsAsync(socket, lines, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Calls <paramref name="observer"/> for every event from now on, until the result is disposed. Calls do not overlap.</summary>
    /// <param name="observer">Called on threads of the thread pool; should not throw.</param>
    /// <param name="ended">Called once when there will be no more: with null when the server has stopped, else with the reason. Not
    /// called after the result was disposed.</param>
    public IDisposable Subscribe(Action<MptEvent> observer, Action<Exception?>? ended = null)
    {
        var subscription = new CancellationTokenSource();
        _ = PumpAsync(ReadEvents(subscription.Token), observer, ended, subscription.Token);
        return new Subscription(subscription);
    }

    internal static IReadOnlyList<string> ListServers(Func<PeerCredentials, bool> isTrusted)
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }
        SortedSet<string> names = ControlSocketTable.Names(File.ReadLines(ControlSocketTable.Path));
        // Anyone can bind a name; what is not root's is no server and must not be taken for one.
        names.RemoveWhere(name => !IsServer(name, isTrusted));
        return [.. names];
    }

    private static bool IsServer(string name, Func<PeerCredentials, bool> isTrusted)
    {
        using Socket socket = ControlProtocol.NewSocket();
        // Not to be held up by a program that never takes its connections.
        socket.Blocking = false;
        try
        {
            socket.Connect(ControlProtocol.EndPoint(name));
            return isTrusted(PeerCredentials.Of(socket));
        }
        catch (SocketException e)
        {
            // A full queue: somebody is there, and connecting in earnest will tell who.
            return e.SocketErrorCode == SocketError.WouldBlock;
        }
    }

    internal static string TheOnlyOne(IReadOnlyList<string> names)
    {
        return names.Count switch
        {
            1 => names[0],
            0 => throw new MptCommandException(
                "No MptTools server runs in this network namespace. Start one with mptsrv or Start-MptServer.")
            { Kind = MptErrorKind.NoServer },
            _ => throw new MptCommandException(
                $"Several MptTools servers run in this network namespace ({string.Join(", ", names)}). Name the one you mean.")
            { Kind = MptErrorKind.SeveralServers },
        };
    }

    private static async Task PumpAsync(
        IAsyncEnumerable<MptEvent> events, Action<MptEvent> observer, Action<Exception?>? ended, CancellationToken cancellation)
    {
        Exception? reason = null;
        try
        {
            await foreach (MptEvent change in events.ConfigureAwait(false))
            {
                observer(change);
            }
        }
        catch (Exception e)
        {
            reason = e;
        }
        if (!cancellation.IsCancellationRequested)
        {
            ended?.Invoke(reason);
        }
    }

    private static ControlRequest PathSet(string connection, int path, bool up) => new()
    {
        Request = ControlRequest.PathSet,
        Connection = connection,
        Path = path,
        State = up ? PathState.Up : PathState.Down,
    };

    private async IAsyncEnumerable<MptEvent> ReadEventsAsync(
        Socket socket, LineChannel lines, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using (socket)
        {
            while (await NextAsync().ConfigureAwait(false) is { } change)
            {
                yield return change;
            }
        }

        async Task<MptEvent?> NextAsync()
        {
            try
            {
                return await lines.ReadAsync(cancellation).ConfigureAwait(false) is { } line
                    ? channel.Decode(line.Span).Event ?? throw channel.NotUnderstood("it sent an event without content")
                    : null;
            }
            catch (SocketException e)
            {
                throw channel.Lost(e);
            }
        }
    }

    private ServerStatus StatusOf(ControlAnswer answer) => answer.Status ?? throw channel.NotUnderstood("its answer has no status");

    private int IndexOf(ControlAnswer answer) => answer.Index ?? throw channel.NotUnderstood("its answer has no number");

    private PathStatus PathOf(ControlAnswer answer) => answer.Path ?? throw channel.NotUnderstood("its answer has no path");

    private sealed class Subscription(CancellationTokenSource source) : IDisposable
    {
        public void Dispose() => source.Cancel();
    }
}
