using System.Management.Automation;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>
/// Takes paths out of connections that run. Each one that goes moves the later ones up by one; several are taken out from the last to
/// the first, so that all numbers mean what they meant when the command began.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "MptPath", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMptPathCommand : ConnectionCmdlet
{
    private readonly HashSet<(string? Server, string Connection, int Index)> wanted = [];

    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Connection { get; set; } = [];

    /// <summary>Numbers of paths, as in [path_n].</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int[] Index { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Connection, (_, connection) =>
    {
        foreach (int index in Index)
        {
            if (connection.Paths.FirstOrDefault(path => path.Index == index) is not { } path)
            {
                WriteError(MptErrors.NoPath(connection.Name, index, connection.Paths.Count));
            }
            else if (ShouldProcess($"path {index} ({path.Interface}) of connection {connection.Name}", "Remove"))
            {
                wanted.Add((Server, connection.Name, index));
            }
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach ((string? server, string connection, int index) in wanted.OrderByDescending(path => path.Index))
        {
            Server = server;
            WithServer($"path {index} of connection {connection}", client => Remove(client, connection, index));
        }
    }

    private void Remove(MptClient client, string connection, int index)
    {
        WriteVerbose($"Removing path {index} of connection {connection} of server {client.Name}; the later ones move up by one.");
        client.RemovePath(connection, index);
    }
}
