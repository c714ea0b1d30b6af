using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// A connection as the data plane sees it. Each field says which side owns it; what follows from the configuration is read by
/// both and replaced while no thread moves packets.
/// </summary>
internal sealed class ConnectionRuntime
{
    /// <param name="downlink">Receives for it, for as long as it runs: packets are put in order where all of them come by.</param>
    internal ConnectionRuntime(ConnectionConfig config, TunnelRuntime tunnel, Downlink downlink)
    {
        Config = config;
        Tunnel = tunnel;
        Downlink = downlink;
        Paths = [.. config.Paths.Select(path => new PathRuntime(this, path))];
        Mapping = new Mapping(config);
        Shaper = Mapping.LimitedPaths != 0 ? new Shaper() : null;
        Size = new SizeLimit(this);
        PeerIPv4 = config is { IPVersion: 4, RemoteAddress: { } peer } ? peer.GetAddressBytes() : [];
        ChecksummedPaths = ChecksummedIn(config);
        Order = MakeOrder(config);
    }

    internal ConnectionConfig Config { get; private set; }
    internal TunnelRuntime Tunnel { get; }
    internal PathRuntime[] Paths { get; private set; }

    /// <summary>Bit i: path i is up. Written by the control plane, read by both directions.</summary>
    internal volatile uint UpPaths;

    /// <summary>Bit i: what goes by path i has a UDP checksum.</summary>
    internal uint ChecksummedPaths { get; private set; }

    /// <summary>How long its packets may be.</summary>
    internal SizeLimit Size { get; }

    /// <summary>
    /// The peer's tunnel address where it is an IPv4 one, 4 bytes; else empty. In its name IPv4 senders are told what fits: as
    /// from the next router. A packet from the host's own address would not be believed, for it comes from outside
    /// ("martian source", unless accept_local is set, which would let peers use the host's addresses too).
    /// </summary>
    internal byte[] PeerIPv4 { get; }

    /// <summary>The peer is MptTools, and what it has said it can do. Written by the control plane.</summary>
    internal volatile bool PeerIsOurs;
    internal volatile bool PeerTakesEcn;
    internal volatile bool PeerTakesDuplicates;

    /// <summary>
    /// Where several threads send, whoever sends packets of this connection holds it from the first one's number until the last
    /// one is with the kernel: on every path packets leave in the order of their numbers, which the peer's ordering relies on.
    /// </summary>
    internal Lock Gate { get; } = new();

    // The sending side's; of the holder of the gate where several threads send.
    internal Mapping Mapping { get; private set; }
    internal uint NextSequence;

    /// <summary>Duplicates have a numbering of their own: they wait for nothing that is sent once.</summary>
    internal uint NextDuplicate;

    /// <summary>Tells the peer which start of this connection duplicates belong to.</summary>
    internal uint DuplicateKey { get; set; }

    /// <summary>What waits for paths with a rate limit; null: none of them has one.</summary>
    internal Shaper? Shaper { get; private set; }

    /// <summary>Every packet with a smaller number has been handed to the kernel. Read by the control plane.</summary>
    internal volatile uint AnnouncedSequence;

    internal bool Sequenced => Order is not null;

    /// <summary>The longest GRE header its packets may get, in bytes.</summary>
    internal int HeaderLength => HeaderLengthOf(Config);

    /// <inheritdoc cref="HeaderLength"/>
    internal static int HeaderLengthOf(ConnectionConfig config) =>
        MappingRules.Duplicates(config) ? Gre.KeyedLength : config.ReorderWindow > 0 ? Gre.SequencedLength : Gre.BaseLength;

    /// <summary>Packets with numbers may go by a path, or might if it were up. Any thread may ask.</summary>
    internal bool NumbersOn(int path) => Sequenced && (Mapping.NumberedPaths(UpPaths | 1u << path) >> path & 1) != 0;
    internal DropCounters SendDrops { get; } = new();

    /// <summary>Packets that were cut into fragments, and packets whose senders were told what fits.</summary>
    internal long Fragmented, TooBigAnswers;

    /// <summary>The peer's keepalives are taken from anywhere, for they prove to be the peer's.</summary>
    internal bool FollowsPeer => Config is { AuthenticationType: AuthenticationType.Sha256, AuthenticationKey: not null };

    // The receiving side's.
    internal Downlink Downlink { get; }
    internal ReorderBuffer? Order { get; set; }
    internal Traffic Delivered;
    internal DropCounters ReceiveDrops { get; } = new();
    internal bool IsOrdering;
    internal DuplicateFilter Duplicates { get; } = new();

    /// <summary>Copies that came behind the one that was delivered.</summary>
    internal long DuplicatesDiscarded;

    /// <summary>The buffer for a configuration of this connection; null where it orders nothing.</summary>
    internal ReorderBuffer? MakeOrder(ConnectionConfig config) => config.ReorderWindow == 0
        ? null
        : new ReorderBuffer(config.ReorderWindow, config.MaxBufferDelay, config.Paths.Count, Downlink.Chunks);

    /// <summary>
    /// Goes over to another configuration; the numbering and all counters go on. Only while all threads stand
    /// (<see cref="Forwarder.Pause"/>): they read without looking twice.
    /// </summary>
    /// <param name="config">With the same tunnel addresses.</param>
    /// <param name="paths">Its paths, in their order: those that stay as they are known here, and new ones.</param>
    /// <param name="order">What puts the packets in order from now on; may be the one that does already.</param>
    /// <param name="now">The time.</param>
    internal void Become(ConnectionConfig config, PathRuntime[] paths, ReorderBuffer? order, TimeSpan now)
    {
        int[] origins = Array.ConvertAll(paths, path => Array.IndexOf(Paths, path));
        uint up = 0;
        for (int i = 0; i < paths.Length; i++)
        {
            up |= origins[i] >= 0 ? (UpPaths >> origins[i] & 1) << i : 0;
        }
        bool mappingChanges = !paths.AsSpan().SequenceEqual(Paths) || !MappingRules.AreSame(config, Config);
        if (order != Order)
        {
            Downlink.Replace(this, order, origins, now);
        }
        if (mappingChanges)
        {
            TakeOut(Paths.Except(paths).Select(path => path.Waiting));
            TakeOut(Mapping.Spreads.Select(spread => spread.Waiting));
        }
        for (int i = 0; i < paths.Length; i++)
        {
            paths[i].Become(config, config.Paths[i], now);
        }
        (Config, Paths, UpPaths, ChecksummedPaths) = (config, paths, up, ChecksummedIn(config));
        if (mappingChanges)
        {
            Mapping before = Mapping;
            Mapping = new Mapping(config);
            Mapping.CountOnFrom(before);
            Shaper ??= Mapping.LimitedPaths != 0 ? new Shaper() : null;
            if (Shaper is { Server: not null })
            {
                // What waits may go another way now, or at another rate.
                Shaper.Due = now;
            }
        }
    }

    private void TakeOut(IEnumerable<FairQueue?> queues) => Shaper?.Homeless.AddRange(queues.OfType<FairQueue>().Where(queue => queue.Count > 0));

    private static uint ChecksummedIn(ConnectionConfig config)
    {
        uint paths = 0;
        foreach (PathConfig path in config.Paths)
        {
            paths |= path.UdpChecksum ? 1u << path.Index : 0;
        }
        return paths;
    }
}

/// <summary>Where the peer's end of a path is.</summary>
internal sealed record RemoteEnd(IPAddress Address, int Port)
{
    /// <summary>The address's bytes as a number.</summary>
    internal UInt128 Number { get; } = IPHeader.AddressAsInteger(Address);
    internal bool IsIPv6 => Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;

    /// <summary>In the form of messages.</summary>
    internal ObservedEndpoint Endpoint => new(MappedAddress.ToField(Number, IsIPv6), (ushort)Port);

    /// <summary>Where the files say it is.</summary>
    internal static RemoteEnd Configured(ConnectionConfig connection, PathConfig path) => new(path.RemoteAddress!, connection.RemotePort!.Value);

    internal static RemoteEnd Of(ObservedEndpoint endpoint) => new(MappedAddress.ToIPAddress(endpoint.Address), endpoint.Port);

    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}

/// <summary>A path as the data plane sees it.</summary>
internal sealed class PathRuntime
{
    internal PathRuntime(ConnectionRuntime connection, PathConfig config)
    {
        Connection = connection;
        Config = config;
        Bucket = new RateBucket(config.RateLimit);
        Remote = RemoteEnd.Configured(connection.Config, config);
    }

    internal ConnectionRuntime Connection { get; }
    internal PathConfig Config { get; private set; }
    internal int Index => Config.Index;

    /// <summary>The peer's end: where the socket is connected to, and whose packets are taken from other ports too. Swapped by the control plane.</summary>
    internal volatile RemoteEnd Remote;

    /// <summary>Only with its connection (<see cref="ConnectionRuntime.Become"/>).</summary>
    internal void Become(ConnectionConfig connection, PathConfig config, TimeSpan now)
    {
        Bucket.Become(config.RateLimit, now);
        if (Waiting is not null)
        {
            Waiting.Limit = FairQueue.LimitFor(config.RateLimit);
        }
        // A peer that has moved stays where it is until it is configured to be somewhere else.
        RemoteEnd wanted = RemoteEnd.Configured(connection, config);
        Remote = wanted == RemoteEnd.Configured(Connection.Config, Config) ? Remote : wanted;
        Config = config;
    }

    /// <summary>The socket that is connected to the peer's end; null while the path cannot be used. Swapped by the control plane.</summary>
    internal volatile UdpSocket? Socket;

    /// <summary>What is in use now. Read by any thread.</summary>
    internal Offloads Offloads => Socket?.Offloads ?? Offloads.None;

    /// <summary>
    /// Where packets from other ports of the peer arrive: at the path's own address, for two paths may go to one address of
    /// the peer. Null: anywhere. Written by the control plane, read by the receiving side.
    /// </summary>
    internal volatile ReceiveSource? Listener;

    // The sending side's; of the holder of the gate where several threads send.
    internal Traffic Sent;
    internal DropCounters SendDrops { get; } = new();
    internal int FirstQueued = -1, LastQueued = -1;

    /// <summary>What its rate limit leaves room for.</summary>
    internal RateBucket Bucket;

    /// <summary>Packets that can go by no other path; null: none has had to wait yet.</summary>
    internal FairQueue? Waiting { get; set; }

    // The receiving side's.
    internal Traffic Received;
    internal DropCounters ReceiveDrops { get; } = new();

    /// <summary>When it last brought a packet with a number.</summary>
    internal TimeSpan? LastNumbered;

    /// <summary>
    /// What the peer last announced as its next number on this path; negative: nothing. Set by the control plane, after
    /// authentication, taken by the receiving side.
    /// </summary>
    private long announced = -1;

    /// <summary>
    /// A full fence: who looks afterwards whether packets wait, and who lets packets wait and looks afterwards for an
    /// announcement, do not miss each other.
    /// </summary>
    internal void Announce(uint nextSequence) => Interlocked.Exchange(ref announced, nextSequence);

    internal void ForgetAnnouncement()
    {
        Volatile.Write(ref announced, -1);
        PeerSendsNoNumbers = false;
    }

    /// <summary>
    /// The peer puts no numbered packets on this path at present, so that none of those that are missing will come by it. Written by the
    /// control plane, read by the receiving side; a numbered packet that has come since proves the contrary.
    /// </summary>
    internal volatile bool PeerSendsNoNumbers;

    internal bool TryTakeAnnouncement(out uint nextSequence)
    {
        long value = Volatile.Read(ref announced) < 0 ? -1 : Interlocked.Exchange(ref announced, -1);
        nextSequence = (uint)value;
        return value >= 0;
    }
}
