using System.Globalization;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Counters of a host's kernel in /proc/net.</summary>
internal static class ProcNet
{
    /// <summary>One of /proc/net/snmp6: a name and a number a line.</summary>
    internal static long Counter(LabHost host, string file, string name) =>
        Parse(Lines(host, file).Single(words => words[0] == name)[1]);

    /// <summary>One of /proc/net/snmp: a line of names and a line of numbers for each group.</summary>
    internal static long Counter(LabHost host, string file, string group, string name)
    {
        string[][] lines = [.. Lines(host, file).Where(words => words[0] == $"{group}:")];
        return Parse(lines[1][Array.IndexOf(lines[0], name)]);
    }

    private static IEnumerable<string[]> Lines(LabHost host, string file) => host
        .Invoke(() => File.ReadAllLines($"/proc/thread-self/net/{file}"))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static long Parse(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
