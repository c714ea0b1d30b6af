using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>
/// Takes rules out of connections that run. Each one that goes moves the later ones up by one; several are taken out from the last to the first, and
/// each is compared with what it was when the command began.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "MptRule", DefaultParameterSetName = IndexSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMptRuleCommand : RuleCmdlet
{
    private readonly Dictionary<(string? Server, string Connection, int Index), RuleStatus> wanted = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithRules((_, connection, rule) =>
    {
        if (ShouldProcess($"{rule.Title} of connection {connection.Name}", "Remove"))
        {
            wanted[(Server, connection.Name, rule.Index!.Value)] = rule;
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (((string? server, string connection, int index), RuleStatus rule) in wanted.OrderByDescending(item => item.Key.Index))
        {
            Server = server;
            WithServer($"{rule.Title} of connection {connection}", client => Remove(client, connection, index, rule));
        }
    }

    // Questions may have taken their time, in which others changed the rules too.
    private void Remove(MptClient client, string name, int index, RuleStatus rule)
    {
        if (client.GetStatus().Connections.FirstOrDefault(item => item.Name == name) is not { } connection)
        {
            WriteError(MptErrors.NothingNamed("connection", name, client.Name));
        }
        else if (Find(connection, index, rule.Name, rule.Conditions, rule.Action) is { } found)
        {
            WriteVerbose($"Removing {found.Title} of connection {name} of server {client.Name}; the later ones move up by one.");
            client.RemoveRule(name, found.Index!.Value);
        }
    }
}
