using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>A peer that sends from another place than it should: where a path goes, and where it does not.</summary>
public sealed class PeerMovesTests : IDisposable
{
    private const string Key = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF";
    private const ulong B = 0xB;

    private readonly ControllerBench bench = new(Keyed);
    private readonly BenchPeer elsewhere = new(IPAddress.Parse("127.77.0.9"));
    private readonly ObservedEndpoint home;
    private readonly ulong ours;

    public PeerMovesTests()
    {
        bench.PassTo(0);
        ours = bench.Sent(0, Key).Extension.Instance!.Value.Id;
        home = bench.Runtime.Paths[0].Remote.Endpoint;
    }

    private static ConnectionConfig Keyed => Configs.Connection(Configs.Path(0), Configs.Path(1)) with
    {
        AuthenticationType = AuthenticationType.Sha256,
        AuthenticationKey = Key,
    };

    private ObservedEndpoint Elsewhere => EndpointOf(elsewhere);

    private ObservedEndpoint Now => bench.Runtime.Paths[0].Remote.Endpoint;

    [Fact]
    public void APathGoesWhereThePeerHasProvedToBe()
    {
        bench.HearExtended(0, Said(1), Key);
        HearFrom(Elsewhere, Said(2));
        Assert.Equal(home, Now);

        // It is told where it is seen, and that nothing is taken from there yet.
        KeepaliveInfo probe = Received(elsewhere);
        Assert.Equal((Elsewhere, ours, false), (probe.Extension.Observed, probe.Extension.Instance!.Value.Id, probe.Extension.Path!.Value.IsHeard));
        HearFrom(Elsewhere, Said(3) with { Source = probe.Extension.Observed });
        Assert.Equal(Elsewhere, Now);
        Assert.Equal(Elsewhere, bench.Controller.Paths[0].PeerSeenAt);
        Assert.Equal(bench.Config.Paths[1].RemoteAddress, bench.Runtime.Paths[1].Remote.Address);
        MptEvent moved = Assert.Single(bench.Events(), item => item.Kind == MptEventKind.PeerMoved);
        Assert.Equal((0, $"{home.ToIPEndPoint()}", $"{elsewhere.EndPoint}"), (moved.Path, moved.OldState, moved.NewState));
    }

    [Fact]
    public void APathThatHasMovedSpeaksAtOnce()
    {
        bench.HearExtended(0, Said(1), Key);
        Drain();
        bench.Now = 500;
        HearFrom(Elsewhere, Said(2) with { Source = Elsewhere });
        // The bench's sockets stay connected to where they were.
        Assert.True(bench.Sent(0, Key).Extension.Path!.Value.IsHeard);
    }

    [Fact]
    public void AnotherPortOfItsAddressIsASignOfLifeAndTheProofMovesThePath()
    {
        ObservedEndpoint otherPort = home with { Port = 40001 };
        bench.PassTo(3000);
        Assert.Equal(PathStatusCode.Down, bench.Controller.Paths[0].Monitor.Status);
        bench.Hear(0, Body(Said(1)), otherPort, isKnownAddress: true);
        Assert.Equal((PathStatusCode.Up, home), (bench.Controller.Paths[0].Monitor.Status, Now));
        bench.Hear(0, Body(Said(2) with { Source = otherPort }), otherPort, isKnownAddress: true);
        Assert.Equal(otherPort, Now);
    }

    [Fact]
    public void FromElsewhereNothingIsASignOfLifeBeforeThePathHasMoved()
    {
        bench.PassTo(3000);
        HearFrom(Elsewhere, Said(1));
        Assert.Equal((PathStatusCode.Down, PeerKind.Unknown), (bench.Controller.Paths[0].Monitor.Status, bench.Controller.Peer));
        Assert.Null(bench.Controller.Paths[0].LastKeepalive);
        HearFrom(Elsewhere, Said(2) with { Source = Elsewhere });
        Assert.Equal((PathStatusCode.Up, PeerKind.MptTools), (bench.Controller.Paths[0].Monitor.Status, bench.Controller.Peer));
    }

    [Theory]
    [InlineData("")]
    [InlineData("B0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF")]
    public void WhoDoesNotKnowTheKeyMovesNothingAndIsNotAnswered(string key)
    {
        bench.HearExtended(0, Said(1), Key);
        foreach (ObservedEndpoint from in (ObservedEndpoint[])[Elsewhere, home with { Port = 40001 }])
        {
            bool isKnownAddress = from.Address == home.Address;
            bench.Hear(0, bench.Body(Said(2) with { Source = from }, System.Text.Encoding.ASCII.GetBytes(key)), from, isKnownAddress);
            bench.Hear(0, [.. Body(Said(3) with { Source = from })[..^1], 0], from, isKnownAddress);
            bench.Hear(0, bench.Body(null, []), from, isKnownAddress);
        }
        Assert.Equal(home, Now);
        Assert.True(elsewhere.IsEmpty);
        Assert.Equal(3, bench.Controller.ControlDrops[DropReason.KeepaliveUnauthenticated]);
        Assert.Equal(3, bench.Controller.Paths[0].ControlDrops[DropReason.KeepaliveUnauthenticated]);
    }

    [Fact]
    public void ARepetitionFromElsewhereMovesNothing()
    {
        // As recorded at home, where the peer has been told that it is seen there.
        byte[] recorded = Body(Said(5) with { Source = home });
        bench.Hear(0, recorded);
        bench.Hear(0, recorded, Elsewhere, isKnownAddress: false);
        // One that was taken from the line before it came, so that it is news here.
        bench.Hear(0, Body(Said(6) with { Source = home }), Elsewhere, isKnownAddress: false);
        Assert.Equal(home, Now);

        // The peer moves on and back home; what proved the first move is worth nothing then.
        byte[] proof = Body(Said(7) with { Source = Elsewhere });
        bench.Hear(0, proof, Elsewhere, isKnownAddress: false);
        Assert.Equal(Elsewhere, Now);
        HearFrom(home, Said(8) with { Source = home });
        Assert.Equal(home, Now);
        bench.Hear(0, proof, Elsewhere, isKnownAddress: false);
        Assert.Equal(home, Now);
    }

    [Fact]
    public void OneThatWasOvertakenMovesNothing()
    {
        bench.HearExtended(0, Said(10), Key);
        // So late that it is believed as a sign of life, and no later.
        HearFrom(Elsewhere, Said(9) with { Source = Elsewhere });
        HearFrom(Elsewhere, Said(10) with { Source = Elsewhere });
        Assert.Equal(home, Now);
        // By those of other paths it may be overtaken: each path's come in their order.
        bench.HearExtended(1, Said(12) with { Path = new KeepalivePath(1, 1, true) }, Key);
        HearFrom(Elsewhere, Said(11) with { Source = Elsewhere });
        Assert.Equal(Elsewhere, Now);
    }

    [Fact]
    public void WhatWasRecordedInAnEarlierRunMovesNothing()
    {
        // Nobody is known yet, so it would be believed at home.
        HearFrom(Elsewhere, Said(1) with { Source = Elsewhere, PeerInstance = ours + 1 });
        HearFrom(Elsewhere, Said(2) with { Source = Elsewhere, PeerInstance = null });
        Assert.Equal((home, PeerKind.Unknown), (Now, bench.Controller.Peer));
        bench.HearExtended(0, Said(1) with { PeerInstance = null }, Key);
        HearFrom(Elsewhere, Said(2) with { Instance = new KeepaliveInstance(0xC, 1), Source = Elsewhere, PeerInstance = ours + 1 });
        Assert.Equal(home, Now);
        // A peer that has restarted elsewhere and has heard this run is believed.
        HearFrom(Elsewhere, Said(2) with { Instance = new KeepaliveInstance(0xC, 2), Source = Elsewhere });
        Assert.Equal(Elsewhere, Now);
    }

    [Fact]
    public void WithoutAKeyNoPathMoves()
    {
        using ControllerBench open = new(Keyed with { AuthenticationType = AuthenticationType.Random });
        ObservedEndpoint before = open.Runtime.Paths[0].Remote.Endpoint;
        open.PassTo(0);
        KeepaliveExtension said = Said(1) with { PeerInstance = open.Sent(0).Extension.Instance!.Value.Id };
        Assert.Equal(PeerCapabilities.EcnNormalMode | PeerCapabilities.Duplicates, open.Sent(1).Extension.Capabilities);
        ObservedEndpoint otherPort = before with { Port = 40001 };
        open.Hear(0, open.Body(said with { Source = otherPort }, []), otherPort, isKnownAddress: true);
        open.Hear(0, open.Body(said with { Instance = new KeepaliveInstance(B, 2), Source = Elsewhere }, []), Elsewhere, isKnownAddress: false);
        Assert.Equal(before, open.Runtime.Paths[0].Remote.Endpoint);
        Assert.True(elsewhere.IsEmpty);
        Assert.Equal(PeerCapabilities.EcnNormalMode | PeerCapabilities.Duplicates | PeerCapabilities.RoamingAddress, bench.Sent(1, Key).Extension.Capabilities);
    }

    [Fact]
    public void AskingIsLimited()
    {
        for (ulong counter = 1; counter <= 50; counter++)
        {
            bench.Now = (int)counter * 10;
            HearFrom(Elsewhere, Said(counter));
        }
        Received(elsewhere, count: 5);
        Assert.True(elsewhere.IsEmpty);
    }

    [Fact]
    public void APathThatIsTakenDownAsksNobody()
    {
        bench.Controller.SetPathStatus(0, up: false, TimeSpan.Zero);
        HearFrom(Elsewhere, Said(1));
        Assert.True(elsewhere.IsEmpty);
    }

    [Fact]
    public void TwoPathsNeverShareBothEnds()
    {
        bench.Runtime.Paths[1].Listener = bench.Runtime.Paths[0].Listener;
        ObservedEndpoint other = bench.Runtime.Paths[1].Remote.Endpoint;
        bench.Hear(0, Body(Said(1) with { Source = other }), other, isKnownAddress: false);
        Assert.Equal(home, Now);
    }

    [Fact]
    public void WhenThePeerIsDeadOnAllPathsTheFilesCountAgain()
    {
        HearFrom(Elsewhere, Said(1) with { Source = Elsewhere });
        bench.HearExtended(1, Said(2) with { Path = new KeepalivePath(1, 1, true) }, Key);
        bench.Now = 2000;
        bench.HearExtended(1, Said(3) with { Path = new KeepalivePath(1, 1, true) }, Key);
        bench.PassTo(4000);
        Assert.Equal((PathStatusCode.Down, Elsewhere), (bench.Controller.Paths[0].Monitor.Status, Now));
        bench.PassTo(5000);
        Assert.Equal((PeerKind.Unknown, home), (bench.Controller.Peer, Now));
    }

    [Theory]
    // The receiver's number, where the sender knows it.
    [InlineData(0, 1, "10", 1)]
    [InlineData(7, 0, "--", 0)]
    [InlineData(7, 0, "7-", 0)]
    [InlineData(7, 0, "6-", null)]
    [InlineData(0, 2, "--", null)]
    // The sender's number, where the receiver knows it.
    [InlineData(5, null, "45", 1)]
    [InlineData(5, null, "-5", 1)]
    // Nobody knows anything: what is left, or the same number.
    [InlineData(5, null, "4-", 1)]
    [InlineData(0, null, "--", 0)]
    [InlineData(1, null, "--", 1)]
    [InlineData(5, null, "--", null)]
    [InlineData(5, null, "46", null)]
    public void ThePathIsFoundByItsNumber(int sender, int? receiver, string known, int? expected)
    {
        ReceiveSource arrivedAt = bench.Runtime.Paths[0].Listener!;
        bench.Runtime.Paths[1].Listener = arrivedAt;
        for (int i = 0; i < 2; i++)
        {
            bench.Controller.Paths[i].PeerNumber = known[i] == '-' ? null : (byte)(known[i] - '0');
        }
        KeepaliveExtension extension = new() { Path = new KeepalivePath((byte)sender, (byte?)receiver, true), PeerInstance = ours };
        Assert.Equal(expected, PeerMoves.FindPath(bench.Controller.Paths, arrivedAt, extension, ours)?.Runtime.Index);
        Assert.Null(PeerMoves.FindPath(bench.Controller.Paths, arrivedAt with { }, extension with { Path = null }, ours));

        // Only among the paths with the address it arrived at.
        bench.Runtime.Paths[0].Listener = new ReceiveSource(bench.Runtime.Paths[1].Socket!, bench.Runtime, null);
        Assert.NotEqual(0, PeerMoves.FindPath(bench.Controller.Paths, arrivedAt, extension, ours)?.Runtime.Index);
    }

    [Fact]
    public void ANumberFromAnEarlierRunIsNoNumber()
    {
        KeepaliveExtension extension = new() { Path = new KeepalivePath(0, 1, true), PeerInstance = ours + 1 };
        bench.Runtime.Paths[1].Listener = bench.Runtime.Paths[0].Listener;
        Assert.Equal(0, PeerMoves.FindPath(bench.Controller.Paths, bench.Runtime.Paths[0].Listener!, extension, ours)?.Runtime.Index);
    }

    public void Dispose()
    {
        bench.Dispose();
        elsewhere.Dispose();
    }

    private static ObservedEndpoint EndpointOf(BenchPeer peer) =>
        new(MappedAddress.ToInteger(peer.EndPoint.Address), (ushort)peer.EndPoint.Port);

    private KeepaliveExtension Said(ulong counter) => new()
    {
        Capabilities = PeerCapabilities.EcnNormalMode,
        Instance = new KeepaliveInstance(B, counter),
        PeerInstance = ours,
        Path = new KeepalivePath(0, 0, IsHeard: true),
    };

    private byte[] Body(KeepaliveExtension extension) => bench.Body(extension, System.Text.Encoding.ASCII.GetBytes(Key));

    private void HearFrom(ObservedEndpoint from, KeepaliveExtension extension) => bench.Hear(0, Body(extension), from, isKnownAddress: false);

    private void Drain()
    {
        while (!bench.TunnelBench.Peers[0].IsEmpty)
        {
            bench.SentDatagram(0);
        }
    }

    private static KeepaliveInfo Received(BenchPeer peer, int count = 1)
    {
        byte[] datagram = peer.Receive(count)[^1].Payload;
        Assert.Equal(KeepaliveStatus.Extended, Keepalive.TryParse(
            datagram.AsSpan(Gre.BaseLength), System.Text.Encoding.ASCII.GetBytes(Key), out KeepaliveInfo info));
        return info;
    }
}
