using System.Net.Sockets;

namespace MptTools.Engine.ControlPlane;

/// <summary>The limits of a control socket, and who may use it.</summary>
internal sealed record ControlSocketOptions
{
    internal static ControlSocketOptions Default { get; } = new();

    /// <summary>Longest request in bytes.</summary>
    internal int RequestLimit { get; init; } = 16 * 1024;

    /// <summary>Clients at the same time.</summary>
    internal int ClientLimit { get; init; } = 64;

    /// <summary>How long a client may take for its next request.</summary>
    internal TimeSpan RequestTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to read an answer.</summary>
    internal TimeSpan SendTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Events that wait for one subscriber.</summary>
    internal int EventLimit { get; init; } = 1024;

    /// <summary>How long the last answers and events may take when the server stops.</summary>
    internal TimeSpan CloseTime { get; init; } = TimeSpan.FromSeconds(2);

    internal Func<Socket, bool> IsAllowed { get; init; } = ControlAccess.IsAllowed;

    internal TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The control socket of this server's name is taken in this network namespace.</summary>
public sealed class ControlSocketTakenException : IOException
{
    internal ControlSocketTakenException(string message, int processId) : base(message) => ProcessId = processId;

    /// <summary>The process that has it; 0 where it cannot be seen from here.</summary>
    public int ProcessId { get; }
}

/// <summary>
/// Where a running server takes commands: an abstract Unix stream socket <c>mpttools/NAME</c> (unix(7)). The name belongs
/// to the network namespace of the thread that opens it, as the tunnel does, and goes with the process: nothing is left to
/// clean up. Two servers of one name in one namespace shut each other out here.
/// </summary>
public sealed class ControlSocketServer : IDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly IServerControl server;
    private readonly ControlSocketOptions options;
    private readonly Socket listener;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<ControlConversation, Task> conversations = [];
    private readonly Task accepting;
    private int disposed;

    private ControlSocketServer(IServerControl server, ControlSocketOptions options, Socket listener)
    {
        this.server = server;
        this.options = options;
        this.listener = listener;
        accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Opens the socket of a server and answers from now on.</summary>
    /// <exception cref="ControlSocketTakenException">A server of that name runs already; the message says so.</exception>
    public static ControlSocketServer Open(IServerControl server) => Open(server, ControlSocketOptions.Default);

    internal static ControlSocketServer Open(IServerControl server, ControlSocketOptions options)
    {
        Socket listener = ControlProtocol.NewSocket();
        try
        {
            listener.Bind(ControlProtocol.EndPoint(server.Name));
            listener.Listen();
            return new ControlSocketServer(server, options, listener);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            listener.Dispose();
            throw NameTaken(server.Name);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sends what is under way, at most for two seconds, and closes. A client that asked for the stop sees its connection
    /// end here, so this comes last, when nothing else is left.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }
        // In this order: who accepts must know why the listener has gone.
        stopping.Cancel();
        listener.Dispose();
        accepting.Wait();
        KeyValuePair<ControlConversation, Task>[] open;
        lock (conversations)
        {
            open = [.. conversations];
        }
        bool ended = Task.WaitAll([.. open.Select(pair => pair.Value)], options.CloseTime);
        if (!ended)
        {
            foreach ((ControlConversation conversation, _) in open)
            {
                conversation.Dispose();
            }
        }
        stopping.Dispose();
    }

    private static ControlSocketTakenException NameTaken(string name)
    {
        using Socket probe = ControlProtocol.NewSocket();
        try
        {
            probe.Connect(ControlProtocol.EndPoint(name));
        }
        catch (SocketException)
        {
            return new($"The control socket of tunnel '{name}' is taken in this network namespace, but nobody answers there. "
                + "Wait until the other server has stopped, or choose another tunnel name.", 0);
        }
        PeerCredentials holder = PeerCredentials.Of(probe);
        string process = holder.ProcessId != 0 ? $"process {holder.ProcessId}" : "a process outside this container";
        return ControlAccess.IsRoot(holder)
            ? new($"A server for tunnel '{name}' already runs in this network namespace ({process}). Stop it first, or give "
                + "this one another tunnel name.", holder.ProcessId)
            : new($"The control socket of tunnel '{name}' is taken by a program of user {holder.UserId} ({process}), which is "
                + "no MptTools server. End that program, or choose another tunnel name.", holder.ProcessId);
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Socket client = await listener.AcceptAsync(stopping.Token).ConfigureAwait(false);
                Take(client);
            }
            catch (Exception e) when (stopping.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
            catch (SocketException)
            {
                // Mostly no descriptors left: they come back as clients leave, asking again at once would only burn time.
                await Task.Delay(AcceptPause, options.Time, stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Take(Socket client)
    {
        var conversation = new ControlConversation(client, server, options);
        if (!IsAllowed(client))
        {
            conversation.Refuse(MptErrorKind.AccessDenied,
                $"Only root and members of group '{ControlAccess.Group}' may control this server. Use sudo, or have root add "
                + $"you to the group ('groupadd {ControlAccess.Group}' where there is none) and log in again.");
            return;
        }
        lock (conversations)
        {
            if (conversations.Count < options.ClientLimit)
            {
                conversations.Add(conversation, Task.Run(() => ConverseAsync(conversation)));
                return;
            }
        }
        conversation.Refuse(MptErrorKind.Busy,
            $"The server already has {options.ClientLimit} clients on its control socket. Close some and try again.");
    }

    private bool IsAllowed(Socket client)
    {
        try
        {
            return options.IsAllowed(client);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Who cannot be checked is not let in.
            return false;
        }
    }

    private async Task ConverseAsync(ControlConversation conversation)
    {
        try
        {
            await conversation.RunAsync(stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            conversation.Dispose();
            lock (conversations)
            {
                conversations.Remove(conversation);
            }
        }
    }
}
