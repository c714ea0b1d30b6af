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
    private readonly List<TunnelRuntime> tunnels = [];
    private readonly List<TunnelMtu> mtus = [];
    private readonly OffloadNotice offloadNotice;
    private readonly OffloadReporter offloads;
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DateTimeOffset startedAt;
    private readonly ServerConfig startConfig;
    private readonly LinkMonitor links;
    private readonly ConnectionSet connections;
    private readonly Reconfiguration reconfiguration;
    private ControlLoop? control;
    private CommandService? commands;
    private PublicAddressFinder? publicAddresses;
    private ControlSocketServer? controlSocket;
    private int stopBegun;
    private volatile Exception? failure;

    private MptServer(ServerConfig config, MptServerOptions options)
    {
        ThreadPlan plan = ThreadPlan.For(options.Threads ?? config.General.Threads, Environment.ProcessorCount);
        startConfig = config;
        time = options.Time;
        startedAt = time.GetUtcNow();
        controlWake = new EventFd();
        forwarder = new Forwarder(Name, time, plan, controlWake, Fail);
        offloadNotice = new OffloadNotice(controlWake);
        Offloads allowed = Offloads.All & ~(config.General.DisabledOffloads | options.DisabledOffloads);
        context = new ServerContext(Name, time, forwarder, new PathRoutes(), events, allowed)
        {
            Hooks = new HookRunner(Name, config.Directory, events, time, HookLimits.Default with { Run = config.General.HookTimeout }),
            Doubts = new SizeDoubts(controlWake),
        };
        offloads = new OffloadReporter(context);
        links = new LinkMonitor();
        connections = new ConnectionSet(context, links, tunnels);
        context.LookAgain = connections.LookAgain;
        reconfiguration = new Reconfiguration(context, connections, config);
        if (options.Observer is { } observer)
        {
            events.Subscribe(observer);
        }
    }

    /// <inheritdoc/>
    public string Name => startConfig.Tunnels[0].Name;

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
            server.End();
            if (e is MptStartException)
            {
                throw;
            }
            if (e is ControlSocketTakenException or MptCommandException)
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
        ConfigDirectory = startConfig.Directory,
        CommandPort = startConfig.General.CommandPort,
        CommandTimeoutSeconds = reconfiguration.Config.General.CommandTimeout.TotalSeconds,
        AcceptRemote = reconfiguration.Config.General.AcceptRemote,
        Threads = forwarder.Plan.Threads,
        ProcessorSeconds = Environment.CpuUsage.TotalTime.TotalSeconds,
        ResidentBytes = Environment.WorkingSet,
        GarbageCollections = GC.CollectionCount(0),
        AllocatedBytes = GC.GetTotalAllocatedBytes(),
        Offloads = offloads.Found,
        DisabledOffloads = Offloads.All & ~context.Offloads,
        CommandPortTraffic = commands!.Status,
        Tunnels = [.. tunnels.Select(StatusReader.Read)],
        Connections = [.. connections.Running.Select(connection => StatusReader.Read(Name, connection))],
    });

    /// <inheritdoc/>
    public PathStatus SetPathStatus(string connection, int path, bool up)
    {
        // Nobody is asked about a path that is not there.
        HookFacts facts = control!.Invoke(() => reconfiguration.Find(connection, path).Paths[path].FactsOf(up ? HookChange.PathUp : HookChange.PathDown));
        return context.Hooks.Around(facts, () => control.Invoke(() =>
        {
            ConnectionController found = reconfiguration.Find(connection, path);
            connections.SetPathStatus(found, path, up);
            return StatusReader.Read(Name, found.Config, found.Paths[path]);
        }));
    }

    /// <inheritdoc/>
    public void Reload(string? file = null)
    {
        try
        {
            ReloadFiles(file);
        }
        catch (MptCommandException e) when (e.Kind == MptErrorKind.InvalidConfiguration)
        {
            context.Raise(MptEventKind.ChangeRefused, e.Message);
            throw;
        }
    }

    private void ReloadFiles(string? file)
    {
        if (file is null)
        {
            ConfigResult<ServerConfig> read = ConfigLoader.Load(startConfig.Directory);
            ServerConfig wanted = read.Config ?? throw Reloading.Faulty(read.Diagnostics);
            Run(() => new Reloading(context, connections, reconfiguration).Apply(wanted));
        }
        else
        {
            ConfigResult<ConnectionConfig> read = ConfigLoader.LoadConnection(reconfiguration.PathOf(file));
            ConnectionConfig wanted = read.Config ?? throw Reloading.Faulty(read.Diagnostics);
            Run(() => new Reloading(context, connections, reconfiguration).Apply(wanted));
        }
    }

    /// <inheritdoc/>
    public void Restart(string? file = null) => Run(() => reconfiguration.Restart(file));

    /// <inheritdoc/>
    public void Delete(string file) => Run(() => reconfiguration.Delete(file));

    /// <inheritdoc/>
    public IReadOnlyList<string> Save(string? file = null)
    {
        List<string> written = [];
        foreach (SaveItem item in control!.Invoke(() => reconfiguration.ReadForSaving(file)))
        {
            if (Saving.Write(reconfiguration.PathOf(item.Running.File), item))
            {
                Run(() => reconfiguration.Saved(item));
                written.Add(item.Running.File);
            }
        }
        return written;
    }

    /// <inheritdoc/>
    public void SetConnection(string connection, IReadOnlyDictionary<string, string> settings) =>
        Run(() => reconfiguration.SetConnection(connection, settings));

    /// <inheritdoc/>
    public int AddPath(string connection, IReadOnlyDictionary<string, string> settings) =>
        control!.Invoke(() => reconfiguration.AddPath(connection, settings));

    /// <inheritdoc/>
    public void SetPath(string connection, int path, IReadOnlyDictionary<string, string> settings) =>
        Run(() => reconfiguration.SetPath(connection, path, settings));

    /// <inheritdoc/>
    public void RemovePath(string connection, int path) => Run(() => reconfiguration.RemovePath(connection, path));

    /// <inheritdoc/>
    public int AddRule(string connection, IReadOnlyDictionary<string, string> settings, int? position = null) =>
        control!.Invoke(() => reconfiguration.AddRule(connection, settings, position));

    /// <inheritdoc/>
    public void SetRule(string connection, int rule, IReadOnlyDictionary<string, string> settings) =>
        Run(() => reconfiguration.SetRule(connection, rule, settings));

    /// <inheritdoc/>
    public void RemoveRule(string connection, int rule) => Run(() => reconfiguration.RemoveRule(connection, rule));

    /// <inheritdoc/>
    public MappingAnswer TestMapping(MappingQuestion question) =>
        control!.Invoke(() => MappingTest.Answer(Name, question, connection => reconfiguration.Find(connection).Runtime, tunnels, Now));

    /// <inheritdoc/>
    public int AddNetwork(string connection, string source, string destination) =>
        control!.Invoke(() => reconfiguration.AddNetwork(connection, source, destination));

    /// <inheritdoc/>
    public void RemoveNetwork(string connection, string source, string destination) =>
        Run(() => reconfiguration.RemoveNetwork(connection, source, destination));

    /// <inheritdoc/>
    public Task CreateAsync(string file)
    {
        reconfiguration.PathOf(file);
        return control!.Invoke(() => commands!.Peers.Creates.Begin(file));
    }

    /// <inheritdoc/>
    public void AddAddress(string interfaceName, InterfaceAddress address) =>
        HostInterfaces.ChangeAddress(context.Hooks, interfaceName, address, isAdded: true, Run);

    /// <inheritdoc/>
    public void RemoveAddress(string interfaceName, InterfaceAddress address) =>
        HostInterfaces.ChangeAddress(context.Hooks, interfaceName, address, isAdded: false, Run);

    /// <inheritdoc/>
    public void SetInterface(string interfaceName, bool up) => HostInterfaces.Set(context.Hooks, interfaceName, up, Run);

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
            End();
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

    TimeSpan? IControlWork.NextTick => Earliest(connections.NextTick, Earliest(commands!.Peers.NextTick, publicAddresses!.NextTick));

    /// <summary>Monotonic time of this server.</summary>
    public TimeSpan Now => forwarder.Now;

    void IControlWork.Tick()
    {
        TimeSpan now = Now;
        foreach (KeepaliveMailbox keepalives in forwarder.Keepalives)
        {
            while (keepalives.Peek() is { } received)
            {
                connections.Take(received, now);
                keepalives.Release();
            }
        }
        while (context.Doubts!.Take() is { } doubted)
        {
            connections.SizeDoubted(doubted, now);
        }
        connections.Tick(now);
        commands!.Peers.Tick(now);
        publicAddresses!.Tick(now);
        if (offloadNotice.TryTake())
        {
            offloads.Report(tunnels, connections.Running);
        }
        FollowSizes();
    }

    void IControlWork.LinksChanged() => connections.LinksChanged();

    void IControlWork.Failed(Exception e) => Fail(e);

    private void Fail(Exception e)
    {
        failure ??= e;
        RequestStop();
    }

    private void Bring()
    {
        // The control socket's name is the claim on the tunnel's name; all that is cleared or made comes after it.
        control = new ControlLoop(Name, links, controlWake, this);
        controlSocket = ControlSocketServer.Open(this);
        publicAddresses = new PublicAddressFinder(context, connections, () => reconfiguration.Config.General.StunServer, control);
        commands = new CommandService(context, connections, () => reconfiguration.Config, control, this);
        PathRoutes.RemoveLeftovers();
        foreach (TunnelConfig tunnel in startConfig.Tunnels)
        {
            TunnelRuntime made = context.Hooks.Around(
                TunnelSetup.FactsOf(tunnel, HookChange.TunnelUp), () => TunnelSetup.Create(tunnel, forwarder.Plan, context.Offloads, offloadNotice));
            tunnels.Add(made);
            WarnOfSteering(made.Device);
            mtus.Add(new TunnelMtu(context, made));
            forwarder.Add(made);
        }
        offloads.Start(tunnels);
        connections.StartAll(startConfig.Connections);
        FollowSizes();
        forwarder.Start();
        context.Hooks.ControlStarted(FinishOnControl);
        control.Start();
        context.Raise(MptEventKind.ServerStarted, $"Server {Name} runs with {connections.Running.Count} connection(s).");
    }

    /// <summary>Gives the tunnels the MTUs that their paths ask for, where something has changed.</summary>
    private void FollowSizes()
    {
        if (context.SizesChanged)
        {
            context.SizesChanged = false;
            mtus.ForEach(mtu => mtu.Follow(connections.Running));
        }
    }

    private static TimeSpan? Earliest(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    private void WarnOfSteering(TunDevice device)
    {
        if (device.SteeringError != 0)
        {
            string reason = new Win32Exception(device.SteeringError).Message;
            context.Warn($"The server cannot keep each flow in one queue of {device.Name} ({reason}), so packets of a flow may be out of order when the kernel moves it to another one. This takes Linux 4.16, and root or CAP_BPF beside CAP_NET_ADMIN; threads = 3 or less in interface.conf does without.");
        }
    }

    private void Run(Action command) => control!.Invoke(() =>
    {
        command();
        return true;
    });

    /// <summary>A hook has answered; what waited for it goes on.</summary>
    private void FinishOnControl(Action change)
    {
        try
        {
            Run(change);
        }
        catch (MptCommandException)
        {
            // The server stops, and does not begin anything any more.
            return;
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void End()
    {
        if (control is { } loop)
        {
            loop.End(Clear);
        }
        else
        {
            Clear();
        }
    }

    /// <summary>Takes away what the server has added to the system, in its network namespace and with the control thread at its end.</summary>
    private void Clear()
    {
        try
        {
            commands?.Dispose();
            publicAddresses?.Dispose();
            connections.Clear();
            forwarder.Dispose();
            foreach (TunnelRuntime tunnel in tunnels)
            {
                tunnel.Dispose();
            }
            context.Routes.Dispose();
            connections.RoutesGone();
            foreach (TunnelRuntime tunnel in tunnels)
            {
                context.Hooks.Made(TunnelSetup.FactsOf(tunnel.Config, HookChange.TunnelDown));
            }
            links.Dispose();
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
