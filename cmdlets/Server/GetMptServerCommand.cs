using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Gets the servers that run in this network namespace, in this process or another.</summary>
[Cmdlet(VerbsCommon.Get, "MptServer")]
[OutputType(typeof(MptServerInfo))]
public sealed class GetMptServerCommand : LinuxCmdlet
{
    /// <summary>Names of servers (their first tunnels), wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var patterns = new NamePatterns(Name);
        IReadOnlyList<string> running = MptClient.ListServers();
        // Asking for one that does not run gives its own error, the same as with every other cmdlet.
        foreach (string name in running.Where(patterns.Match).Concat(patterns.Missing(running)))
        {
            try
            {
                WriteObject(new MptServerInfo(MptClient.Connect(name, cancellation: Stopped).GetStatus()));
            }
            catch (MptCommandException e)
            {
                WriteError(MptErrors.Record(e, name));
            }
            catch (OperationCanceledException) when (Stopping)
            {
                throw new PipelineStoppedException();
            }
        }
    }
}
