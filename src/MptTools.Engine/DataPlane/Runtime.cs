using MptTools.Engine.Config;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>A TUN device as the data plane sees it.</summary>
internal sealed unsafe class TunnelRuntime : ITunWriter, IDisposable
{
    private readonly PacketMerger? merger;
    private volatile MergeKinds merges, refusedMerges;

    internal TunnelRuntime(TunnelConfig config, TunDevice device, OffloadNotice notice)
    {
        Config = config;
        Device = device;
        Notice = notice;
        if (device.Offloads.HasFlag(Offloads.TunMerge))
        {
            merges = device.TakesMergedUdp ? MergeKinds.All : MergeKinds.TcpIPv4 | MergeKinds.TcpIPv6;
        }
        if (device.HasVirtioHeaders)
        {
            merger = new PacketMerger(this, merges);
        }
    }

    internal TunnelConfig Config { get; }
    internal TunDevice Device { get; }
    internal OffloadNotice Notice { get; }

    /// <summary>What is in use now. Read by any thread.</summary>
    internal Offloads Offloads => merges == MergeKinds.None ? Device.Offloads & ~Offloads.TunMerge : Device.Offloads;

    /// <summary>What the device took one by one but not merged, and what is not merged any more. Read by any thread.</summary>
    internal MergeKinds RefusedMerges => refusedMerges;

    /// <summary>The control plane's: of those, what observers have been told.</summary>
    internal MergeKinds ReportedMerges { get; set; }

    /// <summary>Which connection takes a packet. The control plane swaps it, the data plane reads it once a batch.</summary>
    internal volatile ForwardingTable<ConnectionRuntime> Forwarding = ForwardingTable<ConnectionRuntime>.Empty;

    // Counted by the sending side.
    internal Traffic Read;
    internal DropCounters ReadDrops { get; } = new();

    // Counted by the receiving side.
    internal Traffic Written;
    internal DropCounters WriteDrops { get; } = new();

    /// <summary>What the receiving side delivers at the end of the batch; its own.</summary>
    internal PacketList Output { get; } = new();

    /// <summary>Writes <see cref="Output"/> to the device, neighbours of a flow in one piece where the device takes that.</summary>
    internal void WriteOutput()
    {
        for (int i = 0; i < Output.Count; i++)
        {
            ref PacketRef packet = ref Output[i];
            if (merger is not null)
            {
                merger.Add(packet.Data, packet.Length);
            }
            else
            {
                Libc.iovec piece = new() { iov_base = packet.Data, iov_len = (nuint)packet.Length };
                Count(Device.Write(&piece, 1) == 0, packet.Length);
            }
        }
        merger?.Flush();
    }

    void ITunWriter.Write(in TunWrite write)
    {
        if (write.PacketCount == 1)
        {
            Count(Device.Write(write.Pieces, write.PieceCount) == 0, write.Length);
            return;
        }
        int errno = Device.Write(write.Pieces, write.PieceCount);
        bool isWritten = errno == 0;
        for (int i = 0; i < write.PacketCount; i++)
        {
            byte* packet = write.Packet(i, out int length);
            isWritten = errno == 0 || WriteSingle(packet, length);
            Count(isWritten, length);
        }
        if (isWritten && errno is Libc.EINVAL or Libc.EOPNOTSUPP)
        {
            RefuseMerges(write.Kind);
        }
    }

    /// <summary>The kernel took by themselves what it had refused in one piece: it is not asked again.</summary>
    private void RefuseMerges(MergeKinds kind)
    {
        merges &= ~kind;
        merger!.Kinds = merges;
        refusedMerges |= kind;
        Notice.Post();
    }

    private bool WriteSingle(byte* packet, int length)
    {
        VirtioHeader plain = default;
        Libc.iovec* pieces = stackalloc Libc.iovec[2];
        pieces[0] = new() { iov_base = &plain, iov_len = VirtioHeader.Length };
        pieces[1] = new() { iov_base = packet, iov_len = (nuint)length };
        return Device.Write(pieces, 2) == 0;
    }

    private void Count(bool written, int length)
    {
        if (written)
        {
            Written.Add(length);
        }
        else
        {
            WriteDrops.Add(DropReason.TunnelWrite);
        }
    }

    public void Dispose()
    {
        merger?.Dispose();
        Device.Dispose();
    }
}

/// <summary>A connection as the data plane sees it. Each field says which side owns it.</summary>
internal sealed class ConnectionRuntime
{
    internal ConnectionRuntime(ConnectionConfig config, TunnelRuntime tunnel, ChunkPool chunks)
    {
        Config = config;
        Tunnel = tunnel;
        Paths = [.. config.Paths.Select(path => new PathRuntime(this, path))];
        Selector = new PathSelector([.. config.Paths.Select(path => path.WeightOut)]);
        Order = config.ReorderWindow == 0 ? null : new ReorderBuffer(config.ReorderWindow, config.MaxBufferDelay, Paths.Length, chunks);
    }

    internal ConnectionConfig Config { get; }
    internal TunnelRuntime Tunnel { get; }
    internal PathRuntime[] Paths { get; }

    /// <summary>Bit i: path i is up. Written by the control plane, read by both directions.</summary>
    internal volatile uint UpPaths;

    /// <summary>The peer is MptTools, and what it has said it can do. Written by the control plane.</summary>
    internal volatile bool PeerIsOurs;
    internal volatile bool PeerTakesEcn;

    // The sending side's.
    internal PathSelector Selector { get; }
    internal uint NextSequence;

    /// <summary>Every packet with a smaller number has been handed to the kernel. Read by the control plane.</summary>
    internal volatile uint AnnouncedSequence;

    internal bool Sequenced => Order is not null;
    internal DropCounters SendDrops { get; } = new();

    // The receiving side's.
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

    // The sending side's.
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

    internal void Announce(uint nextSequence) => Volatile.Write(ref announced, nextSequence);

    internal void ForgetAnnouncement() => Volatile.Write(ref announced, -1);

    internal bool TryTakeAnnouncement(out uint nextSequence)
    {
        long value = Volatile.Read(ref announced) < 0 ? -1 : Interlocked.Exchange(ref announced, -1);
        nextSequence = (uint)value;
        return value >= 0;
    }
}
