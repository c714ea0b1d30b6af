using System.Collections.Concurrent;
using MptTools.Engine.Linux;

namespace MptTools.Engine.DataPlane;

/// <summary>How long a connection's inner packets may be: the control plane says it, the data plane tells when it proves wrong.</summary>
internal sealed class SizeLimit(ConnectionRuntime connection)
{
    /// <summary>
    /// The longest inner packet in bytes that every path in use takes. Packets are scheduled one by one, so the narrowest
    /// path counts. Written by the control plane.
    /// </summary>
    internal volatile int LargestInner = int.MaxValue;

    private int inDoubt;

    /// <summary>Where doubts go; null: nobody listens.</summary>
    internal SizeDoubts? Doubts { get; set; }

    /// <summary>The kernel has refused something for its size, or a router has: told once, until the control plane has looked.</summary>
    internal void Doubt()
    {
        if (Volatile.Read(ref inDoubt) == 0 && Doubts is { } doubts && Interlocked.Exchange(ref inDoubt, 1) == 0)
        {
            doubts.Add(connection);
        }
    }

    /// <summary>The control plane has looked, so that another doubt is news.</summary>
    internal void Settle() => Volatile.Write(ref inDoubt, 0);
}

/// <summary>Carries doubts about sizes from the threads that move packets to the control plane.</summary>
internal sealed class SizeDoubts(EventFd arrival)
{
    private readonly ConcurrentQueue<ConnectionRuntime> connections = new();

    internal void Add(ConnectionRuntime connection)
    {
        connections.Enqueue(connection);
        arrival.Signal();
    }

    /// <summary>A connection whose sizes are in doubt; null when there is none. Called by the control plane only.</summary>
    internal ConnectionRuntime? Take() => connections.TryDequeue(out ConnectionRuntime? connection) ? connection : null;
}
