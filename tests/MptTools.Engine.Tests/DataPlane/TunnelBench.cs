using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>A keepalive that the control plane would be handed.</summary>
internal sealed record PostedKeepalive(int? Path, byte[] Body, ObservedEndpoint? From);

/// <summary>
/// Both directions of the data plane without privileges: a pair of sockets stands in for the TUN device (packets in, packets
/// out, boundaries kept), and the paths' peers are UDP sockets on the loopback interface. Everything runs on the test's
/// thread, in virtual time.
/// </summary>
internal sealed unsafe class TunnelBench : IDisposable
{
    /// <summary>Nothing takes so long; who waits for it fails.</summary>
    private const int Forever = 30_000;

    /// <summary>Each path has addresses of its own, for tests run side by side.</summary>
    private static int networks;

    private readonly EventFd keepaliveArrival = new();
    private readonly Uplink[] uplinks;
    private readonly Downlink downlink;
    private readonly int[] hosts;
    private readonly byte[] buffer = new byte[70_000];
    private readonly List<ReceiveSource> sources = [];

    /// <param name="configs">Of each connection; addresses of the paths are replaced by ones of the loopback interface.</param>
    internal TunnelBench(params ReadOnlySpan<ConnectionConfig> configs) : this(1, configs)
    {
    }

    /// <param name="queues">Of the TUN device, each with a sending side of its own.</param>
    internal TunnelBench(int queues, params ReadOnlySpan<ConnectionConfig> configs) : this(queues, virtioHeaders: false, configs)
    {
    }

    /// <param name="virtioHeaders">Packets have them before them, in and out.</param>
    internal TunnelBench(int queues, bool virtioHeaders, params ReadOnlySpan<ConnectionConfig> configs)
    {
        Notice = new OffloadNotice(keepaliveArrival);
        Doubts = new SizeDoubts(keepaliveArrival);
        downlink = new Downlink(0, keepaliveArrival);
        uplinks = [.. Enumerable.Range(0, queues).Select(_ => new Uplink(isOneOfSeveral: queues > 1))];
        hosts = new int[queues];
        int[] device = new int[queues];
        for (int i = 0; i < queues; i++)
        {
            (device[i], hosts[i]) = MakePair();
        }
        Tunnel = new TunnelRuntime(
            Configs.Tunnel, TunDevice.FromDescriptors("tun0", virtioHeaders, device), new ThreadPlan(queues == 1 ? 1 : 2 * queues), Notice);
        foreach (ConnectionConfig config in configs)
        {
            Add(config);
        }
        Tunnel.Forwarding = TunnelSetup.MakeForwarding(Tunnel.Config, Connections);
    }

    /// <summary>A bench with one connection of so many paths.</summary>
    internal static TunnelBench With(int paths, int window = 0) => new(Configs.Connection(
        [.. Enumerable.Range(0, paths).Select(index => Configs.Path(index))]) with { ReorderWindow = window });

    internal TunnelRuntime Tunnel { get; }
    internal OffloadNotice Notice { get; }
    internal List<ConnectionRuntime> Connections { get; } = [];
    internal ConnectionRuntime Connection => Connections[0];

    /// <summary>The far ends of all paths, of the first connection first.</summary>
    internal List<BenchPeer> Peers { get; } = [];

    internal List<PostedKeepalive> Keepalives { get; } = [];

    internal TimeSpan Now { get; set; } = TimeSpan.FromSeconds(100);
    internal TimeSpan? Deadline => downlink.Deadline;
    internal int ChunksInUse => downlink.Chunks.InUse;

    /// <summary>The host sends packets into the tunnel; the sending side runs once for each full batch.</summary>
    internal void SendIntoTunnel(params ReadOnlySpan<byte[]> packets)
    {
        const int batch = 128;
        for (int i = 0; i < packets.Length; i++)
        {
            WriteIntoTunnel(packets[i]);
            if (i % batch == batch - 1)
            {
                RunUplink();
            }
        }
        RunUplink();
    }

    /// <summary>Puts a packet into a queue and leaves it there.</summary>
    internal void WriteIntoTunnel(byte[] packet, int queue = 0)
    {
        fixed (byte* data = packet)
        {
            SystemCallException.Check((int)Libc.write(hosts[queue], data, (nuint)packet.Length), "Writing into the tunnel");
        }
    }

    /// <summary>What has waited for a path with a rate limit is looked at, if its time has come.</summary>
    internal void SendWaiting() => uplinks[0].SendWaiting(Now);

    internal void ForgetSending() => uplinks[0].Forget(Connection);

    /// <summary>When that is; null: nothing waits.</summary>
    internal TimeSpan? SendDeadline => uplinks[0].Deadline;

    internal void RunUplink(int queue = 0) => uplinks[queue].Run(Tunnel.Readers[queue], Now);

    /// <summary>Peers send, everything is read, and then what is due is delivered.</summary>
    /// <returns>What came out of the tunnel.</returns>
    internal List<byte[]> Deliver(params ReadOnlySpan<(int Peer, byte[] Datagram)> datagrams)
    {
        long expected = Taken + datagrams.Length;
        foreach ((int peer, byte[] datagram) in datagrams)
        {
            Peers[peer].Send(datagram);
        }
        TakeUntil(expected);
        return Deliver();
    }

    /// <summary>Reads until so many datagrams have been counted, one way or another.</summary>
    internal void TakeUntil(long count)
    {
        while (Taken < count)
        {
            WaitForData($"{Taken} of {count} datagrams were counted.");
            ReceiveOnce();
        }
        Assert.Equal(count, Taken);
    }

    /// <summary>Waits for data and looks at every socket once.</summary>
    internal void TakeUntilSomethingCame()
    {
        WaitForData("Nothing came.");
        ReceiveOnce();
    }

    /// <summary>Bytes of managed memory that the receiving side takes for these datagrams.</summary>
    internal long AllocatedWhileReceiving(List<(int Peer, byte[] Datagram)> datagrams)
    {
        datagrams.ForEach(datagram => Peers[datagram.Peer].Send(datagram.Datagram));
        long expected = Taken + datagrams.Count, allocated = 0;
        while (Taken < expected)
        {
            WaitForData("Nothing came.");
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < sources.Count; i++)
            {
                downlink.Receive(sources[i], sources.Count, Now);
            }
            downlink.Deliver(Now);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            Deliver();
        }
        return allocated;
    }

    /// <summary>Sends one packet into the tunnel again and again; the peers send back what they get.</summary>
    /// <returns>How many have come out again; at least <paramref name="count"/>.</returns>
    internal long Circulate(byte[] packet, long count)
    {
        const int batch = 32;
        long delivered = 0;
        fixed (byte* data = packet, room = buffer)
        {
            while (delivered < count)
            {
                for (int i = 0; i < batch; i++)
                {
                    _ = Libc.write(hosts[0], data, (nuint)packet.Length);
                }
                RunUplink();
                for (int i = 0; i < Peers.Count; i++)
                {
                    Peers[i].Echo();
                }
                for (int i = 0; i < sources.Count; i++)
                {
                    downlink.Receive(sources[i], sources.Count, Now);
                }
                downlink.Deliver(Now);
                while (Libc.read(hosts[0], room, (nuint)buffer.Length) > 0)
                {
                    delivered++;
                }
            }
        }
        return delivered;
    }

    /// <summary>One look at every socket, as in a round of the data plane's thread.</summary>
    internal void ReceiveOnce()
    {
        foreach (ReceiveSource source in sources)
        {
            downlink.Receive(source, sources.Count, Now);
        }
        while (downlink.Keepalives.Peek() is { } keepalive)
        {
            Keepalives.Add(new PostedKeepalive(keepalive.Path?.Index, keepalive.Body[..keepalive.Length], keepalive.From));
            downlink.Keepalives.Release();
        }
    }

    /// <summary>What is due now goes to the tunnel.</summary>
    internal List<byte[]> Deliver()
    {
        downlink.Deliver(Now);
        List<byte[]> packets = [];
        fixed (byte* data = buffer)
        {
            for (nint length; (length = Libc.read(hosts[0], data, (nuint)buffer.Length)) > 0;)
            {
                packets.Add(buffer[..(int)length]);
            }
        }
        return packets;
    }

    /// <summary>What the data plane has told of sizes that were refused.</summary>
    internal SizeDoubts Doubts { get; }

    /// <summary>Datagrams the receiving side has counted, whatever became of them.</summary>
    internal long Taken => Keepalives.Count + Connections.Sum(connection =>
        connection.ReceiveDrops[DropReason.UnknownSource] + connection.ReceiveDrops[DropReason.KeepaliveOverflow]
        + connection.Paths.Sum(path => path.Received.Packets + path.ReceiveDrops.Total));

    internal void Forget() => downlink.Forget(Connection);

    /// <summary>The host's end goes: what is delivered from now on is refused.</summary>
    internal void CloseHost() => Array.ForEach(hosts, host => _ = Libc.close(host));

    private void Add(ConnectionConfig config)
    {
        int first = Peers.Count;
        List<PathConfig> paths = [];
        foreach (PathConfig path in config.Paths)
        {
            (IPAddress local, IPAddress remote) = NextAddresses(path.IPVersion);
            paths.Add(path with { LocalAddress = local, PublicAddress = local, RemoteAddress = remote });
            Peers.Add(new BenchPeer(remote));
        }
        ConnectionRuntime connection = new(config with { Paths = paths }, Tunnel, downlink);
        connection.Size.Doubts = Doubts;
        Connections.Add(connection);
        foreach (PathRuntime path in connection.Paths)
        {
            BenchPeer peer = Peers[first + path.Index];
            IPEndPoint local = new(path.Config.LocalAddress!, 0);
            UdpSocket listener = UdpSocket.Bind(local, scope: 0, mark: 0, share: false, Offloads.All);
            local = BenchPeer.EndPointOf(listener);
            UdpSocket socket = UdpSocket.Bind(local, scope: 0, mark: 0, share: true, Offloads.All);
            socket.Connect(peer.EndPoint, scope: 0);
            peer.Remote = local;
            sources.Add(new ReceiveSource(listener, connection, null));
            sources.Add(new ReceiveSource(socket, connection, path));
            path.Socket = socket;
            connection.UpPaths |= 1u << path.Index;
        }
    }

    /// <summary>The two ends of a new path on the loopback interface.</summary>
    internal static (IPAddress Local, IPAddress Remote) NextAddresses(int ipVersion)
    {
        // IPv6 has one loopback address only: there ports alone tell ends apart.
        int network = Interlocked.Increment(ref networks);
        IPAddress Address(byte number) =>
            ipVersion == 6 ? IPAddress.IPv6Loopback : new IPAddress([127, (byte)(network >> 8 | 64), (byte)network, number]);
        return (Address(2), Address(3));
    }

    /// <summary>The two ends of something that keeps the boundaries of packets.</summary>
    internal static (int Device, int Host) MakePair()
    {
        int* pair = stackalloc int[2];
        SystemCallException.Check(
            Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_SEQPACKET | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, pair), "Making a pair of sockets");
        return (pair[0], pair[1]);
    }

    private void WaitForData(string message)
    {
        Libc.pollfd* descriptors = stackalloc Libc.pollfd[sources.Count];
        for (int i = 0; i < sources.Count; i++)
        {
            descriptors[i] = new Libc.pollfd { fd = sources[i].Socket.Descriptor, events = Libc.POLLIN };
        }
        Assert.True(Libc.poll(descriptors, (nuint)sources.Count, Forever) > 0, message);
    }

    public void Dispose()
    {
        Connections.ForEach(downlink.Forget);
        Connections.ForEach(connection => connection.Shaper?.Dispose());
        Assert.Equal(0, downlink.Chunks.InUse);
        Array.ForEach(uplinks, uplink => uplink.Dispose());
        downlink.Dispose();
        sources.ForEach(source => source.Socket.Dispose());
        Peers.ForEach(peer => peer.Dispose());
        Tunnel.Dispose();
        keepaliveArrival.Dispose();
        CloseHost();
    }
}
