using MptTools.Engine;

namespace MptTools;

/// <summary>What a path carried over an interval, and how its line did. Rates are of inner packets: what the tunnel's users sent.</summary>
public sealed class MptPathMeasurement
{
    internal MptPathMeasurement(PathStatus first, PathStatus last, DateTime start, TimeSpan length, long connectionBytesSent, RoundTripRange roundTrips)
    {
        double seconds = length.TotalSeconds;
        Server = last.Server;
        Connection = last.Connection;
        Index = last.Index;
        Interface = last.Interface;
        Status = last.Status.ToString();
        Detail = last.Detail.ToString();
        Start = start;
        Seconds = Math.Round(seconds, 3);
        BytesSent = Math.Max(0, last.BytesSent - first.BytesSent);
        BytesReceived = Math.Max(0, last.BytesReceived - first.BytesReceived);
        PacketsSent = Math.Max(0, last.PacketsSent - first.PacketsSent);
        PacketsReceived = Math.Max(0, last.PacketsReceived - first.PacketsReceived);
        SentBitsPerSecond = Math.Round(BytesSent * 8 / seconds);
        ReceivedBitsPerSecond = Math.Round(BytesReceived * 8 / seconds);
        SharePercent = connectionBytesSent > 0 ? Math.Round(100.0 * BytesSent / connectionBytesSent, 1) : null;
        LossOutPercent = Loss.Percent(last.Line.OutwardSent - first.Line.OutwardSent, last.Line.OutwardArrived - first.Line.OutwardArrived);
        LossInPercent = Loss.Percent(last.Line.InwardSent - first.Line.InwardSent, last.Line.InwardArrived - first.Line.InwardArrived);
        RoundTrips = roundTrips.Count;
        RoundTripMilliseconds = roundTrips.Mean;
        RoundTripMinimumMilliseconds = roundTrips.Minimum;
        RoundTripMaximumMilliseconds = roundTrips.Maximum;
        SendErrors = Math.Max(0, last.SendErrors - first.SendErrors);
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection's name.</summary>
    public string Connection { get; }
    /// <summary>n of [path_n].</summary>
    public int Index { get; }
    /// <summary>The network interface.</summary>
    public string Interface { get; }
    /// <summary>Up or Down, at the end of the interval.</summary>
    public string Status { get; }
    /// <summary>The detail behind it.</summary>
    public string Detail { get; }
    /// <summary>When the interval began, in local time.</summary>
    public DateTime Start { get; }
    /// <summary>How long it was.</summary>
    public double Seconds { get; }
    /// <summary>Bits a second sent.</summary>
    public double SentBitsPerSecond { get; }
    /// <summary>Bits a second received.</summary>
    public double ReceivedBitsPerSecond { get; }
    /// <summary>Bytes sent.</summary>
    public long BytesSent { get; }
    /// <summary>Bytes received.</summary>
    public long BytesReceived { get; }
    /// <summary>Packets sent.</summary>
    public long PacketsSent { get; }
    /// <summary>Packets received.</summary>
    public long PacketsReceived { get; }
    /// <summary>The path's share of the bytes its connection sent, in percent; null where that sent nothing.</summary>
    public double? SharePercent { get; }
    /// <summary>Of the packets sent, how many did not arrive, in percent; null where the peer does not tell.</summary>
    public double? LossOutPercent { get; }
    /// <summary>Of the packets the peer sent, how many did not arrive, in percent; null where the peer does not tell.</summary>
    public double? LossInPercent { get; }
    /// <summary>The mean round trip in milliseconds; null where none was measured.</summary>
    public double? RoundTripMilliseconds { get; }
    /// <summary>The shortest one.</summary>
    public double? RoundTripMinimumMilliseconds { get; }
    /// <summary>The longest one.</summary>
    public double? RoundTripMaximumMilliseconds { get; }
    /// <summary>How many were measured: one a keepalive.</summary>
    public long RoundTrips { get; }
    /// <summary>Packets the kernel refused to send.</summary>
    public long SendErrors { get; }

    /// <summary>Connection, number and interface, as in "hostB path 0 (eth1)".</summary>
    public override string ToString() => $"{Connection} path {Index} ({Interface})";
}

/// <summary>Round trips of an interval, in milliseconds; null where there were none.</summary>
internal readonly record struct RoundTripRange(long Count, double? Mean, double? Minimum, double? Maximum);

internal static class Loss
{
    /// <summary>Null where nothing was sent or nobody tells; packets that overtake a keepalive can make it a little less than nothing.</summary>
    internal static double? Percent(long sent, long arrived) => sent <= 0 ? null : Math.Round(Math.Clamp(100.0 * (sent - arrived) / sent, 0, 100), 3);
}
