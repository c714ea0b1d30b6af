using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Completes the words of an mpt command: what can be said at this place, and what the running server has.</summary>
public sealed class MptWordCompleter : IArgumentCompleter
{
    private static readonly string[] MapWords = ["sport", "dport", "dscp", "label", "length", "conn"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        // What stands behind the cursor says nothing about the word at it.
        List<string> before =
        [
            .. commandAst.CommandElements.Skip(1).OfType<ConstantExpressionAst>()
                .Select(word => word is StringConstantExpressionAst text ? text.Value : word.Extent.Text),
        ];
        if (wordToComplete.Length > 0 && before.Count > 0 && before[^1] == wordToComplete)
        {
            before.RemoveAt(before.Count - 1);
        }
        if (fakeBoundParameters["Server"] is string server)
        {
            before.Remove(server);
        }
        var pattern = WildcardPattern.Get(WildcardPattern.Escape(wordToComplete) + "*", WildcardOptions.IgnoreCase);
        return [.. Candidates(before, fakeBoundParameters["Server"] as string).Distinct().Where(pattern.IsMatch).Select(word => new CompletionResult(word))];
    }

    private static IEnumerable<string> Candidates(List<string> before, string? server)
    {
        if (before.Count == 0)
        {
            return MptCommandLine.Words.Keys.Append("help");
        }
        if (!MptCommandLine.Words.TryGetValue(before[0], out IReadOnlyList<string>? verbs))
        {
            return [];
        }
        return (before.Count, verbs.Count) switch
        {
            (1, > 0) => verbs,
            _ => MptCompleter.FromStatus(server, status => Names(before, status)),
        };
    }

    private static IEnumerable<string> Names(List<string> before, ServerStatus status)
    {
        IEnumerable<PathStatus> paths = status.Connections.SelectMany(connection => connection.Paths);
        return before switch
        {
            ["interface"] => paths.Select(path => path.Interface),
            ["interface", _] => ["up", "down"],
            ["address", _, _] => ["dev"],
            ["address", _, _, "dev"] => paths.Select(path => path.Interface),
            ["path", "up" or "down"] => paths.Select(path => path.LocalAddress),
            ["path", "up" or "down", var local] => paths.Where(path => path.LocalAddress == local).Select(path => path.RemoteAddress),
            ["path" or "rule" or "connection" or "network", _] => status.Connections.Select(connection => connection.Name),
            ["path", "set" or "del", var name] =>
                status.Connections.Where(connection => connection.Name == name).SelectMany(connection => connection.Paths).Select(path => $"{path.Index}"),
            ["rule", "set" or "del", var name] =>
                status.Connections.Where(connection => connection.Name == name).SelectMany(connection => connection.Rules)
                    .Where(rule => rule.Index is not null).Select(rule => $"{rule.Index}"),
            ["map"] => status.Connections.Select(connection => connection.LocalAddress),
            ["map", _] => status.Connections.Select(connection => connection.RemoteAddress),
            ["map", .., "conn"] => status.Connections.Select(connection => connection.Name),
            ["map", _, _, ..] => MapWords.Contains(before[^1]) ? [] : MapWords.Except(before.Skip(3)),
            ["network", "del", var name] => Networks(status, name).Select(network => network.Source),
            ["network", "del", var name, var source] => Networks(status, name).Where(network => network.Source == source).Select(network => network.Destination),
            ["reload" or "restart" or "delete" or "save" or "create"] => ServerFiles.NamesIn(Path.Combine(status.ConfigDirectory, "connections")),
            _ => [],
        };
    }

    private static IEnumerable<NetworkStatus> Networks(ServerStatus status, string connection) =>
        status.Connections.Where(item => item.Name == connection).SelectMany(item => item.Networks);
}
