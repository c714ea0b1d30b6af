using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>
/// Who owns the UDP sockets that a datagram over the loopback interface may have come from, by the kernel's table
/// (proc_pid_net(5), net/udp). The thread that asks must be in the network namespace that is meant.
/// </summary>
internal static class UdpSocketOwners
{
    /// <summary>Of this thread: threads of one process may live in different network namespaces.</summary>
    private const string TableIPv4 = "/proc/thread-self/net/udp", TableIPv6 = "/proc/thread-self/net/udp6";

    private const int LocalField = 1, UserField = 7;

    /// <summary>
    /// The users whose sockets may send from an address and port of this host: those bound to it, and those bound to the port on
    /// all addresses. None: the sender has closed its socket already.
    /// </summary>
    internal static IReadOnlySet<uint> Of(IPEndPoint source)
    {
        IEnumerable<string> lines = ReadLines(TableIPv6);
        if (source.AddressFamily == AddressFamily.InterNetwork)
        {
            // A socket for IPv6 sends to IPv4 addresses too.
            lines = lines.Concat(ReadLines(TableIPv4));
        }
        return Of(source, lines);
    }

    internal static IReadOnlySet<uint> Of(IPEndPoint source, IEnumerable<string> table)
    {
        HashSet<uint> users = [];
        foreach (string line in table)
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > UserField
                && TryReadEndPoint(fields[LocalField], out IPAddress address, out int port)
                && port == source.Port && MaySendFrom(address, source.Address)
                && uint.TryParse(fields[UserField], NumberStyles.None, CultureInfo.InvariantCulture, out uint user))
            {
                users.Add(user);
            }
        }
        return users;
    }

    private static bool MaySendFrom(IPAddress bound, IPAddress source) =>
        bound.Equals(IPAddress.IPv6Any) || bound.Equals(IPAddress.Any)
        || (bound.IsIPv4MappedToIPv6 ? bound.MapToIPv4() : bound).Equals(source);

    /// <summary>An address as the kernel writes it: words of 32 bits in the byte order of the machine, and the port, in hexadecimal.</summary>
    private static bool TryReadEndPoint(string text, out IPAddress address, out int port)
    {
        (address, port) = (IPAddress.None, 0);
        int colon = text.IndexOf(':');
        if (colon is not (8 or 32) || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out port))
        {
            return false;
        }
        Span<uint> words = stackalloc uint[colon / 8];
        for (int i = 0; i < words.Length; i++)
        {
            if (!uint.TryParse(text.AsSpan(8 * i, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out words[i]))
            {
                return false;
            }
        }
        address = new IPAddress(MemoryMarshal.AsBytes(words));
        return true;
    }

    private static IEnumerable<string> ReadLines(string table) => File.Exists(table) ? File.ReadLines(table) : [];
}
