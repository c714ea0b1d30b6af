using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>A keepalive on its way to the control plane.</summary>
internal sealed class ReceivedKeepalive
{
    internal PathRuntime? Path;
    internal TimeSpan Time;
    internal int Length;

    /// <summary>One byte longer than the longest keepalive, so that a body that is too long is seen to be.</summary>
    internal readonly byte[] Body = new byte[Keepalive.MaximumBodyLength + 1];

    /// <summary>The sender's UDP port where it may be any; null where it is the path's own.</summary>
    internal int? SourcePort;
}

/// <summary>
/// Carries keepalives from one thread that receives to the control plane: authentication takes its time there, not on the
/// packets' way. Bounded: under a flood keepalives are dropped (and counted), data is not touched.
/// </summary>
internal sealed class KeepaliveMailbox(EventFd arrival)
{
    private const int Capacity = 1024;
    private readonly ReceivedKeepalive[] ring = new ReceivedKeepalive[Capacity];
    private int head, tail;

    /// <summary>Puts one in; called by the receiving thread only.</summary>
    internal bool TryPost(PathRuntime path, ReadOnlySpan<byte> body, int? sourcePort, TimeSpan now)
    {
        int position = tail;
        if (position - Volatile.Read(ref head) == Capacity)
        {
            return false;
        }
        ReceivedKeepalive slot = ring[position & Capacity - 1] ??= new ReceivedKeepalive();
        slot.Path = path;
        slot.Time = now;
        slot.Length = Math.Min(body.Length, slot.Body.Length);
        body[..slot.Length].CopyTo(slot.Body);
        slot.SourcePort = sourcePort;
        Volatile.Write(ref tail, position + 1);
        arrival.Signal();
        return true;
    }

    /// <summary>The oldest one, to be read before <see cref="Release"/>; null when there is none. Called by the control plane only.</summary>
    internal ReceivedKeepalive? Peek() => head == Volatile.Read(ref tail) ? null : ring[head & Capacity - 1];

    internal void Release() => Volatile.Write(ref head, head + 1);
}
