using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// A running server as seen from anywhere in its network namespace. Each operation makes a connection of its own to the
/// control socket, from the network namespace of the thread that calls; so one client may be used from several threads and
/// holds nothing open. All operations throw <see cref="MptCommandException"/> and nothing else when the server refuses,
/// fails, is gone or does not answer in time.
/// </summary>
public sealed class MptClient
{
    /// <summary>The length of the answer for some ten thousand paths.</summary>
    private const int AnswerLimit = 64 * 1024 * 1024;

    private readonly Func<PeerCredentials, bool> isTrusted;

    private MptClient(string serverName, TimeSpan timeout, Func<PeerCredentials, bool> isTrusted)
    {
        Name = serverName;
        Timeout = timeout;
        this.isTrusted = isTrusted;
    }

    /// <summary>How long an operation waits where nothing else is said.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The server's name: that of its first tunnel.</summary>
    public string Name { get; }

    /// <summary>The server's UDP port for commands.</summary>
    public int CommandPort { get; private init; }

    /// <summary>The server's process.</summary>
    public int ProcessId { get; private init; }

    /// <summary>How long each operation waits for its answer.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>The names of the servers that run in this network namespace, in ordinal order.</summary>
    public static IReadOnlyList<string> ListServers() => ListServers(ControlAccess.IsRoot);

    /// <summary>Finds a server and makes sure that it answers.</summary>
    /// <param name="serverName">The name of its first tunnel; null for the only one there is.</param>
    /// <param name="timeout">For this and every later operation; <see cref="DefaultTimeout"/> where null.</param>
    public static MptClient Connect(string? serverName = null, TimeSpan? timeout = null) =>
        Connect(serverName, timeout ?? DefaultTimeout, ControlAccess.IsRoot);

    internal static MptClient Connect(string? serverName, TimeSpan timeout, Func<PeerCredentials, bool> isTrusted)
    {
        var client = new MptClient(serverName ?? TheOnlyOne(ListServers(isTrusted)), timeout, isTrusted);
        ServerHello hello = client.Exchange(new ControlRequest { Request = ControlRequest.Hello }).Hello
            ?? throw client.NotUnderstood("it did not say who it is");
        if (hello.Protocol != ControlProtocol.Version)
        {
            throw client.NotUnderstood($"its version {hello.Version} speaks another control protocol");
        }
        return new MptClient(client.Name, timeout, isTrusted) { CommandPort = hello.CommandPort, ProcessId = hello.ProcessId };
    }

    /// <summary>One consistent reading of everything.</summary>
    public ServerStatus GetStatus() => StatusOf(Exchange(new ControlRequest { Request = ControlRequest.Status }));

    /// <inheritdoc cref="GetStatus"/>
    public async Task<ServerStatus> GetStatusAsync(CancellationToken cancellation = default) =>
        StatusOf(await ExchangeAsync(new ControlRequest { Request = ControlRequest.Status }, cancellation).ConfigureAwait(false));

    /// <summary>Takes a path down by hand, or up again.</summary>
    /// <returns>The path as it is afterwards.</returns>
    public PathStatus SetPathStatus(string connection, int path, bool up) => PathOf(Exchange(PathSet(connection, path, up)));

    /// <inheritdoc cref="SetPathStatus"/>
    public async Task<PathStatus> SetPathStatusAsync(
        string connection, int path, bool up, CancellationToken cancellation = default) =>
        PathOf(await ExchangeAsync(PathSet(connection, path, up), cancellation).ConfigureAwait(false));

    /// <summary>Has the server read its configuration files again; a fault in them changes nothing.</summary>
    public void Reload() => Exchange(new ControlRequest { Request = ControlRequest.Reload });

    /// <inheritdoc cref="Reload"/>
    public Task ReloadAsync(CancellationToken cancellation = default) =>
        ExchangeAsync(new ControlRequest { Request = ControlRequest.Reload }, cancellation);

    /// <summary>Stops the server and returns when nothing of it is left.</summary>
    public void Stop()
    {
        var clock = Stopwatch.StartNew();
        using Socket socket = Open();
        Exchange(socket, new ControlRequest { Request = ControlRequest.Stop }, clock);
        try
        {
            SetReceiveTimeout(socket, clock);
            Span<byte> ignored = stackalloc byte[1];
            socket.Receive(ignored);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw StillStopping(e);
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
        using Socket socket = Open();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Timeout);
        await ExchangeAsync(socket, new ControlRequest { Request = ControlRequest.Stop }, limit.Token, cancellation).ConfigureAwait(false);
        try
        {
            await socket.ReceiveAsync(new byte[1], limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw StillStopping(e);
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
        Socket socket = Open();
        try
        {
            var lines = new LineChannel(socket, AnswerLimit);
            Exchange(socket, new ControlRequest { Request = ControlRequest.Subscribe }, Stopwatch.StartNew(), lines);
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
                    ? Decode(line.Span).Event ?? throw NotUnderstood("it sent an event without content")
                    : null;
            }
            catch (SocketException e)
            {
                throw Lost(e);
            }
        }
    }

    private ControlAnswer Exchange(ControlRequest request)
    {
        using Socket socket = Open();
        return Exchange(socket, request, Stopwatch.StartNew());
    }

    private ControlAnswer Exchange(Socket socket, ControlRequest request, Stopwatch clock, LineChannel? lines = null)
    {
        try
        {
            SetReceiveTimeout(socket, clock);
            SendRequest(socket, request);
            return (lines ?? new LineChannel(socket, AnswerLimit)).Read() is { } line ? Decode(line.Span) : throw Lost(null);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw TooLate(e);
        }
        catch (Exception e) when (e is SocketException or LineTooLongException)
        {
            throw Lost(e);
        }
    }

    private async Task<ControlAnswer> ExchangeAsync(ControlRequest request, CancellationToken cancellation)
    {
        using Socket socket = Open();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Timeout);
        return await ExchangeAsync(socket, request, limit.Token, cancellation).ConfigureAwait(false);
    }

    private async Task<ControlAnswer> ExchangeAsync(
        Socket socket, ControlRequest request, CancellationToken limit, CancellationToken cancellation)
    {
        try
        {
            SendRequest(socket, request);
            var lines = new LineChannel(socket, AnswerLimit);
            return await lines.ReadAsync(limit).ConfigureAwait(false) is { } line ? Decode(line.Span) : throw Lost(null);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw TooLate(e);
        }
        catch (Exception e) when (e is SocketException or LineTooLongException)
        {
            throw Lost(e);
        }
    }

    private Socket Open()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new MptCommandException("MptTools servers run on Linux only; there is none on this system to talk to.")
            { Kind = MptErrorKind.NoServer };
        }
        if (!ControlProtocol.IsServerName(Name))
        {
            throw new MptCommandException($"'{Name}' cannot be the name of a server: that is the name of its first tunnel, 1 to "
                + $"{ControlProtocol.MaxServerNameBytes} bytes long.")
            { Kind = MptErrorKind.NoServer };
        }
        Socket socket = ControlProtocol.NewSocket();
        try
        {
            socket.SendTimeout = (int)Timeout.TotalMilliseconds;
            socket.Connect(ControlProtocol.EndPoint(Name));
            PeerCredentials holder = PeerCredentials.Of(socket);
            return isTrusted(holder) ? socket : throw new MptCommandException(
                $"The control socket of '{Name}' belongs to user {holder.UserId} (process {holder.ProcessId}), not to root: it is no "
                + "MptTools server, and nothing was sent to it.")
            { Kind = MptErrorKind.NotTrusted };
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode == SocketError.ConnectionRefused
                ? NoSuchServer()
                : new MptCommandException($"Server '{Name}' takes no connections: {e.Message}.", e) { Kind = MptErrorKind.Busy };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void SendRequest(Socket socket, ControlRequest request)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n'];
        try
        {
            // A fresh socket's buffer takes a request whole.
            socket.Send(line);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset)
        {
            // A server that refuses has said why before it closed; that sentence is still to be read.
            return;
        }
    }

    private void SetReceiveTimeout(Socket socket, Stopwatch clock) =>
        socket.ReceiveTimeout = Math.Max(1, (int)(Timeout - clock.Elapsed).TotalMilliseconds);

    private ControlAnswer Decode(ReadOnlySpan<byte> line)
    {
        ControlAnswer? answer;
        try
        {
            answer = JsonSerializer.Deserialize(line, ControlJson.Default.ControlAnswer);
        }
        catch (JsonException e)
        {
            throw NotUnderstood(e.Message, e);
        }
        return answer switch
        {
            null => throw NotUnderstood("its answer is empty"),
            { Error: string error } => throw new MptCommandException(error) { Kind = answer.Kind ?? MptErrorKind.Failed },
            _ => answer,
        };
    }

    private ServerStatus StatusOf(ControlAnswer answer) => answer.Status ?? throw NotUnderstood("its answer has no status");

    private PathStatus PathOf(ControlAnswer answer) => answer.Path ?? throw NotUnderstood("its answer has no path");

    private MptCommandException NoSuchServer()
    {
        IReadOnlyList<string> names = ListServers(isTrusted);
        string others = names.Count == 0 ? "no server runs there" : $"those that run there: {string.Join(", ", names)}";
        return new($"No server '{Name}' runs in this network namespace ({others}).") { Kind = MptErrorKind.NoServer };
    }

    private MptCommandException NotUnderstood(string why, Exception? cause = null) =>
        new($"Server '{Name}' answers in a way this program does not understand ({why}). Use the same version of both.", cause!)
        { Kind = MptErrorKind.Internal };

    private MptCommandException TooLate(Exception cause) =>
        new($"Server '{Name}' did not answer within {Timeout.TotalSeconds:0.###} s.", cause) { Kind = MptErrorKind.TimedOut };

    private MptCommandException StillStopping(Exception cause) =>
        new($"Server '{Name}' was asked to stop and has not ended within {Timeout.TotalSeconds:0.###} s.", cause)
        { Kind = MptErrorKind.TimedOut };

    private MptCommandException Lost(Exception? cause) =>
        new($"Server '{Name}' went away before it had answered.", cause!) { Kind = MptErrorKind.ConnectionLost };

    private sealed class Subscription(CancellationTokenSource source) : IDisposable
    {
        public void Dispose() => source.Cancel();
    }
}
