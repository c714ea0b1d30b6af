using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Mptsrv;

/// <summary>
/// What a service manager is told (sd_notify(3)): that the server runs, reloads and stops, a line of status, and as long as the server answers
/// that it lives. Without a service manager nothing happens.
/// </summary>
internal sealed class ServiceManager : IDisposable
{
    private const string SocketVariable = "NOTIFY_SOCKET", WatchdogVariable = "WATCHDOG_USEC", WatchedProcessVariable = "WATCHDOG_PID";

    private readonly Socket? socket;
    private readonly UnixDomainSocketEndPoint? manager;
    private readonly TimeSpan? interval;
    private readonly AutoResetEvent news = new(false);
    private readonly CancellationTokenSource ended = new();
    private Thread? watcher;
    private string lastStatus = "";

    /// <param name="manager">Where it listens; null: there is none.</param>
    /// <param name="interval">How often it wants to hear that the server answers; null: never.</param>
    internal ServiceManager(UnixDomainSocketEndPoint? manager, TimeSpan? interval)
    {
        this.manager = manager;
        this.interval = interval;
        // A manager that does not read must not keep the server from its work.
        socket = manager is null ? null : new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 2000 };
    }

    /// <summary>The one that has started this process. It is nobody else's business: programs that this one starts do not learn of it.</summary>
    internal static ServiceManager FromEnvironment()
    {
        UnixDomainSocketEndPoint? manager = EndPoint(Environment.GetEnvironmentVariable(SocketVariable));
        TimeSpan? interval = Interval(
            Environment.GetEnvironmentVariable(WatchdogVariable), Environment.GetEnvironmentVariable(WatchedProcessVariable), Environment.ProcessId);
        foreach (string variable in (string[])[SocketVariable, WatchdogVariable, WatchedProcessVariable])
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
        return new ServiceManager(manager, interval);
    }

    /// <summary>In front of a server that goes to the background: that one takes over, and is watched.</summary>
    internal static void HandOver(int process)
    {
        using var manager = new ServiceManager(EndPoint(Environment.GetEnvironmentVariable(SocketVariable)), null);
        manager.Send($"MAINPID={process}\nREADY=1");
    }

    /// <summary>The environment by which a server in the background knows the manager of the one in front.</summary>
    internal static void Inherit(IDictionary<string, string?> environment)
    {
        // The process that is watched is the one in front; the one in the background takes its place.
        if (environment.TryGetValue(WatchedProcessVariable, out string? watched) && watched == Text(Environment.ProcessId))
        {
            environment.Remove(WatchedProcessVariable);
        }
    }

    /// <summary>A path, or @ and a name in the abstract namespace; null for anything else, and for nothing.</summary>
    internal static UnixDomainSocketEndPoint? EndPoint(string? name) => name switch
    {
        ['/', _, ..] => new(name),
        ['@', _, ..] => new("\0" + name[1..]),
        _ => null,
    };

    /// <summary>How often the manager wants to hear of this process: twice in the time it waits; null: never.</summary>
    internal static TimeSpan? Interval(string? microseconds, string? watchedProcess, int process) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) && limit > 0
        && (string.IsNullOrEmpty(watchedProcess) || watchedProcess == Text(process))
            ? TimeSpan.FromMicroseconds(limit / 2.0)
            : null;

    /// <summary>The server carries traffic. From now on the manager hears how it is.</summary>
    internal void Ready(IServerControl server)
    {
        Send($"READY=1\nMAINPID={Environment.ProcessId}");
        if (socket is not null)
        {
            watcher = new Thread(() => Watch(server)) { IsBackground = true, Name = "service manager" };
            watcher.Start();
        }
    }

    /// <summary>Why there is no server, for who asks the manager.</summary>
    internal void Failed(string reason) => Send($"STATUS={OneLine(reason)}");

    /// <summary>Reads the configuration again, and tells that and how it went.</summary>
    internal void Reload(IServerControl server, TextWriter errors)
    {
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetElapsedTime(0).Ticks / TimeSpan.TicksPerMicrosecond}"));
        string? fault = Terminal.Reload(server, errors);
        Send(fault is null ? "READY=1" : $"READY=1\nSTATUS={OneLine(fault)}");
        news.Set();
    }

    /// <summary>An event of the server, whatever it is.</summary>
    internal void Take(MptEvent change)
    {
        switch (change.Kind)
        {
            case MptEventKind.ServerStopped or MptEventKind.ServerFailed:
                Send($"STOPPING=1\nSTATUS={OneLine(change.Message)}");
                break;
            case MptEventKind.PathChanged or MptEventKind.ConnectionStarted or MptEventKind.ConnectionStopped:
                // Told by the watcher: the thread that events come by must not ask the server anything.
                news.Set();
                break;
        }
    }

    /// <summary>The manager hears no more.</summary>
    public void Dispose()
    {
        ended.Cancel();
        news.Set();
        watcher?.Join();
        socket?.Dispose();
        news.Dispose();
        ended.Dispose();
    }

    private void Watch(IServerControl server)
    {
        do
        {
            try
            {
                Tell(server.GetStatus());
            }
            catch (MptCommandException)
            {
                // It is about to stop, and has said so. A manager that is not told of a life ends one that hangs.
                return;
            }
            news.WaitOne(interval ?? Timeout.InfiniteTimeSpan);
        }
        while (!ended.IsCancellationRequested);
    }

    private void Tell(ServerStatus status)
    {
        PathStatus[] paths = [.. status.Connections.SelectMany(connection => connection.Paths)];
        string text = $"STATUS=Server {status.Name}: {Count(status.Connections.Count, "connection")}, {paths.Count(path => path.Status == PathState.Up)} of {Count(paths.Length, "path")} up";
        List<string> lines = [];
        if (interval is not null)
        {
            lines.Add("WATCHDOG=1");
        }
        if (text != lastStatus)
        {
            lines.Add(lastStatus = text);
        }
        if (lines.Count > 0)
        {
            Send(string.Join('\n', lines));
        }
    }

    private void Send(string message)
    {
        if (socket is null)
        {
            return;
        }
        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(message), manager!);
        }
        catch (SocketException)
        {
            // The manager is being restarted, or has gone. The tunnel does not depend on it.
            return;
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
