using System.Globalization;

namespace MptTools.Engine.ControlPlane;

/// <summary>The kernel's table of Unix sockets (proc_pid_net(5), net/unix), as far as it tells of control sockets.</summary>
internal static class ControlSocketTable
{
    /// <summary>Of this thread: threads of one process may live in different network namespaces.</summary>
    internal const string Path = "/proc/thread-self/net/unix";

    /// <summary>__SO_ACCEPTCON: the socket listens. Connections of a server carry its name too.</summary>
    private const uint Listening = 1 << 16;

    private const int FlagsField = 3, PathField = 7;

    /// <summary>The names of the servers that listen, in ordinal order.</summary>
    internal static SortedSet<string> Names(IEnumerable<string> table)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string line in table)
        {
            string[] fields = line.Split(' ', PathField + 1, StringSplitOptions.RemoveEmptyEntries);
            // An abstract name's first byte, a zero, is shown as '@'.
            if (fields.Length > PathField
                && fields[PathField].StartsWith('@' + ControlProtocol.NamePrefix, StringComparison.Ordinal)
                && uint.TryParse(fields[FlagsField], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out uint flags)
                && (flags & Listening) != 0)
            {
                string name = fields[PathField][(1 + ControlProtocol.NamePrefix.Length)..];
                if (ControlProtocol.IsServerName(name))
                {
                    names.Add(name);
                }
            }
        }
        return names;
    }
}
