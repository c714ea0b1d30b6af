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
        MergePaths(loaded, running, file, draft);
        MergeNetworks(loaded, running, file, draft);
        return draft.Read(null);
    }

    private static void MergePaths(ConnectionConfig loaded, ConnectionConfig running, ConnectionConfig file, SettingsDraft draft)
    {
        int[] ofRunning = PathMatching.Of(loaded.Paths, running.Paths);
        int[] ofFile = PathMatching.Of(loaded.Paths, file.Paths);
        for (int index = 0; index < running.Paths.Count; index++)
        {
            PathConfig path = running.Paths[index];
            if (ofRunning[index] is >= 0 and var origin)
            {
                // One that somebody has taken out of the file stays out.
                if (Array.IndexOf(ofFile, origin) is >= 0 and var place)
                {
                    Carry(ConfigFields.Path, loaded.Paths[origin], path, draft.Paths[place]);
                }
            }
            else if (PathMatching.Of(file.Paths, [path])[0] < 0)
            {
                draft.Paths.Add(SettingsDraft.Texts(ConfigFields.Path, path));
            }
        }
        for (int place = file.Paths.Count - 1; place >= 0; place--)
        {
            if (ofFile[place] >= 0 && !ofRunning.Contains(ofFile[place]))
            {
                draft.Paths.RemoveAt(place);
            }
        }
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

    private static void Carry<T>(IReadOnlyList<ConfigField<T>> fields, T loaded, T running, Dictionary<string, string> texts)
    {
        foreach (ConfigField<T> field in fields)
        {
            string? now = field.Text(running);
            if (now == field.Text(loaded))
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
}
