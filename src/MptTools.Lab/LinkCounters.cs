namespace MptTools.Lab;

/// <summary>What went over a link in one direction.</summary>
/// <remarks>
/// A link made of kernel devices counts a batch of segments (GSO) as one packet, and its bytes include the Ethernet
/// header; an emulated link counts IP packets.
/// </remarks>
public sealed record LinkCounters
{
    /// <summary>Packets delivered to the far end.</summary>
    public long Packets { get; init; }

    /// <summary>Bytes delivered to the far end.</summary>
    public long Bytes { get; init; }

    /// <summary>Packets dropped because the queue was full.</summary>
    public long DroppedByQueue { get; init; }

    /// <summary>Packets dropped by the link's loss probability.</summary>
    public long DroppedByLoss { get; init; }

    /// <summary>Packets dropped because the link was cut.</summary>
    public long DroppedByCut { get; init; }

    /// <summary>Packets that arrived and were refused by the far interface, because it was set down.</summary>
    public long DroppedByReceiver { get; init; }

    /// <summary>Packets dropped for any reason.</summary>
    public long Dropped => DroppedByQueue + DroppedByLoss + DroppedByCut + DroppedByReceiver;
}
