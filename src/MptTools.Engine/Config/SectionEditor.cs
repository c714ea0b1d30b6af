namespace MptTools.Engine.Config;

/// <summary>Brings sections of a file to what a changed configuration says, and leaves alone what is said already.</summary>
internal sealed class SectionEditor(IniDocument document, IniEdits edits)
{
    /// <summary>Writes the values that differ. Both spellings of a key are written where both are there.</summary>
    public void Update<T>(IniSection section, IReadOnlyList<ConfigField<T>> fields, T old, T now)
    {
        foreach (ConfigField<T> field in fields)
        {
            List<IniEntry> entries = [.. section.Entries.Where(entry => IsKey(entry.Key, field.Key))];
            string? wanted = field.Text(now);
            if (Said(field, entries, old, now) == wanted || (field.IsKept && field.Text(old) is not null))
            {
                continue;
            }

            foreach (IniEntry entry in entries)
            {
                edits.SetValue(entry, wanted ?? "");
            }

            if (entries.Count == 0 && wanted is not null)
            {
                edits.AddKey(section, field.Key, wanted);
            }
        }
    }

    /// <summary>
    /// Updates, removes, adds and renumbers <c>[prefix_0]</c> to <c>[prefix_(n-1)]</c>. Sections behind n that nothing reads make
    /// room where a new one needs their number.
    /// </summary>
    public void UpdateNumbered<T>(string prefix, IReadOnlyList<ConfigField<T>> fields, IReadOnlyList<T> old, IReadOnlyList<T> now)
    {
        SortedDictionary<int, IniSection> present = NumberedSections.Present(document, prefix);
        int replacement = fields.Sum(field => field.Weight) * 2 / 3;
        // Every section is compared with every other one, so that each says its texts once.
        int[] origins = SectionAlignment.Of(Texts(fields, old), Texts(fields, now), (a, b) => Difference(fields, a, b), replacement);
        for (int index = 0; index < now.Count; index++)
        {
            if (origins[index] is >= 0 and var origin)
            {
                Update(present[origin], fields, old[origin], now[index]);
                Renumber(present[origin], origin, index);
            }
        }

        foreach (int removed in Enumerable.Range(0, old.Count).Except(origins))
        {
            edits.RemoveSection(present[removed]);
        }

        Add(prefix, fields, now, origins, present, old.Count > 0 ? present[0] : null);
        int free = now.Count;
        foreach ((int index, IniSection section) in present.Where(pair => pair.Key >= old.Count))
        {
            Renumber(section, index, Math.Max(index, free));
            free = Math.Max(index, free) + 1;
        }
    }

    // Behind the one with the number before; else before the one with the number behind, or in the place of those removed.
    private void Add<T>(
        string prefix, IReadOnlyList<ConfigField<T>> fields, IReadOnlyList<T> now, int[] origins, SortedDictionary<int, IniSection> present, IniSection? place)
    {
        IniSection? before = null;
        for (int index = 0; index < now.Count; index++)
        {
            if (origins[index] is >= 0 and var origin)
            {
                before = present[origin];
                continue;
            }

            string name = $"{prefix}{index}";
            IEnumerable<(string, string)> entries = ConfigFields.NewEntries(fields, now[index]);
            int next = Array.FindIndex(origins, index, candidate => candidate >= 0);
            IniSection? behind = next >= 0 ? present[origins[next]] : place;
            if (before is not null)
            {
                edits.AddSectionBehind(before, name, entries);
            }
            else if (behind is not null)
            {
                edits.AddSectionBefore(behind, name, entries);
            }
            else
            {
                edits.AddSectionAtEnd(document.Sections[^1], name, entries);
            }
        }
    }

    private void Renumber(IniSection section, int old, int now)
    {
        if (old != now)
        {
            edits.Renumber(section, now);
        }
    }

    /// <summary>What the section says now, with the values around it already changed.</summary>
    private static string? Said<T>(ConfigField<T> field, List<IniEntry> entries, T old, T now)
    {
        bool isGiven = entries.Exists(entry => entry.Value is { Length: > 0 });
        if (!isGiven)
        {
            return field.Implied is { } implied ? implied(now) : field.Text(old);
        }

        bool isReference = field.Reference is { } reference && entries.Exists(entry => string.Equals(entry.Value, reference.Word, StringComparison.OrdinalIgnoreCase));
        return isReference ? field.Reference?.Meaning(now) : field.Text(old);
    }

    private static bool IsKey(string written, string key) =>
        string.Equals(KnownKeys.Aliases.GetValueOrDefault(written, written), key, StringComparison.OrdinalIgnoreCase);

    private static List<string?[]> Texts<T>(IReadOnlyList<ConfigField<T>> fields, IReadOnlyList<T> items) =>
        [.. items.Select(item => fields.Select(field => field.Text(item)).ToArray())];

    private static int Difference<T>(IReadOnlyList<ConfigField<T>> fields, string?[] a, string?[] b)
    {
        int difference = 0;
        for (int i = 0; i < a.Length; i++)
        {
            difference += a[i] == b[i] ? 0 : fields[i].Weight;
        }

        return difference;
    }
}
