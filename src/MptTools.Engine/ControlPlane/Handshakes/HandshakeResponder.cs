using System.Security.Cryptography;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>How much the responder of handshakes keeps and takes.</summary>
internal sealed record HandshakeLimits
{
    /// <summary>Handshakes between round 2 and round 3.</summary>
    internal int Open { get; init; } = 2048;
    /// <summary>Handshakes whose last answer is kept for who asks again.</summary>
    internal int Answered { get; init; } = 1024;
    /// <summary>Messages a second that one source may send for long.</summary>
    internal double MessagesPerSecond { get; init; } = 500;
    /// <summary>Messages that one source may send at once.</summary>
    internal double Burst { get; init; } = 1000;
    /// <summary>How long a peer may be silent before its handshake is forgotten: all its retries.</summary>
    internal TimeSpan Patience { get; init; } = HandshakeRequester.RetryInterval * HandshakeRequester.SendsPerRound;
}

/// <summary>What a message gave.</summary>
/// <param name="Answer">The datagram to send back to its source; empty: none.</param>
/// <param name="Refusal">Why it was not taken.</param>
internal readonly record struct HandshakeReaction(ReadOnlyMemory<byte> Answer, HandshakeRefusal Refusal);

/// <summary>
/// Answers the handshakes that peers start, any number at once. Pure: time is passed in, the caller receives and sends.
/// Used by the control thread only.
/// </summary>
/// <remarks>
/// A random number that was given out is taken once. Who repeats a request gets the same answer again, also after the
/// random number is used up: the answer may have been lost. No answer is longer than the request, so nobody can use this
/// server to send others more than he sends himself.
/// </remarks>
internal sealed class HandshakeResponder
{
    private readonly IHandshakeServer server;
    private readonly Func<uint> random;
    private readonly SourceRateLimit rate;
    private readonly HandshakeTable<HandshakeKey, OpenHandshake> open;
    private readonly HandshakeTable<HandshakeKey, AnsweredHandshake> answered;

    /// <summary>Makes one without handshakes.</summary>
    /// <param name="server">Knows the connections and carries out what is asked.</param>
    /// <param name="random">A cryptographic source of random numbers, as <see cref="CryptographicRandom"/>.</param>
    /// <param name="limits">How much it keeps and takes.</param>
    internal HandshakeResponder(IHandshakeServer server, Func<uint> random, HandshakeLimits limits)
    {
        (this.server, this.random) = (server, random);
        rate = new SourceRateLimit(limits.MessagesPerSecond, limits.Burst, random());
        open = new HandshakeTable<HandshakeKey, OpenHandshake>(limits.Open, limits.Patience);
        answered = new HandshakeTable<HandshakeKey, AnsweredHandshake>(limits.Answered, limits.Patience);
    }

    /// <summary>What became of all messages so far.</summary>
    internal HandshakeCounters Counters { get; } = new();

    /// <summary>Handshakes between round 2 and round 3.</summary>
    internal int OpenCount => open.Count;

    /// <summary>Handshakes whose last answer is kept.</summary>
    internal int AnsweredCount => answered.Count;

    /// <summary>When <see cref="Tick"/> has something to forget; null: never.</summary>
    internal TimeSpan? NextTick => open.NextExpiry is { } first && !(answered.NextExpiry < first) ? first : answered.NextExpiry;

    /// <summary>Random numbers nobody can foresee.</summary>
    internal static uint CryptographicRandom() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));

    /// <summary>Forgets the peers that have stopped in the middle, and the answers nobody will ask for again.</summary>
    internal void Tick(TimeSpan now)
    {
        open.Expire(now);
        answered.Expire(now);
    }

    /// <summary>Takes a message.</summary>
    /// <param name="source">Where it comes from.</param>
    /// <param name="datagram">The UDP payload, whatever it is.</param>
    /// <param name="now">The time.</param>
    internal HandshakeReaction Receive(PeerEndpoint source, ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        ControlError error = ControlMessage.TryParse(datagram, out ControlMessage message);
        if (error != ControlError.None)
        {
            Counters.Add(error);
            return new HandshakeReaction(default, HandshakeRefusal.Malformed);
        }
        HandshakeRefusal refusal = HandshakeRefusal.None;
        ReadOnlyMemory<byte> answer = default;
        if (!message.IsRequest)
        {
            refusal = HandshakeRefusal.WrongDirection;
        }
        else if (!rate.TryTake(source.Address, now))
        {
            refusal = HandshakeRefusal.RateLimited;
        }
        else
        {
            var key = new HandshakeKey(
                source, message.Kind, message.Code, message.IPVersion, message.RequesterTunnel, message.ResponderTunnel);
            answer = message.Round == 1
                ? Open(key, message, datagram, now, out refusal)
                : Execute(key, message, datagram, now, out refusal);
        }
        if (refusal != HandshakeRefusal.None)
        {
            Counters.Add(refusal);
        }
        return new HandshakeReaction(answer, refusal);
    }

    /// <summary>Says what came of a command that <see cref="IHandshakeServer.Execute"/> could not answer at once.</summary>
    /// <param name="command">The command, whose <see cref="HandshakeCommand.Source"/> the answer goes to.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="now">The time.</param>
    /// <returns>The datagram to send; empty where the peer has given up by now, or has been answered.</returns>
    internal ReadOnlyMemory<byte> Complete(HandshakeCommand command, HandshakeResult result, TimeSpan now)
    {
        var key = new HandshakeKey(
            command.Source, command.Kind, command.NewStatus, command.IPVersion, command.RequesterTunnel, command.ResponderTunnel);
        if (answered.Find(key, now) is not { } handshake || !ReferenceEquals(handshake.Pending, command))
        {
            return default;
        }
        answered.Touch(key, now);
        return handshake.Complete(result);
    }

    /// <summary>Round 1: a random number is given out.</summary>
    private ReadOnlyMemory<byte> Open(
        in HandshakeKey key, in ControlMessage message, ReadOnlySpan<byte> datagram, TimeSpan now, out HandshakeRefusal refusal)
    {
        HandshakeParty? connection = server.FindConnection(key.IPVersion, key.ResponderTunnel, key.RequesterTunnel);
        HandshakeParty? party = connection;
        if (connection is null && key.Kind == ControlKind.Create)
        {
            party = server.FindTemplate(key.IPVersion, key.ResponderTunnel, key.RequesterTunnel);
        }
        refusal = Check(key.Kind, party, message, datagram);
        if (refusal != HandshakeRefusal.None)
        {
            return default;
        }
        if (open.Find(key, now) is { } repeated && datagram.SequenceEqual(repeated.Request))
        {
            Counters.Repeated++;
            open.Touch(key, now);
            return repeated.Answer;
        }
        // Without a connection a create has no random number in any round.
        bool hasNumber = message.Authentication != ControlAuthentication.None && connection is not null;
        uint number = hasNumber ? Math.Max(1, random()) : 0;
        byte[] answer = new byte[message.Length];
        new ControlMessage
        {
            Kind = message.Kind,
            Authentication = message.Authentication,
            Random = number,
            Round = 2,
            IPVersion = message.IPVersion,
            RequesterTunnel = message.RequesterTunnel,
            ResponderTunnel = message.ResponderTunnel,
            Payload = message.Payload,
        }.Write(answer, party!.Key.Span);
        Counters.Opened++;
        var handshake = new OpenHandshake(party, connection is not null, number, message.AnnouncedLength, datagram.ToArray(), answer);
        if (!open.Add(key, handshake, now))
        {
            Counters.Displaced++;
        }
        return answer;
    }

    private static HandshakeRefusal Check(
        ControlKind kind, HandshakeParty? party, in ControlMessage message, ReadOnlySpan<byte> datagram)
    {
        bool isCreate = kind == ControlKind.Create;
        return party is null ? isCreate ? HandshakeRefusal.CreateNotAccepted : HandshakeRefusal.UnknownConnection
            : !isCreate && party.Authentication != message.Authentication ? HandshakeRefusal.AuthenticationType
            : message.Random != 0 ? HandshakeRefusal.RandomNumber
            : CheckHash(party, message, datagram) is var hash and not HandshakeRefusal.None ? hash
            // That the connection exists is said to who knows its key, whatever its permission.
            : !isCreate && !party.MayReceive ? HandshakeRefusal.NotPermitted
            : HandshakeRefusal.None;
    }

    private static HandshakeRefusal CheckHash(HandshakeParty party, in ControlMessage message, ReadOnlySpan<byte> datagram) =>
        message.Authentication != ControlAuthentication.Sha256 ? HandshakeRefusal.None
        : party.Key.IsEmpty ? HandshakeRefusal.NoKey
        : !ControlHash.Fits(datagram, party.Key.Span) ? HandshakeRefusal.AuthenticationFailed
        : HandshakeRefusal.None;

    /// <summary>Round 3: the random number is taken, and what is asked is done.</summary>
    private ReadOnlyMemory<byte> Execute(
        in HandshakeKey key, in ControlMessage message, ReadOnlySpan<byte> datagram, TimeSpan now, out HandshakeRefusal refusal)
    {
        refusal = HandshakeRefusal.None;
        AnsweredHandshake? last = answered.Find(key, now);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(datagram, digest);
        if (last is not null && digest.SequenceEqual(last.Digest))
        {
            Counters.Repeated++;
            answered.Touch(key, now);
            return last.Answer;
        }
        if (open.Find(key, now) is not { } handshake)
        {
            refusal = last is not null && message.Random != 0 && last.Random == message.Random
                ? HandshakeRefusal.RandomNumberUsed
                : HandshakeRefusal.UnknownHandshake;
            return default;
        }
        refusal = message.Authentication != handshake.Authentication ? HandshakeRefusal.AuthenticationType
            : message.Random != handshake.Random ? HandshakeRefusal.RandomNumber
            : CheckHash(handshake.Party, message, datagram) is var hash and not HandshakeRefusal.None ? hash
            : message.Payload.Length != handshake.AnnouncedLength ? HandshakeRefusal.LengthMismatch
            : HandshakeRefusal.None;
        if (refusal != HandshakeRefusal.None)
        {
            return default;
        }
        open.Remove(key);
        Counters.Executed++;
        bool isStatus = message.Kind == ControlKind.PathStatus;
        var command = new HandshakeCommand
        {
            Source = key.Source,
            Kind = message.Kind,
            NewStatus = message.Code,
            IPVersion = message.IPVersion,
            RequesterTunnel = message.RequesterTunnel,
            ResponderTunnel = message.ResponderTunnel,
            Path = isStatus ? PathStatusData.Read(message.Payload) : default,
            Text = isStatus ? default : message.Payload.ToArray(),
            Party = handshake.Party,
        };
        var done = new AnsweredHandshake(command, handshake.Random, handshake.Authentication, digest.ToArray());
        HandshakeResult? result = !isStatus && handshake.HasConnection
            ? new HandshakeResult(ControlResult.Exists)
            : server.Execute(command);
        if (!answered.Add(key, done, now))
        {
            Counters.Displaced++;
        }
        return result is { } known ? done.Complete(known) : default(ReadOnlyMemory<byte>);
    }

    /// <summary>What tells one handshake from another. A random number cannot be part of it: round 1 has none yet.</summary>
    private readonly record struct HandshakeKey(
        PeerEndpoint Source, ControlKind Kind, byte Code, int IPVersion, UInt128 RequesterTunnel, UInt128 ResponderTunnel);

    private sealed record OpenHandshake(
        HandshakeParty Party, bool HasConnection, uint Random, uint AnnouncedLength, byte[] Request, byte[] Answer)
    {
        internal ControlAuthentication Authentication => (ControlAuthentication)Request[2];
    }

    /// <summary>A round 3 that was taken, and its answer as soon as there is one.</summary>
    private sealed class AnsweredHandshake(
        HandshakeCommand command, uint random, ControlAuthentication authentication, byte[] digest)
    {
        internal uint Random { get; } = random;
        internal byte[] Digest { get; } = digest;
        /// <summary>Empty as long as it is not known.</summary>
        internal byte[] Answer { get; private set; } = [];
        /// <summary>The command, as long as its answer is not known.</summary>
        internal HandshakeCommand? Pending { get; private set; } = command;

        internal byte[] Complete(HandshakeResult result)
        {
            HandshakeCommand command = Pending!;
            ControlResult code = result.Result;
            ReadOnlySpan<byte> text = command.Kind == ControlKind.Create && code == ControlResult.Done ? result.Text.Span : default;
            if (text.Length > command.Text.Length)
            {
                // An existing requester cannot take an answer longer than its own request.
                code = ControlResult.Unreadable;
                text = default;
            }
            var message = new ControlMessage
            {
                Kind = command.Kind,
                Code = (byte)code,
                Authentication = authentication,
                Random = Random,
                Round = 4,
                IPVersion = command.IPVersion,
                RequesterTunnel = command.RequesterTunnel,
                ResponderTunnel = command.ResponderTunnel,
                Payload = text,
            };
            Answer = new byte[message.Length];
            message.Write(Answer, command.Party.Key.Span);
            Pending = null;
            return Answer;
        }
    }
}
