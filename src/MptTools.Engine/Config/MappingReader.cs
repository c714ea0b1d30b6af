namespace MptTools.Engine.Config;

/// <summary>Reads the mapping of [connection], and finds what paths and rules say in vain because of it and of each other.</summary>
internal static class MappingReader
{
    /// <summary>The keys of [path_n] that are rules.</summary>
    private static readonly (string Key, Func<PathConfig, IReadOnlyList<PortRange>> Ports)[] PortKeys =
    [
        ("tcp_dst", path => path.TcpDestinationPorts), ("tcp_src", path => path.TcpSourcePorts),
        ("udp_dst", path => path.UdpDestinationPorts), ("udp_src", path => path.UdpSourcePorts),
    ];

    /// <summary>The key of [path_n] is a rule; in lower case.</summary>
    public static bool IsPortKey(string key) => PortKeys.Any(item => item.Key == key);

    /// <summary>What a connection goes by that does not say it.</summary>
    public static MappingMode Implied(bool hasRules) => hasRules ? MappingMode.Combined : MappingMode.Packet;

    /// <summary>The mapping and that of what no rule matches.</summary>
    public static (MappingMode Mapping, MappingMode MappingRest) Read(SectionReader reader, IReadOnlyList<PathDraft> paths, IReadOnlyList<RuleDraft> rules)
    {
        IReadOnlyList<(SectionReader Section, string? Key)> places = [.. rules.Select(rule => (rule.Section, (string?)null)), .. PortsOf(paths)];
        MappingMode? given = Word(reader, "mapping", MappingNames.OfConnection);
        MappingMode? rest = Word(reader, "mapping_rest", MappingNames.OfRest);
        MappingMode mapping = given ?? Implied(places.Count > 0);
        if (mapping == MappingMode.Combined)
        {
            ReportUnreachable(rules, places);
        }
        else
        {
            ReportUnused(reader, mapping, rest, places);
        }

        if (paths.Count > 1 && paths.All(path => path.Config is { IsBackup: true }))
        {
            paths[0].Section.Warning("backup", "Every path of the connection is a backup, which is as if none were. Write backup = 0 for those to be used first.");
        }

        return (mapping, rest ?? MappingMode.Packet);
    }

    private static MappingMode? Word(SectionReader reader, string key, IReadOnlyList<MappingMode> modes) =>
        reader.Value(key, MappingNames.Wanted(modes), MappingNames.Parser(modes), null);

    // In the order in which they are rules (MappingRules).
    private static IEnumerable<(SectionReader Section, string? Key)> PortsOf(IReadOnlyList<PathDraft> paths) =>
        from path in paths
        where path.Config is not null
        from item in PortKeys
        where item.Ports(path.Config).Count > 0
        select (path.Section, (string?)item.Key);

    private static void ReportUnused(
        SectionReader reader, MappingMode mapping, MappingMode? rest, IReadOnlyList<(SectionReader Section, string? Key)> places)
    {
        if (places.Count > 0)
        {
            (SectionReader section, string? key) = places[0];
            string first = key is null ? section.Place() : $"{key} of {section.Place(key)}";
            string others = places.Count == 1 ? "" : $" and {places.Count - 1} more";
            reader.Warning("mapping", $"With {MappingNames.Of(mapping)}, rules and ports of paths are not used: {first}{others}. Write mapping = combined and mapping_rest = {MappingNames.Of(mapping)}, or remove them.");
        }

        if (rest is not null)
        {
            reader.Warning("mapping_rest", $"It is not used, because mapping is {MappingNames.Of(mapping)}. Write mapping = combined, or remove the line.");
        }
    }

    private static void ReportUnreachable(IReadOnlyList<RuleDraft> rules, IReadOnlyList<(SectionReader Section, string? Key)> places)
    {
        int catchAll = rules.ToList().FindIndex(rule => rule.Config is { } config && AsksForNothing(config));
        if (catchAll < 0)
        {
            return;
        }

        string why = $"because {rules[catchAll].Section.Place()} asks for nothing and so takes all packets";
        foreach ((SectionReader section, string? key) in places.Skip(catchAll + 1))
        {
            if (key is null)
            {
                section.Warning($"The rule never matches, {why}. Put that one behind all others, or remove this one.");
            }
            else
            {
                section.Warning(key, $"The ports are never looked at, {why}. Remove the line, or write a rule for the ports before that one.");
            }
        }
    }

    private static bool AsksForNothing(RuleConfig rule) =>
        rule is
        {
            Protocols.Count: 0, SourcePorts.Count: 0, DestinationPorts.Count: 0, Sources.Count: 0, Destinations.Count: 0, Dscp.Count: 0,
        };
}
