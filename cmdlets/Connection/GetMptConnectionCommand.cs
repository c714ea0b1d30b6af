using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Gets the connections of a running server.</summary>
[Cmdlet(VerbsCommon.Get, "MptConnection")]
[OutputType(typeof(MptConnectionInfo))]
public sealed class GetMptConnectionCommand : ServerCmdlet
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
    protected override void ProcessRecord() => WithServer(null, client =>
    {
        var patterns = new NamePatterns(Name);
        ServerStatus status = client.GetStatus();
        WriteObject(
            from connection in status.Connections
            where patterns.Match(connection.Name)
            select new MptConnectionInfo(connection),
            enumerateCollection: true);
        foreach (string name in patterns.Missing([.. status.Connections.Select(connection => connection.Name)]))
        {
            WriteError(MptErrors.NothingNamed("connection", name, status.Name));
        }
    });
}
