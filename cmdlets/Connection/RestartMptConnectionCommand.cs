using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>
/// Closes and opens the sockets and routes of connections' paths. Paths start with their configured status; counters, numbering and
/// what was changed at run time stay.
/// </summary>
[Cmdlet(VerbsLifecycle.Restart, "MptConnection", SupportsShouldProcess = true)]
[OutputType(typeof(MptConnectionInfo))]
public sealed class RestartMptConnectionCommand : ConnectionCmdlet
{
    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Connection")]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Write the connections as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Name, (client, connection) =>
    {
        if (!ShouldProcess($"connection {connection.Name}", "Restart"))
        {
            return;
        }
        WriteVerbose($"Closing and opening the {connection.Paths.Count} path(s) of connection {connection.Name} of server {client.Name}.");
        client.Restart(connection.ConfigFile);
        if (PassThru)
        {
            WriteObject(new MptConnectionInfo(client.GetStatus().Connections.First(item => item.ConfigFile == connection.ConfigFile)));
        }
    });
}
