using System.Diagnostics;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Readings of a server over time, from which the rates, losses and round trips between any two of them can be told.</summary>
internal sealed class StatusSeries
{
    private readonly List<Reading> readings = [];

    /// <summary>The last reading.</summary>
    internal ServerStatus Last => readings[^1].Status;

    internal void Add(ServerStatus status) => readings.Add(new Reading(Stopwatch.GetTimestamp(), DateTime.Now, status));

    /// <summary>Keeps only what is needed to look back that far.</summary>
    internal void Forget(TimeSpan age)
    {
        while (readings.Count > 2 && Stopwatch.GetElapsedTime(readings[1].Time) >= age)
        {
            readings.RemoveAt(0);
        }
    }

    /// <summary>From now on the last reading is the first.</summary>
    internal void Restart() => readings.RemoveRange(0, readings.Count - 1);

    /// <summary>The connection between the first reading and the last; null where one of them does not have it.</summary>
    internal MptConnectionMeasurement? MeasureConnection(string name) =>
        Find(readings[0].Status, name) is { } first && Find(Last, name) is { } last
            ? new(first, last, [.. last.Paths.Select(path => MeasurePath(name, path.Index)).OfType<MptPathMeasurement>()], readings[0].At, Length)
            : null;

    /// <summary>The path between the first reading and the last; null where one of them does not have it.</summary>
    internal MptPathMeasurement? MeasurePath(string connection, int index)
    {
        if (Find(readings[0].Status, connection) is not { } before || Find(Last, connection) is not { } after
            || Find(after, index) is not { } last || Find(before, index) is not { } first || first.Interface != last.Interface)
        {
            return null;
        }
        return new(first, last, readings[0].At, Length, Math.Max(0, after.BytesSent - before.BytesSent), RoundTripsOf(connection, index));
    }

    private TimeSpan Length => Stopwatch.GetElapsedTime(readings[0].Time, readings[^1].Time);

    /// <summary>The mean of all; the extremes of those that were the last one when somebody looked.</summary>
    private RoundTripRange RoundTripsOf(string connection, int index)
    {
        List<LineStatus> lines = [.. readings.Select(reading => Find(Find(reading.Status, connection), index)?.Line).OfType<LineStatus>()];
        long count = lines[^1].RoundTrips - lines[0].RoundTrips;
        if (count <= 0)
        {
            return default;
        }
        List<double> seen = [.. lines.Zip(lines.Skip(1))
            .Where(pair => pair.Second.RoundTrips > pair.First.RoundTrips)
            .Select(pair => pair.Second.LastRoundTripMilliseconds!.Value)];
        double mean = (lines[^1].RoundTripMillisecondsTotal - lines[0].RoundTripMillisecondsTotal) / count;
        return new(count, Math.Round(mean, 3), Math.Round(seen.Min(), 3), Math.Round(seen.Max(), 3));
    }

    private static ConnectionStatus? Find(ServerStatus status, string name) => status.Connections.FirstOrDefault(connection => connection.Name == name);

    private static PathStatus? Find(ConnectionStatus? connection, int index) => connection?.Paths.FirstOrDefault(path => path.Index == index);

    private readonly record struct Reading(long Time, DateTime At, ServerStatus Status);
}
