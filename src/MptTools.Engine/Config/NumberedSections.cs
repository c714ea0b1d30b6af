using System.Globalization;

namespace MptTools.Engine.Config;

/// <summary>The sections <c>[prefix_0]</c> to <c>[prefix_(n-1)]</c> of a file, where n is the value of a key.</summary>
internal static class NumberedSections
{
    /// <summary>Reads n of <c>[prefix_n]</c>; null when the name is not of this form. Leading zeros are not.</summary>
    public static int? IndexOf(string section, string prefix)
    {
        if (!section.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string digits = section[prefix.Length..];
        bool isPlain = digits.Length is 1 or 2 or 3 && digits.All(char.IsAsciiDigit) && (digits[0] != '0' || digits.Length == 1);
        return isPlain ? int.Parse(digits, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>
    /// The sections to read, in the order of their numbers. Each one missing is an error, each one too many a warning.
    /// Without a count (its key is faulty) all there are.
    /// </summary>
    public static IReadOnlyList<(int Index, IniSection Section)> Select(
        IniDocument document, string file, string prefix, (string Key, int Line, int? Value) count, FaultList faults)
    {
        SortedDictionary<int, IniSection> present = [];
        foreach (IniSection section in document.Sections)
        {
            if (IndexOf(section.Name, prefix) is { } index)
            {
                present.Add(index, section);
            }
        }

        if (count.Value is not { } needed)
        {
            return [.. present.Select(pair => (pair.Key, pair.Value))];
        }

        for (int index = 0; index < needed; index++)
        {
            if (!present.ContainsKey(index))
            {
                faults.Error(file, count.Line, $"{prefix}{index}", null,
                    $"The section is missing: {count.Key} is {needed}, so [{prefix}0] to [{prefix}{needed - 1}] are needed. Add it, or lower {count.Key}.");
            }
        }

        foreach ((int index, IniSection section) in present)
        {
            if (index >= needed)
            {
                faults.Warning(file, section.Line, $"{prefix}{index}", null,
                    $"The section is not read, because {count.Key} is {needed}. Raise {count.Key}, or remove the section.");
            }
        }

        return [.. present.Where(pair => pair.Key < needed).Select(pair => (pair.Key, pair.Value))];
    }

    /// <summary>Warns of each section that <paramref name="isKnown"/> does not take.</summary>
    public static void ReportUnknown(
        IniDocument document, string file, Func<string, bool> isKnown, IReadOnlyList<string> known, FaultList faults)
    {
        foreach (IniSection section in document.Sections.Where(section => !isKnown(section.Name)))
        {
            faults.Warning(file, section.Line, ConfigText.Printable(section.Name), null,
                $"The section is unknown and not read. The nearest known section is [{NearestName.Of(section.Name, known)}].");
        }
    }
}
