using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Gets the paths of a running server's connections.</summary>
[Cmdlet(VerbsCommon.Get, "MptPath")]
[OutputType(typeof(MptPathInfo))]
public sealed class GetMptPathCommand : ServerCmdlet
{
    /// <summary>Names of connections, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Connection { get; set; }

    /// <summary>Numbers of paths, as in [path_n].</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int[]? Index { get; set; }

    /// <summary>Network interfaces, wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(InterfaceNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Interface { get; set; }

    /// <summary>Only paths that are up, or only those that are down.</summary>
    [Parameter]
    public PathState? Status { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithServer(null, client =>
    {
        var selection = new PathSelection(Connection, Index, Interface);
        ServerStatus status = client.GetStatus();
        WriteObject(
            from path in selection.Choose(status)
            where Status is null || Status == path.Status
            select new MptPathInfo(path),
            enumerateCollection: true);
        foreach (ErrorRecord missing in selection.Missing(status))
        {
            WriteError(missing);
        }
    });
}
