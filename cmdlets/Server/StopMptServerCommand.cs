using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Stops running servers and returns when nothing of them is left in the system.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MptServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MptServerInfo))]
public sealed class StopMptServerCommand : ServersCmdlet
{
    /// <summary>Write the servers as they were when they were stopped.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(MptClient client)
    {
        if (!ShouldProcess($"server {client.Name} (process {client.ProcessId})", "Stop"))
        {
            return;
        }
        ServerStatus? last = PassThru ? client.GetStatus() : null;
        Stop(client, JobOf(client), $"Stopping server {client.Name}");
        if (last is not null)
        {
            WriteObject(new MptServerInfo(last));
        }
    }
}
