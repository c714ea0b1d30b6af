using System.ComponentModel;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine;

/// <summary>
/// A running server: its tunnels, its connections and the threads that serve them. Whatever it adds to the system is
/// gone after <see cref="Stop"/>; what a killed one left, the next start in the same network namespace removes.
/// </summary>
public sealed class MptServer : IServerControl, IControlWork, IDisposable
{
    private readonly TimeProvider time;
    private readonly EventHub events = new();
    private readonly EventFd controlWake;
    private readonly Forwarder forwarder;
    private readonly ServerContext context;
    private readonly NetworkRoutes networkRoutes;
    private readonly List<TunnelRuntime> tunnels = [];
    private readonly List<TunnelMtu> mtus = [];
    private readonly List<ConnectionController> connections = [];
    private readonly Dictionary<ConnectionRuntime, ConnectionController> controllerOf = [];
    private readonly Timetable timetable = new();
    private readonly OffloadNotice offloadNotice;
    private readonly OffloadReporter offloads;
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DateTimeOffset startedAt;
    private ServerConfig config;
    private LinkMonitor? links;
    private ControlLoop? control;
    private ControlSocketServer? controlSocket;
    private int stopBegun;
    private volatile Exception? failure;

    private MptServer(ServerConfig config, MptServerOptions options)
    {
        ThreadPlan plan = ThreadPlan.For(options.Threads ?? config.General.Threads, Environment.ProcessorCount);
        this.config = config;
        time = options.Time;
        startedAt = time.GetUtcNow();
        controlWake = new EventFd();
        forwarder = new Forwarder(Name, time, plan, controlWake, Fail);
        offloadNotice = new OffloadNotice(controlWake);
        Offloads allowed = Offloads.All & ~(config.General.DisabledOffloads | options.DisabledOffloads);
        context = new ServerContext(Name, time, forwarder, new PathRoutes(), events, allowed)
        {
            Hooks = new HookRunner(Name, config.Directory, events, time),
            Doubts = new SizeDoubts(controlWake),
        };
        offloads = new OffloadReporter(context);
        networkRoutes = new NetworkRoutes(context);
        if (options.Observer is { } observer)
        {
            events.Subscribe(observer);
        }
    }

    /// <inheritdoc/>
    public string Name => config.Tunnels[0].Name;

    /// <inheritdoc/>
    public Task Completion => completion.Task;

    /// <summary>Starts a server and returns when it carries traffic.</summary>
    /// <param name="config">A configuration without errors.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="MptStartException">It cannot start; the message names the reason and the cure, and nothing is left behind.</exception>
    public static MptServer Start(ServerConfig config, MptServerOptions? options = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new MptStartException("An MPT server needs Linux: TUN devices and policy routing are the Linux kernel's. Run it on a Linux host; this one can still manage configuration files.");
        }
        MptServer server;
        try
        {
            server = new MptServer(config, options ?? new MptServerOptions());
        }
        catch (SystemCallException e)
        {
            throw new MptStartException($"The server cannot start: {e.Message}", e);
        }
        try
        {
            server.Bring();
            return server;
        }
        catch (Exception e)
        {
            server.Clear();
            if (e is MptStartException)
            {
                throw;
            }
            if (e is ControlSocketTakenException)
            {
                throw new MptStartException(e.Message, e);
            }
            throw new MptStartException($"The server cannot start: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public ServerStatus GetStatus() => control!.Invoke(() => new ServerStatus
    {
        Name = Name,
        Version = typeof(MptServer).Assembly.GetName().Version!.ToString(3),
        ProcessId = Environment.ProcessId,
        StartedAt = startedAt,
        ConfigDirectory = config.Directory,
        CommandPort = config.General.CommandPort,
        CommandTimeoutSeconds = config.General.CommandTimeout.TotalSeconds,
        AcceptRemote = config.General.AcceptRemote,
        Threads = forwarder.Plan.Threads,
        ProcessorSeconds = Environment.CpuUsage.TotalTime.TotalSeconds,
        ResidentBytes = Environment.WorkingSet,
        GarbageCollections = GC.CollectionCount(0),
        AllocatedBytes = GC.GetTotalAllocatedBytes(),
        Offloads = offloads.Found,
        DisabledOffloads = Offloads.All & ~context.Offloads,
        Tunnels = [.. tunnels.Select(StatusReader.Read)],
        Connections = [.. connections.Select(connection => StatusReader.Read(Name, connection))],
    });

    /// <inheritdoc/>
    public PathStatus SetPathStatus(string connection, int path, bool up) => control!.Invoke(() =>
    {
        ConnectionController found = connections.Find(item => item.Config.Name == connection)
            ?? throw new MptCommandException($"There is no connection {connection} on server {Name}; Get-MptConnection or 'mpt show status' lists those there are.") { Kind = MptErrorKind.NotFound };
        if (path < 0 || path >= found.Paths.Length)
        {
            throw new MptCommandException($"Connection {connection} has no path {path}; its paths are 0 to {found.Paths.Length - 1}.") { Kind = MptErrorKind.NotFound };
        }
        found.SetPathStatus(path, up, Now);
        timetable.Schedule(found);
        return StatusReader.Read(Name, found.Config, found.Paths[path]);
    });

    /// <inheritdoc/>
    public void Reload()
    {
        ConfigResult<ServerConfig> read = ConfigLoader.Load(config.Directory);
        if (read.Config is not { } changed)
        {
            string faults = string.Join(Environment.NewLine, read.Diagnostics.Where(d => d.Severity == ConfigSeverity.Error));
            throw new MptCommandException($"The configuration has faults, so nothing was changed.{Environment.NewLine}{faults}") { Kind = MptErrorKind.InvalidConfiguration };
        }
        control!.Invoke(() =>
        {
            Apply(changed);
            return true;
        });
    }

    /// <inheritdoc/>
    public void RequestStop() => _ = Task.Run(Stop);

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<MptEvent> observer) => events.Subscribe(observer);

    /// <summary>Stops the server; nothing is left in the system when it returns.</summary>
    public void Stop()
    {
        if (Interlocked.Exchange(ref stopBegun, 1) != 0)
        {
            ((IAsyncResult)completion.Task).AsyncWaitHandle.WaitOne();
            return;
        }
        try
        {
            context.Raise(
                failure is null ? MptEventKind.ServerStopped : MptEventKind.ServerFailed,
                failure is null ? $"Server {Name} has stopped." : $"Server {Name} has died: {failure.Message}");
            Clear();
        }
        catch (Exception e)
        {
            failure ??= e;
        }
        if (failure is { } reason)
        {
            completion.TrySetException(reason);
        }
        else
        {
            completion.TrySetResult();
        }
    }

    /// <summary>As <see cref="Stop"/>.</summary>
    public void Dispose() => Stop();

    TimeSpan? IControlWork.NextTick => timetable.Next;

    /// <summary>Monotonic time of this server.</summary>
    public TimeSpan Now => forwarder.Now;

    void IControlWork.Tick()
    {
        TimeSpan now = Now;
        foreach (KeepaliveMailbox keepalives in forwarder.Keepalives)
        {
            while (keepalives.Peek() is { } received)
            {
                // One that was under way when its connection ended has nobody left.
                if (controllerOf.TryGetValue(received.Path!.Connection, out ConnectionController? connection))
                {
                    connection.Take(received, now);
                    timetable.Schedule(connection);
                }
                keepalives.Release();
            }
        }
        while (context.Doubts!.Take() is { } doubted)
        {
            if (controllerOf.TryGetValue(doubted, out ConnectionController? connection))
            {
                connection.SizeDoubted(now);
                timetable.Schedule(connection);
            }
        }
        while (timetable.TakeDue(now) is { } due)
        {
            due.Tick(now);
            timetable.Schedule(due);
        }
        if (offloadNotice.TryTake())
        {
            offloads.Report(tunnels, connections);
        }
        FollowSizes();
    }

    void IControlWork.LinksChanged()
    {
        foreach (ConnectionController connection in connections)
        {
            connection.LinksChanged(links!, Now);
            timetable.Schedule(connection);
        }
    }

    void IControlWork.Failed(Exception e) => Fail(e);

    private void Fail(Exception e)
    {
        failure ??= e;
        RequestStop();
    }

    private void Bring()
    {
        // The control socket's name is the claim on the tunnel's name; all that is cleared or made comes after it.
        control = new ControlLoop(Name, links = new LinkMonitor(), controlWake, this);
        controlSocket = ControlSocketServer.Open(this);
        PathRoutes.RemoveLeftovers();
        foreach (TunnelConfig tunnel in config.Tunnels)
        {
            TunnelRuntime made = TunnelSetup.Create(tunnel, forwarder.Plan, context.Offloads, offloadNotice);
            tunnels.Add(made);
            WarnOfSteering(made.Device);
            mtus.Add(new TunnelMtu(context, made));
            forwarder.Add(made);
        }
        offloads.Start(tunnels);
        foreach (ConnectionConfig connection in config.Connections)
        {
            StartConnection(connection);
        }
        Forward();
        FollowSizes();
        forwarder.Start();
        control.Start();
        context.Raise(MptEventKind.ServerStarted, $"Server {Name} runs with {connections.Count} connection(s).");
    }

    /// <summary>Gives the tunnels the MTUs that their paths ask for, where something has changed.</summary>
    private void FollowSizes()
    {
        if (context.SizesChanged)
        {
            context.SizesChanged = false;
            mtus.ForEach(mtu => mtu.Follow(connections));
        }
    }

    private void WarnOfSteering(TunDevice device)
    {
        if (device.SteeringError != 0)
        {
            string reason = new Win32Exception(device.SteeringError).Message;
            context.Warn($"The server cannot keep each flow in one queue of {device.Name} ({reason}), so packets of a flow may be out of order when the kernel moves it to another one. This takes Linux 4.16, and root or CAP_BPF beside CAP_NET_ADMIN; threads = 3 or less in interface.conf does without.");
        }
    }

    private void StartConnection(ConnectionConfig connection)
    {
        if (!connection.IsComplete)
        {
            context.Warn($"Connection {connection.Name} does not name all of its peer and was not started; {connection.File} is meant for 'mpt create'.", connection.Name);
            return;
        }
        TunnelRuntime tunnel = tunnels.Find(item =>
            connection.LocalAddress.Equals(item.Config.IPv4?.Address) || connection.LocalAddress.Equals(item.Config.IPv6?.Address))
            ?? throw new MptStartException($"Connection {connection.Name} belongs to a tunnel that this server does not have yet: {connection.LocalAddress}. Restart the server to use the changed interface.conf.");
        ConnectionController controller = new(context, connection, tunnel, Now);
        controller.LinksChanged(links!, Now);
        if (controller.Paths.Select(path => path.Fault).FirstOrDefault(fault => fault is not null) is { } reason)
        {
            controller.Stop();
            throw new MptStartException(reason);
        }
        connections.Add(controller);
        controllerOf.Add(controller.Runtime, controller);
        timetable.Schedule(controller);
        networkRoutes.Add(connection, tunnel.Config.Name);
        context.Raise(MptEventKind.ConnectionStarted, $"Connection {connection.Name} to {connection.RemoteAddress} has started.", connection.Name);
    }

    private void StopConnection(ConnectionController connection)
    {
        connections.Remove(connection);
        controllerOf.Remove(connection.Runtime);
        timetable.Remove(connection);
        Forward();
        connection.Stop();
        context.SizesChanged = true;
        networkRoutes.Remove(connection.Config, connection.Runtime.Tunnel.Config.Name);
        context.Raise(MptEventKind.ConnectionStopped, $"Connection {connection.Config.Name} has stopped.", connection.Config.Name);
    }

    private void Forward()
    {
        foreach (TunnelRuntime tunnel in tunnels)
        {
            tunnel.Forwarding = TunnelSetup.MakeForwarding(
                tunnel.Config, [.. connections.Select(connection => connection.Runtime).Where(runtime => runtime.Tunnel == tunnel)]);
        }
    }

    /// <summary>
    /// Goes over to another configuration: a connection that is the same in both keeps running untouched, a changed one is
    /// started anew, a new one is started. One whose file is gone keeps running, as with existing servers.
    /// </summary>
    private void Apply(ServerConfig changed)
    {
        if (!changed.Tunnels.SequenceEqual(config.Tunnels) || changed.General != config.General)
        {
            context.Warn("interface.conf has changed; restart the server to use it.");
        }
        int kept = 0, started = 0;
        foreach (ConnectionConfig connection in changed.Connections)
        {
            ConnectionController? running = connections.Find(item => item.Config.Name == connection.Name);
            if (running is not null && ConfigComparer.AreSame(running.Config, connection))
            {
                kept++;
                continue;
            }
            if (running is not null)
            {
                StopConnection(running);
            }
            try
            {
                StartConnection(connection);
                started++;
            }
            catch (MptStartException e)
            {
                context.Warn(e.Message, connection.Name);
            }
        }
        Forward();
        config = changed with { General = config.General, Tunnels = config.Tunnels };
        context.Raise(MptEventKind.Reloaded, $"The configuration was read again: {kept} connection(s) unchanged, {started} started.");
    }

    private void Clear()
    {
        try
        {
            control?.Dispose();
            foreach (ConnectionController connection in connections)
            {
                connection.Stop();
            }
            forwarder.Dispose();
            foreach (TunnelRuntime tunnel in tunnels)
            {
                tunnel.Dispose();
            }
            context.Routes.Dispose();
            links?.Dispose();
            context.Hooks.Dispose();
            events.Complete();
        }
        finally
        {
            // The control socket goes last: its end tells who asked for the stop that nothing is left, it keeps a second
            // server of the name away until then, and subscribers get the last event.
            controlSocket?.Dispose();
            controlWake.Dispose();
        }
    }
}
