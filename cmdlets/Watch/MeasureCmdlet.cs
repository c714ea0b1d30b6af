using System.Diagnostics;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>
/// Reads servers over an interval and tells what happened in it. Everything the pipeline names is measured over the same interval.
/// </summary>
public abstract class MeasureCmdlet : ServerCmdlet
{
    /// <summary>So often round trips are looked at, at least; the server keeps only the last one.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, List<Func<ServerStatus, IEnumerable<(string Connection, int Index)>>>> asked = new(StringComparer.Ordinal);

    /// <summary>How long an interval is, in seconds: 0.1 to 86400.</summary>
    [Parameter]
    [ValidateNumber(0.1, 86400.0)]
    public double Seconds { get; set; } = 5;

    /// <summary>How many intervals are measured, one after another.</summary>
    [Parameter]
    [ValidateNumber(1, int.MaxValue)]
    public int Count { get; set; } = 1;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var measured = new List<(MptClient Client, StatusSeries Series, HashSet<(string, int)> Paths)>();
        foreach ((string server, var selections) in asked)
        {
            Server = server.Length > 0 ? server : null;
            WithServer(null, client =>
            {
                var series = new StatusSeries();
                series.Add(client.GetStatus());
                HashSet<(string, int)> paths = [.. selections.SelectMany(selection => selection(series.Last))];
                if (paths.Count > 0)
                {
                    measured.Add((client, series, paths));
                }
            });
        }
        for (int interval = 0; interval < Count && measured.Count > 0; interval++)
        {
            Measure(measured, interval);
        }
    }

    /// <summary>Remembers what of the server is asked for.</summary>
    private protected void Ask(Func<ServerStatus, IEnumerable<(string Connection, int Index)>> selection)
    {
        string server = Server ?? "";
        if (!asked.TryGetValue(server, out var selections))
        {
            asked.Add(server, selections = []);
        }
        selections.Add(selection);
    }

    /// <summary>Writes what the interval has shown.</summary>
    private protected abstract void Write(StatusSeries series, IReadOnlyCollection<(string Connection, int Index)> paths);

    private protected void WriteGone(string what, string server) => WriteError(MptErrors.Gone(what, server));

    private void Measure(List<(MptClient Client, StatusSeries Series, HashSet<(string, int)> Paths)> measured, int interval)
    {
        var clock = Stopwatch.StartNew();
        TimeSpan length = TimeSpan.FromSeconds(Seconds);
        while (clock.Elapsed < length)
        {
            ShowProgress(clock.Elapsed, interval);
            TimeSpan left = length - clock.Elapsed;
            if (Stopped.WaitHandle.WaitOne(left < LongestPause ? left : LongestPause))
            {
                throw new PipelineStoppedException();
            }
            measured.RemoveAll(item => !TryRead(item.Client, item.Series));
        }
        foreach ((MptClient _, StatusSeries series, HashSet<(string, int)> paths) in measured)
        {
            Write(series, paths);
            series.Restart();
        }
    }

    private bool TryRead(MptClient client, StatusSeries series)
    {
        try
        {
            series.Add(client.GetStatus());
            return true;
        }
        catch (MptCommandException e)
        {
            WriteError(MptErrors.Record(e, client.Name));
            return false;
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }

    private void ShowProgress(TimeSpan elapsed, int interval)
    {
        if (Seconds * Count <= 1)
        {
            return;
        }
        double done = ((interval * Seconds) + elapsed.TotalSeconds) / (Seconds * Count);
        WriteProgress(new ProgressRecord(1, "Measuring", Count == 1 ? $"{Seconds} s" : $"interval {interval + 1} of {Count}, {Seconds} s each")
        {
            PercentComplete = (int)(100 * Math.Min(done, 1)),
            SecondsRemaining = (int)((Seconds * Count) - (interval * Seconds) - elapsed.TotalSeconds),
        });
    }
}
