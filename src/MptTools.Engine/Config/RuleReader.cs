using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MptTools.Engine.Config;

/// <summary>A rule as far as it could be read.</summary>
/// <param name="Section">Its section.</param>
/// <param name="Config">Null when the section has an error.</param>
internal sealed record RuleDraft(SectionReader Section, RuleConfig? Config);

/// <summary>Reads [rule_n].</summary>
internal static class RuleReader
{
    private const string WantedName = "one word to recognise the rule by";

    /// <param name="file">The file's path.</param>
    /// <param name="index">n of [rule_n].</param>
    /// <param name="section">The section.</param>
    /// <param name="pathCount">How many paths the connection has; null where its key is faulty.</param>
    /// <param name="faults">Takes what is wrong.</param>
    public static RuleDraft Read(string file, int index, IniSection section, int? pathCount, FaultList faults)
    {
        var reader = new SectionReader(file, section, KnownKeys.Rule, faults);
        int errorsBefore = faults.ErrorsIn(file);
        RuleConfig rule = new()
        {
            Index = index,
            Name = reader.Value<string?>("name", WantedName, ParseName, null),
            Protocols = reader.Value<IReadOnlyList<int>>("protocol", ProtocolNames.Wanted, ProtocolNames.Parse, []),
            SourcePorts = PathReader.ReadPorts(reader, "src_port"),
            DestinationPorts = PathReader.ReadPorts(reader, "dst_port"),
            Sources = reader.Value<IReadOnlyList<IPNetwork>>("src_addr", NetworkList.Wanted, NetworkList.Parse, []),
            Destinations = reader.Value<IReadOnlyList<IPNetwork>>("dst_addr", NetworkList.Wanted, NetworkList.Parse, []),
            Dscp = reader.Value<IReadOnlyList<int>>("dscp", DscpNames.Wanted, DscpNames.Parse, []),
            Paths = ReadPaths(reader, pathCount),
            Prefer = reader.Value<int?>("prefer", WantedPath(pathCount), (string text, out int? path) => ParsePath(text, pathCount, out path), null),
            Spread = reader.Value("spread", MappingNames.Wanted(MappingNames.OfRule), MappingNames.Parser(MappingNames.OfRule), null),
            IsStrict = reader.Switch("strict") == true,
        };
        if (faults.ErrorsIn(file) == errorsBefore)
        {
            ReportContradictions(reader, rule);
        }

        return new RuleDraft(reader, faults.ErrorsIn(file) > errorsBefore ? null : rule);
    }

    private static IReadOnlyList<int> ReadPaths(SectionReader reader, int? pathCount)
    {
        string wanted = pathCount is 1 ? "0" : $"numbers of paths, {Range(pathCount)}, {ListText.Separated}";
        return reader.Value<IReadOnlyList<int>>("paths", wanted, Parse, []);

        string? Parse(string text, out IReadOnlyList<int> paths)
        {
            List<int> found = [];
            string? fault = ListText.Parse(text, item =>
            {
                if (ParsePath(item, pathCount, out int? path) is { } reason)
                {
                    return $"names {ConfigText.Quote(item)}, which {reason}";
                }

                if (found.Contains(path!.Value))
                {
                    return $"names path {path} twice";
                }

                found.Add(path.Value);
                return null;
            });
            paths = fault is null ? found : [];
            return fault;
        }
    }

    private static string? ParsePath(string text, int? pathCount, out int? path)
    {
        long? number = AddressText.ParseNumber(text);
        path = number < (pathCount ?? ConfigRanges.MaxPaths) ? (int?)number : null;
        return (number, path) switch
        {
            (null, _) => "is no number of a path",
            (_, null) => "is no path of the connection",
            _ => null,
        };
    }

    private static string WantedPath(int? pathCount) => pathCount is 1 ? "0" : $"the number of a path, {Range(pathCount)}";

    private static string Range(int? pathCount) =>
        string.Create(CultureInfo.InvariantCulture, $"0 to {(pathCount ?? ConfigRanges.MaxPaths) - 1}");

    private static string? ParseName(string text, out string? name)
    {
        name = text;
        return ConnectionReader.WhyNoName(text);
    }

    private static void ReportContradictions(SectionReader reader, RuleConfig rule)
    {
        if (rule is { Paths.Count: 0, Prefer: null, Spread: null })
        {
            reader.Error("The rule does not say where its packets go. Write paths =, prefer = or spread =, or remove the rule.");
        }

        int protocol = rule.Protocols.FirstOrDefault(number => !ProtocolNames.HasPorts(number), -1);
        if (protocol >= 0 && rule.SourcePorts.Count + rule.DestinationPorts.Count > 0)
        {
            string key = rule.DestinationPorts.Count > 0 ? "dst_port" : "src_port";
            reader.Error(key, $"The rule asks for ports, but packets of the protocol {ProtocolNames.Of(protocol)} have none. Take it out of protocol = ({ProtocolNames.NamesWithPorts} have ports), or remove {key}.");
        }

        ReportPreference(reader, rule);
        if (rule is { IsStrict: true, Paths.Count: 0, Prefer: null })
        {
            reader.Warning("strict", "It is not used, because the rule has no paths = that could all be down. Write paths =, or remove the line.");
        }

        if (rule.Sources.Count > 0 && rule.Destinations.Count > 0
            && !rule.Sources.Any(source => rule.Destinations.Any(destination => Family(source) == Family(destination))))
        {
            reader.Warning("dst_addr", "The rule never matches, because src_addr and dst_addr have no IP version in common. Write networks of one version in both.");
        }
    }

    private static void ReportPreference(SectionReader reader, RuleConfig rule)
    {
        if (rule.Prefer is not { } path)
        {
            return;
        }

        if (rule.IsStrict)
        {
            reader.Error("prefer", "With prefer the other paths take what the preferred one cannot, and strict forbids that. Remove one of them; for this path alone write paths = and strict = 1.");
        }

        if (rule.Spread == MappingMode.Duplicate)
        {
            reader.Error("prefer", "With spread = duplicate every path gets a copy, so that none comes first. Remove one of them.");
        }

        if (rule.Paths.Count > 0 && !rule.Paths.Contains(path))
        {
            reader.Error("prefer", $"{path} is not among the paths of the rule. Add it to paths =, or prefer one of those.");
        }
    }

    private static AddressFamily Family(IPNetwork network) => network.BaseAddress.AddressFamily;
}
