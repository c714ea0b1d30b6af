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
        SortedDictionary<int, IniSection> present = Present(document, prefix);
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

    /// <summary>The sections of a prefix that no key counts, in the order of their numbers. Each gap is an error, and so is a number from <paramref name="max"/> on.</summary>
    public static IReadOnlyList<(int Index, IniSection Section)> SelectUncounted(
        IniDocument document, string file, string prefix, int max, FaultList faults)
    {
        List<(int Index, IniSection Section)> found = [];
        int next = 0;
        foreach ((int index, IniSection section) in Present(document, prefix))
        {
            if (index >= max)
            {
                faults.Error(file, section.Line, $"{prefix}{index}", null,
                    $"The number is out of range: there may be {max} such sections, [{prefix}0] to [{prefix}{max - 1}]. Give it a smaller number, or remove it.");
                continue;
            }

            if (index > next)
            {
                string others = index == next + 1 ? "" : $", and so are those up to [{prefix}{index - 1}]";
                faults.Error(file, section.Line, $"{prefix}{next}", null,
                    $"The section is missing{others}: [{prefix}{index}] is there, and the numbers must have no gap. Add it, or give [{prefix}{index}] and those behind it smaller numbers.");
            }

            found.Add((index, section));
            next = index + 1;
        }

        return found;
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

    /// <summary>All sections of a prefix in the order of their numbers.</summary>
    public static SortedDictionary<int, IniSection> Present(IniDocument document, string prefix)
    {
        SortedDictionary<int, IniSection> present = [];
        foreach (IniSection section in document.Sections)
        {
            if (IndexOf(section.Name, prefix) is { } index)
            {
                present.Add(index, section);
            }
        }

        return present;
    }
}
