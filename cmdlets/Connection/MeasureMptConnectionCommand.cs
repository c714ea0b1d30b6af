using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Measures what connections of a running server carry over an interval: throughput, loss and round trip.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "MptConnection")]
[OutputType(typeof(MptConnectionMeasurement))]
public sealed class MeasureMptConnectionCommand : MeasureCmdlet
{
    /// <summary>Names of connections, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Connection")]
    [AllOfServer]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var patterns = new NamePatterns(Name);
        Ask(status =>
        {
            foreach (string name in patterns.Missing([.. status.Connections.Select(connection => connection.Name)]))
            {
                WriteError(MptErrors.NothingNamed("connection", name, status.Name));
            }
            return from connection in status.Connections
                   where patterns.Match(connection.Name)
                   from path in connection.Paths
                   select (connection.Name, path.Index);
        });
    }

    private protected override void Write(StatusSeries series, IReadOnlyCollection<(string Connection, int Index)> paths)
    {
        foreach (string name in paths.Select(path => path.Connection).Distinct())
        {
            if (series.MeasureConnection(name) is { } measurement)
            {
                WriteObject(measurement);
            }
            else
            {
                WriteGone($"connection {name}", series.Last.Name);
            }
        }
    }
}
