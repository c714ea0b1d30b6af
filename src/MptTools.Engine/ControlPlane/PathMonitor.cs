using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// A path's status, from five facts: what the admin said, the interface, its address, whether the peer is heard, and whether
/// the peer says that it hears this end. Pure: time is passed in, the caller sends and listens.
/// </summary>
/// <remarks>
/// A path whose interface or address comes back waits for the peer's next keepalive before it carries traffic again, where
/// there are keepalives: the line may be back on this side only. At the start the configured status is believed.
/// </remarks>
internal sealed class PathMonitor
{
    /// <summary>
    /// How long keepalives are not believed after the peer has said that it does not use the path: those that it sent before may
    /// arrive later, by a slower path than its word.
    /// </summary>
    private static readonly TimeSpan Deafness = TimeSpan.FromMilliseconds(500);

    private TimeSpan keepaliveTime;
    private TimeSpan deadTime;
    private bool takenDown, disabled, linkIsKnown, interfaceUp, addressPresent, peerHeard, heardSinceOpen;
    private TimeSpan deadAt, keepaliveAt, deafUntil;
    private bool? isHeardByPeer;

    /// <param name="awaitsPeer">
    /// The path came while the connection ran, so the peer may not have it yet: with keepalives it carries traffic when the peer is heard.
    /// </param>
    internal PathMonitor(PathConfig config, TimeSpan now, bool awaitsPeer = false)
    {
        linkIsKnown = awaitsPeer;
        keepaliveTime = config.KeepaliveTime;
        deadTime = config.DeadTime;
        takenDown = config.Status == PathStatusCode.TakenDown;
        disabled = config.Status == PathStatusCode.Disabled;
        peerHeard = config.Status != PathStatusCode.Down;
        deadAt = now + deadTime;
        keepaliveAt = now;
    }

    internal bool KeepalivesAreOn => keepaliveTime > TimeSpan.Zero;

    /// <summary>A dead time of 0 means that silence says nothing.</summary>
    private bool DiesOfSilence => deadTime > TimeSpan.Zero;

    internal PathStatusCode Status =>
        disabled ? PathStatusCode.Disabled :
        takenDown ? PathStatusCode.TakenDown :
        !interfaceUp ? PathStatusCode.InterfaceDown :
        !addressPresent ? PathStatusCode.AddressDown :
        !peerHeard || IsOneWay ? PathStatusCode.Down :
        PathStatusCode.Up;

    /// <summary>The status that a file would need so that the path starts as it was told to be: what the kernel or the peer's silence says passes.</summary>
    /// <param name="configured">What the file has.</param>
    internal PathStatusCode Ordered(PathStatusCode configured) =>
        disabled ? PathStatusCode.Disabled :
        takenDown ? PathStatusCode.TakenDown :
        configured is PathStatusCode.TakenDown or PathStatusCode.Disabled ? PathStatusCode.Up :
        configured;

    /// <summary>The peer is heard (at the start: is expected to be), which is what the peer is told.</summary>
    internal bool IsPeerHeard => peerHeard;

    /// <summary>The peer is heard, and has said that it does not hear this end. Who sends no keepalives cannot be heard.</summary>
    internal bool IsOneWay => peerHeard && isHeardByPeer == false && KeepalivesAreOn;

    /// <summary>Interface and address are there, so the path's socket can be open.</summary>
    internal bool IsUsable => interfaceUp && addressPresent;

    /// <summary>When <see cref="Tick"/> has something to do; null: never.</summary>
    internal TimeSpan? NextTick
    {
        get
        {
            if (!KeepalivesAreOn || Status is not (PathStatusCode.Up or PathStatusCode.Down))
            {
                return null;
            }
            return peerHeard && DiesOfSilence && deadAt < keepaliveAt ? deadAt : keepaliveAt;
        }
    }

    /// <summary>The kernel said how interface and address are.</summary>
    internal void LinkChanged(bool up, bool hasAddress, TimeSpan now)
    {
        bool wasUsable = IsUsable;
        (interfaceUp, addressPresent) = (up, hasAddress);
        if (IsUsable && !wasUsable)
        {
            Restart(linkIsKnown, now);
        }
        linkIsKnown = true;
    }

    /// <summary>The path has another address at this end: the peer may take nothing from there, so it is to be heard first.</summary>
    internal void AddressChanged(TimeSpan now) => Restart(true, now);

    /// <summary>
    /// The peer was heard. A path that was waiting for it answers at once, so that both ends come up in one round trip; so
    /// does one that is up but hears the peer for the first time: what it sent before may have come before the peer was there.
    /// </summary>
    internal void KeepaliveHeard(TimeSpan now)
    {
        if (now < deafUntil)
        {
            return;
        }
        if (!peerHeard || !heardSinceOpen)
        {
            keepaliveAt = now;
        }
        peerHeard = heardSinceOpen = true;
        deadAt = now + deadTime;
    }

    /// <summary>
    /// The peer, which was heard, has said whether it hears this end. Where it does not, it is answered at once: it may be waiting
    /// for just that.
    /// </summary>
    /// <param name="isHeard">Null: it says nothing of the kind, as existing servers.</param>
    internal void PeerSaid(bool? isHeard, TimeSpan now)
    {
        isHeardByPeer = isHeard;
        if (isHeard == false)
        {
            SpeakAtOnce(now);
        }
    }

    /// <summary>The peer waits for a keepalive.</summary>
    internal void SpeakAtOnce(TimeSpan now) => keepaliveAt = now;

    /// <summary>The admin takes the path down or up.</summary>
    internal void SetByHand(bool up, TimeSpan now)
    {
        takenDown = !up;
        if (up)
        {
            disabled = false;
            peerHeard = true;
            isHeardByPeer = null;
            deadAt = now + deadTime;
            keepaliveAt = now;
        }
    }

    /// <summary>
    /// The peer says that it uses the path, or does not. Its word goes over this end's own, as that of an admin who may change both
    /// ends; only a path that is not in use at all stays so.
    /// </summary>
    internal void SetByPeer(bool up, TimeSpan now)
    {
        if (up)
        {
            takenDown = false;
            peerHeard = true;
            deafUntil = now;
            deadAt = now + deadTime;
            keepaliveAt = now;
        }
        else
        {
            peerHeard = false;
            deafUntil = now + Deafness;
        }
    }

    /// <summary>
    /// Other timers, or another status in the configuration. Timers that run go on: what has passed of them counts.
    /// </summary>
    internal void Change(PathConfig before, PathConfig config, TimeSpan now)
    {
        bool wereOn = KeepalivesAreOn;
        deadAt += config.DeadTime - deadTime;
        keepaliveAt += config.KeepaliveTime - keepaliveTime;
        (keepaliveTime, deadTime) = (config.KeepaliveTime, config.DeadTime);
        if (!wereOn || !KeepalivesAreOn)
        {
            deadAt = now + deadTime;
            keepaliveAt = now;
        }
        if (wereOn && !KeepalivesAreOn)
        {
            // Nothing will tell any more.
            peerHeard = config.Status != PathStatusCode.Down;
        }
        if (config.Status != before.Status)
        {
            SetByHand(config.Status != PathStatusCode.TakenDown, now);
            disabled = config.Status == PathStatusCode.Disabled;
            peerHeard &= config.Status != PathStatusCode.Down;
        }
    }

    /// <summary>The path has other addresses: it waits for the peer as if its own had gone and come back.</summary>
    internal void ForgetLink() => interfaceUp = addressPresent = false;

    /// <summary>Lets time pass: the peer may have been silent for too long.</summary>
    /// <returns>True when a keepalive is to be sent now.</returns>
    internal bool Tick(TimeSpan now)
    {
        if (!KeepalivesAreOn)
        {
            return false;
        }
        if (peerHeard && Status is PathStatusCode.Up or PathStatusCode.Down && DiesOfSilence && now >= deadAt)
        {
            peerHeard = false;
            // A peer that listens for it is told at once: it may hear this end no more than before, or all the time.
            keepaliveAt = isHeardByPeer is null ? keepaliveAt : now;
        }
        if (Status is not (PathStatusCode.Up or PathStatusCode.Down) || now < keepaliveAt)
        {
            return false;
        }
        keepaliveAt = now + keepaliveTime;
        return true;
    }

    private void Restart(bool waitsForPeer, TimeSpan now)
    {
        if (waitsForPeer && KeepalivesAreOn)
        {
            peerHeard = false;
        }
        heardSinceOpen = false;
        isHeardByPeer = null;
        deadAt = now + deadTime;
        keepaliveAt = now;
    }
}
