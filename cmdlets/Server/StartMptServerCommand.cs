using System.Collections.Concurrent;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>
/// Starts a server in this PowerShell process: as a job in the background, or with -Wait in front until it is stopped.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "MptServer", DefaultParameterSetName = JobSet, SupportsShouldProcess = true)]
[OutputType(typeof(MptServerJob), ParameterSetName = [JobSet])]
[OutputType(typeof(MptEventInfo), ParameterSetName = [WaitSet])]
public sealed class StartMptServerCommand : LinuxCmdlet
{
    private const string JobSet = "Job", WaitSet = "Wait";

    /// <summary>How long Ctrl-C waits for a server to stop.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    private volatile MptServer? waitedFor;

    private Offloads DisabledOffloads => DisableOffload.Aggregate(Offloads.None, (all, one) => all | one);

    /// <summary>The directory of interface.conf. Without it: conf where that holds an interface.conf, else /etc/mpttools.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Path", "PSPath", "ConfigDirectory")]
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
    [ValidateNumber(0, MptServerOptions.MaximumThreads)]
    [Alias("Threads")]
    public int? ThreadCount { get; set; }

    /// <summary>Stay in front and write the server's events, until Ctrl-C, SIGTERM or Stop-MptServer ends it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = WaitSet)]
    public SwitchParameter Wait { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string here = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        string directory = ConfigPath is null ? ConfigDirectory.Default(here) : GetUnresolvedProviderPathFromPSPath(ConfigPath);
        try
        {
            if (Load(directory) is not { } config || !ShouldProcess(directory, "Start the server of this configuration"))
            {
                return;
            }
            string activity = $"Starting server {config.Tunnels[0].Name}";
            void AwaitStart(Task start) => Await(start, activity, "Making tunnels, routes and connections, and waiting for hooks");
            if (Wait)
            {
                RunInFront(config, AwaitStart);
                return;
            }
            MptServerJob job = new(Name ?? config.Tunnels[0].Name, MyInvocation.Line.Trim(), Options());
            WriteObject(ServerStart.Run(job, config, JobRepository, AwaitStart));
        }
        catch (MptStartException e)
        {
            Fail(MptErrors.NotStarted(e, directory));
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        waitedFor?.RequestStop();
        base.StopProcessing();
    }

    private ServerConfig? Load(string directory)
    {
        ConfigResult<ServerConfig> result = ConfigLoader.Load(directory);
        if (result.Config is null)
        {
            Fail(MptErrors.FaultyConfiguration(directory, string.Join(Environment.NewLine, result.Diagnostics)));
            return null;
        }
        foreach (ConfigDiagnostic warning in result.Diagnostics)
        {
            WriteWarning(warning.ToString());
        }
        return result.Config;
    }

    /// <summary>Fails the command; of several directories from the pipeline, only the one.</summary>
    private void Fail(ErrorRecord error)
    {
        if (!MyInvocation.ExpectingInput)
        {
            ThrowTerminatingError(error);
        }
        WriteError(error);
    }

    private MptServerOptions Options() => new() { DisabledOffloads = DisabledOffloads, Threads = ThreadCount };

    private void RunInFront(ServerConfig config, Action<Task> wait)
    {
        // Not disposed: after Ctrl-C the server goes on writing into it until it has stopped.
        var events = new BlockingCollection<MptEvent>();
        MptServer server = ServerStart.Run(
            () => MptServer.Start(config, Options() with { Observer = events.Add }), wait, server => server.Stop());
        waitedFor = server;
        try
        {
            using IDisposable signals = ProcessEnd.StopOnSignals(server);
            _ = server.Completion.ContinueWith(_ => events.CompleteAdding(), TaskScheduler.Default);
            if (Stopping)
            {
                server.RequestStop();
            }
            foreach (MptEvent change in events.GetConsumingEnumerable(Stopped))
            {
                WriteObject(new MptEventInfo(change));
            }
        }
        finally
        {
            End(server);
        }
        if (server.Completion.Exception?.InnerException is { } reason)
        {
            Fail(MptErrors.Died(reason, server.Name));
        }
    }

    /// <summary>Who has pressed Ctrl-C does not wait for slow hooks: the server goes on stopping, and PowerShell does not end before it.</summary>
    private void End(MptServer server)
    {
        if (!Stopping)
        {
            server.Stop();
            return;
        }
        ProcessEnd.Watch(server);
        server.RequestStop();
        _ = server.Completion.ContinueWith(_ => ProcessEnd.Forget(server), TaskScheduler.Default).Wait(Patience);
    }
}
