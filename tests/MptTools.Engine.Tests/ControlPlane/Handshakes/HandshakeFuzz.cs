using System.Security.Cryptography;
using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>
/// Throws messages at the parser, the responder and a requester: random bytes, whole handshakes, and parts of handshakes that
/// were damaged, cut, repeated, or sent from elsewhere. Each stands at the end or the start of memory that nobody may
/// look beyond.
/// </summary>
/// <remarks>
/// What must hold is checked after each message: it is counted once, what was refused changes nothing, no answer is longer
/// than what it answers, nothing unauthentic is carried out, and no table grows beyond its limit. The messages follow from the
/// seed alone.
/// </remarks>
public static unsafe class HandshakeFuzz
{
    private static readonly HandshakeLimits Limits = new() { Open = 64, Answered = 32, MessagesPerSecond = 60, Burst = 60 };

    private static readonly byte[] OtherKey = ControlHash.KeyOf(BuiltInKey.Digits);

    /// <summary>What a run has seen.</summary>
    public sealed class Figures
    {
        internal long Messages { get; set; }
        internal long Parsed { get; set; }
        internal long Answered { get; set; }
        internal long RequesterTook { get; set; }
        internal long Requests { get; set; }
        internal HandshakeCounters Counters { get; set; } = new();

        /// <summary>The figures as lines of text.</summary>
        public override string ToString()
        {
            var text = new StringBuilder();
            text.AppendLine($"{Messages} messages, {Parsed} of them could be parsed, {Answered} were answered");
            text.AppendLine($"{Counters.Opened} opened a handshake, {Counters.Executed} were carried out, {Counters.Repeated} got an answer again");
            text.AppendLine($"{RequesterTook} were taken by {Requests} requests of ours");
            foreach (HandshakeRefusal refusal in Enum.GetValues<HandshakeRefusal>().Where(refusal => Counters[refusal] > 0))
            {
                text.AppendLine($"refused as {refusal}: {Counters[refusal]}");
            }
            foreach (ControlError error in Enum.GetValues<ControlError>().Where(error => Counters[error] > 0))
            {
                text.AppendLine($"malformed as {error}: {Counters[error]}");
            }
            return text.ToString();
        }
    }

    /// <summary>Throws a number of messages.</summary>
    public static Figures Run(long messages, int seed)
    {
        using var memory = new GuardedMemory(2, ControlMessage.MaximumLength + 100);
        var run = new FuzzRun(seed);
        for (long message = 0; message < messages; message++)
        {
            byte[] datagram = run.Next(out PeerEndpoint source);
            byte* place = memory.Place((int)(message % 2), datagram);
            run.Take(source, new ReadOnlySpan<byte>(place, datagram.Length), $"seed {seed}, message {message}");
        }
        return run.Figures;
    }

    private sealed class FuzzRun
    {
        private readonly Random random;
        private readonly HandshakeResponder responder;
        private readonly FakeHandshakeServer server = new();
        private readonly HandshakeRequest[] requests;
        private readonly List<(PeerEndpoint Source, byte[] Datagram)> recent = [];
        private readonly HashSet<string> authentic = [];
        private HandshakeRequester requester;
        private ReadOnlyMemory<byte> asked;
        private TimeSpan now = Ends.Start;

        internal FuzzRun(int seed)
        {
            random = new Random(seed);
            requests =
            [
                .. from authentication in (int[])[0, 1, 2]
                   from status in (byte[])[0, 128]
                   select Ends.Request(0xA2, authentication, status) with { RemoteTunnel = Tunnel(authentication) },
                Ends.Request(0xA3, 2) with { RemoteTunnel = Tunnel(3) },
                Ends.Request(0xA3, 2) with { RemoteTunnel = Tunnel(2) }, // exists
            ];
            for (int authentication = 0; authentication <= 2; authentication++)
            {
                server.Connections.Add((4, Tunnel(authentication), Ends.TunnelA), Party(authentication));
            }
            server.Template = Party(2);
            byte[] merged = Encoding.ASCII.GetBytes(Ends.Text);
            server.Result = command => random.Next(4) switch
            {
                0 => null,
                1 => new HandshakeResult(ControlResult.Unreadable),
                2 => new HandshakeResult(ControlResult.Done, new byte[random.Next(200)]),
                _ => new HandshakeResult(ControlResult.Done, merged),
            };
            responder = new HandshakeResponder(server, () => (uint)random.Next(), Limits);
            requester = new HandshakeRequester(requests[0], now);
            Figures.Counters = responder.Counters;
        }

        internal Figures Figures { get; } = new();

        /// <summary>The next message, and where it comes from.</summary>
        internal byte[] Next(out PeerEndpoint source)
        {
            now += TimeSpan.FromMilliseconds(random.Next(3) * random.Next(3));
            source = Ends.A with { Address = Ends.A.Address + (uint)random.Next(8), Port = (ushort)(60456 + random.Next(2)) };
            HandshakeRequest request = requests[random.Next(requests.Length)];
            switch (random.Next(9))
            {
                case 0:
                    return RandomBytes();
                case 8 when !asked.IsEmpty:
                    source = Ends.A;
                    return Written(asked.ToArray(), true);
                case 1 or 2:
                    return Remember(source, Ends.Write(request, 1, 0));
                case 3 when recent.Count > 0:
                    (source, byte[] again) = Recent();
                    return again;
                case 4 or 5 when recent.Count > 0:
                    (source, byte[] answered) = Recent();
                    return Damage(Continue(answered));
                default:
                    return Damage(Strange(request));
            }
        }

        internal void Take(PeerEndpoint source, ReadOnlySpan<byte> datagram, string what)
        {
            Figures.Messages++;
            bool isParsed = ControlMessage.TryParse(datagram, out ControlMessage message) == ControlError.None;
            Figures.Parsed += isParsed ? 1 : 0;
            Check(!isParsed || message.Length == datagram.Length, what);
            (int Open, int Answered, int Executed) before = State();
            HandshakeReaction reaction = responder.Receive(source, datagram, now);
            Check(responder.Counters.Messages == Figures.Messages, what);
            Check(reaction.Answer.Length <= datagram.Length, what);
            if (reaction.Refusal != HandshakeRefusal.None)
            {
                // Time may have taken something away, but nothing was added or done.
                (int Open, int Answered, int Executed) after = State();
                Check(reaction.Answer.IsEmpty && after.Open <= before.Open && after.Answered <= before.Answered, what);
                Check(after.Executed == before.Executed, what);
            }
            Check(responder.OpenCount <= Limits.Open && responder.AnsweredCount <= Limits.Answered, what);
            if (server.Executed.Count > before.Executed)
            {
                CheckCommand(source, datagram, message, what);
            }
            if (!reaction.Answer.IsEmpty)
            {
                Figures.Answered++;
                Remember(source, reaction.Answer.ToArray());
                OfferToRequester(Ends.B, reaction.Answer.Span, what);
            }
            OfferToRequester(source, datagram, what);
        }

        private (int, int, int) State() => (responder.OpenCount, responder.AnsweredCount, server.Executed.Count);

        private void CheckCommand(PeerEndpoint source, ReadOnlySpan<byte> datagram, in ControlMessage message, string what)
        {
            HandshakeCommand command = server.Executed[^1];
            Check(command.Source == source && message.Round == 3, what);
            Check(message.Authentication == command.Party.Authentication, what);
            if (message.Authentication == ControlAuthentication.Sha256)
            {
                Check(authentic.Contains(Hash(datagram)), what);
            }
            if (random.Next(2) == 0)
            {
                responder.Complete(command, new HandshakeResult(ControlResult.Done), now);
            }
            server.Executed.Clear();
            authentic.Clear();
        }

        /// <summary>A request of ours runs all the time; the same messages are offered to it as answers.</summary>
        private void OfferToRequester(PeerEndpoint source, ReadOnlySpan<byte> datagram, string what)
        {
            if (requester.Outcome is not null)
            {
                requester = new HandshakeRequester(requests[random.Next(requests.Length)], now);
                Figures.Requests++;
            }
            Ask(requester.Tick(now));
            bool wasRunning = requester.Outcome is null;
            int round = requester.AwaitedRound;
            HandshakeReaction reaction = requester.Receive(random.Next(4) == 0 ? source : Ends.B, datagram, now);
            Ask(reaction.Answer);
            Figures.RequesterTook += reaction.Refusal == HandshakeRefusal.None ? 1 : 0;
            Check(reaction.Refusal == HandshakeRefusal.None || reaction.Answer.IsEmpty, what);
            Check(reaction.Refusal == HandshakeRefusal.None || (requester.Outcome is null == wasRunning && requester.AwaitedRound == round), what);
        }

        private void Ask(ReadOnlyMemory<byte> datagram) => asked = datagram.IsEmpty ? asked : datagram;

        private byte[] RandomBytes()
        {
            byte[] bytes = new byte[random.Next(160)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && random.Next(2) == 0)
            {
                bytes[0] = (byte)random.Next(0xA2, 0xA4);
            }
            return bytes;
        }

        /// <summary>Well-formed, but perhaps with another key, number, round, address or payload than would be right.</summary>
        private byte[] Strange(HandshakeRequest request)
        {
            if (random.Next(3) == 0)
            {
                request = request with { Key = OtherKey };
            }
            if (random.Next(3) == 0)
            {
                request = request with { LocalTunnel = Tunnel(random.Next(5)), RemoteTunnel = Tunnel(random.Next(5)) };
            }
            if (random.Next(5) == 0 && request.Kind == ControlKind.PathStatus)
            {
                request = request with { Authentication = (ControlAuthentication)random.Next(3) };
            }
            int round = random.Next(1, 5);
            byte[]? payload = random.Next(5) == 0 ? new byte[random.Next(300)] : null;
            return Written(Ends.Write(request, round, (uint)random.Next(3), null, payload), request.Key.Span.SequenceEqual(Ends.Key));
        }

        /// <summary>What a requester sends after an answer of round 2; anything else as it is.</summary>
        private byte[] Continue(byte[] answer)
        {
            if (ControlMessage.TryParse(answer, out ControlMessage message) != ControlError.None || message.Round != 2)
            {
                return answer;
            }
            UInt128 responderTunnel = message.ResponderTunnel;
            ControlKind kind = message.Kind;
            HandshakeRequest[] fitting = [.. requests.Where(request => request.RemoteTunnel == responderTunnel && request.Kind == kind)];
            byte[]? payload = random.Next(10) == 0 ? new byte[random.Next(300)] : null;
            return fitting.Length == 0
                ? answer
                : Written(Ends.Write(fitting[random.Next(fitting.Length)], 3, message.Random, null, payload), true);
        }

        private byte[] Written(byte[] datagram, bool hasKey)
        {
            if (hasKey)
            {
                authentic.Add(Hash(datagram));
            }
            return datagram;
        }

        private byte[] Damage(byte[] datagram)
        {
            byte[] bytes = [.. datagram];
            switch (random.Next(5))
            {
                case 0 when bytes.Length > 0:
                    for (int change = random.Next(1, 4); change > 0; change--)
                    {
                        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    }
                    return bytes;
                case 1:
                    return bytes[..random.Next(bytes.Length + 1)];
                case 2:
                    return [.. bytes, .. new byte[random.Next(1, 40)]];
                default:
                    return bytes;
            }
        }

        private (PeerEndpoint, byte[]) Recent() => recent[random.Next(recent.Count)];

        private byte[] Remember(PeerEndpoint source, byte[] datagram)
        {
            if (recent.Count < 200)
            {
                recent.Add((source, datagram));
            }
            else
            {
                recent[random.Next(recent.Count)] = (source, datagram);
            }
            return datagram;
        }

        private static string Hash(ReadOnlySpan<byte> datagram) => Convert.ToHexString(SHA256.HashData(datagram));

        private static UInt128 Tunnel(int number) => Ends.TunnelB + (uint)number;

        private static HandshakeParty Party(int authentication) =>
            new() { Authentication = (ControlAuthentication)authentication, Key = Ends.Key };

        private static void Check(bool holds, string what)
        {
            if (!holds)
            {
                Assert.Fail($"Something that must always hold does not: {what}.");
            }
        }
    }
}
