using MptTools.Engine;

namespace MptTools;

/// <summary>What a connection carried over an interval. Rates are of inner packets: what the tunnel's users sent.</summary>
public sealed class MptConnectionMeasurement
{
    internal MptConnectionMeasurement(
        ConnectionStatus first, ConnectionStatus last, IReadOnlyCollection<MptPathMeasurement> paths, DateTime start, TimeSpan length)
    {
        double seconds = length.TotalSeconds;
        Server = last.Server;
        Connection = last.Name;
        PathCount = last.Paths.Count;
        PathsUp = last.Paths.Count(path => path.Status == PathState.Up);
        Start = start;
        Seconds = Math.Round(seconds, 3);
        BytesSent = Math.Max(0, last.BytesSent - first.BytesSent);
        BytesReceived = Math.Max(0, last.BytesReceived - first.BytesReceived);
        PacketsSent = Math.Max(0, last.PacketsSent - first.PacketsSent);
        PacketsReceived = Math.Max(0, last.PacketsReceived - first.PacketsReceived);
        SentBitsPerSecond = Math.Round(BytesSent * 8 / seconds);
        ReceivedBitsPerSecond = Math.Round(BytesReceived * 8 / seconds);
        PacketsLost = Math.Max(0, Lost(last) - Lost(first));
        LostPercent = PacketsReceived + PacketsLost > 0 ? Math.Round(100.0 * PacketsLost / (PacketsReceived + PacketsLost), 3) : null;
        LossOutPercent = Weighted(paths, path => path.LossOutPercent, path => path.PacketsSent);
        LossInPercent = Weighted(paths, path => path.LossInPercent, path => path.PacketsReceived);
        RoundTrips = paths.Sum(path => path.RoundTrips);
        RoundTripMilliseconds = Weighted(paths, path => path.RoundTripMilliseconds, path => path.RoundTrips);
        RoundTripMinimumMilliseconds = paths.Min(path => path.RoundTripMinimumMilliseconds);
        RoundTripMaximumMilliseconds = paths.Max(path => path.RoundTripMaximumMilliseconds);
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection's name.</summary>
    public string Connection { get; }
    /// <summary>How many paths it has.</summary>
    public int PathCount { get; }
    /// <summary>How many of them carry traffic, at the end of the interval.</summary>
    public int PathsUp { get; }
    /// <summary>When the interval began, in local time.</summary>
    public DateTime Start { get; }
    /// <summary>How long it was.</summary>
    public double Seconds { get; }
    /// <summary>Bits a second sent over all paths.</summary>
    public double SentBitsPerSecond { get; }
    /// <summary>Bits a second delivered to the tunnel device.</summary>
    public double ReceivedBitsPerSecond { get; }
    /// <summary>Bytes sent.</summary>
    public long BytesSent { get; }
    /// <summary>Bytes delivered.</summary>
    public long BytesReceived { get; }
    /// <summary>Packets sent.</summary>
    public long PacketsSent { get; }
    /// <summary>Packets delivered.</summary>
    public long PacketsReceived { get; }
    /// <summary>Packets that the ordering gave up; none where packets are not numbered.</summary>
    public long PacketsLost { get; }
    /// <summary>Their part of what should have been delivered, in percent; null where that is nothing.</summary>
    public double? LostPercent { get; }
    /// <summary>Of the packets sent by the paths, how many did not arrive, in percent; null where the peer does not tell.</summary>
    public double? LossOutPercent { get; }
    /// <summary>Of the packets the peer's paths sent, how many did not arrive, in percent; null where the peer does not tell.</summary>
    public double? LossInPercent { get; }
    /// <summary>The mean round trip of all paths in milliseconds; null where none was measured.</summary>
    public double? RoundTripMilliseconds { get; }
    /// <summary>The shortest one of any path.</summary>
    public double? RoundTripMinimumMilliseconds { get; }
    /// <summary>The longest one of any path.</summary>
    public double? RoundTripMaximumMilliseconds { get; }
    /// <summary>How many were measured: one a keepalive of each path.</summary>
    public long RoundTrips { get; }

    /// <summary>The connection's name.</summary>
    public override string ToString() => Connection;

    private static long Lost(ConnectionStatus status) => status.Ordering.LostByGap + status.Ordering.LostByTime + status.Ordering.LostByJump;

    private static double? Weighted(
        IEnumerable<MptPathMeasurement> paths, Func<MptPathMeasurement, double?> value, Func<MptPathMeasurement, long> weight)
    {
        var known = paths.Where(path => value(path) is not null && weight(path) > 0).ToList();
        double total = known.Sum(path => (double)weight(path));
        return total > 0 ? Math.Round(known.Sum(path => value(path)!.Value * weight(path)) / total, 3) : null;
    }
}
