using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>One running connection: its paths, its keepalives, what is known of its peer. Used by the control thread only.</summary>
internal sealed partial class ConnectionController
{
    /// <summary>A path without keepalives that a router made narrower is looked at so often: the kernel forgets it after minutes.</summary>
    private static readonly TimeSpan NarrowedLook = TimeSpan.FromSeconds(60);

    /// <summary>After a refusal that the kernel's own figures do not explain.</summary>
    private static readonly TimeSpan DoubtLook = TimeSpan.FromSeconds(1);

    private readonly ServerContext context;
    private readonly PathListeners listeners;
    private byte[] key;
    private TimeSpan? lookAt;

    /// <summary>The peer has just said what becomes of a path.</summary>
    private bool isSaidByPeer;

    /// <summary>The peer knows of it already, or will be told anyway.</summary>
    private bool isBeingTold;

    internal ConnectionController(ServerContext context, ConnectionConfig config, TunnelRuntime tunnel, TimeSpan now)
    {
        this.context = context;
        Runtime = new ConnectionRuntime(config, tunnel, context.Forwarder.AssignDownlink());
        Runtime.Size.Doubts = context.Doubts;
        Runtime.DuplicateKey = (uint)instance;
        listeners = new PathListeners(context, Runtime);
        Paths = [.. Runtime.Paths.Select(path => new PathController(context, path, now))];
        LocalTunnel = MappedAddress.ToInteger(config.LocalAddress);
        RemoteTunnel = MappedAddress.ToInteger(config.RemoteAddress!);
        key = KeyOf(config);
    }

    /// <summary>The two tunnel addresses as numbers (see <see cref="MappedAddress"/>).</summary>
    internal UInt128 LocalTunnel { get; }
    internal UInt128 RemoteTunnel { get; }

    internal ConnectionConfig Config => Runtime.Config;
    internal ConnectionRuntime Runtime { get; }
    internal PathController[] Paths { get; private set; }
    internal PeerKind Peer { get; private set; }

    /// <summary>The connection as its file gave it, or as it was last saved; null when no file has it.</summary>
    internal ConnectionConfig? Loaded { get; set; }

    /// <summary>The key was set by command since then.</summary>
    internal bool KeyIsSet { get; set; }

    /// <summary>Keepalives that belong to no path; counted by the control plane.</summary>
    internal DropCounters ControlDrops { get; } = new();

    /// <summary>When <see cref="Tick"/> has something to do; null: never.</summary>
    internal TimeSpan? NextTick
    {
        get
        {
            TimeSpan? earliest = lookAt;
            foreach (PathController path in Paths)
            {
                if (path.Monitor.NextTick is { } due && !(due >= earliest))
                {
                    earliest = due;
                }
            }
            return earliest;
        }
    }

    /// <summary>The <see cref="Timetable"/>'s own.</summary>
    internal TimeSpan? ScheduledAt { get; set; }

    /// <summary>The kernel said something about interfaces or addresses.</summary>
    internal void LinksChanged(LinkMonitor links, TimeSpan now)
    {
        foreach (PathController path in Paths)
        {
            path.LinksChanged(links, listeners, now);
        }
        CloseUnusedListeners();
        PublishStatus();
        PlanLook(now, doubted: false);
    }

    /// <summary>Sends the keepalives that are due and finds out which peers have been silent for too long.</summary>
    internal void Tick(TimeSpan now)
    {
        foreach (PathController path in Paths)
        {
            if (path.Monitor.Tick(now) && path.Runtime.Socket is { } socket)
            {
                // A keepalive that cannot be sent is one the peer does not hear; its dead timer says the rest.
                _ = socket.Send(WriteKeepalive(path, now));
                path.ReadMtu();
            }
        }
        if (lookAt <= now)
        {
            LookAtSizes(now, doubted: false);
        }
        PublishStatus();
    }

    /// <summary>The data plane met a packet that was too big for a path, against what it had been told.</summary>
    internal void SizeDoubted(TimeSpan now)
    {
        LookAtSizes(now, doubted: true);
        PublishStatus();
    }

    internal PathStatusCode SetPathStatus(int index, bool up, TimeSpan now)
    {
        PathController path = Paths[index];
        isBeingTold = true;
        path.Monitor.SetByHand(up, now);
        Tick(now);
        isBeingTold = false;
        // Whatever it was here: an order goes to both ends. Up is said only of a path that is.
        if (path.IsCarrying == up)
        {
            context.ReportPath?.Invoke(this, path, up, byHand: true);
        }
        return path.Monitor.Status;
    }

    /// <summary>The configuration, with the paths' status as they were told to be: taken down and up are changes as any others.</summary>
    internal ConnectionConfig ConfigAsOrdered =>
        Config with { Paths = [.. Paths.Select(path => path.Config with { Status = path.Monitor.Ordered(path.Config.Status) })] };

    /// <summary>The files have the paths' status now, so that a restart and a reload find nothing different.</summary>
    internal void StatusSaved(ConnectionConfig saved, TimeSpan now)
    {
        int[] origins = PathMatching.Of(saved.Paths, Config.Paths);
        ConnectionConfig config = Config with
        {
            Paths = [.. Config.Paths.Select((path, index) => origins[index] is >= 0 and var origin ? path with { Status = saved.Paths[origin].Status } : path)],
        };
        if (!ConfigComparer.AreSame(config, Config))
        {
            context.Forwarder.Pause(() => Runtime.Become(config, Runtime.Paths, Runtime.Order, now));
        }
    }

    /// <summary>The peer says that it uses a path, or does not.</summary>
    internal void SetPathStatusByPeer(PathController path, bool up, TimeSpan now)
    {
        isSaidByPeer = isBeingTold = true;
        path.Monitor.SetByPeer(up, now);
        Tick(now);
        isSaidByPeer = isBeingTold = false;
    }

    /// <summary>
    /// Goes over to another configuration with the same name and tunnel addresses. Closes and opens only what depends on what is
    /// different; numbering, counters and running timers go on.
    /// </summary>
    /// <exception cref="MptCommandException">A path cannot be opened like this; all is as before.</exception>
    internal void Change(ConnectionConfig wanted, LinkMonitor links, TimeSpan now)
    {
        (ConnectionConfig before, PathController[] pathsBefore) = (Config, Paths);
        HashSet<PathController> faulty = [.. Paths.Where(path => path.Fault is not null)];
        int[] origins = PathMatching.Of(before.Paths, wanted.Paths);
        PathController[] paths =
        [
            .. wanted.Paths.Select((path, index) => origins[index] is >= 0 and var origin
                ? Paths[origin]
                : new PathController(context, new PathRuntime(Runtime, path), now, awaitsPeer: true)),
        ];
        try
        {
            // The new port must be ours before the old one is given up.
            Array.ForEach(Paths, path => path.Claim(listeners, wanted.LocalPort));
            Switch(wanted, paths, links, now);
        }
        catch (MptCommandException)
        {
            CloseUnusedListeners();
            throw;
        }
        if (Array.Find(paths, path => path.Fault is not null && !faulty.Contains(path)) is { Fault: { } reason })
        {
            Switch(before, pathsBefore, links, now);
            throw new MptCommandException(reason);
        }
    }

    /// <summary>Closes and opens all paths; they start with their configured status and new timers.</summary>
    internal void Restart(LinkMonitor links, TimeSpan now)
    {
        ClosePaths(Paths);
        Array.ForEach(Paths, path => path.Restart(now));
        LinksChanged(links, now);
    }

    /// <summary>Closes everything; the data plane does not know the connection any more when this returns.</summary>
    internal void Stop()
    {
        Runtime.UpPaths = 0;
        foreach (PathController path in Paths)
        {
            path.Close();
        }
        listeners.CloseExcept([]);
        context.Forwarder.Forget(Runtime);
    }

    private void Switch(ConnectionConfig wanted, PathController[] paths, LinkMonitor links, TimeSpan now)
    {
        ConnectionConfig before = Config;
        bool portsStay = before.LocalPort == wanted.LocalPort && before.RemotePort == wanted.RemotePort;
        Dictionary<PathController, PathConfig> configsBefore = Paths.ToDictionary(path => path, path => path.Config);
        ClosePaths(Paths.Where(path =>
            !(portsStay && Array.IndexOf(paths, path) is >= 0 and var index && PathController.KeepsSocket(path.Config, wanted.Paths[index]))));
        ReorderBuffer? order = Runtime.Order;
        if (before.ReorderWindow != wanted.ReorderWindow || before.MaxBufferDelay != wanted.MaxBufferDelay || !paths.AsSpan().SequenceEqual(Paths))
        {
            order = Runtime.MakeOrder(wanted);
        }
        if (ConnectionRuntime.HeaderLengthOf(wanted) - Runtime.HeaderLength is > 0 and var longer && Runtime.Size.LargestInner < int.MaxValue)
        {
            // Packets that are numbered from here on are longer.
            Runtime.Size.LargestInner -= longer;
        }
        PathRuntime[] runtimes = Array.ConvertAll(paths, path => path.Runtime);
        context.Forwarder.Pause(() => Runtime.Become(wanted, runtimes, order, now));
        Paths = paths;
        key = KeyOf(wanted);
        warnedOfKey = false;
        foreach (PathController path in paths)
        {
            if (configsBefore.TryGetValue(path, out PathConfig? configBefore))
            {
                path.ConfigChanged(configBefore, now);
            }
        }
        context.SizesChanged = true;
        WarnOfCopiesInVain();
        LinksChanged(links, now);
        Tick(now);
    }

    /// <summary>What was to go by these paths goes first, by them; what comes then takes others.</summary>
    private void ClosePaths(IEnumerable<PathController> closing)
    {
        PathController[] paths = [.. closing];
        if (paths.Length == 0)
        {
            return;
        }
        foreach (PathController path in paths)
        {
            Runtime.UpPaths &= ~(1u << path.Runtime.Index);
        }
        context.Forwarder.FinishSending();
        Array.ForEach(paths, path => path.Close());
    }

    private void CloseUnusedListeners() =>
        listeners.CloseExcept(Paths.Where(path => path.Runtime.Socket is not null).Select(path => path.LocalAddress!));

    private PathController? PathOf(PathRuntime runtime)
    {
        foreach (PathController path in Paths)
        {
            if (path.Runtime == runtime)
            {
                return path;
            }
        }
        return null;
    }

    private static byte[] KeyOf(ConnectionConfig config) =>
        config is { AuthenticationType: AuthenticationType.Sha256, AuthenticationKey: { } text } ? Encoding.ASCII.GetBytes(text) : [];

    private void LookAtSizes(TimeSpan now, bool doubted)
    {
        bool changed = false;
        foreach (PathController path in Paths)
        {
            changed |= path.ReadMtu();
        }
        PlanLook(now, doubted && !changed);
    }

    /// <summary>
    /// Most paths are looked at with every keepalive. A doubt that led to nothing new is heard again only some time later: what
    /// the kernel refuses without saying why must not keep two threads busy.
    /// </summary>
    private void PlanLook(TimeSpan now, bool doubted)
    {
        lookAt = doubted ? now + DoubtLook : null;
        if (!doubted)
        {
            Runtime.Size.Settle();
            foreach (PathController path in Paths)
            {
                if (path.IsNarrowed && !path.Monitor.KeepalivesAreOn)
                {
                    lookAt = now + NarrowedLook;
                }
            }
        }
    }

    /// <summary>Tells the data plane and the observers which paths are up.</summary>
    private void PublishStatus()
    {
        uint up = 0;
        bool anyHeard = false;
        int? largest = null;
        foreach (PathController path in Paths)
        {
            PathStatusCode status = path.Monitor.Status;
            if (status == PathStatusCode.Up)
            {
                up |= 1u << path.Runtime.Index;
                largest = path.LargestInner < (largest ?? int.MaxValue) ? path.LargestInner : largest;
            }
            anyHeard |= status == PathStatusCode.Up || (status == PathStatusCode.Down && path.Monitor.IsPeerHeard);
            if (status != path.ReportedStatus)
            {
                PathStatusCode before = path.ReportedStatus;
                path.ReportedStatus = status;
                path.AwaitsPeer &= status != PathStatusCode.Up;
                // Whether a path is in use at all decides whether it counts for the tunnel's MTU.
                context.SizesChanged = true;
                path.Since = context.Time.GetUtcNow();
                context.Raise(MptEventKind.PathChanged, Describe(path, before, status), Config.Name, path.Runtime.Index, before.ToString(), status.ToString());
                Report(path, before, status);
            }
        }
        if (Config.Status != 0)
        {
            up = 0;
        }
        // Before the paths, so that no packet meets a new path that it is too long for.
        Runtime.Size.LargestInner = largest ?? Runtime.Size.LargestInner;
        if (Runtime.UpPaths != up)
        {
            Runtime.UpPaths = up;
            // What waits may have waited for a path that is gone now.
            context.Forwarder.Wake(Runtime);
        }
        if (!anyHeard && Peer != PeerKind.Unknown)
        {
            SetPeer(PeerKind.Unknown, PeerCapabilities.None);
            // Whoever takes its place will be where the files say.
            foreach (PathController path in Paths)
            {
                if (path.IsPeerMoved && path.Monitor.Status == PathStatusCode.Down)
                {
                    path.MoveTo(RemoteEnd.Configured(Config, path.Config), listeners);
                }
            }
        }
    }

    /// <summary>The peer is told of what it cannot know: that a path is no longer used here, and that one is used again by order.</summary>
    private void Report(PathController path, PathStatusCode before, PathStatusCode status)
    {
        bool wasOrdered = before is PathStatusCode.TakenDown or PathStatusCode.Disabled;
        bool isOrdered = status is PathStatusCode.TakenDown or PathStatusCode.Disabled;
        // A peer that does not hear this end has said so itself.
        if (isBeingTold || Config.Status != 0 || path.Monitor.IsOneWay)
        {
            return;
        }
        if (status == PathStatusCode.Up && wasOrdered)
        {
            context.ReportPath?.Invoke(this, path, isUp: true, byHand: false);
        }
        else if (status != PathStatusCode.Up && (before == PathStatusCode.Up || isOrdered))
        {
            context.ReportPath?.Invoke(this, path, isUp: false, byHand: false);
        }
    }

    private string Describe(PathController path, PathStatusCode before, PathStatusCode status)
    {
        string name = $"Path {path.Runtime.Index} of {Config.Name} ({path.Config.Interface}, {path.LocalAddress ?? path.Config.LocalAddress} to {path.Runtime.Remote.Address})";
        return status switch
        {
            PathStatusCode.Up => isSaidByPeer ? $"{name} is up: the peer takes it into use." : $"{name} is up.",
            PathStatusCode.Down when before is PathStatusCode.InterfaceDown or PathStatusCode.AddressDown =>
                $"{name} has its interface and address back and waits to hear the peer.",
            PathStatusCode.Down when isSaidByPeer => $"{name} is down: the peer does not use it.",
            PathStatusCode.Down when path.Monitor.IsOneWay => $"{name} is down: the peer is heard, but says that it does not hear this end.",
            PathStatusCode.Down when path.AwaitsPeer => $"{name} was changed and waits to hear the peer.",
            PathStatusCode.Down => $"{name} is down: the peer was not heard for {path.Config.DeadTime.TotalSeconds:0.###} s.",
            PathStatusCode.InterfaceDown => $"{name} is down: {path.Config.Interface} is missing, down or without carrier.",
            PathStatusCode.AddressDown when path.Fault is { } fault => $"{name} is closed: {fault}",
            PathStatusCode.AddressDown when path.WaitsForHooks => $"{name} is closed until hooks have been asked about its route.",
            PathStatusCode.AddressDown => $"{name} is down: {path.Config.Interface} does not have its address.",
            PathStatusCode.TakenDown => $"{name} was taken down by hand.",
            _ => $"{name} is disabled.",
        };
    }
}
