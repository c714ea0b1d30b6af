using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>Rules in the words of files and of <c>mpt</c>: settings with blanks between them, values of several words with commas.</summary>
internal static class RuleText
{
    private static readonly string[] ActionKeys = ["paths", "prefer", "spread", "strict"];

    /// <summary>What a packet must be; empty: every packet is.</summary>
    internal static string Conditions(RuleConfig rule) => Of(rule, key => key != "name" && !ActionKeys.Contains(key));

    /// <summary>Where it goes then.</summary>
    internal static string Action(RuleConfig rule) => Of(rule, key => ActionKeys.Contains(key));

    private static string Of(RuleConfig rule, Func<string, bool> isMeant) => string.Join(
        ' ',
        ConfigFields.NewEntries(ConfigFields.Rule, rule).Where(entry => isMeant(entry.Key)).Select(entry => $"{entry.Key}={entry.Value.Replace(' ', ',')}"));
}
