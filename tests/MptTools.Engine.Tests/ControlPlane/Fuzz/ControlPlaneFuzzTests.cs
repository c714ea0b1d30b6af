using System.Diagnostics;
using System.Globalization;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Tests.ControlPlane.Handshakes;
using MptTools.Engine.Wire;
using Xunit.Abstractions;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>
/// Throws messages at everything in the control plane that takes bytes from outside: the responder and the requester of handshakes,
/// local commands and their answers, the text of a create at both ends, keepalives and their extension, STUN answers, answers to mpt. They follow from the seed alone.
/// A hundred thousand are part of the tests; a long run, with its figures:
/// <code>
/// MPT_FUZZ_MESSAGES=10000000 dotnet test -c Release tests/MptTools.Engine.Tests --filter FullyQualifiedName~ControlPlaneFuzz --logger "console;verbosity=detailed"
/// </code>
/// MPT_FUZZ_SEED chooses other messages.
/// </summary>
public class ControlPlaneFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void WhateverComesIsAnsweredOrRefused()
    {
        long messages = Setting("MPT_FUZZ_MESSAGES", 100_000);
        int seed = (int)Setting("MPT_FUZZ_SEED", 1);
        long start = Stopwatch.GetTimestamp();
        using GuardedMemory memory = new(2, 8192);
        using KeepaliveFuzz keepalives = new(seed, memory);
        (FuzzPart Part, long Share)[] parts =
            [(new LocalCommandFuzz(seed, memory), messages * 15 / 100), (keepalives, messages * 20 / 100), (new CreateTextFuzz(seed), messages * 5 / 100),
            (new StunFuzz(seed, memory), messages * 5 / 100), (new CommandAnswerFuzz(seed), messages * 5 / 100)];
        long handshakes = messages - parts.Sum(item => item.Share);
        HandshakeFuzz.Figures figures = HandshakeFuzz.Run(handshakes, seed);
        foreach ((FuzzPart part, long share) in parts)
        {
            while (part.Messages < share)
            {
                part.Throw();
            }
        }
        output.WriteLine($"{messages} messages from seed {seed} in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        output.WriteLine($"handshakes: {figures}");
        Array.ForEach(parts, item => output.WriteLine(item.Part.ToString()));

        Assert.Equal(handshakes, figures.Messages);
        Assert.Equal(handshakes, figures.Counters.Messages);
        if (messages >= 100_000)
        {
            AssertNothingIsUntried(figures);
            Assert.All(parts, item => Assert.All(Expected(item.Part), outcome => Assert.Contains(outcome, item.Part.Outcomes.Keys)));
        }
    }

    /// <summary>A run that never gets past a check tests nothing behind it.</summary>
    private static void AssertNothingIsUntried(HandshakeFuzz.Figures figures)
    {
        HandshakeCounters counters = figures.Counters;
        Assert.InRange(Math.Min(Math.Min(counters.Opened, counters.Executed), Math.Min(counters.Repeated, figures.RequesterTook)), 50, figures.Messages);
        HandshakeRefusal[] notForResponders =
        [
            HandshakeRefusal.None, HandshakeRefusal.NotPermitted, HandshakeRefusal.NoKey, HandshakeRefusal.CreateNotAccepted,
            HandshakeRefusal.Foreign, HandshakeRefusal.Repeated, HandshakeRefusal.Busy, HandshakeRefusal.Superseded,
        ];
        Assert.All(Enum.GetValues<HandshakeRefusal>().Except(notForResponders), refusal => Assert.NotEqual((refusal, 0), (refusal, counters[refusal])));
        Assert.All(Enum.GetValues<ControlError>().Skip(1), error => Assert.NotEqual((error, 0), (error, counters[error])));
    }

    private static IEnumerable<string> Expected(FuzzPart part) => part switch
    {
        LocalCommandFuzz =>
        [
            "request read", "answer read", "answer ended",
            .. Enum.GetValues<LocalCommandError>().Skip(1).Select(error => $"request refused: {error}"),
        ],
        KeepaliveFuzz =>
        [
            "executed: Plain", "executed: Extended", "refused: Plain", "refused: Extended", "refused: ExtendedInvalid",
            "refused: AuthenticationMissing", "refused: AuthenticationFailed", "refused: NotKeepalive",
        ],
        StunFuzz => ["executed: Mapped", "refused: Foreign", "refused: Refused", "refused: Refused with a code"],
        CommandAnswerFuzz => ["answer read", "answer refused"],
        _ => ["executed: connection created", "executed: request completed", "refused: cannot be read", "refused: Unreadable"],
    };

    private static long Setting(string name, long usual) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : usual;
}
