using System.Runtime.InteropServices;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// From the tunnel to the paths. A packet's way, step by step:
/// <list type="number">
/// <item>Read: as many packets as the TUN device has now, each behind room for a GRE header.</item>
/// <item>Find the connection: by destination, then by source (<see cref="ForwardingTable{T}"/>).</item>
/// <item>Pick the path: by weight (<see cref="PathSelector"/>).</item>
/// <item>Encapsulate: the GRE header goes right before the packet, which stays where it is.</item>
/// <item>Send: all that goes to one path leaves in as few calls as possible, in the order it was read.</item>
/// </list>
/// Runs on one thread and waits for nothing: a batch is what is there now.
/// </summary>
internal sealed unsafe class Uplink : IDisposable
{
    private const int BatchPackets = 128;
    private const int Headroom = 64;
    private const int SlotSize = Headroom + 65536;

    private readonly byte* slots = (byte*)NativeMemory.AlignedAlloc((nuint)BatchPackets * SlotSize, 64);
    private readonly Queued[] queue = new Queued[BatchPackets];
    private readonly PathRuntime[] pathsToSend = new PathRuntime[BatchPackets];
    private readonly ConnectionRuntime[] connectionsToSend = new ConnectionRuntime[BatchPackets];
    private readonly SendBatch batch = new();
    private int queued, pathsQueued, connectionsQueued;

    /// <summary>An encapsulated packet; those of one path are chained in order.</summary>
    private struct Queued
    {
        internal byte* Datagram;
        internal int Length;
        internal int InnerLength;
        internal byte Ecn;
        internal int Next;
    }

    /// <summary>Sends one batch of what the device has now.</summary>
    internal void Run(TunnelRuntime tunnel)
    {
        ForwardingTable<ConnectionRuntime> forwarding = tunnel.Forwarding;
        for (int i = 0; i < BatchPackets; i++)
        {
            byte* packet = slots + (long)i * SlotSize + Headroom;
            int length = tunnel.Device.Read(packet, SlotSize - Headroom);
            if (length == 0)
            {
                break;
            }
            tunnel.Read.Add(length);
            if (FindConnection(tunnel, forwarding, new ReadOnlySpan<byte>(packet, length), out int version) is not { } connection)
            {
                continue;
            }
            if (PickPath(connection) is not { } path)
            {
                continue;
            }
            Encapsulate(connection, path, packet, length, version);
        }
        Send();
    }

    private static ConnectionRuntime? FindConnection(
        TunnelRuntime tunnel, ForwardingTable<ConnectionRuntime> forwarding, ReadOnlySpan<byte> packet, out int version)
    {
        if (!IPHeader.TryReadAddresses(packet, out version, out UInt128 source, out UInt128 destination))
        {
            tunnel.ReadDrops.Add(DropReason.NotIP);
            return null;
        }
        ConnectionRuntime? connection = forwarding.Find(version, source, destination);
        if (connection is null)
        {
            tunnel.ReadDrops.Add(DropReason.NoConnection);
        }
        return connection;
    }

    private static PathRuntime? PickPath(ConnectionRuntime connection)
    {
        int index = connection.Selector.Next(connection.UpPaths);
        if (index < 0)
        {
            connection.SendDrops.Add(DropReason.NoPathUp);
            return null;
        }
        return connection.Paths[index];
    }

    private void Encapsulate(ConnectionRuntime connection, PathRuntime path, byte* packet, int length, int version)
    {
        int headerLength = connection.Sequenced ? Gre.SequencedLength : Gre.BaseLength;
        Span<byte> header = new(packet - headerLength, headerLength);
        ushort protocol = Gre.ProtocolFor(version);
        if (connection.Sequenced)
        {
            Gre.WriteSequenced(header, protocol, connection.NextSequence++);
        }
        else
        {
            Gre.Write(header, protocol);
        }
        byte ecn = connection.PeerTakesEcn
            ? Ecn.OuterForNormalMode(IPHeader.GetEcn(new ReadOnlySpan<byte>(packet, length)))
            : Ecn.OuterForCompatibilityMode;

        if (path.LastQueued < 0)
        {
            path.FirstQueued = queued;
            pathsToSend[pathsQueued++] = path;
            connectionsToSend[connectionsQueued++] = connection;
        }
        else
        {
            queue[path.LastQueued].Next = queued;
        }
        path.LastQueued = queued;
        queue[queued++] = new Queued
        {
            Datagram = packet - headerLength,
            Length = headerLength + length,
            InnerLength = length,
            Ecn = ecn,
            Next = -1,
        };
    }

    private void Send()
    {
        for (int i = 0; i < pathsQueued; i++)
        {
            PathRuntime path = pathsToSend[i];
            if (path.Socket is { } socket)
            {
                SendPath(path, socket);
            }
            else
            {
                for (int packet = path.FirstQueued; packet >= 0; packet = queue[packet].Next)
                {
                    path.SendDrops.Add(DropReason.Unreachable);
                }
            }
            path.FirstQueued = path.LastQueued = -1;
        }
        for (int i = 0; i < connectionsQueued; i++)
        {
            // Only numbers that have left may be announced: a keepalive must not overtake the packets it speaks of.
            connectionsToSend[i].AnnouncedSequence = connectionsToSend[i].NextSequence;
        }
        queued = pathsQueued = connectionsQueued = 0;
    }

    private void SendPath(PathRuntime path, UdpSocket socket)
    {
        batch.Clear();
        for (int packet = path.FirstQueued; packet >= 0; packet = queue[packet].Next)
        {
            ref Queued item = ref queue[packet];
            batch.Add(item.Datagram, item.Length, item.Ecn, socket.IsIPv6);
        }
        int first = path.FirstQueued;
        int sent = 0;
        bool told = false;
        while (sent < batch.Count)
        {
            int result = batch.Send(socket, sent);
            if (result > 0)
            {
                for (int i = 0; i < result; i++)
                {
                    path.Sent.Add(queue[first].InnerLength);
                    first = queue[first].Next;
                }
                sent += result;
                told = false;
                continue;
            }
            // An ICMP error for an earlier datagram is told once, in place of a send: the same packet goes again.
            if (!told && -result is (Libc.ECONNREFUSED or Libc.EHOSTUNREACH or Libc.EINTR))
            {
                told = true;
                continue;
            }
            path.SendDrops.Add(-result switch
            {
                Libc.EAGAIN or Libc.ENOBUFS => DropReason.SendQueueFull,
                Libc.EMSGSIZE => DropReason.TooBig,
                Libc.ENETUNREACH or Libc.EHOSTUNREACH or Libc.ENETDOWN => DropReason.Unreachable,
                _ => DropReason.SendFailed,
            });
            first = queue[first].Next;
            sent++;
            told = false;
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(slots);
        batch.Dispose();
    }
}
