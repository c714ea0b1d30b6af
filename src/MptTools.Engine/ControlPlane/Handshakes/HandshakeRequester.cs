using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>
/// One handshake that this server has started: sends rounds 1 and 3, each again until it is answered. Pure: time is passed
/// in, the caller sends and receives. Used by the control thread only.
/// </summary>
/// <remarks>
/// Anybody can send to the command port, so what is no answer to this handshake changes nothing, not even the time of the
/// next retry. It is remembered only to say at the end why there was none.
/// </remarks>
internal sealed class HandshakeRequester
{
    /// <summary>How long an answer is waited for before a request is sent again.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a request is sent at most.</summary>
    internal const int SendsPerRound = 6;

    private readonly HandshakeRequest request;
    private readonly List<uint> numbers = new(SendsPerRound);
    private byte[] datagram = [];
    private int sends;
    private HandshakeRefusal lastRefusal;

    /// <summary>Makes one whose first datagram is due now.</summary>
    internal HandshakeRequester(HandshakeRequest request, TimeSpan now)
    {
        this.request = request;
        HandshakeRefusal obstacle = !request.MaySend ? HandshakeRefusal.NotPermitted
            : request.EffectiveAuthentication == ControlAuthentication.Sha256 && request.Key.IsEmpty ? HandshakeRefusal.NoKey
            : !ControlMessage.IsDataLength(request.Kind, (uint)request.Data.Length) ? HandshakeRefusal.LengthMismatch
            : HandshakeRefusal.None;
        if (obstacle != HandshakeRefusal.None)
        {
            End(HandshakeEnd.Refused, 0, reason: obstacle);
            return;
        }
        Span<byte> announcement = stackalloc byte[ControlMessage.AnnouncementLength];
        ControlMessage.WriteAnnouncement(announcement, request.Data.Length);
        Write(1, 0, announcement);
        NextTick = now;
    }

    internal HandshakeRequest Request => request;

    /// <summary>How it has ended; null: it has not.</summary>
    internal HandshakeOutcome? Outcome { get; private set; }

    /// <summary>When <see cref="Tick"/> has something to do; null: it has ended.</summary>
    internal TimeSpan? NextTick { get; private set; }

    /// <summary>The round whose answer is waited for, 2 or 4.</summary>
    internal int AwaitedRound { get; private set; } = 2;

    /// <summary>Lets time pass.</summary>
    /// <returns>The datagram to send to the peer now; empty: none.</returns>
    internal ReadOnlyMemory<byte> Tick(TimeSpan now)
    {
        if (!(NextTick <= now))
        {
            return default;
        }
        if (sends < SendsPerRound)
        {
            return Send(now);
        }
        if (lastRefusal == HandshakeRefusal.None)
        {
            End(HandshakeEnd.TimedOut, AwaitedRound);
        }
        else
        {
            End(HandshakeEnd.Refused, AwaitedRound, reason: lastRefusal);
        }
        return default;
    }

    /// <summary>Takes a datagram that may be an answer.</summary>
    /// <param name="source">Where it comes from.</param>
    /// <param name="answer">The UDP payload, whatever it is.</param>
    /// <param name="now">The time.</param>
    /// <returns>The datagram to send to the peer now, empty for none; and why the one that came was not taken.</returns>
    internal HandshakeReaction Receive(PeerEndpoint source, ReadOnlySpan<byte> answer, TimeSpan now)
    {
        if (ControlMessage.TryParse(answer, out ControlMessage message) != ControlError.None)
        {
            return new HandshakeReaction(default, HandshakeRefusal.Malformed);
        }
        HandshakeRefusal refusal = Check(source, answer, message);
        if (refusal != HandshakeRefusal.None)
        {
            if (refusal is HandshakeRefusal.AuthenticationType or HandshakeRefusal.AuthenticationFailed
                or HandshakeRefusal.RandomNumber or HandshakeRefusal.LengthMismatch)
            {
                lastRefusal = refusal;
            }
            return new HandshakeReaction(default, refusal);
        }
        if (message.Round == 4)
        {
            End(HandshakeEnd.Done, 4, (ControlResult)message.Code, payload: message.Payload.ToArray());
            return default;
        }
        numbers.Add(message.Random);
        if (AwaitedRound == 2)
        {
            AwaitedRound = 4;
            sends = 0;
            lastRefusal = HandshakeRefusal.None;
        }
        Write(3, message.Random, request.Data.Span);
        return new HandshakeReaction(Send(now), HandshakeRefusal.None);
    }

    private HandshakeRefusal Check(PeerEndpoint source, ReadOnlySpan<byte> answer, in ControlMessage message)
    {
        if (message.IsRequest)
        {
            return HandshakeRefusal.WrongDirection;
        }
        if (source != request.Peer || message.Kind != request.Kind || message.IPVersion != request.IPVersion
            || message.RequesterTunnel != request.LocalTunnel || message.ResponderTunnel != request.RemoteTunnel)
        {
            return HandshakeRefusal.Foreign;
        }
        if (Outcome is not null)
        {
            return HandshakeRefusal.Repeated;
        }
        if (message.Round > AwaitedRound)
        {
            return HandshakeRefusal.Foreign;
        }
        if (message.Authentication != request.EffectiveAuthentication)
        {
            return HandshakeRefusal.AuthenticationType;
        }
        if (message.Authentication == ControlAuthentication.Sha256 && !ControlHash.Fits(answer, request.Key.Span))
        {
            return HandshakeRefusal.AuthenticationFailed;
        }
        if (message.Round == 4)
        {
            // A create may be refused with a number of the connection that exists.
            bool isRefusedCreate = message.Kind == ControlKind.Create && message.Code == (byte)ControlResult.Exists;
            return numbers.Contains(message.Random) || isRefusedCreate ? HandshakeRefusal.None : HandshakeRefusal.RandomNumber;
        }
        return message.AnnouncedLength != request.Data.Length ? HandshakeRefusal.LengthMismatch
            : AwaitedRound == 2 || IsNewNumber(message) ? HandshakeRefusal.None
            : HandshakeRefusal.Repeated;
    }

    /// <summary>
    /// The peer has given out another number: it may do so for a round 1 that it got twice, and take only the last one. All
    /// numbers share the sends of round 3, so nobody makes this server send more than it would.
    /// </summary>
    private bool IsNewNumber(in ControlMessage message) => !numbers.Contains(message.Random) && sends < SendsPerRound;

    private void Write(int round, uint random, ReadOnlySpan<byte> payload)
    {
        var message = new ControlMessage
        {
            Kind = request.Kind,
            Code = request.NewStatus,
            Authentication = request.EffectiveAuthentication,
            Random = random,
            Round = round,
            IPVersion = request.IPVersion,
            RequesterTunnel = request.LocalTunnel,
            ResponderTunnel = request.RemoteTunnel,
            Payload = payload,
        };
        datagram = new byte[message.Length];
        message.Write(datagram, request.Key.Span);
    }

    private ReadOnlyMemory<byte> Send(TimeSpan now)
    {
        sends++;
        NextTick = now + RetryInterval;
        return datagram;
    }

    private void End(
        HandshakeEnd end, int round, ControlResult result = default, HandshakeRefusal reason = HandshakeRefusal.None, byte[]? payload = null)
    {
        Outcome = new HandshakeOutcome(end, round, result, reason, payload);
        NextTick = null;
    }
}
