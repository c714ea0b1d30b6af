namespace MptTools.Bench.Report;

/// <summary>The names that bars refer to.</summary>
internal static class Names
{
    /// <summary>Sections.</summary>
    internal const string Main = "main", Offloads = "offloads", Threads = "threads", IPv6 = "ipv6", PlainLinks = "plain-links",
        Connections = "connections", Mapping = "mapping", Pwsh = "pwsh";

    /// <summary>Subjects.</summary>
    internal const string Veth = "veth", Vxlan = "vxlan", OnePath = "one-path", TwoPaths = "two-paths", InPwsh = "in-pwsh",
        ByPacket = "by-packet", ByBytes = "by-bytes", ByFlow = "by-flow", ByRules = "by-50-rules";

    /// <summary>The subject without an offload.</summary>
    internal static string Without(string offload) => $"no-{offload}";

    /// <summary>The subject of a section that carries one version of IP in another.</summary>
    internal static string Versions(int inner, int outer) => $"{inner}-in-{outer}";

    /// <summary>The subject with so many connections.</summary>
    internal static string ConnectionsOf(int count) => $"connections-{count}";
}
