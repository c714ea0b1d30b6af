using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>A connection's control plane in virtual time: its paths are open, their peers are sockets of the test.</summary>
internal sealed class ControllerBench : IDisposable
{
    private readonly Clock clock = new();
    private readonly EventFd arrival = new();
    private readonly Forwarder forwarder;
    private readonly PathRoutes routes = new();
    private readonly EventHub hub = new(Samples.Patience);
    private readonly List<MptEvent> events = [];
    private readonly ManualResetEventSlim lastEvent = new();
    private readonly ServerContext context;

    internal ControllerBench(ConnectionConfig? config = null)
    {
        TunnelBench = new TunnelBench(config ?? Configs.Connection(Configs.Path(0), Configs.Path(1)) with { ReorderWindow = 100 });
        forwarder = new Forwarder("test", clock, new ThreadPlan(1), arrival);
        hub.Subscribe(happened =>
        {
            events.Add(happened);
            if (happened.Kind == MptEventKind.ServerStopped)
            {
                lastEvent.Set();
            }
        });
        context = new ServerContext("tun0", clock, forwarder, routes, hub, Offloads.All) { Hooks = new HookRunner("tun0", null, hub, clock) };
        context.ReportPath = (_, path, isUp, byHand) => Reports.Add($"{path.Runtime.Index} {(isUp ? "up" : "down")}{(byHand ? " by hand" : "")}");
        Controller = new ConnectionController(context, TunnelBench.Connection.Config, TunnelBench.Tunnel, TimeSpan.Zero);
        foreach (PathController path in Controller.Paths)
        {
            // The sockets of the data plane's bench serve here too: they are bound, and connected to the peers.
            path.Runtime.Socket = TunnelBench.Connection.Paths[path.Runtime.Index].Socket;
            path.Runtime.Listener = new ReceiveSource(path.Runtime.Socket!, Runtime, null);
            path.Monitor.LinkChanged(true, true, TimeSpan.Zero);
        }
    }

    /// <summary>What was to be told to the peer, a line each.</summary>
    internal List<string> Reports { get; } = [];

    internal TunnelBench TunnelBench { get; }
    internal ConnectionController Controller { get; }
    internal ConnectionRuntime Runtime => Controller.Runtime;
    internal ConnectionConfig Config => Controller.Config;

    /// <summary>Milliseconds.</summary>
    internal int Now { get; set; }

    /// <summary>Time has come so far, and every timer has had its say on the way.</summary>
    internal void PassTo(int milliseconds)
    {
        TimeSpan end = TimeSpan.FromMilliseconds(milliseconds);
        while (Controller.NextTick is { } due && due <= end)
        {
            Controller.Tick(due);
        }
        Now = milliseconds;
        Controller.Tick(end);
    }

    /// <summary>The peer's keepalive by a path, as existing servers send it.</summary>
    internal void HearPlain(int path) => Hear(path, Body(null, []));

    /// <summary>The peer's keepalive by a path, with an extension.</summary>
    internal void HearExtended(int path, KeepaliveExtension extension, string key = "", int? port = null) =>
        Hear(path, Body(extension, System.Text.Encoding.ASCII.GetBytes(key)), port);

    internal void Hear(int path, byte[] body, int? port = null) =>
        Hear(path, body, port is { } number ? Runtime.Paths[path].Remote.Endpoint with { Port = (ushort)number } : null, isKnownAddress: true);

    /// <summary>A keepalive from anywhere, at the address of a path.</summary>
    /// <param name="isKnownAddress">The sender's address is the path's, so that the data plane has found the path.</param>
    internal void Hear(int path, byte[] body, ObservedEndpoint? from, bool isKnownAddress)
    {
        ReceivedKeepalive received = new()
        {
            Source = Runtime.Paths[path].Listener,
            Path = isKnownAddress ? Runtime.Paths[path] : null,
            Time = TimeSpan.FromMilliseconds(Now),
            Length = body.Length,
            From = from,
        };
        body.CopyTo(received.Body, 0);
        Controller.Take(received, TimeSpan.FromMilliseconds(Now));
    }

    /// <summary>The next keepalive that the connection has sent by a path.</summary>
    internal KeepaliveInfo Sent(int path, string key = "")
    {
        byte[] datagram = SentDatagram(path);
        Assert.Equal(GreError.None, Gre.TryParse(datagram, out GreHeader header));
        Assert.False(header.HasSequence);
        KeepaliveStatus status = Keepalive.TryParse(datagram.AsSpan(header.Length), System.Text.Encoding.ASCII.GetBytes(key), out KeepaliveInfo info);
        Assert.Equal(KeepaliveStatus.Extended, status);
        return info;
    }

    internal byte[] SentDatagram(int path) => TunnelBench.Peers[path].Receive(1)[0].Payload;

    internal byte[] Body(KeepaliveExtension? extension, byte[] key)
    {
        byte[] datagram = new byte[Keepalive.MaximumDatagramLength];
        int length = Keepalive.Write(datagram, Config.IPVersion, Config.RemoteAddress!, Config.LocalAddress);
        if (extension is { } fields)
        {
            length = Keepalive.WriteExtension(datagram, fields, key);
        }
        return datagram[Gre.BaseLength..length];
    }

    /// <summary>All events up to now; the last one marks the end.</summary>
    internal List<MptEvent> Events()
    {
        context.Raise(MptEventKind.ServerStopped, "The end of the test.");
        Assert.True(lastEvent.Wait(Samples.Patience));
        return events;
    }

    public void Dispose()
    {
        hub.Complete();
        TunnelBench.Dispose();
        forwarder.Dispose();
        routes.Dispose();
        arrival.Dispose();
        lastEvent.Dispose();
    }

    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Samples.Start;
    }
}
