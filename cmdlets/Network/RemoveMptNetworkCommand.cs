using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Takes networks out of connections that run, and their routes where no other connection needs them.</summary>
[Cmdlet(VerbsCommon.Remove, "MptNetwork", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMptNetworkCommand : ConnectionCmdlet
{
    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Connection { get; set; } = [];

    /// <summary>The network on this side.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NetworkSourceCompleter))]
    [ValidateNotNullOrEmpty]
    public string Source { get; set; } = "";

    /// <summary>The network on the peer's side.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NetworkDestinationCompleter))]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Connection, (client, connection) =>
        WithServer($"{Source} > {Destination}", _ =>
        {
            if (!ShouldProcess($"network {Source} > {Destination} of connection {connection.Name}", "Remove"))
            {
                return;
            }
            WriteVerbose($"Removing network {Source} > {Destination} of connection {connection.Name}, and its route where no other connection needs it.");
            client.RemoveNetwork(connection.Name, Source, Destination);
        }));
}
