namespace MptTools.Engine.Config;

/// <summary>A rule in use, and how users know it.</summary>
/// <param name="Rule">What it asks for and says.</param>
/// <param name="Title">As in "rule 2 (voice)" or "tcp_dst of path 1".</param>
internal sealed record MappingRule(RuleConfig Rule, string Title);

/// <summary>The rules that a connection's combined mapping goes by, the first one first: its own, then those that the ports of its paths say.</summary>
internal static class MappingRules
{
    private const int Tcp = 6, Udp = 17;

    internal static IReadOnlyList<MappingRule> Of(ConnectionConfig config)
    {
        List<MappingRule> rules = [.. config.Rules.Select(rule => new MappingRule(rule, rule.Name is null ? $"rule {rule.Index}" : $"rule {rule.Index} ({rule.Name})"))];
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
