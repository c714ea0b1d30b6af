namespace MptTools.Engine.Config;

/// <summary>A kind of section: how it is called in messages, and the keys it may have, in the spelling files should use.</summary>
internal sealed record SectionKind(string Title, IReadOnlyList<string> Keys);

/// <summary>All keys of all sections.</summary>
internal static class KnownKeys
{
    public static readonly SectionKind General = new("[general] of interface.conf",
        ["tunnel_num", "accept_remote", "cmdport_local", "cmd_timeout", "accept_local_users", "stun_server", "hook_timeout", "disable_offloads", "threads"]);

    public static readonly SectionKind Tunnel = new("[tun_n] of interface.conf",
        ["name", "mtu", "ipv4_addr", "ipv6_addr"]);

    public static readonly SectionKind Connection = new("[connection]",
    [
        "name", "permission", "ip_ver", "ip_local", "local_port", "local_cmd_port", "ip_remote", "remote_port",
        "remote_cmd_port", "path_count", "network_count", "status", "reorder_window", "max_buffdelay_msec", "auth_type",
        "auth_key", "auth_key_after_create", "mapping", "mapping_rest",
    ]);

    public static readonly SectionKind Path = new("[path_n]",
    [
        "interface_name", "ip_ver", "public_ipaddr", "private_ipaddr", "gw_ipaddr", "remote_ipaddr", "keepalive_time",
        "dead_time", "weight_out", "weight_in", "cmd_default", "udp_checksum", "status", "path_priority", "rate_limit", "backup",
        "tcp_dst", "tcp_src", "udp_dst", "udp_src",
    ]);

    public static readonly SectionKind Network = new("[net_n]", ["ip_ver", "src_addr", "dst_addr"]);

    public static readonly SectionKind Rule = new("[rule_n]",
    [
        "name", "protocol", "src_port", "dst_port", "src_addr", "dst_addr", "dscp", "paths", "prefer", "spread", "strict",
    ]);

    public static readonly IReadOnlyList<SectionKind> All = [General, Tunnel, Connection, Path, Network, Rule];

    /// <summary>Second spellings: the manual's text and examples name two keys in two ways each.</summary>
    public static readonly IReadOnlyDictionary<string, string> Aliases =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["gateway_ipaddr"] = "gw_ipaddr",
            ["default_cmd"] = "cmd_default",
        };

    /// <summary>The keys of a kind with their second spellings.</summary>
    public static IReadOnlyList<string> SpellingsOf(SectionKind kind) =>
        [.. kind.Keys, .. Aliases.Where(alias => kind.Keys.Contains(alias.Value)).Select(alias => alias.Key)];
}
