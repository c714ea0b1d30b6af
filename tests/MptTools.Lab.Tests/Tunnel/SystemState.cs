namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What a server could leave in the system: rules, routes, interfaces, addresses, sockets.</summary>
internal sealed class SystemState
{
    private static readonly string[][] Questions =
    [
        ["-4", "rule", "show"],
        ["-6", "rule", "show"],
        ["-4", "route", "show", "table", "all"],
        ["-6", "route", "show", "table", "all"],
        ["-brief", "address", "show"],
    ];

    private readonly SortedSet<string> lines;

    private SystemState(SortedSet<string> lines) => this.lines = lines;

    internal static SystemState Of(LabHost host)
    {
        SortedSet<string> lines = new(StringComparer.Ordinal);
        foreach (string[] question in Questions)
        {
            lines.UnionWith(host.Ip(question).Output.Split('\n').Select(WithoutLinkState));
        }
        foreach (string table in new[] { "udp", "udp6" })
        {
            lines.UnionWith(Words(host, table).Skip(1).Where(words => IsServersPort(words[1]))
                .Select(words => $"{table} {words[1]} {words[2]}"));
        }
        lines.UnionWith(Words(host, "unix").Where(words => words[^1].Contains("mpttools")).Select(words => $"unix {words[^1]}"));
        // What the kernel adds by itself comes and goes with a link's state, at its own time.
        lines.RemoveWhere(line => line.Contains("proto kernel") || line.StartsWith("multicast", StringComparison.Ordinal));
        return new SystemState(lines);
    }

    private static IEnumerable<string[]> Words(LabHost host, string table) =>
        host.Invoke(() => File.ReadAllLines($"/proc/thread-self/net/{table}")).Select(Words);

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Below the ports that the kernel gives to the tests' own sockets.</summary>
    private static bool IsServersPort(string endPoint) => Convert.ToInt32(endPoint.Split(':')[^1], 16) < 32768;

    /// <summary>A line without the link's state and without its link-local address, which the kernel makes when it likes.</summary>
    private static string WithoutLinkState(string line) => string.Join(' ', Words(line).Where(word =>
        word is not ("UP" or "DOWN" or "UNKNOWN" or "LOWERLAYERDOWN" or "linkdown")
        && !word.StartsWith("fe80:", StringComparison.Ordinal)));

    /// <summary>What is there now and was not, and what was there and is not now; empty when nothing changed.</summary>
    internal IReadOnlyList<string> ChangesIn(SystemState later) =>
        [.. later.lines.Except(lines).Select(line => $"+ {line}"), .. lines.Except(later.lines).Select(line => $"- {line}")];
}
