namespace MptTools.Bench.Report;

/// <summary>The names that bars refer to.</summary>
internal static class Names
{
    /// <summary>Sections.</summary>
    internal const string Main = "main", Offloads = "offloads", Threads = "threads", IPv6 = "ipv6", PlainLinks = "plain-links",
        Connections = "connections", Pwsh = "pwsh";

    /// <summary>Subjects.</summary>
    internal const string Veth = "veth", Vxlan = "vxlan", OnePath = "one-path", TwoPaths = "two-paths";
}
