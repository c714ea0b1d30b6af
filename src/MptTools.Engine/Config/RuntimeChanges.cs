namespace MptTools.Engine.Config;

/// <summary>
/// Carries what was changed at run time over into a file that somebody else may have changed meanwhile: key by key what differs
/// between the connection as it was loaded and as it runs; everything else stays what the file says. Pure.
/// </summary>
internal static class RuntimeChanges
{
    /// <param name="loaded">As the file gave it.</param>
    /// <param name="running">As it is now.</param>
    /// <param name="file">As the file gives it now.</param>
    /// <returns>What the file should give; null, with the reasons, where the two do not go together.</returns>
    internal static ConfigResult<ConnectionConfig> Merge(ConnectionConfig loaded, ConnectionConfig running, ConnectionConfig file)
    {
        var draft = new SettingsDraft(file);
        Carry(ConfigFields.Connection, loaded, running, draft.Connection);
        RuleMerge.Merge(loaded.Rules, running.Rules, file.Rules, MergePaths(loaded, running, file, draft), draft);
        MergeNetworks(loaded, running, file, draft);
        return draft.Read(null);
    }

    private static PathPlaces MergePaths(ConnectionConfig loaded, ConnectionConfig running, ConnectionConfig file, SettingsDraft draft)
    {
        int[] ofRunning = PathMatching.Of(loaded.Paths, running.Paths);
        int[] ofFile = PathMatching.Of(loaded.Paths, file.Paths);
        int[] places = new int[running.Paths.Count];
        for (int index = 0; index < running.Paths.Count; index++)
        {
            PathConfig path = running.Paths[index];
            if (ofRunning[index] is >= 0 and var origin)
            {
                // One that somebody has taken out of the file stays out.
                places[index] = Array.IndexOf(ofFile, origin);
                if (places[index] >= 0)
                {
                    Carry(ConfigFields.Path, loaded.Paths[origin], path, draft.Paths[places[index]]);
                }
                continue;
            }
            places[index] = PathMatching.Of(file.Paths, [path])[0];
            if (places[index] < 0)
            {
                places[index] = draft.Paths.Count;
                draft.Paths.Add(SettingsDraft.Texts(ConfigFields.Path, path));
            }
        }
        bool[] isRemoved = [.. ofFile.Select(origin => origin >= 0 && !ofRunning.Contains(origin))];
        for (int place = file.Paths.Count - 1; place >= 0; place--)
        {
            if (isRemoved[place])
            {
                draft.Paths.RemoveAt(place);
            }
        }
        return new PathPlaces(
            [.. loaded.Paths.Select((_, index) => Place(Array.IndexOf(ofFile, index), index))],
            [.. places.Select((place, index) => Place(place, ofRunning[index]))],
            [.. ofFile.Select((origin, place) => Place(place, origin))]);

        int Place(int place, int origin) =>
            place < 0 || (place < isRemoved.Length && isRemoved[place]) ? PathPlaces.Gone + origin : place - isRemoved.Take(place).Count(isGone => isGone);
    }

    private static void MergeNetworks(ConnectionConfig loaded, ConnectionConfig running, ConnectionConfig file, SettingsDraft draft)
    {
        foreach (NetworkConfig network in running.Networks)
        {
            if (!Has(loaded, network) && !Has(file, network))
            {
                draft.Networks.Add(SettingsDraft.Texts(ConfigFields.Network, network));
            }
        }
        for (int place = file.Networks.Count - 1; place >= 0; place--)
        {
            if (Has(loaded, file.Networks[place]) && !Has(running, file.Networks[place]))
            {
                draft.Networks.RemoveAt(place);
            }
        }
    }

    private static bool Has(ConnectionConfig config, NetworkConfig network) =>
        config.Networks.Any(item => item.Source == network.Source && item.Destination == network.Destination);

    internal static void Carry<T>(IReadOnlyList<ConfigField<T>> fields, T loaded, T running, Dictionary<string, string> texts)
    {
        foreach (ConfigField<T> field in fields)
        {
            string? now = field.Text(running);
            if (Said(field, running) == Said(field, loaded))
            {
                continue;
            }
            if (now is null)
            {
                texts.Remove(field.Key);
            }
            else
            {
                texts[field.Key] = now;
            }
        }
    }

    // What follows from other values is left to follow from those of the file.
    private static string? Said<T>(ConfigField<T> field, T config) =>
        field.Implied is not null && field.IsOmitted(config) ? null : field.Text(config);
}
