using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Measures what paths of a running server carry over an interval: throughput, share, loss and round trip.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "MptPath")]
[OutputType(typeof(MptPathMeasurement))]
public sealed class MeasureMptPathCommand : MeasureCmdlet
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

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var selection = new PathSelection(Connection, Index, Interface);
        Ask(status =>
        {
            foreach (ErrorRecord missing in selection.Missing(status))
            {
                WriteError(missing);
            }
            return from path in selection.Choose(status) select (path.Connection, path.Index);
        });
    }

    private protected override void Write(StatusSeries series, IReadOnlyCollection<(string Connection, int Index)> paths)
    {
        foreach ((string connection, int index) in paths.Order())
        {
            if (series.MeasurePath(connection, index) is { } measurement)
            {
                WriteObject(measurement);
            }
            else
            {
                WriteGone($"path {index} of connection {connection}", series.Last.Name);
            }
        }
    }
}
