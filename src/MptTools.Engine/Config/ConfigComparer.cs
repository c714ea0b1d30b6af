namespace MptTools.Engine.Config;

/// <summary>Tells whether two readings of a connection say the same; records compare their lists by reference only.</summary>
internal static class ConfigComparer
{
    internal static bool AreSame(ConnectionConfig a, ConnectionConfig b) =>
        AreSame(a.Paths, b.Paths, AreSame) && a.Networks.SequenceEqual(b.Networks) && AreSame(a.Rules, b.Rules, AreSame)
        && WithoutLists(a) == WithoutLists(b);

    internal static bool AreSame(PathConfig a, PathConfig b) =>
        a.TcpDestinationPorts.SequenceEqual(b.TcpDestinationPorts) && a.TcpSourcePorts.SequenceEqual(b.TcpSourcePorts)
        && a.UdpDestinationPorts.SequenceEqual(b.UdpDestinationPorts) && a.UdpSourcePorts.SequenceEqual(b.UdpSourcePorts)
        && WithoutLists(a) == WithoutLists(b);

    internal static bool AreSame(RuleConfig a, RuleConfig b) =>
        a.Protocols.SequenceEqual(b.Protocols) && a.SourcePorts.SequenceEqual(b.SourcePorts) && a.DestinationPorts.SequenceEqual(b.DestinationPorts)
        && a.Sources.SequenceEqual(b.Sources) && a.Destinations.SequenceEqual(b.Destinations)
        && a.Dscp.SequenceEqual(b.Dscp) && a.Paths.SequenceEqual(b.Paths)
        && WithoutLists(a) == WithoutLists(b);

    private static bool AreSame<T>(IReadOnlyList<T> a, IReadOnlyList<T> b, Func<T, T, bool> areSame) =>
        a.Count == b.Count && a.Zip(b, areSame).All(isSame => isSame);

    private static ConnectionConfig WithoutLists(ConnectionConfig config) => config with { Paths = [], Networks = [], Rules = [] };

    private static PathConfig WithoutLists(PathConfig path) =>
        path with { TcpDestinationPorts = [], TcpSourcePorts = [], UdpDestinationPorts = [], UdpSourcePorts = [] };

    private static RuleConfig WithoutLists(RuleConfig rule) =>
        rule with { Protocols = [], SourcePorts = [], DestinationPorts = [], Sources = [], Destinations = [], Dscp = [], Paths = [] };
}
