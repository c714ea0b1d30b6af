using MptTools.Engine.Config;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>A connection as the data plane sees it. Each field says which side owns it.</summary>
internal sealed class ConnectionRuntime
{
    /// <param name="downlink">Receives for it, for as long as it runs: packets are put in order where all of them come by.</param>
    internal ConnectionRuntime(ConnectionConfig config, TunnelRuntime tunnel, Downlink downlink)
    {
        Config = config;
        Tunnel = tunnel;
        Downlink = downlink;
        Paths = [.. config.Paths.Select(path => new PathRuntime(this, path))];
        Selector = new PathSelector([.. config.Paths.Select(path => path.WeightOut)]);
        Size = new SizeLimit(this);
        PeerIPv4 = config is { IPVersion: 4, RemoteAddress: { } peer } ? peer.GetAddressBytes() : [];
        foreach (PathConfig path in config.Paths)
        {
            ChecksummedPaths |= path.UdpChecksum ? 1u << path.Index : 0;
        }
        Order = config.ReorderWindow == 0 ? null : new ReorderBuffer(config.ReorderWindow, config.MaxBufferDelay, Paths.Length, downlink.Chunks);
    }

    internal ConnectionConfig Config { get; }
    internal TunnelRuntime Tunnel { get; }
    internal PathRuntime[] Paths { get; }

    /// <summary>Bit i: path i is up. Written by the control plane, read by both directions.</summary>
    internal volatile uint UpPaths;

    /// <summary>Bit i: what goes by path i has a UDP checksum.</summary>
    internal uint ChecksummedPaths { get; }

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

    /// <summary>
    /// Where several threads send, whoever sends packets of this connection holds it from the first one's number until the last
    /// one is with the kernel: on every path packets leave in the order of their numbers, which the peer's ordering relies on.
    /// </summary>
    internal Lock Gate { get; } = new();

    // The sending side's; of the holder of the gate where several threads send.
    internal PathSelector Selector { get; }
    internal uint NextSequence;

    /// <summary>Every packet with a smaller number has been handed to the kernel. Read by the control plane.</summary>
    internal volatile uint AnnouncedSequence;

    internal bool Sequenced => Order is not null;
    internal DropCounters SendDrops { get; } = new();

    /// <summary>Packets that were cut into fragments, and packets whose senders were told what fits.</summary>
    internal long Fragmented, TooBigAnswers;

    // The receiving side's.
    internal Downlink Downlink { get; }
    internal ReorderBuffer? Order { get; }
    internal Traffic Delivered;
    internal DropCounters ReceiveDrops { get; } = new();
    internal bool IsOrdering;
}

/// <summary>A path as the data plane sees it.</summary>
internal sealed class PathRuntime(ConnectionRuntime connection, PathConfig config)
{
    internal ConnectionRuntime Connection { get; } = connection;
    internal PathConfig Config { get; } = config;
    internal int Index => Config.Index;

    /// <summary>The peer's address, for packets that come from another port than expected.</summary>
    internal UInt128 RemoteAddress { get; } = IPHeader.AddressAsInteger(config.RemoteAddress!);
    internal bool RemoteIsIPv6 => Config.IPVersion == 6;

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

    // The receiving side's.
    internal Traffic Received;
    internal DropCounters ReceiveDrops { get; } = new();
    internal TimeSpan? LastData;

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

    internal void ForgetAnnouncement() => Volatile.Write(ref announced, -1);

    internal bool TryTakeAnnouncement(out uint nextSequence)
    {
        long value = Volatile.Read(ref announced) < 0 ? -1 : Interlocked.Exchange(ref announced, -1);
        nextSequence = (uint)value;
        return value >= 0;
    }
}
