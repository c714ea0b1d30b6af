using System.Globalization;

namespace MptTools;

/// <summary>One direction of a link of a lab.</summary>
public sealed class MptLabLinkDirectionInfo
{
    /// <summary>Whether nothing gets through.</summary>
    public bool IsCut { get; internal init; }

    /// <summary>Megabits that the link transmits in a second; 0: no limit.</summary>
    public double RateMbps { get; internal init; }

    /// <summary>How long a packet is under way after it was transmitted, in milliseconds.</summary>
    public double DelayMilliseconds { get; internal init; }

    /// <summary>How much shorter or longer than the delay a packet may be under way, in milliseconds.</summary>
    public double JitterMilliseconds { get; internal init; }

    /// <summary>How many of a hundred packets get lost.</summary>
    public double LossPercent { get; internal init; }

    /// <summary>How many packets may wait for transmission.</summary>
    public int QueuePackets { get; internal init; }

    /// <summary>Packets delivered since the link was made.</summary>
    public long PacketsDelivered { get; internal init; }

    /// <summary>Bytes delivered since the link was made.</summary>
    public long BytesDelivered { get; internal init; }

    /// <summary>Packets dropped because the queue was full.</summary>
    public long PacketsDroppedByQueue { get; internal init; }

    /// <summary>Packets dropped by the link's loss.</summary>
    public long PacketsDroppedByLoss { get; internal init; }

    /// <summary>Packets dropped because the link was cut.</summary>
    public long PacketsDroppedByCut { get; internal init; }

    /// <summary>What the link does, as in "100 Mbit/s, 10 ms, 1 % loss".</summary>
    public override string ToString()
    {
        List<string> parts = [];
        void Add(bool isSaid, FormattableString text)
        {
            if (isSaid)
            {
                parts.Add(text.ToString(CultureInfo.InvariantCulture));
            }
        }
        Add(IsCut, $"cut");
        Add(RateMbps > 0, $"{RateMbps:0.###} Mbit/s");
        Add(DelayMilliseconds > 0 || JitterMilliseconds > 0, $"{DelayMilliseconds:0.###} ms");
        Add(JitterMilliseconds > 0, $"+-{JitterMilliseconds:0.###} ms");
        Add(LossPercent > 0, $"{LossPercent:0.###} % loss");
        return parts.Count == 0 ? "no limit" : string.Join(", ", parts);
    }
}
