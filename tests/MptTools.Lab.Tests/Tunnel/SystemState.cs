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
        ["-oneline", "link", "show"],
        ["-brief", "address", "show"],
    ];

    private readonly SortedSet<string> lines;

    private SystemState(SortedSet<string> lines) => this.lines = lines;

    internal static SystemState Of(LabHost host)
    {
        SortedSet<string> lines = new(StringComparer.Ordinal);
        foreach (string[] question in Questions)
        {
            lines.UnionWith(host.Ip(question).Output.Split('\n').Select(line => line.Trim()));
        }
        foreach (string table in new[] { "udp", "udp6", "unix" })
        {
            lines.UnionWith(host.Invoke(() => File.ReadAllLines($"/proc/thread-self/net/{table}"))
                .Where(line => line.Contains("mpttools") || table != "unix")
                .Select(line => $"{table} {string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(2))}"));
        }
        // Link-local addresses and their routes come by the kernel's own will, at its own time.
        lines.RemoveWhere(line => line.StartsWith("fe80:", StringComparison.Ordinal) || line.Contains(" fe80:") || line.StartsWith("multicast", StringComparison.Ordinal));
        return new SystemState(lines);
    }

    /// <summary>What is there now and was not, and what was there and is not now; empty when nothing changed.</summary>
    internal IReadOnlyList<string> ChangesIn(SystemState later) =>
        [.. later.lines.Except(lines).Select(line => $"+ {line}"), .. lines.Except(later.lines).Select(line => $"- {line}")];
}
