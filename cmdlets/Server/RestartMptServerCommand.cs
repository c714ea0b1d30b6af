using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Stops servers and starts them again with the files as they are now, where this PowerShell or systemd can.</summary>
[Cmdlet(VerbsLifecycle.Restart, "MptServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MptServerInfo))]
public sealed class RestartMptServerCommand : ServersCmdlet
{
    /// <summary>Write the servers as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(MptClient client)
    {
        string name = client.Name, directory = client.GetStatus().ConfigDirectory;
        string activity = $"Restarting server {name}";
        MptServerJob? job = JobOf(client);
        string? unit = null;
        try
        {
            unit = job is null ? UnitOf(client.ProcessId, activity) : null;
        }
        catch (InvalidOperationException e)
        {
            WriteError(MptErrors.SystemdFailed(e, name));
            return;
        }
        if (job is null && unit is null)
        {
            WriteError(MptErrors.CannotRestart(name, client.ProcessId, directory));
            return;
        }
        // With a fault in the files it would not come back, so it is not stopped.
        ConfigResult<ServerConfig> read = ConfigLoader.Load(directory);
        if (read.Config is not { } config)
        {
            WriteError(MptErrors.FaultyForRestart(directory, name, string.Join(Environment.NewLine, read.Diagnostics)));
            return;
        }
        if (!ShouldProcess(unit is null ? $"server {name} (job {job!.Id})" : $"server {name} ({unit})", "Restart"))
        {
            return;
        }
        try
        {
            if (unit is not null)
            {
                WriteVerbose($"Server {name} is restarted by systemd, as {unit}.");
                Await(Systemd.Control("restart", unit), activity, $"Waiting for {unit}");
            }
            else
            {
                Stop(client, job, activity);
                ServerStart.Run(job!.Successor(), config, JobRepository, start => Await(start, activity, "Making tunnels, routes and connections"));
            }
        }
        catch (MptStartException e)
        {
            WriteError(MptErrors.NotStartedAgain(e, directory));
            return;
        }
        catch (InvalidOperationException e)
        {
            WriteError(MptErrors.SystemdFailed(e, name));
            return;
        }
        if (PassThru)
        {
            // A changed file may have given it another name.
            WriteObject(new MptServerInfo(MptClient.Connect(config.Tunnels[0].Name, cancellation: Stopped).GetStatus()));
        }
    }

    private string? UnitOf(int process, string activity)
    {
        Task<string?> unit = Systemd.UnitOf(process);
        Await(unit, activity, "Asking systemd");
        return unit.Result;
    }
}
