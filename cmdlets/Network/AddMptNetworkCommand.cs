using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Adds networks to connections that run, and their routes into the tunnel. The connections carry on.</summary>
[Cmdlet(VerbsCommon.Add, "MptNetwork", SupportsShouldProcess = true)]
[OutputType(typeof(MptNetworkInfo))]
public sealed class AddMptNetworkCommand : ConnectionCmdlet
{
    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Connection { get; set; } = [];

    /// <summary>The network on this side, with its prefix length.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Source { get; set; } = "";

    /// <summary>The network on the peer's side, with its prefix length; 0.0.0.0/0: the whole Internet.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>Write the networks as they were taken.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Connection, (client, connection) =>
        WithServer($"{Source} > {Destination}", _ =>
        {
            if (!ShouldProcess($"connection {connection.Name}", $"Add network {Source} > {Destination}"))
            {
                return;
            }
            WriteVerbose($"Adding network {Source} > {Destination} to connection {connection.Name}, and the route to {Destination} into {connection.Tunnel}; Save-MptConfig keeps it.");
            int index = client.AddNetwork(connection.Name, Source, Destination);
            if (PassThru)
            {
                NetworkStatus added = client.GetStatus().Connections.First(item => item.Name == connection.Name).Networks[index];
                WriteObject(new MptNetworkInfo(client.Name, added));
            }
        }));
}
