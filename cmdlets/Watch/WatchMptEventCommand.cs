using System.Collections.Concurrent;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Writes the events of running servers as they happen, until it is stopped or the servers are.</summary>
[Cmdlet(VerbsCommon.Watch, "MptEvent")]
[OutputType(typeof(MptEventInfo))]
public sealed class WatchMptEventCommand : ServerCmdlet
{
    private readonly HashSet<string> servers = new(StringComparer.Ordinal);

    /// <summary>Only events of these kinds.</summary>
    [Parameter(Position = 0)]
    public MptEventKind[]? Kind { get; set; }

    /// <summary>Only events about these connections, wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Connection { get; set; }

    /// <summary>Only events that matter at least so much; without it all but those of level Debug.</summary>
    [Parameter]
    public MptEventLevel Level { get; set; } = MptEventLevel.Information;

    /// <summary>How long it watches, in seconds: 0.1 to 86400; without it until it is stopped.</summary>
    [Parameter]
    [ValidateNumber(0.1, 86400.0)]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => servers.Add(Server ?? "");

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stopped);
        using var events = new BlockingCollection<(MptEvent? Event, Exception? Reason)>();
        var subscriptions = new List<IDisposable>();
        try
        {
            foreach (string server in servers)
            {
                Server = server.Length > 0 ? server : null;
                WithServer(null, client =>
                {
                    subscriptions.Add(client.Subscribe(happened => Post(events, (happened, null)), reason => Post(events, (null, reason))));
                    WriteVerbose($"Watching server '{client.Name}' (process {client.ProcessId}).");
                });
            }
            if (TimeoutSeconds is { } seconds)
            {
                end.CancelAfter(TimeSpan.FromSeconds(seconds));
            }
            WriteAll(events, subscriptions.Count, end.Token);
        }
        finally
        {
            subscriptions.ForEach(subscription => subscription.Dispose());
        }
    }

    private void WriteAll(BlockingCollection<(MptEvent? Event, Exception? Reason)> events, int running, CancellationToken end)
    {
        var connections = new NamePatterns(Connection);
        try
        {
            while (running > 0)
            {
                (MptEvent? happened, Exception? reason) = events.Take(end);
                if (happened is null)
                {
                    running--;
                    if (reason is MptCommandException failure)
                    {
                        WriteError(MptErrors.Record(failure, null));
                    }
                }
                else if (happened.Level <= Level && (Kind is null || Kind.Contains(happened.Kind))
                    && (Connection is null || (happened.Connection is { } name && connections.Match(name))))
                {
                    WriteObject(new MptEventInfo(happened));
                }
            }
        }
        catch (OperationCanceledException) when (!Stopping)
        {
            WriteVerbose($"The {TimeoutSeconds} s are over.");
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Events may still come while the subscription ends.</summary>
    private static void Post(BlockingCollection<(MptEvent? Event, Exception? Reason)> events, (MptEvent? Event, Exception? Reason) item)
    {
        try
        {
            events.Add(item);
        }
        catch (ObjectDisposedException)
        {
            return;
        }
    }
}
