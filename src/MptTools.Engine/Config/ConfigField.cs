using System.Globalization;
using System.Net;

namespace MptTools.Engine.Config;

/// <summary>A key of a section and the text a configuration gives it.</summary>
/// <param name="Key">The key in the spelling new lines get.</param>
/// <param name="Text">The value as it would be written; null for none. Two configurations with the same text say the same.</param>
internal sealed record ConfigField<T>(string Key, Func<T, string?> Text)
{
    /// <summary>What the loader takes where the section lacks the key; null where that depends on nothing else in the section.</summary>
    public Func<T, string?>? Implied { get; init; }

    /// <summary>A word that refers to another key's value, and that value.</summary>
    public (string Word, Func<T, string?> Meaning)? Reference { get; init; }

    /// <summary>Says nothing that a new section would have to say.</summary>
    public Func<T, bool> IsOmitted { get; init; } = _ => false;

    /// <summary>A value that the user gave is never written over.</summary>
    public bool IsKept { get; init; }

    /// <summary>How much a difference speaks for another path or network instead of a changed one; all settings together less than an address.</summary>
    public int Weight { get; init; } = 1;
}

/// <summary>
/// The keys of all sections, in the order in which new sections have them: the other direction of the readers. A key that is
/// missing here would be lost when a file is saved.
/// </summary>
internal static class ConfigFields
{
    public static readonly IReadOnlyList<ConfigField<(GeneralConfig General, int TunnelCount)>> General =
    [
        new("tunnel_num", c => Text(c.TunnelCount)),
        new("accept_remote", c => Text(c.General.AcceptRemote)),
        new("cmdport_local", c => Text(c.General.CommandPort)),
        new("cmd_timeout", c => Seconds(c.General.CommandTimeout)),
        new("accept_local_users", c => Text(c.General.AcceptLocalUsers)) { IsOmitted = c => !c.General.AcceptLocalUsers },
        new("hook_timeout", c => Seconds(c.General.HookTimeout)) { IsOmitted = c => c.General.HookTimeout == new GeneralConfig().HookTimeout },
        new("stun_server", c => c.General.StunServer?.ToString()),
        new("disable_offloads", c => OffloadNames.Of(c.General.DisabledOffloads)) { IsOmitted = c => c.General.DisabledOffloads == Offloads.None },
        new("threads", c => c.General.Threads == 0 ? "auto" : Text(c.General.Threads)) { IsOmitted = c => c.General.Threads == 0 },
    ];

    public static readonly IReadOnlyList<ConfigField<TunnelConfig>> Tunnel =
    [
        new("name", c => c.Name) { Weight = 40 },
        new("mtu", c => c.AutoMtu ? "auto" : Text(c.Mtu)),
        new("ipv4_addr", c => c.IPv4?.ToString()) { Weight = 20 },
        new("ipv6_addr", c => c.IPv6?.ToString()) { Weight = 20 },
    ];

    public static readonly IReadOnlyList<ConfigField<ConnectionConfig>> Connection =
    [
        new("name", c => c.Name),
        new("permission", c => Text((int)c.Permission)),
        new("ip_ver", c => Text(c.IPVersion)),
        new("ip_local", c => c.LocalAddress.ToString()),
        new("local_port", c => Text(c.LocalPort)),
        new("local_cmd_port", c => Text(c.LocalCommandPort)),
        new("ip_remote", c => c.RemoteAddress?.ToString()),
        new("remote_port", c => Text(c.RemotePort)),
        new("remote_cmd_port", c => Text(c.RemoteCommandPort)),
        new("path_count", c => Text(c.Paths.Count)),
        new("network_count", c => Text(c.Networks.Count)),
        new("status", c => Text(c.Status)),
        new("reorder_window", c => Text(c.ReorderWindow)),
        new("max_buffdelay_msec", c => Text((int)c.MaxBufferDelay.TotalMilliseconds)),
        new("auth_type", c => Text((int)c.AuthenticationType)),
        new("auth_key", c => BuiltInKey.Is(c.AuthenticationKey) ? BuiltInKey.Word : c.AuthenticationKey) { IsKept = true },
        new("auth_key_after_create", c => c.BuiltInKeyAfterCreate ? BuiltInKey.Word : ConnectionReader.OwnKeyWord) { IsOmitted = c => !c.BuiltInKeyAfterCreate },
        new("mapping", c => MappingNames.Of(c.Mapping)) { Implied = ImpliedMapping, IsOmitted = c => MappingNames.Of(c.Mapping) == ImpliedMapping(c) },
        new("mapping_rest", c => MappingNames.Of(c.MappingRest)) { IsOmitted = c => c.MappingRest == MappingMode.Packet },
    ];

    public static readonly IReadOnlyList<ConfigField<PathConfig>> Path =
    [
        new("interface_name", c => c.Interface) { Weight = 40 },
        new("ip_ver", c => Text(c.IPVersion)) { Weight = 20 },
        new("public_ipaddr", c => Found(c.PublicAddress, c.IPVersion)) { Weight = 30, Reference = ("private_ipaddr", c => Found(c.LocalAddress, c.IPVersion)) },
        new("private_ipaddr", c => Found(c.LocalAddress, c.IPVersion))
        {
            Weight = 30,
            Implied = c => Found(c.PublicAddress, c.IPVersion),
            IsOmitted = c => Equals(c.LocalAddress, c.PublicAddress),
        },
        new("gw_ipaddr", c => Found(c.Gateway, c.IPVersion)) { Weight = 20 },
        new("remote_ipaddr", c => c.RemoteAddress?.ToString()) { Weight = 30 },
        new("keepalive_time", c => Seconds(c.KeepaliveTime)),
        new("dead_time", c => Seconds(c.DeadTime)) { Implied = c => Seconds(c.KeepaliveTime * 3) },
        new("weight_out", c => Text(c.WeightOut)),
        new("weight_in", c => Text(c.WeightIn)),
        new("cmd_default", c => Text(c.IsCommandDefault)) { IsOmitted = c => !c.IsCommandDefault },
        new("udp_checksum", c => Text(c.UdpChecksum)) { IsOmitted = c => c.UdpChecksum },
        new("status", c => Text((int)c.Status)),
        new("path_priority", c => Text(c.Priority)) { IsOmitted = c => c.Priority == 1 },
        new("rate_limit", c => BitRate.Of(c.RateLimit)) { IsOmitted = c => c.RateLimit == 0 },
        new("backup", c => Text(c.IsBackup)) { IsOmitted = c => !c.IsBackup },
        new("tcp_dst", c => Listed(PortList.Of(c.TcpDestinationPorts))),
        new("tcp_src", c => Listed(PortList.Of(c.TcpSourcePorts))),
        new("udp_dst", c => Listed(PortList.Of(c.UdpDestinationPorts))),
        new("udp_src", c => Listed(PortList.Of(c.UdpSourcePorts))),
    ];

    public static readonly IReadOnlyList<ConfigField<NetworkConfig>> Network =
    [
        new("ip_ver", c => Text(AddressText.Version(c.Source.BaseAddress))),
        new("src_addr", c => c.Source.ToString()) { Weight = 20 },
        new("dst_addr", c => c.Destination.ToString()) { Weight = 20 },
    ];

    public static readonly IReadOnlyList<ConfigField<RuleConfig>> Rule =
    [
        new("name", c => c.Name) { Weight = 20 },
        new("protocol", c => Listed(ProtocolNames.Of(c.Protocols))) { Weight = 5 },
        new("src_port", c => Listed(PortList.Of(c.SourcePorts))) { Weight = 10 },
        new("dst_port", c => Listed(PortList.Of(c.DestinationPorts))) { Weight = 10 },
        new("src_addr", c => Listed(NetworkList.Of(c.Sources))) { Weight = 10 },
        new("dst_addr", c => Listed(NetworkList.Of(c.Destinations))) { Weight = 10 },
        new("dscp", c => Listed(DscpNames.Of(c.Dscp))) { Weight = 10 },
        new("paths", c => ListText.Of(c.Paths, Text)) { Weight = 5 },
        new("prefer", c => Text(c.Prefer)) { Weight = 5 },
        new("spread", c => c.Spread is { } mode ? MappingNames.Of(mode) : null),
        new("strict", c => Text(c.IsStrict)) { IsOmitted = c => !c.IsStrict },
    ];

    /// <summary>The lines of a new section.</summary>
    public static IEnumerable<(string Key, string Value)> NewEntries<T>(IReadOnlyList<ConfigField<T>> fields, T config)
    {
        foreach (ConfigField<T> field in fields)
        {
            if (!field.IsOmitted(config) && field.Text(config) is { } text)
            {
                yield return (field.Key, text);
            }
        }
    }

    /// <summary>Seconds as files write them, with as many digits behind the point as needed.</summary>
    public static string Seconds(TimeSpan time) =>
        ((decimal)time.Ticks / TimeSpan.TicksPerSecond).ToString("0.#######", CultureInfo.InvariantCulture);

    private static string ImpliedMapping(ConnectionConfig config) => MappingNames.Of(MappingReader.Implied(MappingRules.Of(config).Count > 0));

    private static string? Listed(string list) => list.Length == 0 ? null : list;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Text(bool value) => value ? "1" : "0";

    private static string Found(IPAddress? address, int version) => address?.ToString() ?? (version == 6 ? "::" : "0.0.0.0");
}
