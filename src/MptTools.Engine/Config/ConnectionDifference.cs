namespace MptTools.Engine.Config;

/// <summary>What is different between two configurations of a connection.</summary>
internal static class ConnectionDifference
{
    /// <summary>The two are two connections to the peer, not one changed.</summary>
    internal static bool StartsAnew(ConnectionConfig before, ConnectionConfig now) =>
        before.Name != now.Name || before.IPVersion != now.IPVersion
        || !before.LocalAddress.Equals(now.LocalAddress) || !Equals(before.RemoteAddress, now.RemoteAddress);

    /// <summary>Each difference in a few words; keys are never shown.</summary>
    internal static IEnumerable<string> Describe(ConnectionConfig before, ConnectionConfig now)
    {
        foreach (string difference in Of(ConfigFields.Connection, before, now))
        {
            yield return difference;
        }
        int[] origins = PathMatching.Of(before.Paths, now.Paths);
        foreach (int removed in Enumerable.Range(0, before.Paths.Count).Except(origins))
        {
            yield return $"path {removed} ({before.Paths[removed].Interface}) is removed";
        }
        for (int index = 0; index < now.Paths.Count; index++)
        {
            PathConfig path = now.Paths[index];
            if (origins[index] is not (>= 0 and var origin))
            {
                yield return $"path {index} ({path.Interface}) is new";
                continue;
            }
            foreach (string difference in Of(ConfigFields.Path, before.Paths[origin], path))
            {
                yield return $"path {index}: {difference}";
            }
        }
        foreach (NetworkConfig network in before.Networks.Where(network => !Has(now, network)))
        {
            yield return $"the network from {network.Source} to {network.Destination} is removed";
        }
        foreach (NetworkConfig network in now.Networks.Where(network => !Has(before, network)))
        {
            yield return $"the network from {network.Source} to {network.Destination} is new";
        }
    }

    private static IEnumerable<string> Of<T>(IReadOnlyList<ConfigField<T>> fields, T before, T now)
    {
        foreach (ConfigField<T> field in fields)
        {
            (string? old, string? wanted) = (field.Text(before), field.Text(now));
            if (old != wanted && field.Key is not ("path_count" or "network_count"))
            {
                yield return field.Key == "auth_key" ? "another auth_key" : $"{field.Key} is {wanted ?? "gone"} (it was {old ?? "missing"})";
            }
        }
    }

    private static bool Has(ConnectionConfig config, NetworkConfig network) =>
        config.Networks.Any(item => item.Source == network.Source && item.Destination == network.Destination);
}
