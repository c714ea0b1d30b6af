using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>Keepalives that are sent, and what is believed of those that come (docs/wire-extension.md).</summary>
public class ConnectionControllerTests
{
    private const string Key = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF";
    private const ulong B = 0xB;

    private static ConnectionConfig Keyed => Configs.Connection(Configs.Path(0), Configs.Path(1)) with
    {
        ReorderWindow = 100,
        AuthenticationType = AuthenticationType.Sha256,
        AuthenticationKey = Key,
    };

    [Fact]
    public void EveryPathGetsAKeepaliveThatExistingServersUnderstand()
    {
        byte[] captured = Captures.Datagrams("r100-none")
            .First(datagram => datagram.Host == "A" && datagram.Payload.Length == Keepalive.DatagramLength && datagram.Payload[4] == Keepalive.Type).Payload;
        using ControllerBench bench = new();
        bench.PassTo(0);
        foreach (int path in (int[])[0, 1])
        {
            Assert.Equal(captured, bench.SentDatagram(path)[..Keepalive.DatagramLength]);
            Assert.True(bench.TunnelBench.Peers[path].IsEmpty);
        }
        bench.PassTo(999);
        Assert.True(bench.TunnelBench.Peers[0].IsEmpty);
        bench.PassTo(1000);
        Assert.Equal(captured, bench.SentDatagram(0)[..Keepalive.DatagramLength]);
    }

    [Fact]
    public void TheExtensionTellsTheNextNumberAndItsOwnPlace()
    {
        using ControllerBench bench = new();
        bench.PassTo(0);
        bench.Runtime.AnnouncedSequence = 77;
        bench.PassTo(1000);
        KeepaliveExtension[] first = [bench.Sent(0).Extension, bench.Sent(1).Extension];
        KeepaliveExtension[] second = [bench.Sent(0).Extension, bench.Sent(1).Extension];
        Assert.Equal([0u, 0u], first.Select(extension => extension.NextSequence!.Value));
        Assert.Equal([77u, 77u], second.Select(extension => extension.NextSequence!.Value));
        Assert.Equal([1ul, 2, 3, 4], first.Concat(second).Select(extension => extension.Instance!.Value.Counter));
        Assert.Single(first.Concat(second).Select(extension => extension.Instance!.Value.Id).Distinct());
        Assert.All(first, extension => Assert.Equal((PeerCapabilities.EcnNormalMode | PeerCapabilities.Duplicates, null, null, null), (extension.Capabilities, extension.PeerInstance, extension.Observed, extension.Source)));
    }

    [Fact]
    public void WithoutAWindowThereAreNoNumbersToTellOf()
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0)));
        bench.PassTo(0);
        bench.PassTo(1000);
        foreach (KeepaliveExtension extension in (KeepaliveExtension[])[bench.Sent(0).Extension, bench.Sent(0).Extension])
        {
            Assert.Equal((null, false), (extension.NextSequence, extension.IsUnnumbered));
        }
        bench.HearExtended(0, new KeepaliveExtension { NextSequence = 5 });
        Assert.False(bench.Runtime.Paths[0].TryTakeAnnouncement(out _));
    }

    [Fact]
    public void ThePeerLearnsWhereItWasSeen()
    {
        using ControllerBench bench = new();
        bench.PassTo(0);
        Assert.Null(bench.Sent(0).Extension.Observed);
        bench.HearExtended(0, From(B, 1), port: 4444);
        KeepaliveExtension extension = bench.Sent(0).Extension;
        Assert.Equal(B, extension.PeerInstance);
        Assert.Equal(new IPEndPoint(bench.Config.Paths[0].RemoteAddress!, 4444), extension.Observed!.Value.ToIPEndPoint());
        bench.HearPlain(0);
        bench.PassTo(1000);
        Assert.Equal(Configs.Port, bench.Sent(0).Extension.Observed!.Value.Port);
        Assert.Null(bench.Controller.Paths[1].PeerSeenAt);
    }

    [Fact]
    public void AnExistingPeerIsKnownByPlainKeepalives()
    {
        using ControllerBench bench = new();
        bench.PassTo(3000);
        Assert.Equal((0u, PeerKind.Unknown), (bench.Runtime.UpPaths, bench.Controller.Peer));
        bench.HearPlain(1);
        Assert.Equal((0b10u, PeerKind.Existing), (bench.Runtime.UpPaths, bench.Controller.Peer));
        Assert.False(bench.Runtime.PeerIsOurs || bench.Runtime.PeerTakesEcn);
        Assert.Equal(Samples.Start, bench.Controller.Paths[1].LastKeepalive);
        Assert.Null(bench.Controller.Paths[0].LastKeepalive);
    }

    [Theory]
    [InlineData(PeerCapabilities.None, false, false)]
    [InlineData(PeerCapabilities.EcnNormalMode, true, false)]
    [InlineData(PeerCapabilities.Duplicates | (PeerCapabilities)0x8000_0000, false, true)]
    [InlineData(null, false, false)]
    internal void APeerOfOursSaysWhatItCanDo(PeerCapabilities? capabilities, bool takesEcn, bool takesDuplicates)
    {
        using ControllerBench bench = new();
        bench.HearExtended(1, From(B, 1) with { Capabilities = capabilities, NextSequence = 4711 });
        Assert.Equal(PeerKind.MptTools, bench.Controller.Peer);
        Assert.True(bench.Runtime.PeerIsOurs);
        Assert.Equal((takesEcn, takesDuplicates), (bench.Runtime.PeerTakesEcn, bench.Runtime.PeerTakesDuplicates));
        Assert.False(bench.Runtime.Paths[0].TryTakeAnnouncement(out _));
        Assert.True(bench.Runtime.Paths[1].TryTakeAnnouncement(out uint next));
        Assert.Equal(4711u, next);
        Assert.False(bench.Runtime.Paths[1].TryTakeAnnouncement(out _));
        // It is replaced by an existing server.
        bench.HearPlain(0);
        Assert.False(bench.Runtime.PeerIsOurs || bench.Runtime.PeerTakesEcn || bench.Runtime.PeerTakesDuplicates);
    }

    [Theory]
    [InlineData(MappingMode.Packet, false, false, false)]
    [InlineData(MappingMode.Packet, true, false, true)]
    [InlineData(MappingMode.Flow, false, true, true)]
    [InlineData(MappingMode.Duplicate, false, true, true)]
    public void ThePeerLearnsWhichPathsCarryNoNumbers(MappingMode mode, bool secondIsBackup, bool first, bool second)
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0), Configs.Path(1) with { IsBackup = secondIsBackup }) with
        {
            ReorderWindow = 100,
            Mapping = mode,
        });
        bench.Runtime.UpPaths = 0b01;
        bench.PassTo(0);
        Assert.Equal((first, second), (bench.Sent(0).Extension.IsUnnumbered, bench.Sent(1).Extension.IsUnnumbered));
    }

    [Fact]
    public void OnlyTheNewestKeepaliveOfAPathSaysWhetherItCarriesNumbers()
    {
        using ControllerBench bench = new();
        bench.HearExtended(0, From(B, 1));
        bench.HearExtended(1, From(B, 3) with { IsUnnumbered = true });
        Assert.Equal((false, true), NoNumbers());
        // Overtaken by the one before.
        bench.HearExtended(1, From(B, 2));
        Assert.Equal((false, true), NoNumbers());
        bench.HearExtended(0, From(B, 5) with { IsUnnumbered = true });
        bench.HearExtended(0, From(B, 4));
        Assert.Equal((true, true), NoNumbers());
        bench.HearExtended(1, From(B, 6));
        Assert.Equal((true, false), NoNumbers());
        // What starts again may do otherwise on every path.
        bench.HearExtended(1, From(B + 1, 1) with { IsUnnumbered = true });
        Assert.Equal((false, true), NoNumbers());
        // Existing servers say nothing of it.
        bench.HearPlain(0);
        Assert.Equal((false, false), NoNumbers());

        (bool, bool) NoNumbers() => (bench.Runtime.Paths[0].PeerSendsNoNumbers, bench.Runtime.Paths[1].PeerSendsNoNumbers);
    }

    [Fact]
    public void TheKeyOfCopiesIsThatOfTheInstance()
    {
        using ControllerBench bench = new();
        bench.PassTo(0);
        Assert.Equal((uint)(bench.Sent(0).Extension.Instance!.Value.Id & uint.MaxValue), bench.Runtime.DuplicateKey);
    }

    [Theory]
    [InlineData("")]
    [InlineData(Key)]
    public void ARepetitionIsNotBelievedAndIsNoSignOfLife(string key)
    {
        using ControllerBench bench = new(Keyed with { AuthenticationType = key == "" ? AuthenticationType.None : AuthenticationType.Sha256 });
        bench.HearExtended(0, From(B, 100), key);
        // By as many as there are paths it may be overtaken.
        bench.HearExtended(0, From(B, 99), key);
        bench.HearExtended(0, From(B, 98), key);
        Assert.Equal(0, bench.Controller.Paths[0].ControlDrops.Total);
        foreach (ulong counter in (ulong[])[100, 97, 1])
        {
            bench.HearExtended(0, From(B, counter) with { NextSequence = 9 }, key);
        }
        Assert.Equal(3, bench.Controller.Paths[0].ControlDrops[DropReason.KeepaliveUnauthenticated]);
        Assert.False(bench.Runtime.Paths[0].TryTakeAnnouncement(out _));

        bench.Now = 2999;
        bench.HearExtended(0, From(B, 100), key);
        bench.PassTo(3000);
        Assert.Equal(PathStatusCode.Down, bench.Controller.Paths[0].Monitor.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AKeepaliveOfOtherTunnelAddressesIsNotBelieved(bool thrownBack)
    {
        using ControllerBench bench = new();
        IPAddress other = IPAddress.Parse("10.0.0.9");
        byte[] datagram = new byte[Keepalive.MaximumDatagramLength];
        Keepalive.Write(datagram, 4, thrownBack ? bench.Config.LocalAddress : other, thrownBack ? bench.Config.RemoteAddress! : bench.Config.LocalAddress);
        int length = Keepalive.WriteExtension(datagram, From(B, 1), []);
        bench.Hear(0, datagram[Gre.BaseLength..length]);
        Assert.Equal(PeerKind.Unknown, bench.Controller.Peer);
        Assert.Equal(1, bench.Controller.Paths[0].ControlDrops.Total);
    }

    [Fact]
    public void WhoKnowsAnotherKeyIsTakenForAnExistingServerAndTheAdminIsTold()
    {
        using ControllerBench bench = new(Keyed);
        bench.HearExtended(0, From(B, 1), key: "another key");
        bench.HearExtended(0, From(B, 2), key: "");
        Assert.Equal(PeerKind.Existing, bench.Controller.Peer);
        Assert.Equal(2, bench.Controller.Paths[0].ControlDrops[DropReason.KeepaliveUnauthenticated]);
        MptEvent warning = Assert.Single(bench.Events(), item => item.Kind == MptEventKind.Warning);
        Assert.Contains("auth_key", warning.Message);
    }

    [Fact]
    public void WhoHasShownToKnowTheKeyGoesOnShowingIt()
    {
        using ControllerBench bench = new(Keyed);
        bench.HearExtended(0, From(B, 1), Key);
        bench.Now = 500;
        bench.HearPlain(0);
        bench.HearExtended(0, From(B, 2));
        bench.HearExtended(0, From(B, 3), "another key");
        bench.Hear(0, [.. bench.Body(From(B, 4), []), 1]);
        Assert.Equal(PeerKind.MptTools, bench.Controller.Peer);
        // None of them was a sign of life.
        bench.PassTo(2999);
        Assert.Equal(PathStatusCode.Up, bench.Controller.Paths[0].Monitor.Status);
        bench.PassTo(3000);
        Assert.Equal(PathStatusCode.Down, bench.Controller.Paths[0].Monitor.Status);
        // With all paths dead nobody is known any more: an existing server may have taken the peer's place.
        Assert.Equal(PeerKind.Unknown, bench.Controller.Peer);
        bench.HearPlain(0);
        Assert.Equal((PeerKind.Existing, 0b01u), (bench.Controller.Peer, bench.Runtime.UpPaths));
    }

    [Fact]
    public void APeerThatRestartedMustHaveHeardUs()
    {
        using ControllerBench bench = new(Keyed);
        bench.PassTo(0);
        ulong ours = bench.Sent(0, Key).Extension.Instance!.Value.Id;
        bench.HearExtended(0, From(B, 100), Key);
        bench.HearExtended(0, From(0xC, 1), Key);
        bench.HearExtended(0, From(0xC, 2) with { PeerInstance = ours + 1 }, Key);
        Assert.Equal(2, bench.Controller.Paths[0].ControlDrops[DropReason.KeepaliveUnauthenticated]);
        bench.HearExtended(0, From(0xC, 3) with { PeerInstance = ours }, Key);
        bench.HearExtended(0, From(0xC, 4), Key);
        Assert.Equal(2, bench.Controller.Paths[0].ControlDrops.Total);
        // The instance before is a replay from now on.
        bench.HearExtended(0, From(B, 101), Key);
        Assert.Equal(3, bench.Controller.Paths[0].ControlDrops.Total);
    }

    [Fact]
    public void WithAKeyAnExtensionWithoutAPlaceIsNotBelieved()
    {
        using ControllerBench bench = new(Keyed);
        bench.HearExtended(0, new KeepaliveExtension { NextSequence = 5 }, Key);
        Assert.Equal(PeerKind.Unknown, bench.Controller.Peer);
        using ControllerBench open = new();
        open.HearExtended(0, new KeepaliveExtension { NextSequence = 5 });
        Assert.Equal(PeerKind.MptTools, open.Controller.Peer);
    }

    [Fact]
    public void AnExtensionThatCannotBeReadIsCountedAndTheKeepaliveCounts()
    {
        using ControllerBench bench = new();
        bench.PassTo(3000);
        bench.Hear(0, [.. bench.Body(From(B, 1), []), 1]);
        Assert.Equal(1, bench.Controller.Paths[0].ControlDrops[DropReason.KeepaliveInvalid]);
        Assert.Equal((PeerKind.Existing, 0b01u), (bench.Controller.Peer, bench.Runtime.UpPaths));
    }

    [Fact]
    public void TheDataPlaneAndTheObserversAreToldWhichPathsAreUp()
    {
        using ControllerBench bench = new();
        bench.PassTo(0);
        Assert.Equal(0b11u, bench.Runtime.UpPaths);
        bench.PassTo(1000);
        bench.HearPlain(0);
        bench.PassTo(3000);
        Assert.Equal(0b01u, bench.Runtime.UpPaths);
        Assert.Equal(PathStatusCode.TakenDown, bench.Controller.SetPathStatus(0, up: false, TimeSpan.FromMilliseconds(3000)));
        Assert.Equal(0u, bench.Runtime.UpPaths);
        Assert.Equal(PathStatusCode.Up, bench.Controller.SetPathStatus(1, up: true, TimeSpan.FromMilliseconds(3000)));
        Assert.Equal(0b10u, bench.Runtime.UpPaths);
        Assert.Equal(
            [(1, "Up", "Down"), (0, "Up", "TakenDown"), (1, "Down", "Up")],
            bench.Events().Where(item => item.Kind == MptEventKind.PathChanged).Select(item => (item.Path!.Value, item.OldState!, item.NewState!)));
    }

    [Fact]
    public void KeepalivesMeasureTheirPath()
    {
        using ControllerBench bench = new();
        bench.PassTo(0);
        KeepaliveExtension first = bench.Sent(0).Extension;
        Assert.Equal((1ul, 0ul, 0ul), (first.Timing?.Sent, first.Timing?.Echo, first.Counts?.Sent));
        bench.PassTo(900);
        bench.HearExtended(0, From(0xA, 1) with { Timing = new KeepaliveTiming(77, 1, 650_000), Counts = new KeepaliveCounts(10, 0, 0) });
        Assert.Equal(TimeSpan.FromMicroseconds(249_999), bench.Controller.Paths[0].Meter.RoundTrip);
        Assert.Null(bench.Controller.Paths[1].Meter.RoundTrip);
        bench.PassTo(1000);
        // The answer to the first keepalive that was heard, and the next one at its time.
        KeepaliveExtension answer = bench.Sent(0).Extension;
        Assert.Equal((77ul, 10ul), (answer.Timing?.Echo, answer.Counts?.PeerSent));
        // What a slower path brings late measures nothing.
        bench.HearExtended(0, From(0xA, 3) with { Counts = new KeepaliveCounts(20, 0, 0) });
        bench.HearExtended(0, From(0xA, 2) with { Counts = new KeepaliveCounts(15, 0, 0) });
        Assert.Equal((10L, 0L), bench.Controller.Paths[0].Meter.Inward);
        // A peer that has restarted counts anew.
        bench.HearExtended(0, From(0xB, 1) with { Counts = new KeepaliveCounts(500, 0, 0) });
        bench.HearExtended(0, From(0xB, 2) with { Counts = new KeepaliveCounts(505, 0, 0) });
        Assert.Equal((15L, 0L), bench.Controller.Paths[0].Meter.Inward);
    }

    [Fact]
    public void AConnectionThatIsNotInUseCarriesNothing()
    {
        using ControllerBench bench = new(Configs.Connection(Configs.Path(0)) with { Status = 1 });
        bench.PassTo(0);
        bench.HearPlain(0);
        Assert.Equal((PathStatusCode.Up, 0u), (bench.Controller.Paths[0].Monitor.Status, bench.Runtime.UpPaths));
    }

    [Fact]
    public void APeerIsAnnouncedOnceHoweverOftenItsPathsGoAndCome()
    {
        using ControllerBench bench = new();
        bench.HearExtended(0, From(B, 1));
        bench.PassTo(4000);
        Assert.Equal(PeerKind.Unknown, bench.Controller.Peer);
        bench.HearExtended(0, From(B, 2));
        Assert.Equal(PeerKind.MptTools, bench.Controller.Peer);
        // Taken down by hand here, while the peer goes on sending keepalives.
        bench.Controller.SetPathStatus(0, up: false, TimeSpan.FromMilliseconds(4000));
        for (ulong counter = 3; counter < 10; counter++)
        {
            bench.HearExtended(0, From(B, counter));
        }
        bench.Controller.SetPathStatus(0, up: true, TimeSpan.FromMilliseconds(4000));
        bench.HearPlain(0);
        Assert.Equal(
            [("Unknown", "MptTools"), ("MptTools", "Existing")],
            bench.Events().Where(item => item.Kind == MptEventKind.PeerChanged).Select(item => (item.OldState!, item.NewState!)));
    }

    [Fact]
    public void WhateverComesAsAKeepaliveIsAnswered()
    {
        const int seed = 2104;
        Random random = new(seed);
        using ControllerBench bench = new(Keyed);
        for (int round = 0; round < 5000; round++)
        {
            byte[] body = bench.Body(From((ulong)random.Next(3), (ulong)random.Next(50)), random.Next(2) == 0 ? [] : System.Text.Encoding.ASCII.GetBytes(Key));
            for (int change = random.Next(3); change > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }
            bench.Now += random.Next(20);
            try
            {
                bench.Hear(random.Next(2), random.Next(4) == 0 ? body[..random.Next(body.Length)] : body);
                bench.PassTo(bench.Now);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Round {round}, seed {seed}: {e.Message}", e);
            }
        }
    }

    private static KeepaliveExtension From(ulong instance, ulong counter) => new()
    {
        Capabilities = PeerCapabilities.EcnNormalMode,
        Instance = new KeepaliveInstance(instance, counter),
    };
}
