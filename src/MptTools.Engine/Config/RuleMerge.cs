using System.Globalization;

namespace MptTools.Engine.Config;

/// <summary>Where the paths of three configurations are in the one that is made of them.</summary>
/// <param name="Loaded">For each path as it was loaded its new number, or one from <see cref="Gone"/> on where it is in the result no more.</param>
/// <param name="Running">The same for the paths of the running connection. Those that are gone have the number of the loaded one they were.</param>
/// <param name="File">The same for the paths of the file.</param>
internal sealed record PathPlaces(IReadOnlyList<int> Loaded, IReadOnlyList<int> Running, IReadOnlyList<int> File)
{
    /// <summary>Above all numbers of paths.</summary>
    internal const int Gone = 1000;
}

/// <summary>Carries what was changed in rules at run time over into those of a file: the part of <see cref="RuntimeChanges"/> for rules.</summary>
internal static class RuleMerge
{
    // Origins of rules that were not loaded. Two of the running connection that say the same are two.
    private const int NewInFile = -1, NewInRunning = -2;

    internal static void Merge(
        IReadOnlyList<RuleConfig> loaded, IReadOnlyList<RuleConfig> running, IReadOnlyList<RuleConfig> file, PathPlaces places, SettingsDraft draft)
    {
        // With one number for each path, whichever of the three it is in, equal texts say the same.
        loaded = Numbered(loaded, places.Loaded);
        running = Numbered(running, places.Running);
        file = Numbered(file, places.File);
        int[] ofRunning = RuleMatching.InOrder(loaded, running);
        int[] ofFile = RuleMatching.Of(loaded, file);
        List<Item> merged = [.. file.Select((rule, index) => new Item(ofFile[index], SettingsDraft.Texts(ConfigFields.Rule, rule)))];
        merged.RemoveAll(item => item.Origin >= 0 && !ofRunning.Contains(item.Origin));
        int next = 0;
        for (int index = 0; index < running.Count; index++)
        {
            int place = ofRunning[index] is >= 0 and var origin
                ? Carry(merged, origin, loaded[origin], running[index])
                : Insert(merged, next, running[index]);
            next = place < 0 ? next : place + 1;
        }

        draft.Rules.Clear();
        foreach (Item item in merged)
        {
            LeaveOutPathsThatAreGone(item.Texts, $"rule_{draft.Rules.Count}", draft);
            draft.Rules.Add(item.Texts);
        }
    }

    // One that somebody has taken out of the file stays out.
    private static int Carry(List<Item> merged, int origin, RuleConfig loaded, RuleConfig running)
    {
        int place = merged.FindIndex(item => item.Origin == origin);
        if (place >= 0)
        {
            RuntimeChanges.Carry(ConfigFields.Rule, loaded, running, merged[place].Texts);
        }

        return place;
    }

    // Behind the one that it stands behind in the running connection; not where somebody has written the same into the file.
    private static int Insert(List<Item> merged, int next, RuleConfig running)
    {
        Dictionary<string, string> texts = SettingsDraft.Texts(ConfigFields.Rule, running);
        int place = merged.FindIndex(item => item.Origin == NewInFile && item.Texts.Count == texts.Count && !item.Texts.Except(texts).Any());
        if (place >= 0)
        {
            merged[place] = merged[place] with { Origin = NewInRunning };
            return place;
        }

        merged.Insert(next, new Item(NewInRunning, texts));
        return next;
    }

    private static void LeaveOutPathsThatAreGone(Dictionary<string, string> texts, string section, SettingsDraft draft)
    {
        if (texts.TryGetValue("paths", out string? paths))
        {
            string[] left = [.. paths.Split(' ').Where(path => !IsGone(path))];
            texts["paths"] = string.Join(' ', left);
            if (left.Length == 0)
            {
                draft.Error(section, "paths", "None of the paths that the rule names is left. Change or remove the rule, here or in the file.");
            }
        }

        if (texts.TryGetValue("prefer", out string? prefer) && IsGone(prefer))
        {
            draft.Error(section, "prefer", "The path that the rule prefers is gone. Change or remove the rule, here or in the file.");
        }
    }

    private static bool IsGone(string path) => int.Parse(path, CultureInfo.InvariantCulture) >= PathPlaces.Gone;

    private static List<RuleConfig> Numbered(IReadOnlyList<RuleConfig> rules, IReadOnlyList<int> places) =>
        [.. rules.Select(rule => RulePaths.Renumbered(rule, path => places[path]))];

    private sealed record Item(int Origin, Dictionary<string, string> Texts);
}
