using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Stops a running server and returns when nothing of it is left in the system.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MptServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class StopMptServerCommand : ServerCmdlet
{
    /// <inheritdoc/>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [ValidateNotNullOrEmpty]
    public override string? Server { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithServer(null, client =>
    {
        if (ShouldProcess($"server {client.Name} (process {client.ProcessId})", "Stop"))
        {
            client.Stop();
            AwaitJob(client);
        }
    });

    /// <summary>The job of a server in this process has its last state when the command returns.</summary>
    private void AwaitJob(MptClient client)
    {
        if (client.ProcessId == Environment.ProcessId)
        {
            foreach (MptServerJob job in JobRepository.Jobs.OfType<MptServerJob>().Where(job => job.Server == client.Name))
            {
                job.Finished.WaitOne();
            }
        }
    }
}
