using System.Diagnostics;
using System.Globalization;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;
using Xunit.Abstractions;

namespace MptTools.Engine.Tests.ControlPlane.Handshakes;

/// <summary>The fuzz run of <see cref="HandshakeFuzz"/>, where its top comment says how to make a long one.</summary>
public class HandshakeFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void WhateverComesIsAnsweredOrRefused()
    {
        long messages = Setting("MPT_FUZZ_MESSAGES", 100_000);
        int seed = (int)Setting("MPT_FUZZ_SEED", 1);
        long start = Stopwatch.GetTimestamp();
        HandshakeFuzz.Figures figures = HandshakeFuzz.Run(messages, seed);
        output.WriteLine($"Seed {seed}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        output.WriteLine(figures.ToString());

        Assert.Equal(messages, figures.Messages);
        Assert.Equal(messages, figures.Counters.Messages);
        if (messages >= 100_000)
        {
            // A run that never gets past a check tests nothing behind it.
            HandshakeCounters counters = figures.Counters;
            Assert.InRange(Math.Min(Math.Min(counters.Opened, counters.Executed), Math.Min(counters.Repeated, figures.RequesterTook)), 100, messages);
            HandshakeRefusal[] notForResponders =
            [
                HandshakeRefusal.None, HandshakeRefusal.NotPermitted, HandshakeRefusal.NoKey, HandshakeRefusal.CreateNotAccepted,
                HandshakeRefusal.Foreign, HandshakeRefusal.Repeated, HandshakeRefusal.Busy, HandshakeRefusal.Superseded,
            ];
            Assert.All(Enum.GetValues<HandshakeRefusal>().Except(notForResponders), refusal => Assert.NotEqual((refusal, 0), (refusal, counters[refusal])));
            Assert.All(Enum.GetValues<ControlError>().Skip(1), error => Assert.NotEqual((error, 0), (error, counters[error])));
        }
    }

    private static long Setting(string name, long usual) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : usual;
}
