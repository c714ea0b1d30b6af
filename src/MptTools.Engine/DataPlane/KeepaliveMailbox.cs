using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>A keepalive on its way to the control plane.</summary>
internal sealed class ReceivedKeepalive
{
    /// <summary>Where it arrived.</summary>
    internal ReceiveSource? Source;

    /// <summary>The path by its sender's address; null: no path has that address.</summary>
    internal PathRuntime? Path;
    internal TimeSpan Time;

    /// <summary>Data packets that had come by the path before it.</summary>
    internal long PathReceived;
    internal int Length;

    /// <summary>One byte longer than the longest keepalive, so that a body that is too long is seen to be.</summary>
    internal readonly byte[] Body = new byte[Keepalive.MaximumBodyLength + 1];

    /// <summary>Its sender, where that may be anybody; null where it is the path's own remote end.</summary>
    internal ObservedEndpoint? From;
}

/// <summary>
/// Carries keepalives from one thread that receives to the control plane: authentication takes its time there, not on the
/// packets' way. Bounded: under a flood keepalives are dropped (and counted), data is not touched.
/// </summary>
internal sealed class KeepaliveMailbox(EventFd arrival)
{
    private const int Capacity = 1024;

    /// <summary>Of those from unknown addresses; the rest is left to those from the paths' own.</summary>
    private const int StrayCapacity = Capacity / 4;
    private readonly ReceivedKeepalive[] ring = new ReceivedKeepalive[Capacity];
    private int head, tail;

    /// <summary>Puts one in; called by the receiving thread only.</summary>
    internal bool TryPost(ReceiveSource source, PathRuntime? path, ReadOnlySpan<byte> body, ObservedEndpoint? from, TimeSpan now)
    {
        int position = tail;
        if (position - Volatile.Read(ref head) >= (path is null ? StrayCapacity : Capacity))
        {
            return false;
        }
        ReceivedKeepalive slot = ring[position & Capacity - 1] ??= new ReceivedKeepalive();
        slot.Source = source;
        slot.Path = path;
        slot.Time = now;
        slot.PathReceived = path?.Received.Packets ?? 0;
        slot.Length = Math.Min(body.Length, slot.Body.Length);
        body[..slot.Length].CopyTo(slot.Body);
        slot.From = from;
        Volatile.Write(ref tail, position + 1);
        arrival.Signal();
        return true;
    }

    /// <summary>The oldest one, to be read before <see cref="Release"/>; null when there is none. Called by the control plane only.</summary>
    internal ReceivedKeepalive? Peek() => head == Volatile.Read(ref tail) ? null : ring[head & Capacity - 1];

    internal void Release() => Volatile.Write(ref head, head + 1);
}
