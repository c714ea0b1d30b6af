using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>
/// All handshakes this server has started, any number of peers at once. Pure: time is passed in; the caller receives, and
/// after each call takes what is to be sent and what has ended. Used by the control thread only.
/// </summary>
/// <remarks>
/// An answer says neither which path it is about nor, without authentication, which handshake it belongs to. So one peer
/// address is asked one thing of a kind at a time for each connection, and with a pause: an existing server may send its
/// last answer twice, and the second one must not be taken for an answer to what is asked next.
/// </remarks>
internal sealed class HandshakeRequests(int limit = HandshakeRequests.DefaultLimit)
{
    /// <summary>Requests that may wait or be in progress; beyond that they are refused.</summary>
    internal const int DefaultLimit = 8192;

    /// <summary>The time between a last answer and the next request to the same peer about the same connection. Existing
    /// servers were seen to send an answer twice 5 ms apart.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<LaneKey, Lane> lanes = [];
    private readonly Dictionary<Subject, HandshakeRequest> subjects = [];
    private readonly PriorityQueue<Lane, TimeSpan> timetable = new();
    private readonly Queue<(PeerEndpoint, ReadOnlyMemory<byte>)> toSend = [];
    private readonly Queue<(HandshakeRequest, HandshakeOutcome)> ended = [];

    /// <summary>Requests that wait or are in progress.</summary>
    internal int Count => subjects.Count;

    /// <summary>When <see cref="Tick"/> has something to do; null: never.</summary>
    internal TimeSpan? NextTick
    {
        get
        {
            while (timetable.TryPeek(out Lane? lane, out TimeSpan at))
            {
                if (lane.DueAt == at)
                {
                    return at;
                }
                timetable.Dequeue();
            }
            return null;
        }
    }

    /// <summary>
    /// Asks, as soon as nothing else is in progress that could be confused with it. What waits or is in progress about the
    /// same path, or the same create, is given up for it: otherwise its retries could arrive after the newer word.
    /// </summary>
    internal void Start(HandshakeRequest request, TimeSpan now)
    {
        var subject = Subject.Of(request);
        if (subjects.Remove(subject, out HandshakeRequest? older))
        {
            End(older, Refused(HandshakeRefusal.Superseded));
            Lane olderLane = lanes[LaneKey.Of(older)];
            olderLane.Remove(older, now);
            Schedule(olderLane);
        }
        if (subjects.Count >= limit)
        {
            End(request, Refused(HandshakeRefusal.Busy));
            return;
        }
        subjects.Add(subject, request);
        var key = LaneKey.Of(request);
        if (!lanes.TryGetValue(key, out Lane? lane))
        {
            lane = new Lane(key, now);
            lanes.Add(key, lane);
        }
        lane.Waiting.AddLast(request);
        Schedule(lane);
        Tick(now);
    }

    /// <summary>Lets time pass.</summary>
    internal void Tick(TimeSpan now)
    {
        while (NextTick <= now)
        {
            Lane lane = timetable.Dequeue();
            lane.DueAt = null;
            if (lane.Current is null && !lane.TryStartNext(now))
            {
                lanes.Remove(lane.Key);
                continue;
            }
            Step(lane, lane.Current!.Tick(now), now);
        }
    }

    /// <summary>Takes a datagram that may be an answer.</summary>
    /// <param name="source">Where it comes from.</param>
    /// <param name="datagram">The UDP payload, whatever it is.</param>
    /// <param name="now">The time.</param>
    /// <returns>Why it was not taken.</returns>
    internal HandshakeRefusal Receive(PeerEndpoint source, ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        if (ControlMessage.TryParse(datagram, out ControlMessage message) != ControlError.None)
        {
            return HandshakeRefusal.Malformed;
        }
        var key = new LaneKey(source, message.Kind, message.IPVersion, message.RequesterTunnel, message.ResponderTunnel);
        if (!lanes.TryGetValue(key, out Lane? lane) || lane.Current is null)
        {
            return message.IsRequest ? HandshakeRefusal.WrongDirection : HandshakeRefusal.Foreign;
        }
        HandshakeReaction reaction = lane.Current.Receive(source, datagram, now);
        Step(lane, reaction.Answer, now);
        return reaction.Refusal;
    }

    /// <summary>Takes the next datagram to send, if there is one.</summary>
    internal bool TryTakeDatagram(out PeerEndpoint peer, out ReadOnlyMemory<byte> datagram)
    {
        bool isThere = toSend.TryDequeue(out (PeerEndpoint, ReadOnlyMemory<byte>) next);
        (peer, datagram) = next;
        return isThere;
    }

    /// <summary>Takes the next request that has ended, if there is one.</summary>
    internal bool TryTakeEnded(out HandshakeRequest request, out HandshakeOutcome outcome)
    {
        bool isThere = ended.TryDequeue(out (HandshakeRequest, HandshakeOutcome) next);
        (request, outcome) = next;
        return isThere;
    }

    private static HandshakeOutcome Refused(HandshakeRefusal reason) => new(HandshakeEnd.Refused, 0, default, reason, default);

    private void End(HandshakeRequest request, HandshakeOutcome outcome) => ended.Enqueue((request, outcome));

    /// <summary>Takes up what a call of the lane's requester has given.</summary>
    private void Step(Lane lane, ReadOnlyMemory<byte> datagram, TimeSpan now)
    {
        if (!datagram.IsEmpty)
        {
            toSend.Enqueue((lane.Key.Peer, datagram));
        }
        if (lane.Current!.Outcome is { } outcome)
        {
            HandshakeRequest request = lane.Current.Request;
            subjects.Remove(Subject.Of(request));
            lane.Remove(request, now);
            End(request, outcome);
        }
        Schedule(lane);
    }

    private void Schedule(Lane lane)
    {
        TimeSpan due = lane.Current?.NextTick ?? lane.FreeAt;
        if (lane.DueAt != due)
        {
            lane.DueAt = due;
            timetable.Enqueue(lane, due);
        }
    }

    /// <summary>What an answer can be told by.</summary>
    private readonly record struct LaneKey(
        PeerEndpoint Peer, ControlKind Kind, int IPVersion, UInt128 LocalTunnel, UInt128 RemoteTunnel)
    {
        internal static LaneKey Of(HandshakeRequest request) =>
            new(request.Peer, request.Kind, request.IPVersion, request.LocalTunnel, request.RemoteTunnel);
    }

    /// <summary>What a request is about.</summary>
    private readonly record struct Subject(ControlKind Kind, UInt128 LocalTunnel, UInt128 RemoteTunnel, PathStatusData Path)
    {
        internal static Subject Of(HandshakeRequest request) => new(
            request.Kind,
            request.LocalTunnel,
            request.RemoteTunnel,
            request.Kind == ControlKind.PathStatus && request.Data.Length >= PathStatusData.Length
                ? PathStatusData.Read(request.Data.Span)
                : default);
    }

    /// <summary>Requests that must not be in progress at the same time. Without any it goes when it is due.</summary>
    private sealed class Lane(LaneKey key, TimeSpan now)
    {
        internal LaneKey Key { get; } = key;
        internal HandshakeRequester? Current { get; private set; }
        internal LinkedList<HandshakeRequest> Waiting { get; } = [];
        /// <summary>When the next request may start.</summary>
        internal TimeSpan FreeAt { get; private set; } = now;
        /// <summary>Where it stands in the timetable; other entries of it are stale.</summary>
        internal TimeSpan? DueAt { get; set; }

        internal bool TryStartNext(TimeSpan now)
        {
            if (Waiting.First is not { } next)
            {
                return false;
            }
            Waiting.RemoveFirst();
            Current = new HandshakeRequester(next.Value, now);
            return true;
        }

        internal void Remove(HandshakeRequest request, TimeSpan now)
        {
            if (ReferenceEquals(Current?.Request, request))
            {
                Current = null;
                FreeAt = now + Pause;
            }
            else
            {
                Waiting.Remove(request);
            }
        }
    }
}
