using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that has to do with a running server, and so with Linux. Elsewhere it says so before anything else.</summary>
public abstract class LinuxCmdlet : PSCmdlet
{
    /// <inheritdoc/>
    protected sealed override void BeginProcessing()
    {
        if (!OperatingSystem.IsLinux())
        {
            ThrowTerminatingError(MptErrors.NeedsLinux(MyInvocation.MyCommand.Name));
        }
    }
}
