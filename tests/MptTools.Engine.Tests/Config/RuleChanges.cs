using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Rules of all kinds, and what commands do to them.</summary>
internal static class RuleChanges
{
    /// <summary>A rule that the reader takes, for a connection of so many paths.</summary>
    public static RuleConfig Any(Random random, int pathCount)
    {
        bool Is() => random.Next(3) == 0;
        bool hasPorts = random.Next(2) == 0;
        int[] protocols = hasPorts ? [6, 17, 33, 132, 136] : [.. Enumerable.Range(0, 256)];
        bool prefers = Is();
        int[] paths = Is() || !prefers ? [.. Shuffled(random, Enumerable.Range(0, pathCount)).Take(1 + random.Next(pathCount))] : [];
        return new RuleConfig
        {
            Index = 0,
            Name = Is() ? $"n{random.Next(20)}" : null,
            Protocols = Is() ? [.. Shuffled(random, protocols).Take(1 + random.Next(3))] : [],
            SourcePorts = hasPorts && Is() ? Ports(random) : [],
            DestinationPorts = hasPorts ? Ports(random) : [],
            Sources = Is() ? [System.Net.IPNetwork.Parse("10.0.0.0/8"), System.Net.IPNetwork.Parse($"fd00:{random.Next(1, 9)}::/64")] : [],
            Destinations = Is() ? [System.Net.IPNetwork.Parse($"192.0.2.{random.Next(256)}/32"), System.Net.IPNetwork.Parse("::/0")] : [],
            Dscp = Is() ? [.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => random.Next(64)), 62, 63] : [],
            Paths = paths,
            Prefer = prefers ? paths.Length > 0 ? paths[^1] : random.Next(pathCount) : null,
            Spread = Is() ? (MappingMode)random.Next(3) : !prefers && Is() ? MappingMode.Duplicate : null,
            IsStrict = !prefers && Is(),
        };
    }

    /// <summary>The connection with rules of its own, some of which say the same.</summary>
    public static ConnectionConfig WithRules(ConnectionConfig config, int seed)
    {
        var random = new Random(seed);
        List<RuleConfig> rules = [.. Enumerable.Range(0, random.Next(3) == 0 ? 0 : random.Next(12)).Select(_ => Any(random, config.Paths.Count))];
        rules.AddRange(rules.Where(_ => random.Next(8) == 0).ToList());
        return config with { Rules = [.. rules.Select((rule, index) => rule with { Index = index })] };
    }

    /// <summary>The connection after commands, refused ones among them.</summary>
    public static ConnectionConfig Apply(ConnectionConfig config, Random random, int count)
    {
        // By itself: other connections and the tunnels are not what this is about.
        ConnectionSurroundings around = null!;
        for (; count > 0; count--)
        {
            Dictionary<string, string> settings = SettingsDraft.Texts(ConfigFields.Rule, Any(random, config.Paths.Count));
            int index = random.Next(config.Rules.Count + 1);
            config = random.Next(5) switch
            {
                0 or 1 => ConnectionSettings.AddRule(config, settings, index, around),
                2 when index < config.Rules.Count => ConnectionSettings.SetRule(config, index, settings.Where(_ => random.Next(2) == 0).ToDictionary(), around),
                3 when index < config.Rules.Count => ConnectionSettings.RemoveRule(config, index, around),
                _ => ConnectionSettings.RemovePath(config, random.Next(config.Paths.Count), around),
            } is { Config: { } changed } ? changed : config;
        }

        return config;
    }

    private static List<PortRange> Ports(Random random) =>
        [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => random.Next(65536)).Select(port => new PortRange(port, random.Next(2) == 0 ? port : random.Next(port, 65536)))];

    private static IEnumerable<T> Shuffled<T>(Random random, IEnumerable<T> items) => items.OrderBy(_ => random.Next()).ToList();
}
