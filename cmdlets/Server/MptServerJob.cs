using System.ComponentModel;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>
/// A server in the background of this PowerShell process. Get-Job shows it, Receive-Job gives its events (those of level Warning in the
/// warning stream too), Stop-Job stops it.
/// Its state is that of the server: Running while it carries traffic, Stopped when somebody stopped it, Failed when it died.
/// </summary>
public sealed class MptServerJob : Job2
{
    /// <summary>Events nobody has received; beyond that the oldest go.</summary>
    private const int EventLimit = 10_000;

    private readonly Lock transition = new();
    private readonly MptServerOptions options;
    private MptServer? server;

    internal MptServerJob(string name, string command, MptServerOptions options) : base(command, name)
    {
        this.options = options;
        PSJobTypeName = "MptServer";
    }

    /// <summary>The server's name: that of its first tunnel.</summary>
    public string Server => server?.Name ?? "";

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0;

    internal bool HasFinished => JobStateInfo.State is JobState.Stopped or JobState.Failed;

    /// <inheritdoc/>
    public override string Location => "localhost";

    /// <inheritdoc/>
    public override string StatusMessage => JobStateInfo.Reason?.Message ?? "";

    /// <inheritdoc/>
    public override void StopJob()
    {
        if (server is null)
        {
            return;
        }
        Enter(JobState.Stopping);
        server.Stop();
        Finished.WaitOne();
    }

    /// <inheritdoc/>
    public override void StopJob(bool force, string reason) => StopJob();

    /// <inheritdoc/>
    public override void StopJobAsync() => Task.Run(() =>
    {
        Exception? failure = null;
        try
        {
            StopJob();
        }
        catch (Exception e)
        {
            failure = e;
        }
        OnStopJobCompleted(new AsyncCompletedEventArgs(failure, cancelled: false, userState: null));
    });

    /// <inheritdoc/>
    public override void StopJobAsync(bool force, string reason) => StopJobAsync();

    /// <inheritdoc/>
    public override void StartJob() => throw CannotResume();

    /// <inheritdoc/>
    public override void StartJobAsync() => throw CannotResume();

    /// <inheritdoc/>
    public override void ResumeJob() => throw CannotResume();

    /// <inheritdoc/>
    public override void ResumeJobAsync() => throw CannotResume();

    /// <inheritdoc/>
    public override void SuspendJob() => throw CannotSuspend();

    /// <inheritdoc/>
    public override void SuspendJob(bool force, string reason) => throw CannotSuspend();

    /// <inheritdoc/>
    public override void SuspendJobAsync() => throw CannotSuspend();

    /// <inheritdoc/>
    public override void SuspendJobAsync(bool force, string reason) => throw CannotSuspend();

    /// <inheritdoc/>
    public override void UnblockJob() => throw NeverBlocked();

    /// <inheritdoc/>
    public override void UnblockJobAsync() => throw NeverBlocked();

    /// <summary>Starts the server and returns when it carries traffic.</summary>
    /// <exception cref="MptStartException">It cannot start.</exception>
    internal void Start(ServerConfig config)
    {
        server = MptServer.Start(config, options with { Observer = Keep });
        ProcessEnd.Watch(server);
        Enter(JobState.Running);
        _ = server.Completion.ContinueWith(Finish, TaskScheduler.Default);
    }

    /// <summary>A job for the same server, started in the same way.</summary>
    internal MptServerJob Successor() => new(Name, Command, options);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopJob();
        }
        base.Dispose(disposing);
    }

    private void Keep(MptEvent change)
    {
        while (Output.Count >= EventLimit)
        {
            Output.RemoveAt(0);
        }
        Output.Add(PSObject.AsPSObject(new MptEventInfo(change)));
        if (change.Level == MptEventLevel.Warning)
        {
            while (Warning.Count >= EventLimit)
            {
                Warning.RemoveAt(0);
            }
            Warning.Add(new WarningRecord(change.Message));
        }
    }

    private void Finish(Task completion)
    {
        ProcessEnd.Forget(server!);
        if (completion.Exception?.InnerException is { } reason)
        {
            Error.Add(MptErrors.Died(reason, Server));
            Enter(JobState.Failed, reason);
        }
        else
        {
            Enter(JobState.Stopped);
        }
    }

    /// <summary>A job that has finished stays as it is, whoever was about to stop it at that moment.</summary>
    private void Enter(JobState state, Exception? reason = null)
    {
        lock (transition)
        {
            if (!HasFinished)
            {
                SetJobState(this, state, reason);
            }
        }
    }

    /// <summary>Protected in PowerShell 7, but missing from the reference assembly the module is compiled with.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern void SetJobState(Job2 job, JobState state, Exception? reason);

    private static NotSupportedException CannotResume() =>
        new("An MPT server that has stopped is not started again by its job; use Start-MptServer.");

    private static NotSupportedException CannotSuspend() =>
        new("An MPT server cannot be suspended; take its paths down with Set-MptPath, or stop it with Stop-Job.");

    private static NotSupportedException NeverBlocked() => new("An MPT server never waits for input.");
}
