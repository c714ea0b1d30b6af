namespace MptTools.Engine.Config;

/// <summary>
/// Tells which rule of one configuration is which of another. A rule is what it is by its name, or by most of what it says: its number says
/// nothing once another one came before it. Both configurations must mean the same paths by the same numbers.
/// </summary>
internal static class RuleMatching
{
    // How far two rules are from each other. Changing a near one is less than taking one out and putting another one in; a far one is more.
    private const int Same = 0, Near = 1, Far = 3, Replacement = 2;

    /// <summary>For each rule of <paramref name="now"/> the index of the same one in <paramref name="old"/>, wherever it stands; -1 for a new one.</summary>
    internal static int[] Of(IReadOnlyList<RuleConfig> old, IReadOnlyList<RuleConfig> now)
    {
        (List<string?[]> before, List<string?[]> after) = (Texts(old), Texts(now));
        int[] origins = new int[now.Count];
        Array.Fill(origins, -1);
        bool[] isTaken = new bool[old.Count];
        // Those that have kept everything have the first choice.
        for (int distance = Same; distance <= Near; distance++)
        {
            for (int index = 0; index < now.Count; index++)
            {
                if (origins[index] < 0 && Nearest(index, candidate => !isTaken[candidate] && Distance(before[candidate], after[index]) == distance) is { } found)
                {
                    origins[index] = found;
                    isTaken[found] = true;
                }
            }
        }
        return origins;

        int? Nearest(int index, Func<int, bool> isIt) =>
            Enumerable.Range(0, old.Count).Where(isIt).OrderBy(candidate => Math.Abs(candidate - index)).Select(candidate => (int?)candidate).FirstOrDefault();
    }

    /// <summary>The same where no rule has passed another one: the indexes rise.</summary>
    internal static int[] InOrder(IReadOnlyList<RuleConfig> old, IReadOnlyList<RuleConfig> now) =>
        SectionAlignment.Of(Texts(old), Texts(now), Distance, Replacement);

    private static List<string?[]> Texts(IReadOnlyList<RuleConfig> rules) =>
        [.. rules.Select(rule => ConfigFields.Rule.Select(field => field.IsOmitted(rule) ? null : field.Text(rule)).ToArray())];

    private static int Distance(string?[] a, string?[] b)
    {
        int said = 0, different = 0;
        for (int i = 0; i < a.Length; i++)
        {
            said += a[i] is null && b[i] is null ? 0 : 1;
            different += a[i] == b[i] ? 0 : 1;
        }

        bool hasSameName = a[0] is not null && a[0] == b[0];
        return different == 0 ? Same : hasSameName || different * 2 <= said ? Near : Far;
    }
}
