using System.Net;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.ControlPlane;

public sealed class RefusalReportsTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly EventFd arrival = new();
    private readonly EventHub hub = new(Samples.Patience);
    private readonly PathRoutes routes = new();
    private readonly Forwarder forwarder;
    private readonly RefusalReports reports;
    private readonly List<MptEvent> events = [];

    public RefusalReportsTests()
    {
        forwarder = new Forwarder("test", TimeProvider.System, new ThreadPlan(1), arrival);
        hub.Subscribe(events.Add);
        reports = new RefusalReports(new ServerContext("tun0", TimeProvider.System, forwarder, routes, hub, Offloads.All)
        {
            Hooks = new HookRunner("tun0", null, hub, TimeProvider.System),
        });
    }

    public void Dispose()
    {
        forwarder.Dispose();
        routes.Dispose();
        arrival.Dispose();
    }

    [Fact]
    public void EachSenderAndReasonIsToldOnceAMinute()
    {
        foreach (int second in (int[])[0, 1, 59, 60, 61])
        {
            reports.Add(Peer(1), HandshakeRefusal.AuthenticationFailed, second * Second);
        }
        reports.Add(Peer(2), HandshakeRefusal.AuthenticationFailed, 61 * Second);
        reports.Add(Peer(1), HandshakeRefusal.NotPermitted, 61 * Second);
        reports.AddLocal("path down 10.1.1.2 10.1.1.3", 61 * Second);
        reports.AddLocal("path down 10.1.1.2 10.1.1.3", 62 * Second);

        Assert.Equal(["10.1.0.1", "10.1.0.1", "10.1.0.2", "10.1.0.1", "'path"], Events().Select(happened => happened.Message.Split(' ').First(word => word.Contains('.') || word.StartsWith('\''))));
        Assert.All(events, happened => Assert.Equal((MptEventKind.CommandRefused, MptEventLevel.Warning), (happened.Kind, happened.Level)));
    }

    [Fact]
    public void AFloodOfSendersIsNotToldOneByOne()
    {
        for (int i = 0; i < 10_000; i++)
        {
            reports.Add(Peer(i), HandshakeRefusal.UnknownConnection, i * TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(128, Events().Count);
    }

    [Theory]
    [InlineData((int)HandshakeRefusal.None)]
    [InlineData((int)HandshakeRefusal.Malformed)]
    [InlineData((int)HandshakeRefusal.RateLimited)]
    [InlineData((int)HandshakeRefusal.UnknownHandshake)]
    public void WhatIsMerelyBrokenIsNotTold(int reason)
    {
        reports.Add(Peer(1), (HandshakeRefusal)reason, TimeSpan.Zero);

        Assert.Empty(Events());
    }

    private static PeerEndpoint Peer(int number) => PeerEndpoint.Of(new IPEndPoint(IPAddress.Parse($"10.1.{number / 256}.{number % 256}"), 60456));

    private List<MptEvent> Events()
    {
        Assert.True(hub.Complete());
        return events;
    }
}
