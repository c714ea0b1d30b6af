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
        foreach (string table in new[] { "udp", "udp6", "unix" })
        {
            lines.UnionWith(host.Invoke(() => File.ReadAllLines($"/proc/thread-self/net/{table}"))
                .Where(line => line.Contains("mpttools") || table != "unix")
                .Select(line => $"{table} {string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(2))}"));
        }
        // What the kernel adds by itself comes and goes with a link's state, at its own time.
        lines.RemoveWhere(line => line.Contains("proto kernel") || line.StartsWith("multicast", StringComparison.Ordinal));
        return new SystemState(lines);
    }

    /// <summary>A line without the link's state and without its link-local address, which the kernel makes when it likes.</summary>
    private static string WithoutLinkState(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Where(word => word is not ("UP" or "DOWN" or "UNKNOWN" or "LOWERLAYERDOWN" or "linkdown") && !word.StartsWith("fe80:", StringComparison.Ordinal)));

    /// <summary>What is there now and was not, and what was there and is not now; empty when nothing changed.</summary>
    internal IReadOnlyList<string> ChangesIn(SystemState later) =>
        [.. later.lines.Except(lines).Select(line => $"+ {line}"), .. lines.Except(later.lines).Select(line => $"- {line}")];
}
