using System.Collections.Concurrent;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>
/// Starts a server in this PowerShell process: as a job in the background, or with -Wait in front until it is stopped.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "MptServer", DefaultParameterSetName = JobSet)]
[OutputType(typeof(MptServerJob), ParameterSetName = [JobSet])]
[OutputType(typeof(MptEventInfo), ParameterSetName = [WaitSet])]
public sealed class StartMptServerCommand : LinuxCmdlet
{
    private const string JobSet = "Job", WaitSet = "Wait";

    private volatile MptServer? waitedFor;

    private Offloads DisabledOffloads => DisableOffload.Aggregate(Offloads.None, (all, one) => all | one);

    /// <summary>The directory of interface.conf. Without it: conf where that holds an interface.conf, else /etc/mpttools.</summary>
    [Parameter(Position = 0)]
    [Alias("Path", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string? ConfigPath { get; set; }

    /// <summary>Offloads that are not used though the kernel has them, beside those that interface.conf turns off.</summary>
    [Parameter]
    public Offloads[] DisableOffload { get; set; } = [];

    /// <summary>The job's name; that of the server where left out.</summary>
    [Parameter(ParameterSetName = JobSet)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>
    /// How many threads move packets: 1 to 64; 0: as many as suit the processors. Without it: what interface.conf says.
    /// </summary>
    [Parameter]
    [ValidateRange(0, MptServerOptions.MaximumThreads)]
    public int? Threads { get; set; }

    /// <summary>Stay in front and write the server's events, until Ctrl-C, SIGTERM or Stop-MptServer ends it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = WaitSet)]
    public SwitchParameter Wait { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ServerConfig config = Load();
        if (Wait)
        {
            RunInFront(config);
            return;
        }
        MptServerJob job = new(Name ?? config.Tunnels[0].Name, MyInvocation.Line.Trim());
        try
        {
            job.Start(config, Options());
        }
        catch (MptStartException e)
        {
            job.Dispose();
            ThrowTerminatingError(MptErrors.NotStarted(e, config.Directory));
        }
        JobRepository.Add(job);
        WriteObject(job);
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        waitedFor?.RequestStop();
        base.StopProcessing();
    }

    private ServerConfig Load()
    {
        string here = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        string directory = ConfigPath is null ? ConfigDirectory.Default(here) : GetUnresolvedProviderPathFromPSPath(ConfigPath);
        ConfigResult<ServerConfig> result = ConfigLoader.Load(directory);
        if (result.Config is null)
        {
            ThrowTerminatingError(MptErrors.FaultyConfiguration(directory, string.Join(Environment.NewLine, result.Diagnostics)));
        }
        foreach (ConfigDiagnostic warning in result.Diagnostics)
        {
            WriteWarning(warning.ToString());
        }
        return result.Config!;
    }

    private MptServerOptions Options() => new() { DisabledOffloads = DisabledOffloads, Threads = Threads };

    private void RunInFront(ServerConfig config)
    {
        using var events = new BlockingCollection<MptEvent>();
        MptServer server = Start(config, events.Add);
        waitedFor = server;
        try
        {
            using IDisposable signals = ProcessEnd.StopOnSignals(server);
            _ = server.Completion.ContinueWith(_ => events.CompleteAdding(), TaskScheduler.Default);
            if (Stopping)
            {
                server.RequestStop();
            }
            foreach (MptEvent change in events.GetConsumingEnumerable())
            {
                WriteObject(new MptEventInfo(change));
            }
        }
        finally
        {
            // Ctrl-C ends the loop above at once; the command ends when the server has.
            server.Stop();
        }
        if (server.Completion.Exception?.InnerException is { } reason)
        {
            ThrowTerminatingError(MptErrors.Died(reason, server.Name));
        }
    }

    private MptServer Start(ServerConfig config, Action<MptEvent> observer)
    {
        try
        {
            return MptServer.Start(config, Options() with { Observer = observer });
        }
        catch (MptStartException e)
        {
            ThrowTerminatingError(MptErrors.NotStarted(e, config.Directory));
            throw;
        }
    }
}
