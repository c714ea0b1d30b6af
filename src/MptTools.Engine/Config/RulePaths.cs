namespace MptTools.Engine.Config;

/// <summary>Keeps the path numbers in rules right when paths come, go and change places.</summary>
internal static class RulePaths
{
    /// <summary>
    /// The rule with the numbers that its paths have from now on. One that is gone is left out where others remain; what nothing is left of
    /// is reported with key and sentence, and stays as it was.
    /// </summary>
    /// <param name="rule">The rule.</param>
    /// <param name="placeOf">The new number of a path; negative for one that is gone.</param>
    /// <param name="report">Takes what cannot be kept.</param>
    internal static RuleConfig Renumbered(RuleConfig rule, Func<int, int> placeOf, Action<string, string> report)
    {
        List<int> paths = [.. rule.Paths.Select(placeOf).Where(path => path >= 0)];
        if (paths.Count == 0 && rule.Paths.Count > 0)
        {
            report("paths", $"The rule would have no path left: path {string.Join(" and ", rule.Paths)} is all it has. Give the rule another one, or remove it.");
            return rule;
        }

        if (rule.Prefer is { } preferred && placeOf(preferred) < 0)
        {
            report("prefer", $"The rule prefers path {preferred}, which would be gone. Let it prefer another one, or remove it.");
            return rule;
        }

        return rule with { Paths = paths, Prefer = rule.Prefer is { } prefer ? placeOf(prefer) : null };
    }

    /// <summary>The rule with other numbers for its paths, none of which is gone.</summary>
    internal static RuleConfig Renumbered(RuleConfig rule, Func<int, int> placeOf) => Renumbered(rule, placeOf, static (_, _) => { });

    /// <summary>
    /// The rules of a connection that has only its first paths from now on. One that cannot do without the others stays as it was, for the
    /// reader to report.
    /// </summary>
    internal static IReadOnlyList<RuleConfig> OfFirst(int pathCount, IReadOnlyList<RuleConfig> rules) =>
        [.. rules.Select(rule => Renumbered(rule, path => path < pathCount ? path : -1))];
}
