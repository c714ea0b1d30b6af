using System.Security.Cryptography;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

// The keepalives of a connection: what is said in them, which are believed, and what they tell of the peer.
internal sealed partial class ConnectionController
{
    /// <summary>A place that a path's peer may have moved to is asked so often at most.</summary>
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    private readonly byte[] datagram = new byte[Keepalive.MaximumDatagramLength];
    private readonly ulong instance = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private ulong keepalivesSent;
    private bool warnedOfKey;
    private KeepaliveInstance? peerInstance;
    private PeerKind announcedPeer;
    private bool warnedOfCopies;

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
            TakeExtension(path, info.Extension, received);
        }
        else
        {
            SetPeer(PeerKind.Existing, PeerCapabilities.None);
            path.Monitor.PeerSaid(null, received.Time);
        }
        Tick(now);
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
            socket.SendTo(WriteKeepalive(path, now, from), from.ToIPEndPoint(), path.Scope);
        }
        return false;
    }

    /// <param name="probed">Where the keepalive goes, where the path is not there: the peer is told, and that it is not heard there yet.</param>
    private ReadOnlySpan<byte> WriteKeepalive(PathController path, TimeSpan now, ObservedEndpoint? probed = null)
    {
        (KeepaliveTiming timing, KeepaliveCounts counts) = path.Meter.Say(now, path.Runtime.Sent.Packets);
        int length = Keepalive.Write(datagram, Config.IPVersion, Config.LocalAddress, Config.RemoteAddress!);
        KeepaliveExtension extension = new()
        {
            Capabilities = PeerCapabilities.EcnNormalMode | PeerCapabilities.Duplicates | (Runtime.FollowsPeer ? PeerCapabilities.RoamingAddress : PeerCapabilities.None),
            NextSequence = Runtime.Sequenced ? Runtime.AnnouncedSequence : null,
            Instance = new KeepaliveInstance(instance, ++keepalivesSent),
            PeerInstance = peerInstance?.Id,
            Observed = probed ?? path.PeerSeenAt,
            Path = new KeepalivePath((byte)path.Runtime.Index, path.PeerNumber, path.Monitor.IsPeerHeard && probed is null),
            Source = path.SeenByPeer,
            // What is sent elsewhere measures another line.
            Timing = probed is null ? timing : null,
            Counts = probed is null ? counts : null,
            IsUnnumbered = Runtime.Sequenced && !Runtime.NumbersOn(path.Runtime.Index),
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

    /// <summary>Once for each peer that is an existing server, and once more when the configuration asks for copies anew.</summary>
    private void WarnOfCopiesInVain()
    {
        bool isInVain = Peer == PeerKind.Existing && MappingRules.Duplicates(Config);
        if (isInVain && !warnedOfCopies)
        {
            context.Warn($"{Config.Name} is to send packets on several paths at once, but its peer is an existing MPT server, which would deliver every copy. So each of them is sent once, on the path of its flow. Choose another mapping than duplicate, or run MptTools at the peer.", Config.Name);
        }
        warnedOfCopies = isInVain;
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

    private void TakeExtension(PathController path, in KeepaliveExtension extension, ReceivedKeepalive received)
    {
        bool isNewest = PeerMoves.IsNewest(path, extension, peerInstance?.Id);
        SetPeer(PeerKind.MptTools, extension.Capabilities ?? PeerCapabilities.None);
        if (extension.Instance is { } theirs && (peerInstance is not { } known || theirs.Id != known.Id || theirs.Counter > known.Counter))
        {
            if (theirs.Id != peerInstance?.Id)
            {
                // What an earlier instance has announced speaks of other numbers.
                Array.ForEach(Runtime.Paths, other => other.ForgetAnnouncement());
                Array.ForEach(Paths, other => other.PeerRestarted());
            }
            peerInstance = theirs;
        }
        if (isNewest)
        {
            path.NewestCounter = extension.Instance?.Counter ?? 0;
            path.PeerNumber = extension.Path?.Sender;
            path.IsSeen(extension.Observed);
            path.Monitor.PeerSaid(extension.Path?.IsHeard, received.Time);
            if (received.Path == path.Runtime)
            {
                path.Meter.Hear(extension.Timing, extension.Counts, received.Time, received.PathReceived);
            }
        }
        bool saysMore = isNewest && extension.IsUnnumbered && !path.Runtime.PeerSendsNoNumbers;
        if (isNewest)
        {
            path.Runtime.PeerSendsNoNumbers = extension.IsUnnumbered;
        }
        if (extension.NextSequence is { } next && Runtime.Order is not null)
        {
            path.Runtime.Announce(next);
            saysMore = true;
        }
        if (saysMore && Runtime.Order is { Waiting: > 0 })
        {
            context.Forwarder.Wake(Runtime);
        }
    }

    private void SetPeer(PeerKind kind, PeerCapabilities capabilities)
    {
        Runtime.PeerIsOurs = kind == PeerKind.MptTools;
        Runtime.PeerTakesEcn = (capabilities & PeerCapabilities.EcnNormalMode) != 0;
        Runtime.PeerTakesDuplicates = (capabilities & PeerCapabilities.Duplicates) != 0;
        if (kind != PeerKind.MptTools)
        {
            Array.ForEach(Runtime.Paths, path => path.PeerSendsNoNumbers = false);
        }
        Peer = kind;
        // A peer that is out of reach for a while and comes back is no news.
        if (kind != PeerKind.Unknown && kind != announcedPeer)
        {
            string what = kind == PeerKind.MptTools ? "MptTools" : "an existing MPT server";
            context.Raise(MptEventKind.PeerChanged, $"The peer of {Config.Name} is {what}.", Config.Name, null, announcedPeer.ToString(), kind.ToString());
            announcedPeer = kind;
            WarnOfCopiesInVain();
        }
    }
}
