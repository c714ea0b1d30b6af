using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>The keys of [path_n] for what the module's objects and parameters say.</summary>
internal static class PathKeys
{
    /// <summary>Keys and values that make a path.</summary>
    internal static SettingsTable Of(MptPathSpec path)
    {
        int version = path.IPVersion ?? VersionOf(path.RemoteAddress, path.LocalAddress, path.PublicAddress, path.Gateway) ?? 4;
        string toBeFound = ToBeFound(version);
        string? local = Given(path.LocalAddress);
        string seen = Given(path.PublicAddress) ?? local ?? toBeFound;
        var keys = new SettingsTable();
        keys.Put("interface_name", path.Interface);
        keys.Put("ip_ver", version);
        keys.Put("public_ipaddr", seen);
        keys.Put("private_ipaddr", seen == local ? null : local ?? toBeFound);
        keys.Put("gw_ipaddr", Given(path.Gateway) ?? toBeFound);
        keys.Put("remote_ipaddr", Given(path.RemoteAddress));
        keys.Put("keepalive_time", path.KeepaliveSeconds);
        keys.Put("dead_time", path.DeadSeconds);
        keys.Put("weight_out", path.WeightOut);
        keys.Put("weight_in", path.WeightIn);
        keys.Put("cmd_default", path.CommandDefault);
        keys.Put("udp_checksum", path.UdpChecksum);
        PutMapping(keys, path);
        // A text that names no state goes through, for the reader's message.
        keys.Put("status", Enum.TryParse(path.StartStatus, ignoreCase: true, out PathStartStatus start) && Enum.IsDefined(start) ? start : path.StartStatus);
        return keys;
    }

    /// <summary>
    /// Keys and values that give a running path another address of its own. What was the same as the old one goes along: the public
    /// address where there is no NAT, and the gateway where the peer is on the link.
    /// </summary>
    internal static void Move(SettingsTable keys, PathStatus path, string address)
    {
        bool isSeen = path.PublicAddressSource == PublicAddressSource.Configured && path.PublicAddress == path.LocalAddress;
        if (isSeen && !keys.ContainsKey("public_ipaddr"))
        {
            keys.Put("public_ipaddr", address);
        }
        keys.Put("private_ipaddr", address);
        if (path.Gateway == path.LocalAddress && !keys.ContainsKey("gw_ipaddr"))
        {
            keys.Put("gw_ipaddr", address);
        }
    }

    /// <summary>They have packets to or from some ports take the path, which is a rule.</summary>
    internal static bool HavePorts(SettingsTable keys) =>
        new[] { "tcp_dst", "tcp_src", "udp_dst", "udp_src" }.Any(key => keys.TryGetValue(key, out string? ports) && ports.Length > 0);

    /// <summary>The version of the first address that is given.</summary>
    internal static int? VersionOf(params ReadOnlySpan<string?> addresses)
    {
        foreach (string? address in addresses)
        {
            if (Given(address) is { } given)
            {
                return given.Contains(':') ? 6 : 4;
            }
        }
        return null;
    }

    // What existing servers do not know stands in a file only where it says something.
    private static void PutMapping(SettingsTable keys, MptPathSpec path)
    {
        keys.Put("path_priority", path.Priority == 1 ? null : path.Priority);
        keys.Put("rate_limit", Given(path.RateLimit));
        keys.Put("backup", path.Backup ? true : null);
        keys.Put("tcp_dst", Given(path.TcpDestinationPort));
        keys.Put("tcp_src", Given(path.TcpSourcePort));
        keys.Put("udp_dst", Given(path.UdpDestinationPort));
        keys.Put("udp_src", Given(path.UdpSourcePort));
    }

    private static string ToBeFound(int version) => version == 6 ? "::" : "0.0.0.0";

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
