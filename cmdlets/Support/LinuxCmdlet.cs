using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that has to do with a running server, and so with Linux. Elsewhere it says so before anything else.</summary>
public abstract class LinuxCmdlet : PSCmdlet, IDisposable
{
    /// <summary>What is done before that needs no bar that only flashes.</summary>
    private static readonly TimeSpan WithoutProgress = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();

    /// <summary>Fires when the user stops the command (Ctrl-C), and when a later command of the pipeline has had enough.</summary>
    private protected CancellationToken Stopped => stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected sealed override void BeginProcessing()
    {
        if (!OperatingSystem.IsLinux())
        {
            ThrowTerminatingError(MptErrors.NeedsLinux(MyInvocation.MyCommand.Name));
        }
        Begin();
    }

    /// <summary>Called once, on Linux only, before the first record.</summary>
    private protected virtual void Begin()
    {
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => stop.Cancel();

    /// <summary>Frees what the cmdlet holds; called once, after everything else.</summary>
    protected virtual void Dispose(bool disposing) => stop.Dispose();

    /// <summary>Waits for what goes on elsewhere, with a progress bar where it takes longer than a second.</summary>
    /// <param name="work">The work; what it fails with is thrown.</param>
    /// <param name="activity">What the command does, for the bar.</param>
    /// <param name="state">What is being waited for, for the bar.</param>
    /// <exception cref="OperationCanceledException">The user has stopped the command; the work goes on.</exception>
    private protected void Await(Task work, string activity, string state)
    {
        try
        {
            if (work.Wait((int)WithoutProgress.TotalMilliseconds, Stopped))
            {
                return;
            }
            var progress = new ProgressRecord(0, activity, state);
            WriteProgress(progress);
            try
            {
                work.Wait(Stopped);
            }
            finally
            {
                // Whoever is stopped may not write any more, and would lose what it was stopped by.
                if (!Stopping)
                {
                    progress.RecordType = ProgressRecordType.Completed;
                    WriteProgress(progress);
                }
            }
        }
        catch (AggregateException e) when (e.InnerException is { } reason)
        {
            ExceptionDispatchInfo.Throw(reason);
        }
    }
}
