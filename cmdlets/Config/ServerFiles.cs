using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>The files of connections that -File means: names or paths, with or without wildcards.</summary>
internal static class ServerFiles
{
    /// <summary>The name that the directory of connections has in every configuration directory.</summary>
    private const string Connections = "connections", Ending = ".conf";

    /// <summary>Where a server reads its connections from.</summary>
    internal static string DirectoryOf(MptClient client) => Path.Combine(client.GetStatus().ConfigDirectory, Connections);

    /// <summary>The names of all files there that a server reads.</summary>
    internal static IReadOnlyList<string> NamesIn(string directory) => Directory.Exists(directory)
        ? [.. Directory.EnumerateFiles(directory, "*" + Ending).Select(file => Path.GetFileName(file)!).Where(name => name[0] != '.').Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Finds the names in a server's directory that one value of -File means.</summary>
    /// <param name="given">A name, a pattern, or a path.</param>
    /// <param name="full">The value as a full path, where it has a directory.</param>
    /// <param name="server">The server's name, for messages.</param>
    /// <param name="directory">Its connections/.</param>
    /// <param name="known">The names that patterns are matched with.</param>
    /// <param name="fault">Why there is none; null where a pattern just finds nothing.</param>
    internal static IReadOnlyList<string> Find(
        string given, string full, string server, string directory, IReadOnlyCollection<string> known, out ErrorRecord? fault)
    {
        fault = null;
        string name = Path.GetFileName(given);
        if (name != given && !string.Equals(Path.GetDirectoryName(full), directory, StringComparison.Ordinal))
        {
            fault = MptErrors.NotOfThisServer(given, directory, server);
            return [];
        }
        NamePatterns patterns = new([name]);
        string[] found = [.. known.Where(patterns.Match)];
        if (patterns.Missing(known).Any())
        {
            fault = MptErrors.NoSuchFile(name, directory);
        }
        return found;
    }
}
