using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that has to do with a running server, and so with Linux. Elsewhere it says so before anything else.</summary>
public abstract class LinuxCmdlet : PSCmdlet, IDisposable
{
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
}
