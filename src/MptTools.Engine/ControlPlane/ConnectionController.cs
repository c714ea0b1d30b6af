using System.Security.Cryptography;
using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>One running connection: its paths, its keepalives, what is known of its peer. Used by the control thread only.</summary>
internal sealed class ConnectionController
{
    /// <summary>A place that a path's peer may have moved to is asked so often at most.</summary>
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>A path without keepalives that a router made narrower is looked at so often: the kernel forgets it after minutes.</summary>
    private static readonly TimeSpan NarrowedLook = TimeSpan.FromSeconds(60);

    /// <summary>After a refusal that the kernel's own figures do not explain.</summary>
    private static readonly TimeSpan DoubtLook = TimeSpan.FromSeconds(1);

    private readonly ServerContext context;
    private readonly byte[] datagram = new byte[Keepalive.MaximumDatagramLength];
    private readonly ulong instance = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private readonly PathListeners listeners;
    private byte[] key;
    private ulong keepalivesSent;
    private bool warnedOfKey;
    private TimeSpan? lookAt;
    private KeepaliveInstance? peerInstance;
    private PeerKind announcedPeer;

    /// <summary>The peer has just said what becomes of a path.</summary>
    private bool isSaidByPeer;

    /// <summary>The peer knows of it already, or will be told anyway.</summary>
    private bool isBeingTold;

    internal ConnectionController(ServerContext context, ConnectionConfig config, TunnelRuntime tunnel, TimeSpan now)
    {
        this.context = context;
        Runtime = new ConnectionRuntime(config, tunnel, context.Forwarder.AssignDownlink());
        Runtime.Size.Doubts = context.Doubts;
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
                _ = socket.Send(WriteKeepalive(path));
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

    /// <summary>A keepalive came.</summary>
    internal void Take(ReceivedKeepalive received, TimeSpan now)
    {
        PathController? path = received.Path is { } runtime ? PathOf(runtime) : null;
        if (received.Path is not null && path is null)
        {
            // It was under way when its path was taken out.
            return;
        }
        KeepaliveStatus status = Keepalive.TryParse(received.Body.AsSpan(0, received.Length), key, out KeepaliveInfo info);
        if (Runtime.FollowsPeer && received.From is { } from && status == KeepaliveStatus.Extended && IsForUs(info) && IsFresh(info.Extension)
            && PeerMoves.FindPath(Paths, received.Source!, info.Extension, instance) is { } named)
        {
            // From the path's own address, though not its port, it is a sign of life also before the path has moved.
            if (!Follow(named, info.Extension, from, now) && named != path)
            {
                return;
            }
            path = named;
        }
        if (path is null)
        {
            ControlDrops.Add(DropReason.KeepaliveUnauthenticated);
            return;
        }
        if (status == KeepaliveStatus.Extended && !(IsForUs(info) && IsFresh(info.Extension)))
        {
            path.ControlDrops.Add(DropReason.KeepaliveUnauthenticated);
            return;
        }
        if (status is KeepaliveStatus.AuthenticationFailed or KeepaliveStatus.AuthenticationMissing)
        {
            path.ControlDrops.Add(DropReason.KeepaliveUnauthenticated);
            WarnOfKeyOnce();
        }
        if (status == KeepaliveStatus.ExtendedInvalid)
        {
            path.ControlDrops.Add(DropReason.KeepaliveInvalid);
        }
        if (status != KeepaliveStatus.Extended && key.Length > 0 && Peer == PeerKind.MptTools)
        {
            // Whoever has shown to know the key goes on showing it, until all paths have been dead.
            if (status == KeepaliveStatus.Plain)
            {
                path.ControlDrops.Add(DropReason.KeepaliveUnauthenticated);
            }
            return;
        }
        path.PeerSeenAt = received.From ?? path.Runtime.Remote.Endpoint;
        path.LastKeepalive = context.Time.GetUtcNow();
        path.Monitor.KeepaliveHeard(received.Time);
        if (status == KeepaliveStatus.Extended)
        {
            TakeExtension(path, info.Extension, received.Time);
        }
        else
        {
            SetPeer(PeerKind.Existing, PeerCapabilities.None);
            path.Monitor.PeerSaid(null, received.Time);
        }
        Tick(now);
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
        if (!Runtime.Sequenced && order is not null && Runtime.Size.LargestInner < int.MaxValue)
        {
            // Packets that are numbered from here on are longer.
            Runtime.Size.LargestInner -= Gre.SequencedLength - Gre.BaseLength;
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

    /// <summary>A believed keepalive has come from somewhere: the path goes there where it proves that the peer is there.</summary>
    /// <returns>The path is there.</returns>
    private bool Follow(PathController path, in KeepaliveExtension extension, ObservedEndpoint from, TimeSpan now)
    {
        if (path.Runtime.Remote.Endpoint == from)
        {
            return true;
        }
        // Two paths with the same two ends could not be told apart.
        if (Array.Exists(Paths, other => other.Runtime.Listener == path.Runtime.Listener && other.Runtime.Remote.Endpoint == from))
        {
            return false;
        }
        if (PeerMoves.IsProof(path, extension, from, instance, peerInstance?.Id))
        {
            // It waits there to be told that it is heard.
            path.Monitor.SpeakAtOnce(now);
            return path.MoveTo(RemoteEnd.Of(from), listeners);
        }
        if (path.Monitor.Status is PathStatusCode.Up or PathStatusCode.Down && now >= path.NextProbe && path.Runtime.Socket is { } socket)
        {
            path.NextProbe = now + ProbeInterval;
            socket.SendTo(WriteKeepalive(path, from), from.ToIPEndPoint(), path.Scope);
        }
        return false;
    }

    /// <param name="probed">Where the keepalive goes, where the path is not there: the peer is told, and that it is not heard there yet.</param>
    private ReadOnlySpan<byte> WriteKeepalive(PathController path, ObservedEndpoint? probed = null)
    {
        int length = Keepalive.Write(datagram, Config.IPVersion, Config.LocalAddress, Config.RemoteAddress!);
        KeepaliveExtension extension = new()
        {
            Capabilities = PeerCapabilities.EcnNormalMode | (Runtime.FollowsPeer ? PeerCapabilities.RoamingAddress : PeerCapabilities.None),
            NextSequence = Runtime.Sequenced ? Runtime.AnnouncedSequence : null,
            Instance = new KeepaliveInstance(instance, ++keepalivesSent),
            PeerInstance = peerInstance?.Id,
            Observed = probed ?? path.PeerSeenAt,
            Path = new KeepalivePath((byte)path.Runtime.Index, path.PeerNumber, path.Monitor.IsPeerHeard && probed is null),
            Source = path.SeenByPeer,
        };
        length = Keepalive.WriteExtension(datagram, extension, key);
        return datagram.AsSpan(0, length);
    }

    /// <summary>The two tunnel addresses are this connection's: not our own keepalive thrown back, nor another connection's.</summary>
    private bool IsForUs(in KeepaliveInfo info) =>
        info.SenderTunnel == MappedAddress.ToInteger(Config.RemoteAddress!) && info.ReceiverTunnel == MappedAddress.ToInteger(Config.LocalAddress);

    private void WarnOfKeyOnce()
    {
        if (!warnedOfKey)
        {
            warnedOfKey = true;
            context.Warn($"A keepalive for {Config.Name} does not fit its key. Check that auth_type and auth_key are the same in {Config.File} and at the peer.", Config.Name);
        }
    }

    /// <summary>
    /// Replays are refused: within an instance the counter only rises, and where a key is set a new instance of a peer that is
    /// known must show that it has heard ours.
    /// </summary>
    private bool IsFresh(in KeepaliveExtension extension)
    {
        if (extension.Instance is not { } theirs)
        {
            return key.Length == 0;
        }
        if (peerInstance is { } known && Peer == PeerKind.MptTools)
        {
            if (theirs.Id == known.Id)
            {
                return theirs.Counter > known.Counter || IsReordered(theirs, known);
            }
            return key.Length == 0 || extension.PeerInstance == instance;
        }
        return true;
    }

    /// <summary>Paths of different delay bring keepalives out of order; a few numbers back is no replay worth the name.</summary>
    private bool IsReordered(KeepaliveInstance theirs, KeepaliveInstance known) =>
        theirs.Counter != known.Counter && known.Counter - theirs.Counter <= (ulong)Paths.Length;

    private void TakeExtension(PathController path, in KeepaliveExtension extension, TimeSpan now)
    {
        bool isNewest = PeerMoves.IsNewest(path, extension, peerInstance?.Id);
        SetPeer(PeerKind.MptTools, extension.Capabilities ?? PeerCapabilities.None);
        if (extension.Instance is { } theirs && (peerInstance is not { } known || theirs.Id != known.Id || theirs.Counter > known.Counter))
        {
            if (theirs.Id != peerInstance?.Id)
            {
                // What an earlier instance has announced speaks of other numbers.
                Array.ForEach(Runtime.Paths, other => other.ForgetAnnouncement());
                Array.ForEach(Paths, other => (other.PeerNumber, other.NewestCounter) = (null, 0));
            }
            peerInstance = theirs;
        }
        if (isNewest)
        {
            path.NewestCounter = extension.Instance?.Counter ?? 0;
            path.PeerNumber = extension.Path?.Sender;
            path.IsSeen(extension.Observed);
            path.Monitor.PeerSaid(extension.Path?.IsHeard, now);
        }
        if (extension.NextSequence is { } next && Runtime.Order is { } order)
        {
            path.Runtime.Announce(next);
            if (order.Waiting > 0)
            {
                context.Forwarder.Wake(Runtime);
            }
        }
    }

    private void SetPeer(PeerKind kind, PeerCapabilities capabilities)
    {
        Runtime.PeerIsOurs = kind == PeerKind.MptTools;
        Runtime.PeerTakesEcn = (capabilities & PeerCapabilities.EcnNormalMode) != 0;
        Peer = kind;
        // A peer that is out of reach for a while and comes back is no news.
        if (kind != PeerKind.Unknown && kind != announcedPeer)
        {
            string what = kind == PeerKind.MptTools ? "MptTools" : "an existing MPT server";
            context.Raise(MptEventKind.PeerChanged, $"The peer of {Config.Name} is {what}.", Config.Name, null, announcedPeer.ToString(), kind.ToString());
            announcedPeer = kind;
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
