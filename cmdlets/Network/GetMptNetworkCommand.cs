using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Gets the networks behind the peers of a running server's connections.</summary>
[Cmdlet(VerbsCommon.Get, "MptNetwork")]
[OutputType(typeof(MptNetworkInfo))]
public sealed class GetMptNetworkCommand : ConnectionCmdlet
{
    /// <summary>Names of connections, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Connection, (client, connection) =>
    {
        foreach (NetworkStatus network in connection.Networks)
        {
            WriteObject(new MptNetworkInfo(client.Name, network));
        }
    });
}
