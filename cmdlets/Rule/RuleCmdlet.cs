using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>
/// A cmdlet that does something with rules of running connections, chosen by number or name. A rule's number changes when one before it comes or
/// goes: a piped rule is known by what it says, and its number only tells where to look first.
/// </summary>
public abstract class RuleCmdlet : ConnectionCmdlet
{
    private protected const string IndexSet = "Index", NameSet = "Name";

    private bool indexIsPiped;

    /// <summary>What is piped: a rule of Get-MptRule, or a row of a CSV file of such, is compared with the rule that has its number now.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Connection { get; set; } = [];

    /// <summary>Numbers of rules, as in [rule_n].</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = IndexSet)]
    [ArgumentCompleter(typeof(RuleIndexCompleter))]
    [EmptyIsNull]
    [AllowNull]
    [ValidateNumber(0, ConfigRanges.MaxRules - 1)]
    public int[]? Index { get; set; }

    /// <summary>Names of rules, wildcards allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = NameSet)]
    [ArgumentCompleter(typeof(RuleNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    private protected override void Begin() => indexIsPiped = !MyInvocation.BoundParameters.ContainsKey(nameof(Index));

    /// <summary>Does something with each rule that is meant. What means none is an error of its own.</summary>
    private protected void WithRules(Action<MptClient, ConnectionStatus, RuleStatus> action)
    {
        if (ParameterSetName == NameSet)
        {
            WithNamed(action);
            return;
        }
        if (indexIsPiped && InputObject is { } input && !MayBeRule(input))
        {
            WriteError(MptErrors.NoRuleObject(input));
        }
        else if (Index is null)
        {
            WriteError(MptErrors.RuleOfPorts(InputObject?.Properties["Title"]?.Value as string ?? "A rule without a number", InputObject));
        }
        else
        {
            WithConnections(Connection, (client, connection) =>
            {
                foreach (int index in Index)
                {
                    WithIndex(client, connection, index, action);
                }
            });
        }
    }

    /// <summary>Where a rule is that was seen before; null, and an error, where that cannot be told.</summary>
    private protected RuleStatus? Find(ConnectionStatus connection, int index, string? name, string conditions, string action)
    {
        bool IsSame(RuleStatus rule) =>
            rule.Index is not null && (rule.Name ?? "") == (name ?? "") && rule.Conditions == conditions && rule.Action == action;

        RuleStatus? there = connection.Rules.FirstOrDefault(rule => rule.Index == index);
        if (there is not null && IsSame(there))
        {
            return there;
        }
        if (connection.Rules.Where(IsSame).ToList() is [{ } moved])
        {
            WriteVerbose($"Rule {index} of connection {connection.Name} has become {moved.Title}.");
            return moved;
        }
        WriteError(MptErrors.OtherRule(connection.Name, index, there));
        return null;
    }

    private void WithNamed(Action<MptClient, ConnectionStatus, RuleStatus> action)
    {
        var patterns = new NamePatterns(Name);
        List<string> names = [];
        string? server = null;
        WithConnections(Connection, (client, connection) =>
        {
            server = client.Name;
            names.AddRange(connection.Rules.Select(rule => rule.Name).OfType<string>());
            foreach (RuleStatus rule in connection.Rules.Where(rule => rule.Name is { } name && patterns.Match(name)))
            {
                WithServer($"{rule.Title} of connection {connection.Name}", _ => action(client, connection, rule));
            }
        });
        if (server is null)
        {
            return;
        }
        foreach (string missing in patterns.Missing(names))
        {
            WriteError(MptErrors.NothingNamed("rule", missing, server));
        }
    }

    private void WithIndex(MptClient client, ConnectionStatus connection, int index, Action<MptClient, ConnectionStatus, RuleStatus> action)
    {
        RuleStatus? rule;
        if (indexIsPiped && Text("Conditions") is { } conditions && Text("Action") is { } does)
        {
            rule = Find(connection, index, Text("Name"), conditions, does);
        }
        else
        {
            rule = connection.Rules.FirstOrDefault(item => item.Index == index);
            if (rule is null)
            {
                WriteError(MptErrors.NoRule(connection.Name, index, connection.Rules.Count(item => item.Index is not null)));
            }
        }
        if (rule is not null)
        {
            WithServer($"{rule.Title} of connection {connection.Name}", _ => action(client, connection, rule));
        }
    }

    private string? Text(string property) => InputObject?.Properties[property]?.Value as string;

    // A path and a network have a number and a connection too.
    private static bool MayBeRule(PSObject input) => !input.TypeNames.Any(name => name.Contains("MptTools.", StringComparison.Ordinal))
        || input.TypeNames.Any(name => name.EndsWith(typeof(MptRuleInfo).FullName!, StringComparison.Ordinal));
}
