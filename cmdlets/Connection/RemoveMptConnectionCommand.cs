using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Stops connections and takes their files out of use: FILE becomes FILE.disabled, in the place of an older one of that name.</summary>
[Cmdlet(VerbsCommon.Remove, "MptConnection", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMptConnectionCommand : ConnectionCmdlet
{
    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Connection")]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Name, (client, connection) =>
    {
        if (!ShouldProcess($"connection {connection.Name}", $"Stop, and rename {connection.ConfigFile} to {connection.ConfigFile}.disabled"))
        {
            return;
        }
        WriteVerbose($"Stopping connection {connection.Name} of server {client.Name}; its file becomes {connection.ConfigFile}.disabled. The peer's end stays until it is removed there.");
        client.Delete(connection.ConfigFile);
    });
}
