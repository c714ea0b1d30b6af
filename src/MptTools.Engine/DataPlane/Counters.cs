namespace MptTools.Engine.DataPlane;

/// <summary>Why a packet was dropped.</summary>
internal enum DropReason
{
    // From the tunnel device.
    NoConnection, NoPathUp, NotIP, TooBig, Segmentation,
    // To the network.
    SendQueueFull, RateLimit, Unreachable, SendFailed,
    // From the network.
    UnknownSource, GreTooShort, GreReservedBits, GreVersion, GreProtocol, GreChecksum, InnerTooShort, InnerNotIP,
    InnerLength, EcnCongestionLost, UnknownControl, KeepaliveInvalid, KeepaliveUnauthenticated, KeepaliveOverflow,
    // Ordering.
    OrderLate, OrderDuplicate,
    // To the tunnel device.
    TunnelWrite,
}

/// <summary>Drop counters, by reason. Written by one thread at a time, read by any.</summary>
internal sealed class DropCounters
{
    private static readonly string[] Names = Enum.GetNames<DropReason>();
    private readonly long[] counts = new long[Names.Length];

    internal long this[DropReason reason] => Volatile.Read(ref counts[(int)reason]);

    internal void Add(DropReason reason) => Volatile.Write(ref counts[(int)reason], counts[(int)reason] + 1);

    internal long Total => counts.Sum();

    /// <summary>Adds what this holds to <paramref name="sums"/>; only reasons that occurred.</summary>
    internal void AddTo(Dictionary<string, long> sums)
    {
        for (int i = 0; i < counts.Length; i++)
        {
            long count = Volatile.Read(ref counts[i]);
            if (count > 0)
            {
                sums[Names[i]] = sums.GetValueOrDefault(Names[i]) + count;
            }
        }
    }
}

/// <summary>Packets and bytes. Written by one thread at a time, read by any.</summary>
internal struct Traffic
{
    private long packets, bytes;

    internal readonly long Packets => Volatile.Read(in packets);
    internal readonly long Bytes => Volatile.Read(in bytes);

    internal void Add(int length)
    {
        // In one piece on 32-bit machines too.
        Volatile.Write(ref packets, packets + 1);
        Volatile.Write(ref bytes, bytes + length);
    }
}
