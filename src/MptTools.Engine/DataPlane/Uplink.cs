using System.Numerics;
using System.Runtime.InteropServices;
using MptTools.Engine.Config;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// From the tunnel to the paths. A packet's way, step by step:
/// <list type="number">
/// <item>Read: as many packets as the TUN device has now, each behind room for a GRE header.</item>
/// <item>Find the connection: by destination, then by source (<see cref="ForwardingTable{T}"/>).</item>
/// <item>See that it fits: what is too long for the paths is cut or answered (Uplink.TooLong.cs).</item>
/// <item>Pick the path: as the mapping says (<see cref="Mapping"/>); where it has no room the packet waits (Uplink.Shaping.cs).</item>
/// <item>Encapsulate: the GRE header goes right before the packet, which stays where it is.</item>
/// <item>Send: all that goes to one path leaves in as few calls as possible, in the order it was read.</item>
/// </list>
/// Runs on one thread and waits for nothing: a batch is what is there now. Where several threads send, each reads a queue of
/// its own, and takes the last four steps connection by connection behind its <see cref="ConnectionRuntime.Gate"/>.
/// </summary>
internal sealed unsafe partial class Uplink : IDisposable
{
    private const int Slots = 64;
    private const int Headroom = 64;
    private const int SlotSize = Headroom + 65536;
    private const int HeaderSize = Gre.MaximumLength + Segmentation.MaximumHeaderLength;

    /// <summary>
    /// So much is sent before the next is read: enough that calls do not count, little enough to stay in the processor's cache.
    /// </summary>
    private const int BytesPerSend = 256 * 1024;

    /// <summary>Then the other direction has its turn.</summary>
    private const int BytesPerRun = 2 * BytesPerSend;

    private readonly byte* slots = (byte*)NativeMemory.AlignedAlloc((nuint)Slots * SlotSize, 64);
    private readonly byte* headers = (byte*)NativeMemory.AlignedAlloc((nuint)SendBatch.Capacity * HeaderSize, 64);
    private readonly Queued[] queue = new Queued[SendBatch.Capacity];
    private readonly PathRuntime[] pathsToSend = new PathRuntime[SendBatch.Capacity];
    private readonly SendBatch batch = new();
    private readonly Taken[] taken = new Taken[Slots];
    private readonly bool isOneOfSeveral;
    private int queued, pathsQueued;
    private TimeSpan now;

    /// <summary>A packet that was read, or one that stands for many, and the connection that takes it.</summary>
    private struct Taken
    {
        internal ConnectionRuntime? Connection;
        internal byte* Packet;
        internal int Length;
        internal int Version;
        internal VirtioHeader Header;
    }

    /// <summary>An encapsulated packet, in one piece or in two; those of one path are chained in order.</summary>
    private struct Queued
    {
        internal byte* Header, Payload;
        internal int HeaderLength, PayloadLength;
        internal int InnerLength;
        internal byte Ecn;
        internal int Next;
    }

    /// <summary>An inner packet in one piece or in two, with room for a GRE header right before it.</summary>
    private struct Inner
    {
        internal byte* Header, Payload;
        internal int HeaderLength, PayloadLength;
        internal int Version;
        internal byte Ecn;

        internal readonly int Length => HeaderLength + PayloadLength;

        internal static Inner Of(in WaitingPacket packet) =>
            new() { Header = packet.Data, HeaderLength = packet.Length, Version = packet.Version, Ecn = packet.Ecn };
    }

    /// <param name="isOneOfSeveral">Other threads send packets of the same connections.</param>
    internal Uplink(bool isOneOfSeveral = false) => this.isOneOfSeveral = isOneOfSeveral;

    /// <summary>Sends what the queue has now, up to a limit.</summary>
    /// <returns>How many packets were read, and their bytes.</returns>
    internal (int Packets, int Bytes) Run(TunnelReader reader, TimeSpan now)
    {
        this.now = now;
        ForwardingTable<ConnectionRuntime> forwarding = reader.Tunnel.Forwarding;
        int slot = 0, bytesToSend = 0, packets = 0, bytes = 0;
        while (bytes < BytesPerRun)
        {
            if (slot == Slots || bytesToSend >= BytesPerSend)
            {
                SendTaken(reader, slot);
                slot = bytesToSend = 0;
            }
            ref Taken packet = ref taken[slot];
            packet.Packet = slots + (long)slot * SlotSize + Headroom;
            packet.Length = Read(reader, packet.Packet, out packet.Header);
            if (packet.Length == 0)
            {
                break;
            }
            bytes += packet.Length;
            packets++;
            packet.Connection = FindConnection(reader, forwarding, new ReadOnlySpan<byte>(packet.Packet, packet.Length), out packet.Version);
            if (packet.Connection is null)
            {
                reader.Read.Add(packet.Length);
                continue;
            }
            slot++;
            bytesToSend += packet.Length;
            if (!isOneOfSeveral)
            {
                Encapsulate(reader, packet);
            }
        }
        SendTaken(reader, slot);
        return (packets, bytes);
    }

    private static int Read(TunnelReader reader, byte* packet, out VirtioHeader header)
    {
        if (!reader.HasVirtioHeaders)
        {
            header = default;
            return reader.Queue.Read(packet, SlotSize - Headroom);
        }
        byte* start = packet - VirtioHeader.Length;
        int length = reader.Queue.Read(start, SlotSize - Headroom + VirtioHeader.Length);
        header = length > VirtioHeader.Length ? VirtioHeader.Read(new ReadOnlySpan<byte>(start, VirtioHeader.Length)) : default;
        return Math.Max(length - VirtioHeader.Length, 0);
    }

    /// <summary>Sends the first <paramref name="count"/> packets that were taken.</summary>
    private void SendTaken(TunnelReader reader, int count)
    {
        if (!isOneOfSeveral)
        {
            Send();
            return;
        }
        for (int i = 0; i < count; i++)
        {
            if (taken[i].Connection is not { } connection)
            {
                continue;
            }
            lock (connection.Gate)
            {
                for (int j = i; j < count; j++)
                {
                    if (taken[j].Connection == connection)
                    {
                        Encapsulate(reader, taken[j]);
                        taken[j].Connection = null;
                    }
                }
                Send();
            }
        }
    }

    private void Encapsulate(TunnelReader reader, in Taken packet)
    {
        if (packet.Header.SegmentationType == VirtioHeader.None)
        {
            TakeSingle(reader, packet.Connection!, packet.Packet, packet.Length, packet.Version, packet.Header);
        }
        else
        {
            TakeSegments(reader, packet.Connection!, packet.Packet, packet.Length, packet.Version, packet.Header);
        }
    }

    private void TakeSingle(
        TunnelReader reader, ConnectionRuntime connection, byte* packet, int length, int version, in VirtioHeader header)
    {
        reader.Read.Add(length);
        if ((header.Flags & VirtioHeader.NeedsChecksum) != 0 &&
            Segmentation.CompleteChecksum(new Span<byte>(packet, length), header) != SegmentError.None)
        {
            reader.Drops.Add(DropReason.Segmentation);
            return;
        }
        if (length > connection.Size.LargestInner)
        {
            TakeTooLong(reader, connection, packet, length, version);
            return;
        }
        MakeRoom(connection);
        Inner inner = new() { Header = packet, HeaderLength = length, Version = version, Ecn = OuterEcn(connection, packet, length) };
        Spread spread = connection.Mapping.Find(new ReadOnlySpan<byte>(packet, length), out Flow flow);
        Route(connection, spread, flow, uint.MaxValue, inner);
    }

    /// <summary>A packet that stands for many: each of them gets its own headers and is scheduled on its own; the payload stays where it is.</summary>
    private void TakeSegments(
        TunnelReader reader, ConnectionRuntime connection, byte* packet, int length, int version, in VirtioHeader header)
    {
        if (Segmentation.TryPlan(new ReadOnlySpan<byte>(packet, length), header, out SegmentPlan plan) != SegmentError.None)
        {
            reader.Drops.Add(DropReason.Segmentation);
            return;
        }
        if (plan.LongestSegment > connection.Size.LargestInner)
        {
            TakeTooLongSegments(reader, connection, packet, plan);
            return;
        }
        Inner inner = new() { Version = version, Ecn = OuterEcn(connection, packet, length) };
        Spread spread = connection.Mapping.Find(new ReadOnlySpan<byte>(packet, length), out Flow flow);
        for (int i = 0; i < plan.Count; i++)
        {
            MakeRoom(connection);
            inner.Header = headers + (long)queued * HeaderSize + Gre.MaximumLength;
            inner.HeaderLength = Segmentation.WriteSegment(plan, packet, i, inner.Header, out inner.Payload, out inner.PayloadLength);
            reader.Read.Add(inner.Length);
            Route(connection, spread, flow, uint.MaxValue, inner);
        }
    }

    private static ConnectionRuntime? FindConnection(
        TunnelReader reader, ForwardingTable<ConnectionRuntime> forwarding, ReadOnlySpan<byte> packet, out int version)
    {
        if (!IPHeader.TryReadAddresses(packet, out version, out UInt128 source, out UInt128 destination))
        {
            reader.Drops.Add(DropReason.NotIP);
            return null;
        }
        ConnectionRuntime? connection = forwarding.Find(version, source, destination);
        if (connection is null)
        {
            reader.Drops.Add(DropReason.NoConnection);
        }
        return connection;
    }

    /// <summary>Steps 4 and 5 for one packet.</summary>
    /// <param name="allowed">Bit i: it may take path i, as far as the mapping lets it.</param>
    private void Route(ConnectionRuntime connection, Spread spread, in Flow flow, uint allowed, in Inner packet)
    {
        spread.Decided.Add(packet.Length);
        Direct(connection, spread, flow, allowed, packet);
    }

    private void Direct(ConnectionRuntime connection, Spread spread, in Flow flow, uint allowed, in Inner packet)
    {
        uint paths = connection.Mapping.PathsOf(ref spread, connection.UpPaths & allowed);
        if (paths == 0)
        {
            connection.SendDrops.Add(DropReason.NoPathUp);
        }
        else if (spread.Mode == MappingMode.Duplicate && connection.PeerTakesDuplicates)
        {
            SendCopies(connection, flow, paths, packet);
        }
        else if ((paths & connection.Mapping.LimitedPaths) != 0)
        {
            RouteWithLimits(connection, spread, flow, paths, allowed == uint.MaxValue, packet);
        }
        else
        {
            uint shared = allowed == uint.MaxValue ? paths : SharedWith(connection, spread, paths);
            int index = spread.Choose(shared, paths, packet.Length, flow.OnPath, 0, connection.Paths, now, out bool isNumbered);
            SendBy(connection, connection.Paths[index], packet, isNumbered);
        }
    }

    /// <summary>Bytes go on being shared among all paths of a spread when a packet may take only some of them.</summary>
    private static uint SharedWith(ConnectionRuntime connection, Spread spread, uint paths)
    {
        Spread used = spread;
        uint all = connection.Mapping.PathsOf(ref used, connection.UpPaths);
        return spread.Mode == MappingMode.Bytes && used == spread && (paths & ~all) == 0 ? all : paths;
    }

    /// <summary>The same packet with the same number by each of some paths; its bytes are there once.</summary>
    private void SendCopies(ConnectionRuntime connection, in Flow flow, uint paths, in Inner packet)
    {
        Span<byte> gre = new(packet.Header - Gre.KeyedLength, Gre.KeyedLength);
        Gre.WriteKeyed(gre, Gre.ProtocolFor(packet.Version), connection.DuplicateKey, connection.NextDuplicate++);
        for (; paths != 0; paths &= paths - 1)
        {
            SendOrWait(connection, connection.Paths[BitOperations.TrailingZeroCount(paths)], flow, packet, Gre.KeyedLength);
        }
    }

    private void SendBy(ConnectionRuntime connection, PathRuntime path, in Inner packet, bool isNumbered)
    {
        ushort protocol = Gre.ProtocolFor(packet.Version);
        if (isNumbered && connection.Sequenced)
        {
            Gre.WriteSequenced(new Span<byte>(packet.Header - Gre.SequencedLength, Gre.SequencedLength), protocol, connection.NextSequence++);
            EnqueueCounted(path, packet, Gre.SequencedLength);
        }
        else
        {
            Gre.Write(new Span<byte>(packet.Header - Gre.BaseLength, Gre.BaseLength), protocol);
            EnqueueCounted(path, packet, Gre.BaseLength);
        }
    }

    private static byte OuterEcn(ConnectionRuntime connection, byte* packet, int length) => connection.PeerTakesEcn
        ? Ecn.OuterForNormalMode(IPHeader.GetEcn(new ReadOnlySpan<byte>(packet, length)))
        : Ecn.OuterForCompatibilityMode;

    private void Enqueue(PathRuntime path, in Inner packet, int greLength)
    {
        if (path.LastQueued < 0)
        {
            path.FirstQueued = queued;
            pathsToSend[pathsQueued++] = path;
        }
        else
        {
            queue[path.LastQueued].Next = queued;
        }
        path.LastQueued = queued;
        ref Queued item = ref queue[queued++];
        item.Header = packet.Header - greLength;
        item.HeaderLength = greLength + packet.HeaderLength;
        item.Payload = packet.Payload;
        item.PayloadLength = packet.PayloadLength;
        item.InnerLength = packet.Length;
        item.Ecn = packet.Ecn;
        item.Next = -1;
    }

    /// <summary>
    /// For all copies of a packet, before its headers are written or a number is taken: a number that is taken is queued when the queue is sent.
    /// </summary>
    private void MakeRoom(ConnectionRuntime connection)
    {
        if (queued + connection.Paths.Length > SendBatch.Capacity)
        {
            Send();
        }
    }

    private void Send()
    {
        for (int i = 0; i < pathsQueued; i++)
        {
            PathRuntime path = pathsToSend[i];
            int packet = path.FirstQueued;
            if (path.Socket is { } socket)
            {
                while (packet >= 0)
                {
                    packet = SendBatchFrom(path, socket, packet);
                }
            }
            else
            {
                Drop(path, ref packet, int.MaxValue, DropReason.Unreachable);
            }
            path.FirstQueued = path.LastQueued = -1;
        }
        for (int i = 0; i < pathsQueued; i++)
        {
            // Only numbers that have left, on all paths, may be announced: a keepalive must not overtake the packets it speaks of.
            ConnectionRuntime connection = pathsToSend[i].Connection;
            connection.AnnouncedSequence = connection.NextSequence;
        }
        queued = pathsQueued = 0;
        ReturnLeft();
    }

    /// <summary>Sends packets of a path from <paramref name="packet"/> on, as many as one batch takes.</summary>
    /// <returns>The first one that is not done with; -1 when all are.</returns>
    private int SendBatchFrom(PathRuntime path, UdpSocket socket, int packet)
    {
        batch.Clear();
        for (int next = packet; next >= 0 && !batch.IsFull; next = queue[next].Next)
        {
            ref Queued item = ref queue[next];
            batch.Add(item.Header, item.HeaderLength, item.Payload, item.PayloadLength, item.Ecn, socket);
        }
        bool told = false;
        for (int message = 0; message < batch.Count;)
        {
            int result = batch.Send(socket, message);
            if (result > 0)
            {
                for (; result > 0; result--)
                {
                    for (int i = batch.DatagramsOf(message++); i > 0; i--)
                    {
                        path.Sent.Add(queue[packet].InnerLength);
                        packet = queue[packet].Next;
                    }
                }
                told = false;
                continue;
            }
            if (-result == Libc.EMSGSIZE)
            {
                path.Connection.Size.Doubt();
            }
            // What routers and the peer said of earlier datagrams (ICMP) is told once, in place of a send: the same message goes again.
            if (!told && -result is not (Libc.EAGAIN or Libc.ENOBUFS))
            {
                told = true;
                continue;
            }
            int datagrams = batch.DatagramsOf(message);
            if (datagrams > 1 && socket.TryShortenRuns(-result, datagrams, batch.LengthOf(message)))
            {
                if (socket.RunsRefused != 0)
                {
                    path.Connection.Tunnel.Notice.Post();
                }
                return packet;
            }
            Drop(path, ref packet, datagrams, -result switch
            {
                Libc.EAGAIN or Libc.ENOBUFS => DropReason.SendQueueFull,
                Libc.EMSGSIZE => DropReason.TooBig,
                Libc.ENETUNREACH or Libc.EHOSTUNREACH or Libc.ENETDOWN => DropReason.Unreachable,
                _ => DropReason.SendFailed,
            });
            message++;
            told = false;
        }
        return packet;
    }

    private void Drop(PathRuntime path, ref int packet, int datagrams, DropReason reason)
    {
        for (; datagrams > 0 && packet >= 0; datagrams--)
        {
            path.SendDrops.Add(reason);
            packet = queue[packet].Next;
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(slots);
        NativeMemory.AlignedFree(headers);
        batch.Dispose();
        answers.Dispose();
    }
}
