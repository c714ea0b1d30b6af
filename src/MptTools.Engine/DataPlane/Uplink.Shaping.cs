using System.Numerics;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Paths with a rate limit. A packet that finds no room waits: for its path, where only that one will do, or for any of the paths that its
/// spread may use. It is numbered when it leaves, so what waits in a fair queue is in order by the time it has a number.
/// </summary>
internal sealed unsafe partial class Uplink
{
    /// <summary>What waits is looked at so often at most: a bucket holds more than this takes to fill, and each look costs a wake-up.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMicroseconds(500);

    /// <summary>Where other threads may let packets wait for something that is due earlier.</summary>
    private static readonly TimeSpan LongestWaitAmongSeveral = TimeSpan.FromMilliseconds(2);

    private readonly List<ConnectionRuntime> shaping = new(4);
    private readonly List<Leaving> leaving = new(256);

    /// <summary>A packet that has left its queue; its memory is needed until it is sent.</summary>
    private readonly record struct Leaving(FairQueue Queue, WaitingPacket Packet);

    /// <summary>When a packet that waits may leave; null when none waits.</summary>
    internal TimeSpan? Deadline
    {
        get
        {
            TimeSpan? earliest = null;
            foreach (ConnectionRuntime connection in shaping)
            {
                earliest = earliest < connection.Shaper!.Due ? earliest : connection.Shaper.Due;
            }
            return earliest;
        }
    }

    /// <summary>Sends what has waited until now.</summary>
    internal void SendWaiting(TimeSpan now)
    {
        this.now = now;
        for (int i = shaping.Count - 1; i >= 0; i--)
        {
            ConnectionRuntime connection = shaping[i];
            if (connection.Shaper!.Due > now && connection.Shaper.PathsSeen == connection.UpPaths)
            {
                continue;
            }
            lock (connection.Gate)
            {
                connection.Shaper.PathsSeen = connection.UpPaths;
                Drain(connection);
                Send();
                if (NextDue(connection) is { } due)
                {
                    connection.Shaper.Due = due;
                }
                else
                {
                    connection.Shaper.Server = null;
                    shaping.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>The connection ends. Between two rounds.</summary>
    internal void Forget(ConnectionRuntime connection) => shaping.Remove(connection);

    private void RouteWithLimits(ConnectionRuntime connection, Spread spread, in Flow flow, uint paths, bool isFree, in Inner packet)
    {
        if (!isFree || spread.Mode is MappingMode.Flow or MappingMode.Duplicate)
        {
            int path = connection.Mapping.Flows.Select(flow.OnPath, spread.FirstOf(paths));
            SendOrWait(connection, connection.Paths[path], flow, packet, 0);
            return;
        }
        if (spread.Waiting is not { Count: > 0 })
        {
            uint room = RoomOf(connection, paths, besideWaiting: false);
            int index = spread.Choose(paths, room, packet.Length, flow.OnPath, packet.Length, connection.Paths, now, out bool isNumbered);
            if (index >= 0)
            {
                SendBy(connection, connection.Paths[index], packet, isNumbered);
                return;
            }
        }
        int limit = spread.QueueLimit(paths, connection.Paths);
        FairQueue queue = spread.Waiting ??= new FairQueue(limit, connection.Shaper!.Chunks);
        // Paths may have come and gone since something waited last.
        queue.Limit = limit;
        // Of a packet that any of several paths might have taken only the connection knows that it is gone.
        Wait(
            queue, BitOperations.IsPow2(paths) ? connection.Paths[BitOperations.TrailingZeroCount(paths)].SendDrops : connection.SendDrops,
            flow, packet, 0);
        if (spread.Mode == MappingMode.Priority)
        {
            // What has come may be too much for the first paths.
            while (SendNext(connection, spread))
            {
            }
        }
        if (queue.Count > 0)
        {
            LookBy(connection, spread.ReadyAt(paths, queue.Filled, connection.Paths, now));
        }
    }

    private void SendOrWait(ConnectionRuntime connection, PathRuntime path, in Flow flow, in Inner packet, int greLength)
    {
        if (path.Waiting is { Count: > 0 } || !path.Bucket.HasRoom(now))
        {
            path.Waiting ??= new FairQueue(FairQueue.LimitFor(path.Config.RateLimit), connection.Shaper!.Chunks);
            Wait(path.Waiting, path.SendDrops, flow, packet, greLength);
            LookBy(connection, path.Bucket.ReadyAt(now));
        }
        else if (greLength > 0)
        {
            EnqueueCounted(path, packet, greLength);
        }
        else
        {
            SendBy(connection, path, packet, isNumbered: false);
        }
    }

    private void Wait(FairQueue queue, DropCounters drops, in Flow flow, in Inner packet, int greLength)
    {
        WaitingPacket waiting = new()
        {
            Data = packet.Header,
            Length = packet.HeaderLength,
            HeaderLength = greLength,
            Flow = flow.InQueue,
            PathFlow = flow.OnPath,
            Version = (byte)packet.Version,
            Ecn = packet.Ecn,
        };
        for (int dropped = queue.Add(waiting, packet.Payload, packet.PayloadLength).Packets; dropped > 0; dropped--)
        {
            drops.Add(DropReason.RateLimit);
        }
    }

    /// <summary>What waits in a connection is looked at by then: what has waited longer may have to wait much longer still, for a slower path.</summary>
    private void LookBy(ConnectionRuntime connection, TimeSpan ready)
    {
        Shaper shaper = connection.Shaper!;
        TimeSpan due = DueBy(ready);
        if (shaper.Server is null)
        {
            shaper.Server = this;
            shaper.Due = due;
            shaper.PathsSeen = connection.UpPaths;
            shaping.Add(connection);
        }
        else if (shaper.Server == this && due < shaper.Due)
        {
            shaper.Due = due;
        }
    }

    private TimeSpan DueBy(TimeSpan ready)
    {
        TimeSpan due = ready < now + ShortestWait ? now + ShortestWait : ready;
        return isOneOfSeveral && due > now + LongestWaitAmongSeveral ? now + LongestWaitAmongSeveral : due;
    }

    /// <summary>Sends what may leave now, each queue a packet in turn.</summary>
    private void Drain(ConnectionRuntime connection)
    {
        foreach (FairQueue queue in connection.Shaper!.Homeless)
        {
            RouteAnew(connection, queue);
        }
        connection.Shaper.Homeless.Clear();
        foreach (PathRuntime path in connection.Paths)
        {
            if (path.Waiting is { Count: > 0 } && (connection.UpPaths >> path.Index & 1) == 0)
            {
                RouteAnew(connection, path.Waiting);
            }
        }
        foreach (Spread of in connection.Mapping.Spreads)
        {
            if (of.Waiting is { Count: > 0 })
            {
                Spread spread = of;
                if (connection.Mapping.PathsOf(ref spread, connection.UpPaths) == 0 || spread != of)
                {
                    RouteAnew(connection, of.Waiting);
                }
            }
        }
        bool hasSent;
        do
        {
            hasSent = false;
            foreach (PathRuntime path in connection.Paths)
            {
                hasSent |= SendNext(connection, path);
            }
            foreach (Spread spread in connection.Mapping.Spreads)
            {
                hasSent |= SendNext(connection, spread);
            }
        }
        while (hasSent);
    }

    /// <summary>When something of what waits in a connection may leave; null when nothing waits.</summary>
    private TimeSpan? NextDue(ConnectionRuntime connection)
    {
        TimeSpan? earliest = null;
        foreach (PathRuntime path in connection.Paths)
        {
            if (path.Waiting is { Count: > 0 })
            {
                TimeSpan ready = path.Bucket.ReadyAt(now);
                earliest = earliest < ready ? earliest : ready;
            }
        }
        foreach (Spread spread in connection.Mapping.Spreads)
        {
            if (spread.Waiting is { Count: > 0 } queue)
            {
                Spread used = spread;
                uint paths = connection.Mapping.PathsOf(ref used, connection.UpPaths);
                TimeSpan ready = paths == 0 ? now : spread.ReadyAt(paths, queue.Filled, connection.Paths, now);
                earliest = earliest < ready ? earliest : ready;
            }
        }
        return earliest is { } due ? DueBy(due) : null;
    }

    /// <summary>What waits cannot go where it was to go.</summary>
    private void RouteAnew(ConnectionRuntime connection, FairQueue queue)
    {
        for (int count = queue.Count; count > 0; count--)
        {
            MakeRoom(connection);
            if (!queue.TryTake(out WaitingPacket waiting))
            {
                return;
            }
            leaving.Add(new Leaving(queue, waiting));
            if (waiting.HeaderLength > 0)
            {
                // Of a duplicate the other copies have gone their ways.
                connection.SendDrops.Add(DropReason.Unreachable);
            }
            else
            {
                ReadOnlySpan<byte> bytes = new(waiting.Data, waiting.Length);
                bool isFragment = waiting.Version == 4 && Fragmentation.IsFragment(bytes);
                Spread spread = connection.Mapping.Find(bytes, out Flow flow);
                Direct(connection, spread, flow, isFragment ? connection.ChecksummedPaths : uint.MaxValue, Inner.Of(waiting));
            }
        }
    }

    private bool SendNext(ConnectionRuntime connection, PathRuntime path)
    {
        if (path.Waiting is not { Count: > 0 } queue || !path.Bucket.HasRoom(now))
        {
            return false;
        }
        MakeRoom(connection);
        queue.TryTake(out WaitingPacket waiting);
        leaving.Add(new Leaving(queue, waiting));
        if (waiting.HeaderLength > 0)
        {
            EnqueueCounted(path, Inner.Of(waiting), waiting.HeaderLength);
        }
        else
        {
            SendBy(connection, path, Inner.Of(waiting), isNumbered: false);
        }
        return true;
    }

    private bool SendNext(ConnectionRuntime connection, Spread spread)
    {
        Spread used = spread;
        uint paths = connection.Mapping.PathsOf(ref used, connection.UpPaths);
        if (spread.Waiting is not { Count: > 0 } queue || paths == 0 || used != spread || !queue.TryPeek(out WaitingPacket waiting))
        {
            return false;
        }
        uint room = RoomOf(connection, paths, besideWaiting: true);
        int index = spread.Choose(paths, room, waiting.Length, waiting.PathFlow, queue.Filled, connection.Paths, now, out bool isNumbered);
        if (index < 0)
        {
            return false;
        }
        MakeRoom(connection);
        queue.TryTake(out waiting);
        leaving.Add(new Leaving(queue, waiting));
        SendBy(connection, connection.Paths[index], Inner.Of(waiting), isNumbered);
        return true;
    }

    /// <param name="besideWaiting">Packets that wait for a path do not keep others from it; else they come first.</param>
    private uint RoomOf(ConnectionRuntime connection, uint paths, bool besideWaiting)
    {
        uint room = 0;
        for (uint rest = paths; rest != 0; rest &= rest - 1)
        {
            PathRuntime path = connection.Paths[BitOperations.TrailingZeroCount(rest)];
            room |= path.Bucket.HasRoom(now) && (besideWaiting || path.Waiting is not { Count: > 0 }) ? rest & ~(rest - 1) : 0;
        }
        return room;
    }

    private void EnqueueCounted(PathRuntime path, in Inner packet, int greLength)
    {
        path.Bucket.Take(Overhead.Of(path.Config.IPVersion, greLength) + packet.Length);
        Enqueue(path, packet, greLength);
    }

    private void ReturnLeft()
    {
        foreach (Leaving left in leaving)
        {
            left.Queue.Return(left.Packet);
        }
        leaving.Clear();
    }
}
