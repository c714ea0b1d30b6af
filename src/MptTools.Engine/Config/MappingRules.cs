namespace MptTools.Engine.Config;

/// <summary>A rule in use, and how users know it.</summary>
/// <param name="Rule">What it asks for and says.</param>
/// <param name="Title">As in "rule 2 (voice)" or "tcp_dst of path 1".</param>
internal sealed record MappingRule(RuleConfig Rule, string Title);

/// <summary>The rules that a connection's combined mapping goes by, the first one first: its own, then those that the ports of its paths say.</summary>
internal static class MappingRules
{
    private const int Tcp = 6, Udp = 17;

    /// <summary>Some packets are sent on several paths, where the peer takes that.</summary>
    internal static bool Duplicates(ConnectionConfig config) =>
        config.Mapping == MappingMode.Duplicate
        || config.Mapping == MappingMode.Combined
            && (config.MappingRest == MappingMode.Duplicate || config.Rules.Any(rule => rule.Spread == MappingMode.Duplicate));

    /// <summary>Says somewhere that packets are to be sent on several paths where the other configuration does not.</summary>
    internal static bool AsksForMoreCopies(ConnectionConfig before, ConnectionConfig now) =>
        now.Mapping == MappingMode.Duplicate && before.Mapping != MappingMode.Duplicate
        || now.MappingRest == MappingMode.Duplicate && before.MappingRest != MappingMode.Duplicate
        || now.Rules.Count(rule => rule.Spread == MappingMode.Duplicate) > before.Rules.Count(rule => rule.Spread == MappingMode.Duplicate)
        || Duplicates(now) && !Duplicates(before);

    /// <summary>Two configurations with as many paths send every packet the same way.</summary>
    internal static bool AreSame(ConnectionConfig a, ConnectionConfig b) =>
        a.Mapping == b.Mapping && a.MappingRest == b.MappingRest && a.MaxBufferDelay == b.MaxBufferDelay
        && a.Paths.Zip(b.Paths).All(pair => SaysTheSame(pair.First, pair.Second))
        && a.Rules.Count == b.Rules.Count
        && a.Rules.Zip(b.Rules).All(pair => SaysTheSame(pair.First, pair.Second));

    /// <summary>As in "rule 2 (voice)".</summary>
    internal static string Title(RuleConfig rule) => rule.Name is null ? $"rule {rule.Index}" : $"rule {rule.Index} ({rule.Name})";

    /// <summary>The two match the same packets and send them the same way.</summary>
    internal static bool SaysTheSame(RuleConfig a, RuleConfig b) =>
        a.Prefer == b.Prefer && a.Spread == b.Spread && a.IsStrict == b.IsStrict && a.Paths.SequenceEqual(b.Paths)
        && a.Protocols.SequenceEqual(b.Protocols) && a.Dscp.SequenceEqual(b.Dscp)
        && a.SourcePorts.SequenceEqual(b.SourcePorts) && a.DestinationPorts.SequenceEqual(b.DestinationPorts)
        && a.Sources.SequenceEqual(b.Sources) && a.Destinations.SequenceEqual(b.Destinations);

    private static bool SaysTheSame(PathConfig a, PathConfig b) =>
        a.Interface == b.Interface && a.IPVersion == b.IPVersion && Equals(a.LocalAddress, b.LocalAddress) && Equals(a.RemoteAddress, b.RemoteAddress)
        && a.WeightOut == b.WeightOut && a.Priority == b.Priority && a.RateLimit == b.RateLimit && a.IsBackup == b.IsBackup
        && a.TcpDestinationPorts.SequenceEqual(b.TcpDestinationPorts) && a.TcpSourcePorts.SequenceEqual(b.TcpSourcePorts)
        && a.UdpDestinationPorts.SequenceEqual(b.UdpDestinationPorts) && a.UdpSourcePorts.SequenceEqual(b.UdpSourcePorts);

    /// <summary>The rules, whatever the mapping.</summary>
    internal static IReadOnlyList<MappingRule> Of(ConnectionConfig config)
    {
        List<MappingRule> rules = [.. config.Rules.Select(rule => new MappingRule(rule, Title(rule)))];
        foreach (PathConfig path in config.Paths)
        {
            Add("tcp_dst", path, new() { Index = -1, Protocols = [Tcp], DestinationPorts = path.TcpDestinationPorts });
            Add("tcp_src", path, new() { Index = -1, Protocols = [Tcp], SourcePorts = path.TcpSourcePorts });
            Add("udp_dst", path, new() { Index = -1, Protocols = [Udp], DestinationPorts = path.UdpDestinationPorts });
            Add("udp_src", path, new() { Index = -1, Protocols = [Udp], SourcePorts = path.UdpSourcePorts });
        }
        return rules;

        void Add(string key, PathConfig path, RuleConfig rule)
        {
            if (rule.SourcePorts.Count + rule.DestinationPorts.Count > 0)
            {
                rules.Add(new MappingRule(rule with { Paths = [path.Index] }, $"{key} of path {path.Index}"));
            }
        }
    }
}
