using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using MptTools.Engine.ControlPlane.Commands;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// The client's side of the control socket of one server: a connection for each exchange, from the network namespace of the
/// thread that calls. Throws <see cref="MptCommandException"/> and, once its token is cancelled, <see cref="OperationCanceledException"/>.
/// </summary>
internal sealed class ControlChannel(
    string serverName, TimeSpan timeout, Func<PeerCredentials, bool> isTrusted, CancellationToken cancellation = default)
{
    /// <summary>The length of the answer for some ten thousand paths.</summary>
    internal const int AnswerLimit = 64 * 1024 * 1024;

    /// <summary>The server's name: that of its first tunnel.</summary>
    internal string Name => serverName;

    /// <summary>How long an exchange waits for its answer.</summary>
    internal TimeSpan Timeout => timeout;

    internal Func<PeerCredentials, bool> IsTrusted => isTrusted;

    /// <summary>Has the server carry out a command of the mpt syntax.</summary>
    internal MptCommandResult Command(ReadOnlySpan<string> words)
    {
        using Socket socket = Open();
        ReadOnlyMemory<byte> line = ExchangeLine(socket, CommandAnswer.WriteRequest(words), Stopwatch.StartNew(), null);
        try
        {
            return CommandAnswer.Read(line.Span);
        }
        catch (JsonException e)
        {
            throw NotUnderstood(e.Message, e);
        }
    }

    internal ControlAnswer Exchange(ControlRequest request)
    {
        using Socket socket = Open();
        return Exchange(socket, request, Stopwatch.StartNew());
    }

    /// <param name="lines">Where more than one answer will come.</param>
    internal ControlAnswer Exchange(Socket socket, ControlRequest request, Stopwatch clock, LineChannel? lines = null) =>
        Decode(ExchangeLine(socket, Encode(request), clock, lines).Span);

    internal async Task<ControlAnswer> ExchangeAsync(ControlRequest request, CancellationToken caller)
    {
        using Socket socket = Open();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(caller);
        limit.CancelAfter(timeout);
        return await ExchangeAsync(socket, request, limit.Token, caller).ConfigureAwait(false);
    }

    internal async Task<ControlAnswer> ExchangeAsync(
        Socket socket, ControlRequest request, CancellationToken limit, CancellationToken caller)
    {
        try
        {
            SendRequest(socket, Encode(request));
            var lines = new LineChannel(socket, AnswerLimit);
            return await lines.ReadAsync(limit).ConfigureAwait(false) is { } line ? Decode(line.Span) : throw Lost(null);
        }
        catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
        {
            throw TooLate(e);
        }
        catch (Exception e) when (e is SocketException or LineTooLongException)
        {
            throw Lost(e);
        }
    }

    internal Socket Open()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new MptCommandException("MptTools servers run on Linux only; there is none on this system to talk to.")
            { Kind = MptErrorKind.NoServer };
        }
        if (!ControlProtocol.IsServerName(serverName))
        {
            throw new MptCommandException($"'{serverName}' cannot be the name of a server: that is the name of its first tunnel, 1 to "
                + $"{ControlProtocol.MaxServerNameBytes} bytes long.")
            { Kind = MptErrorKind.NoServer };
        }
        Socket socket = ControlProtocol.NewSocket();
        try
        {
            socket.SendTimeout = (int)timeout.TotalMilliseconds;
            socket.Connect(ControlProtocol.EndPoint(serverName));
            PeerCredentials holder = PeerCredentials.Of(socket);
            return isTrusted(holder) ? socket : throw new MptCommandException(
                $"The control socket of '{serverName}' belongs to user {holder.UserId} (process {holder.ProcessId}), not to root: it is no "
                + "MptTools server, and nothing was sent to it.")
            { Kind = MptErrorKind.NotTrusted };
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode == SocketError.ConnectionRefused
                ? NoSuchServer()
                : new MptCommandException($"Server '{serverName}' takes no connections: {e.Message}.", e) { Kind = MptErrorKind.Busy };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal void SetReceiveTimeout(Socket socket, Stopwatch clock) =>
        socket.ReceiveTimeout = Math.Max(1, (int)(timeout - clock.Elapsed).TotalMilliseconds);

    internal ControlAnswer Decode(ReadOnlySpan<byte> line)
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

    internal MptCommandException NotUnderstood(string why, Exception? cause = null) =>
        new($"Server '{serverName}' answers in a way this program does not understand ({why}). Use the same version of both.", cause!)
        { Kind = MptErrorKind.Internal };

    internal MptCommandException StillStopping(Exception cause) =>
        new($"Server '{serverName}' was asked to stop and has not ended within {timeout.TotalSeconds:0.###} s.", cause)
        { Kind = MptErrorKind.TimedOut };

    internal MptCommandException Lost(Exception? cause) =>
        new($"Server '{serverName}' went away before it had answered.", cause!) { Kind = MptErrorKind.ConnectionLost };

    /// <summary>From now on until the result is disposed the channel's token wakes whoever waits for the socket.</summary>
    internal CancellationTokenRegistration WakeOnCancel(Socket socket) => WakeOnCancel(socket, cancellation);

    /// <summary>Likewise for any token, and any socket that is connected.</summary>
    internal static CancellationTokenRegistration WakeOnCancel(Socket socket, CancellationToken cancellation) =>
        cancellation.UnsafeRegister(Wake, socket);

    internal void ThrowIfCancelled() => cancellation.ThrowIfCancellationRequested();

    private static void Wake(object? socket)
    {
        try
        {
            ((Socket)socket!).Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The other side has gone: nobody waits any more.
            return;
        }
    }

    private ReadOnlyMemory<byte> ExchangeLine(Socket socket, byte[] request, Stopwatch clock, LineChannel? lines)
    {
        using CancellationTokenRegistration wake = WakeOnCancel(socket);
        try
        {
            SetReceiveTimeout(socket, clock);
            SendRequest(socket, request);
            return (lines ?? new LineChannel(socket, AnswerLimit)).Read() ?? throw Lost(null);
        }
        // Whatever the wake-up looks like to the reader.
        catch when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
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

    private static byte[] Encode(ControlRequest request) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n'];

    private static void SendRequest(Socket socket, byte[] line)
    {
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

    private MptCommandException NoSuchServer()
    {
        IReadOnlyList<string> names = MptClient.ListServers(isTrusted);
        string others = names.Count == 0 ? "no server runs there" : $"those that run there: {string.Join(", ", names)}";
        return new($"No server '{serverName}' runs in this network namespace ({others}).") { Kind = MptErrorKind.NoServer };
    }

    private MptCommandException TooLate(Exception cause) =>
        new($"Server '{serverName}' did not answer within {timeout.TotalSeconds:0.###} s.", cause) { Kind = MptErrorKind.TimedOut };
}
