using MptTools.Engine.Config;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>A TUN device as the data plane sees it: a reader for each thread that sends, a writer for each that receives.</summary>
internal sealed class TunnelRuntime : IDisposable
{
    private readonly MergeKinds supportedMerges;
    private int refusedMerges;

    /// <param name="device">With as many queues as threads send.</param>
    /// <param name="threads">The threads it is made for.</param>
    internal TunnelRuntime(TunnelConfig config, TunDevice device, ThreadPlan threads, OffloadNotice notice)
    {
        Config = config;
        Device = device;
        Notice = notice;
        if (device.Offloads.HasFlag(Offloads.TunMerge))
        {
            supportedMerges = device.TakesMergedUdp ? MergeKinds.All : MergeKinds.TcpIPv4 | MergeKinds.TcpIPv6;
        }
        Mtu = config.Mtu;
        AddressIPv6 = config.IPv6?.Address.GetAddressBytes() ?? [];
        Broadcast = config.IPv4 is { PrefixLength: < 31 } ipv4
            ? (uint)(IPHeader.AddressAsInteger(ipv4.Address) | ~Prefix.Mask(4, ipv4.PrefixLength) & uint.MaxValue)
            : 0;
        Readers = [.. device.Queues.Select(queue => new TunnelReader(this, queue))];
        Writers = [.. Enumerable.Range(0, threads.Downlinks).Select(index => new TunnelWriter(this, device.Queues[index % device.Queues.Count]))];
    }

    internal TunnelConfig Config { get; }
    internal TunDevice Device { get; }
    internal OffloadNotice Notice { get; }

    /// <summary>What is in use now. Read by any thread.</summary>
    internal Offloads Offloads => Merges == MergeKinds.None ? Device.Offloads & ~Offloads.TunMerge : Device.Offloads;

    /// <summary>What may be written in one piece. Read by any thread.</summary>
    internal MergeKinds Merges => supportedMerges & ~RefusedMerges;

    /// <summary>What the device took one by one but not merged, and what is not merged any more. Read by any thread.</summary>
    internal MergeKinds RefusedMerges => (MergeKinds)Volatile.Read(ref refusedMerges);

    /// <summary>The control plane's: of those, what observers have been told.</summary>
    internal MergeKinds ReportedMerges { get; set; }

    /// <summary>The device's MTU in bytes. Written and read by the control plane.</summary>
    internal int Mtu { get; set; }

    /// <summary>The tunnel's own IPv6 address, 16 bytes; empty where it has none.</summary>
    internal byte[] AddressIPv6 { get; }

    /// <summary>The broadcast address of the tunnel's IPv4 network as a number; 0 where it has none.</summary>
    internal uint Broadcast { get; }

    /// <summary>Which connection takes a packet. The control plane swaps it, the data plane reads it once a batch.</summary>
    internal volatile ForwardingTable<ConnectionRuntime> Forwarding = ForwardingTable<ConnectionRuntime>.Empty;

    internal TunnelReader[] Readers { get; }
    
    /// <summary>By the number of the downlink.</summary>
    internal TunnelWriter[] Writers { get; }

    /// <summary>The kernel took by themselves what it had refused in one piece: it is not asked again. Any writer may call it.</summary>
    internal void RefuseMerges(MergeKinds kind)
    {
        Interlocked.Or(ref refusedMerges, (int)kind);
        Notice.Post();
    }

    public void Dispose()
    {
        foreach (TunnelWriter writer in Writers)
        {
            writer.Dispose();
        }
        Device.Dispose();
    }
}

/// <summary>A queue of a TUN device, read by one thread.</summary>
internal sealed class TunnelReader(TunnelRuntime tunnel, TunQueue queue)
{
    internal TunnelRuntime Tunnel { get; } = tunnel;
    internal TunQueue Queue { get; } = queue;
    internal bool HasVirtioHeaders { get; } = tunnel.Device.HasVirtioHeaders;
    internal Traffic Read;
    internal DropCounters Drops { get; } = new();
    internal Gathering Gathering;
}

/// <summary>Writes to a TUN device what one thread has received.</summary>
internal sealed unsafe class TunnelWriter : ITunWriter, IDisposable
{
    private readonly TunnelRuntime tunnel;
    private readonly TunQueue queue;
    private readonly PacketMerger? merger;

    internal TunnelWriter(TunnelRuntime tunnel, TunQueue queue)
    {
        this.tunnel = tunnel;
        this.queue = queue;
        if (tunnel.Device.HasVirtioHeaders)
        {
            merger = new PacketMerger(this, tunnel.Merges);
        }
    }

    internal Traffic Written;
    internal DropCounters Drops { get; } = new();

    /// <summary>What is delivered at the end of the batch.</summary>
    internal PacketList Output { get; } = new();

    /// <summary>Writes <see cref="Output"/> to the device, neighbours of a flow in one piece where the device takes that.</summary>
    internal void WriteOutput()
    {
        if (merger is not null)
        {
            merger.Kinds = tunnel.Merges;
        }
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
                Count(queue.Write(&piece, 1) == 0, packet.Length);
            }
        }
        merger?.Flush();
    }

    void ITunWriter.Write(in TunWrite write)
    {
        if (write.PacketCount == 1)
        {
            Count(queue.Write(write.Pieces, write.PieceCount) == 0, write.Length);
            return;
        }
        int errno = queue.Write(write.Pieces, write.PieceCount);
        bool isWritten = errno == 0;
        for (int i = 0; i < write.PacketCount; i++)
        {
            byte* packet = write.Packet(i, out int length);
            isWritten = errno == 0 || WriteSingle(packet, length);
            Count(isWritten, length);
        }
        if (isWritten && errno is Libc.EINVAL or Libc.EOPNOTSUPP)
        {
            tunnel.RefuseMerges(write.Kind);
            merger!.Kinds = tunnel.Merges;
        }
    }

    private bool WriteSingle(byte* packet, int length)
    {
        VirtioHeader plain = default;
        Libc.iovec* pieces = stackalloc Libc.iovec[2];
        pieces[0] = new() { iov_base = &plain, iov_len = VirtioHeader.Length };
        pieces[1] = new() { iov_base = packet, iov_len = (nuint)length };
        return queue.Write(pieces, 2) == 0;
    }

    private void Count(bool written, int length)
    {
        if (written)
        {
            Written.Add(length);
        }
        else
        {
            Drops.Add(DropReason.TunnelWrite);
        }
    }

    public void Dispose() => merger?.Dispose();
}
