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
        foreach (string difference in OfRules(before, now, origins))
        {
            yield return difference;
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

    private static IEnumerable<string> OfRules(ConnectionConfig before, ConnectionConfig now, int[] origins)
    {
        // By the numbers that their paths have now, so that a rule with the same paths is the same.
        List<RuleConfig> old = [.. before.Rules.Select(rule => RulePaths.Renumbered(
            rule, path => Array.IndexOf(origins, path) is >= 0 and var place ? place : PathPlaces.Gone + path))];
        int[] ofRules = RuleMatching.Of(old, now.Rules);
        foreach (int removed in Enumerable.Range(0, old.Count).Except(ofRules))
        {
            yield return $"{MappingRules.Title(old[removed])} is removed";
        }
        int last = -1;
        for (int index = 0; index < now.Rules.Count; index++)
        {
            string title = MappingRules.Title(now.Rules[index]);
            if (ofRules[index] is not (>= 0 and var origin))
            {
                yield return $"{title} is new";
                continue;
            }
            if (origin < last)
            {
                yield return $"{title} was rule {origin}";
            }
            last = Math.Max(last, origin);
            foreach (string difference in Of(ConfigFields.Rule, old[origin], now.Rules[index], before.Rules[origin]))
            {
                yield return $"{title}: {difference}";
            }
        }
    }

    private static IEnumerable<string> Of<T>(IReadOnlyList<ConfigField<T>> fields, T before, T now) => Of(fields, before, now, before);

    private static IEnumerable<string> Of<T>(IReadOnlyList<ConfigField<T>> fields, T before, T now, T shown)
    {
        foreach (ConfigField<T> field in fields)
        {
            (string? old, string? wanted) = (field.Text(before), field.Text(now));
            if (old != wanted && field.Key is not ("path_count" or "network_count"))
            {
                yield return field.Key == "auth_key" ? "another auth_key" : $"{field.Key} is {wanted ?? "gone"} (it was {field.Text(shown) ?? "missing"})";
            }
        }
    }

    private static bool Has(ConnectionConfig config, NetworkConfig network) =>
        config.Networks.Any(item => item.Source == network.Source && item.Destination == network.Destination);
}
