using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Gets the rules of a running server's connections, in the order they are asked: those of the connection, then those that ports of its paths say.</summary>
[Cmdlet(VerbsCommon.Get, "MptRule")]
[OutputType(typeof(MptRuleInfo))]
public sealed class GetMptRuleCommand : ConnectionCmdlet
{
    private readonly List<string> names = [];
    private string? server;

    /// <summary>Names of connections, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Connection { get; set; }

    /// <summary>Numbers of rules, as in [rule_n]. Not taken from the pipeline: a path has one too.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(RuleIndexCompleter))]
    [ValidateNumber(0, ConfigRanges.MaxRules - 1)]
    public int[]? Index { get; set; }

    /// <summary>Names of rules, wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RuleNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Connection, (client, connection) =>
    {
        var patterns = new NamePatterns(Name);
        server = client.Name;
        foreach (RuleStatus rule in connection.Rules)
        {
            if ((Index is null || Index.Any(index => index == rule.Index)) && (Name is null || rule.Name is { } name && patterns.Match(name)))
            {
                WriteObject(new MptRuleInfo(rule));
            }
        }
        names.AddRange(connection.Rules.Select(rule => rule.Name).OfType<string>());
    });

    // Of several piped connections one may have it and the others not.
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (server is null)
        {
            return;
        }
        foreach (string name in new NamePatterns(Name).Missing(names))
        {
            WriteError(MptErrors.NothingNamed("rule", name, server));
        }
    }
}
