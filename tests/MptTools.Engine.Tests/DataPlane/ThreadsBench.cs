using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>The data plane's own threads at work, without privileges: pairs of sockets stand in for the TUN device's queues.</summary>
internal sealed unsafe class ThreadsBench : IDisposable
{
    private const int Forever = 30_000;

    private readonly EventFd keepaliveArrival = new();
    private readonly int[] hosts;
    private readonly Dictionary<PathRuntime, ReceiveSource> sources = [];
    private Exception? failure;

    /// <param name="connections">Each with one path and ordering.</param>
    internal ThreadsBench(ThreadPlan plan, int connections)
    {
        Forwarder = new Forwarder("test", TimeProvider.System, plan, keepaliveArrival, e => failure = e);
        (int Device, int Host)[] pairs = [.. Enumerable.Range(0, plan.Uplinks).Select(_ => TunnelBench.MakePair())];
        hosts = [.. pairs.Select(pair => pair.Host)];
        Tunnel = new TunnelRuntime(Configs.Tunnel, TunDevice.FromDescriptors("tun0", virtioHeaders: false, [.. pairs.Select(pair => pair.Device)]), plan, new OffloadNotice(keepaliveArrival));
        Forwarder.Add(Tunnel);
        for (int i = 0; i < connections; i++)
        {
            Add(i);
        }
        Tunnel.Forwarding = TunnelSetup.MakeForwarding(Tunnel.Config, Connections);
        Forwarder.Start();
    }

    internal Forwarder Forwarder { get; }
    internal TunnelRuntime Tunnel { get; }
    internal int Queues => hosts.Length;
    internal List<ConnectionRuntime> Connections { get; } = [];

    /// <summary>The far end of each connection's path.</summary>
    internal List<BenchPeer> Peers { get; } = [];

    internal static byte[] PacketTo(int connection, uint mark = 0) => InnerPackets.IPv4("10.0.0.2", RemoteOf(connection), mark);

    internal static byte[] PacketFrom(int connection, uint mark = 0) => InnerPackets.IPv4(RemoteOf(connection), "10.0.0.2", mark);

    internal void WriteIntoTunnel(byte[] packet, int queue)
    {
        fixed (byte* data = packet)
        {
            SystemCallException.Check((int)Libc.write(hosts[queue], data, (nuint)packet.Length), "Writing into the tunnel");
        }
    }

    /// <summary>What was written into a queue has been taken out.</summary>
    internal bool IsRead(int queue)
    {
        Libc.pollfd descriptor = new() { fd = Tunnel.Device.Queues[queue].Descriptor, events = Libc.POLLIN };
        return Libc.poll(&descriptor, 1, 0) == 0;
    }

    /// <summary>The next packet that comes out of a queue; waits for it.</summary>
    internal byte[] ReadFromTunnel(int queue)
    {
        Libc.pollfd descriptor = new() { fd = hosts[queue], events = Libc.POLLIN };
        Assert.True(Libc.poll(&descriptor, 1, Forever) > 0, "Nothing came out of the tunnel.");
        byte[] packet = new byte[2048];
        fixed (byte* data = packet)
        {
            return packet[..SystemCallException.Check((int)Libc.read(hosts[queue], data, (nuint)packet.Length), "Reading from the tunnel")];
        }
    }

    /// <summary>Closes a path's socket as the control plane does.</summary>
    internal void Close(PathRuntime path)
    {
        path.Socket = null;
        sources.Remove(path, out ReceiveSource? source);
        Forwarder.Remove(source!);
        source!.Socket.Dispose();
    }

    private static string RemoteOf(int connection) => $"10.0.0.{connection + 3}";

    private void Add(int index)
    {
        (IPAddress local, IPAddress remote) = TunnelBench.NextAddresses(4);
        PathConfig config = Configs.Path(0) with { LocalAddress = local, PublicAddress = local, RemoteAddress = remote };
        ConnectionRuntime connection = new(
            Configs.Connection(config) with { Name = $"to_{index}", RemoteAddress = IPAddress.Parse(RemoteOf(index)), ReorderWindow = 100 },
            Tunnel,
            Forwarder.AssignDownlink());
        PathRuntime path = connection.Paths[0];
        BenchPeer peer = new(remote);
        UdpSocket socket = UdpSocket.Bind(new IPEndPoint(local, 0), scope: 0, mark: 0, share: false, Offloads.All);
        socket.Connect(peer.EndPoint, scope: 0);
        peer.Remote = BenchPeer.EndPointOf(socket);
        sources[path] = new ReceiveSource(socket, connection, path);
        path.Socket = socket;
        connection.UpPaths = 1;
        Forwarder.Add(sources[path]);
        Connections.Add(connection);
        Peers.Add(peer);
    }

    public void Dispose()
    {
        foreach (PathRuntime path in sources.Keys.ToArray())
        {
            Close(path);
        }
        Connections.ForEach(Forwarder.Forget);
        Assert.All(Connections, connection => Assert.Equal(0, connection.Downlink.Chunks.InUse));
        Forwarder.Dispose();
        Peers.ForEach(peer => peer.Dispose());
        Tunnel.Dispose();
        Array.ForEach(hosts, host => _ = Libc.close(host));
        keepaliveArrival.Dispose();
        Assert.Null(failure);
    }
}
