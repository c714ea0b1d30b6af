using System.Globalization;
using System.Net.Sockets;

namespace MptTools.Engine.Config;

/// <summary>stun_server: who tells how a path's address looks from outside (RFC 8489).</summary>
/// <param name="Host">A host's name, or an address.</param>
/// <param name="Port">The UDP port, 1 to 65535.</param>
public sealed record StunServer(string Host, int Port)
{
    /// <summary>The port of STUN over UDP (RFC 8489 section 18.6).</summary>
    public const int DefaultPort = 3478;

    internal const string Wanted = "a host's name or address, with its port where that is not 3478, such as stun.example.org, 198.51.100.1:3479 or [2001:db8::1]:3479";

    private const int LongestName = 253;

    /// <summary>As files write it: the port only where it is not the usual one.</summary>
    public override string ToString()
    {
        string port = Port == DefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{Port}");
        return Host.Contains(':') && port.Length > 0 ? $"[{Host}]{port}" : Host + port;
    }

    /// <summary>Reads HOST, HOST:PORT, an IPv6 address, or [IPv6 address]:PORT; null: none of them.</summary>
    internal static StunServer? Parse(string text)
    {
        // The colons of a bare IPv6 address belong to it.
        if (AddressText.Parse(text) is { } bare)
        {
            return Of(bare.ToString(), "");
        }

        if (text.StartsWith('['))
        {
            int end = text.IndexOf(']');
            return end > 0 && AddressText.Parse(text[1..end]) is { AddressFamily: AddressFamily.InterNetworkV6 } address
                ? Of(address.ToString(), text[(end + 1)..])
                : null;
        }

        int colon = text.IndexOf(':');
        return Of(colon < 0 ? text : text[..colon], colon < 0 ? "" : text[colon..]);
    }

    private static StunServer? Of(string host, string colonAndPort)
    {
        long? port = colonAndPort.Length == 0 ? DefaultPort
            : colonAndPort[0] == ':' ? AddressText.ParseNumber(colonAndPort[1..])
            : null;
        return IsHost(host) && port is >= 1 and <= 65535 ? new StunServer(host, (int)port) : null;
    }

    private static bool IsHost(string host) => AddressText.Parse(host) is { } address
        ? AddressText.WhyNoHost(address) is null
        // Digits and dots alone are an address with a slip of the pen.
        : host.Length is > 0 and <= LongestName && host.Any(char.IsAsciiLetter)
            && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') && host[0] is not ('-' or '.');
}
