using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>Where datagrams come from: a socket and whose it is.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Connection">Its connection.</param>
/// <param name="Path">The path it is connected for; null for the socket that takes what comes from other ports of the peers.</param>
internal sealed record ReceiveSource(UdpSocket Socket, ConnectionRuntime Connection, PathRuntime? Path);

/// <summary>
/// From the paths to the tunnel. A packet's way, step by step:
/// <list type="number">
/// <item>Receive: all sockets that have something are read before anything is delivered.</item>
/// <item>Check: the path by the sender's address, the GRE header, the inner packet; control messages go to the control plane.</item>
/// <item>Decapsulate: the inner packet stays where it is; its ECN field takes the outer one in (RFC 6040). Of duplicates the first goes on.</item>
/// <item>Order: packets of one connection that came by different sockets are merged by number; what is early waits (<see cref="ReorderBuffer"/>).</item>
/// <item>Write: what is due goes to the TUN device; what still waits is copied out of the receive buffers.</item>
/// </list>
/// Ordering comes before the device: a kernel that sees TCP segments out of order falls to a fourteenth of the throughput.
/// </summary>
internal sealed unsafe class Downlink : IDisposable
{
    private const int DatagramsPerSocket = 64;
    private const int MaximumSources = Epoll.MaximumEvents;

    /// <summary>Keepalives from unknown addresses, at once and a second: each costs the control plane an authentication.</summary>
    private const int StrayBurst = 100, StraysPerSecond = 1000;

    private readonly ReceiveBatch batch = new();
    private readonly PacketList numbered = new();
    private readonly Segment[] segments = new Segment[MaximumSources];
    private readonly List<ConnectionRuntime> ordering = new(16);
    private readonly List<TunnelWriter> writers = new(4);
    private int segmentCount;
    private TokenBucket strays = new(StrayBurst, StraysPerSecond);

    /// <summary>The numbered packets that one socket brought for one connection.</summary>
    private struct Segment
    {
        internal ConnectionRuntime Connection;
        internal int Next, End;
    }

    /// <param name="index">From 0; its number among the threads that receive.</param>
    /// <param name="keepaliveArrival">Tells the control plane to look into <see cref="Keepalives"/>.</param>
    internal Downlink(int index, EventFd keepaliveArrival)
    {
        Index = index;
        Keepalives = new KeepaliveMailbox(keepaliveArrival);
    }

    internal int Index { get; }
    internal ChunkPool Chunks { get; } = new();
    internal KeepaliveMailbox Keepalives { get; }

    /// <summary>Steps 1 to 3 for one socket. Nothing reaches the tunnel before <see cref="Deliver"/>.</summary>
    /// <param name="ready">
    /// Sockets that have something now. Each gets its share of the batch: where the first ones may fill it, those behind
    /// them would never be read.
    /// </param>
    internal void Receive(ReceiveSource source, int ready, TimeSpan now)
    {
        if (segmentCount == MaximumSources)
        {
            return;
        }
        int first = batch.Count;
        int end = first + batch.Receive(source.Socket, Math.Min(DatagramsPerSocket, ReceiveBatch.Capacity / ready));
        if (source.Socket.WasToldOfMtu)
        {
            source.Socket.WasToldOfMtu = false;
            source.Connection.Size.Doubt();
        }
        int firstNumbered = numbered.Count;
        for (int i = first; i < end; i++)
        {
            TakeDatagrams(source, i, now);
        }
        if (numbered.Count > firstNumbered)
        {
            segments[segmentCount++] = new Segment { Connection = source.Connection, Next = firstNumbered, End = numbered.Count };
        }
    }

    /// <summary>Steps 4 and 5 for all that was received since the last call.</summary>
    internal void Deliver(TimeSpan now)
    {
        for (int i = 0; i < segmentCount; i++)
        {
            if (segments[i].Next < segments[i].End)
            {
                Order(i, now);
            }
        }
        for (int i = ordering.Count - 1; i >= 0; i--)
        {
            GiveUp(ordering[i], now);
        }
        Write();
        for (int i = ordering.Count - 1; i >= 0; i--)
        {
            ConnectionRuntime connection = ordering[i];
            connection.Order!.KeepWaiting();
            if (connection.Order.Waiting == 0)
            {
                connection.IsOrdering = false;
                ordering.RemoveAt(i);
            }
        }
        segmentCount = 0;
        numbered.Clear();
        batch.Clear();
    }

    /// <summary>When a waiting packet must go out; null when none waits.</summary>
    internal TimeSpan? Deadline
    {
        get
        {
            TimeSpan? earliest = null;
            foreach (ConnectionRuntime connection in ordering)
            {
                if (connection.Order!.Deadline is TimeSpan deadline && !(deadline >= earliest))
                {
                    earliest = deadline;
                }
            }
            return earliest;
        }
    }

    /// <summary>
    /// Has the connection's packets put in order by another buffer, or by none; what cannot wait any more goes out with the round.
    /// Between two rounds.
    /// </summary>
    /// <param name="connection">One that this receives for.</param>
    /// <param name="order">The buffer from now on; null: packets are not ordered.</param>
    /// <param name="origins">For each path the index it had so far; -1 for a new one.</param>
    /// <param name="now">The time.</param>
    internal void Replace(ConnectionRuntime connection, ReorderBuffer? order, ReadOnlySpan<int> origins, TimeSpan now)
    {
        if (connection.Order is { } old)
        {
            PacketList output = OutputOf(connection);
            int before = output.Count;
            if (order is null)
            {
                old.Flush(output);
                connection.IsOrdering = false;
                ordering.Remove(connection);
            }
            else
            {
                order.TakeOver(old, origins, now, output);
            }
            CountDelivered(connection, output, before);
            old.Dispose();
        }
        connection.Order = order;
    }

    /// <summary>The connection ends: what waits is given back.</summary>
    internal void Forget(ConnectionRuntime connection)
    {
        connection.IsOrdering = false;
        ordering.Remove(connection);
        connection.Order?.Dispose();
    }

    /// <summary>Takes what one slot of the batch holds: a datagram, or several of one size that the kernel has put together.</summary>
    private void TakeDatagrams(ReceiveSource source, int index, TimeSpan now)
    {
        ObservedEndpoint? from = null;
        PathRuntime? path = source.Path;
        if (path is null)
        {
            (UInt128 sourceAddress, int port, bool isIPv6) = batch.Source(index);
            from = new ObservedEndpoint(MappedAddress.ToField(sourceAddress, isIPv6), (ushort)port);
            path = FindPath(source, sourceAddress, isIPv6);
        }
        byte* data = batch.Data(index);
        int length = batch.Length(index);
        (byte outerEcn, int size) = batch.Ancillary(index);
        int offset = 0;
        do
        {
            if (path is null)
            {
                TakeStray(source, new ReadOnlySpan<byte>(data + offset, Math.Min(size, length - offset)), from!.Value, now);
            }
            else
            {
                Take(source, path, data + offset, Math.Min(size, length - offset), outerEcn, in from, now);
            }
            offset += size;
        }
        while (offset < length);
    }

    /// <summary>From an address that no path has nothing is taken but keepalives that may prove that a peer is there now.</summary>
    private void TakeStray(ReceiveSource source, ReadOnlySpan<byte> datagram, ObservedEndpoint from, TimeSpan now)
    {
        ConnectionRuntime connection = source.Connection;
        if (!connection.FollowsPeer || Gre.TryParse(datagram, out GreHeader header) != GreError.None
            || datagram[header.Length..] is not { Length: > Keepalive.BodyLength } body || body[0] != Keepalive.Type)
        {
            connection.ReceiveDrops.Add(DropReason.UnknownSource);
        }
        else if (!strays.TryTake(now) || !Keepalives.TryPost(source, null, body, from, now))
        {
            connection.ReceiveDrops.Add(DropReason.KeepaliveOverflow);
        }
    }

    private void Take(
        ReceiveSource source, PathRuntime path, byte* datagram, int length, byte outerEcn, in ObservedEndpoint? from, TimeSpan now)
    {
        GreError error = Gre.TryParse(new ReadOnlySpan<byte>(datagram, length), out GreHeader header);
        if (error != GreError.None)
        {
            path.ReceiveDrops.Add(ReasonFor(error));
            return;
        }
        byte* inner = datagram + header.Length;
        length -= header.Length;
        if (length > 0 && IPHeader.IsControl(*inner))
        {
            TakeControl(source, path, new ReadOnlySpan<byte>(inner, length), from, now);
            return;
        }
        error = InnerPacket.Check(new ReadOnlySpan<byte>(inner, length), out _);
        if (error != GreError.None)
        {
            path.ReceiveDrops.Add(ReasonFor(error));
            return;
        }
        Span<byte> packet = new(inner, IPHeader.TotalLength(new ReadOnlySpan<byte>(inner, length)));
        byte innerEcn = IPHeader.GetEcn(packet);
        EcnResult ecn = Ecn.Decapsulate(innerEcn, outerEcn);
        if (ecn.Drop)
        {
            path.ReceiveDrops.Add(DropReason.EcnCongestionLost);
            return;
        }
        if (ecn.Codepoint != innerEcn)
        {
            IPHeader.SetEcn(packet, ecn.Codepoint);
        }
        ConnectionRuntime connection = source.Connection;
        path.Received.Add(packet.Length);
        if (header.HasKey && header.HasSequence && !connection.Duplicates.IsNew(header.Key, header.Sequence))
        {
            connection.DuplicatesDiscarded++;
            return;
        }
        PacketRef reference = new()
        {
            Data = inner,
            Length = packet.Length,
            Sequence = header.Sequence,
            Path = (byte)path.Index,
        };
        if (header.HasSequence && !header.HasKey && connection.Order is not null)
        {
            path.LastNumbered = now;
            numbered.Add(reference);
        }
        else
        {
            OutputOf(connection).Add(reference);
            connection.Delivered.Add(reference.Length);
        }
    }

    private void TakeControl(
        ReceiveSource source, PathRuntime path, ReadOnlySpan<byte> message, in ObservedEndpoint? from, TimeSpan now)
    {
        if (message[0] != Keepalive.Type || message.Length < Keepalive.BodyLength)
        {
            path.ReceiveDrops.Add(DropReason.UnknownControl);
        }
        else if (!Keepalives.TryPost(source, path, message, from, now))
        {
            path.ReceiveDrops.Add(DropReason.KeepaliveOverflow);
        }
    }

    /// <summary>Orders one segment, together with all others of its connection: their packets are taken by number, not by socket.</summary>
    private void Order(int firstSegment, TimeSpan now)
    {
        ConnectionRuntime connection = segments[firstSegment].Connection;
        ReorderBuffer order = connection.Order!;
        PacketList output = OutputOf(connection);
        int before = output.Count;
        if (!connection.IsOrdering)
        {
            connection.IsOrdering = true;
            ordering.Add(connection);
            TakeAnnouncements(connection);
        }
        while (true)
        {
            int best = -1;
            for (int i = firstSegment; i < segmentCount; i++)
            {
                ref Segment segment = ref segments[i];
                if (segment.Connection == connection && segment.Next < segment.End &&
                    (best < 0 || (int)(numbered[segment.Next].Sequence - numbered[segments[best].Next].Sequence) < 0))
                {
                    best = i;
                }
            }
            if (best < 0)
            {
                break;
            }
            if (order.Insert(numbered[segments[best].Next++], now, output) is DropReason reason)
            {
                connection.ReceiveDrops.Add(reason);
            }
        }
        CountDelivered(connection, output, before);
    }

    private void GiveUp(ConnectionRuntime connection, TimeSpan now)
    {
        ReorderBuffer order = connection.Order!;
        PacketList output = OutputOf(connection);
        int before = output.Count;
        uint up = connection.UpPaths;
        uint counted = 0;
        // That packets wait must be seen by who announces from here on: the other half of PathRuntime.Announce.
        Interlocked.MemoryBarrier();
        TakeAnnouncements(connection);
        foreach (PathRuntime path in connection.Paths)
        {
            // Whether the peer sends on a path is the peer's decision: one that is down here may still carry its packets, and a peer
            // that does not announce its numbers may have stopped using one that is up. One of ours says so.
            if (now - path.LastNumbered < order.IdleAfter || (connection.PeerIsOurs && !path.PeerSendsNoNumbers && (up >> path.Index & 1) != 0))
            {
                counted |= 1u << path.Index;
            }
        }
        bool allPathsCount = counted == (1u << connection.Paths.Length) - 1;
        order.GiveUpGaps(counted, allPathsCount, now, output);
        order.Expire(now, output);
        CountDelivered(connection, output, before);
    }

    private static void TakeAnnouncements(ConnectionRuntime connection)
    {
        foreach (PathRuntime path in connection.Paths)
        {
            if (path.TryTakeAnnouncement(out uint nextSequence))
            {
                connection.Order!.Announce(path.Index, nextSequence);
            }
        }
    }

    private void Write()
    {
        foreach (TunnelWriter writer in writers)
        {
            writer.WriteOutput();
            PacketList output = writer.Output;
            for (int i = 0; i < output.Count; i++)
            {
                if (output[i].OwnsChunk)
                {
                    Chunks.Return(output[i].Data);
                }
            }
            output.Clear();
        }
        writers.Clear();
    }

    private PacketList OutputOf(ConnectionRuntime connection)
    {
        TunnelWriter writer = connection.Tunnel.Writers[Index];
        if (!writers.Contains(writer))
        {
            writers.Add(writer);
        }
        return writer.Output;
    }

    private static void CountDelivered(ConnectionRuntime connection, PacketList output, int from)
    {
        for (int i = from; i < output.Count; i++)
        {
            connection.Delivered.Add(output[i].Length);
        }
    }

    private static PathRuntime? FindPath(ReceiveSource source, UInt128 address, bool isIPv6)
    {
        foreach (PathRuntime path in source.Connection.Paths)
        {
            RemoteEnd remote = path.Remote;
            if (remote.IsIPv6 == isIPv6 && remote.Number == address && (path.Listener is null || path.Listener == source))
            {
                return path;
            }
        }
        return null;
    }

    private static DropReason ReasonFor(GreError error) => error switch
    {
        GreError.TooShort => DropReason.GreTooShort,
        GreError.ReservedBits => DropReason.GreReservedBits,
        GreError.UnsupportedVersion => DropReason.GreVersion,
        GreError.UnknownProtocol => DropReason.GreProtocol,
        GreError.ChecksumMismatch => DropReason.GreChecksum,
        GreError.InnerTooShort => DropReason.InnerTooShort,
        GreError.InnerNotIP => DropReason.InnerNotIP,
        _ => DropReason.InnerLength,
    };

    public void Dispose()
    {
        batch.Dispose();
        Chunks.Dispose();
    }
}
