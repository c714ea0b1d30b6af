using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace MptTools.Engine.Config;

/// <summary>An address of an interface with the length of its network's prefix, as in <c>10.0.0.2/24</c>.</summary>
/// <param name="Address">The address itself, host bits included.</param>
/// <param name="PrefixLength">0 to 32 for IPv4, 0 to 128 for IPv6.</param>
public readonly record struct InterfaceAddress(IPAddress Address, int PrefixLength)
{
    private const int DefaultPrefixIPv4 = 24, DefaultPrefixIPv6 = 64;

    /// <summary>Reads an address with or without its prefix length; without one it is 24 for IPv4 and 64 for IPv6, as mpt takes it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address.</param>
    /// <param name="fault">What is wrong with the text, a whole sentence.</param>
    public static bool TryParse(string text, out InterfaceAddress address, [NotNullWhen(false)] out string? fault)
    {
        address = default;
        int slash = text.IndexOf('/');
        string ip = slash < 0 ? text : text[..slash];
        if (AddressText.Parse(ip) is not { } parsed)
        {
            fault = $"'{ip}' is no IP address.";
            return false;
        }
        int longest = AddressText.Version(parsed) == 4 ? 32 : 128;
        long? length = slash < 0 ? longest == 32 ? DefaultPrefixIPv4 : DefaultPrefixIPv6 : AddressText.ParseNumber(text[(slash + 1)..]);
        if (length is not ({ } prefix and >= 0) || prefix > longest)
        {
            fault = $"'{text[(slash + 1)..]}' is no prefix length; write a number from 0 to {longest}.";
            return false;
        }
        fault = null;
        address = new InterfaceAddress(parsed, (int)prefix);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";
}

/// <summary>Everything one server reads: <c>interface.conf</c>, <c>connections/*.conf</c> and <c>conf.template</c>.</summary>
public sealed record ServerConfig
{
    /// <summary>The directory the files were read from, as a full path.</summary>
    public required string Directory { get; init; }

    /// <summary>The [general] section of interface.conf.</summary>
    public required GeneralConfig General { get; init; }

    /// <summary>The tunnels, [tun_0] first. There is at least one; the first names the server.</summary>
    public required IReadOnlyList<TunnelConfig> Tunnels { get; init; }

    /// <summary>The connections in the order of their file names (ordinal).</summary>
    public required IReadOnlyList<ConnectionConfig> Connections { get; init; }

    /// <summary>The answer to a peer's create, from <c>conf.template</c>; null where there is no such file.</summary>
    public ConnectionConfig? Template { get; init; }
}

/// <summary>[general] of interface.conf.</summary>
public sealed record GeneralConfig
{
    /// <summary>accept_remote: a peer without a connection may create one.</summary>
    public bool AcceptRemote { get; init; }

    /// <summary>cmdport_local: the UDP port for commands, 1 to 65535.</summary>
    public int CommandPort { get; init; } = 60456;

    /// <summary>cmd_timeout: how long a client waits for an answer.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>
    /// accept_local_users: over the UDP command port every user of this host may change something; otherwise only root.
    /// </summary>
    public bool AcceptLocalUsers { get; init; }

    /// <summary>hook_timeout: how long each hook may take.</summary>
    public TimeSpan HookTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>stun_server: who tells paths their address behind a NAT; null: nobody.</summary>
    public StunServer? StunServer { get; init; }

    /// <summary>disable_offloads: what is not used even where the kernel has it.</summary>
    public Offloads DisabledOffloads { get; init; }

    /// <summary>threads: how many threads move packets, 1 to 64; 0: as many as suit the processors (auto).</summary>
    public int Threads { get; init; }
}

/// <summary>A STUN server (RFC 8489).</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">The UDP port, 1 to 65535.</param>
public sealed record StunServer(string Host, int Port)
{
    /// <summary>The port of servers that name none.</summary>
    public const int DefaultPort = 3478;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Host.Contains(':') ? $"[{Host}]" : Host)}{(Port == DefaultPort ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $":{Port}"))}";
}

/// <summary>[tun_n] of interface.conf.</summary>
public sealed record TunnelConfig
{
    /// <summary>The interface's name: 1 to 15 bytes, no slash, no white space.</summary>
    public required string Name { get; init; }

    /// <summary>The tunnel's MTU in bytes; with <see cref="AutoMtu"/> the one it starts with.</summary>
    public int Mtu { get; init; } = 1440;

    /// <summary>mtu = auto: the MTU follows the narrowest path.</summary>
    public bool AutoMtu { get; init; }

    /// <summary>ipv4_addr, or null.</summary>
    public InterfaceAddress? IPv4 { get; init; }

    /// <summary>ipv6_addr, or null.</summary>
    public InterfaceAddress? IPv6 { get; init; }
}

/// <summary>Who may start configuration changes (the manual's table 2).</summary>
[Flags]
public enum ConnectionPermission
{
    /// <summary>Neither side.</summary>
    None = 0,
    /// <summary>This server may start a change at the peer.</summary>
    Send = 1,
    /// <summary>This server takes changes from the peer.</summary>
    Receive = 2,
}

/// <summary>How commands between servers are authenticated (the manual's table 3).</summary>
public enum AuthenticationType
{
    /// <summary>auth_type 0: not at all.</summary>
    None = 0,
    /// <summary>auth_type 1: a random number that the requester must be able to receive.</summary>
    Random = 1,
    /// <summary>auth_type 2: SHA-256 over the message and the shared key.</summary>
    Sha256 = 2,
}

/// <summary>The codes of a path's status on the wire and in the files.</summary>
public enum PathStatusCode
{
    /// <summary>Carries traffic.</summary>
    Up = 0,
    /// <summary>The peer was not heard for the dead time, or the path was configured to start down.</summary>
    Down = 128,
    /// <summary>The interface is missing, down or without carrier.</summary>
    InterfaceDown = 129,
    /// <summary>The interface lacks the path's local address.</summary>
    AddressDown = 130,
    /// <summary>Taken down by hand; stays until taken up by hand.</summary>
    TakenDown = 131,
    /// <summary>Not in use at all.</summary>
    Disabled = 255,
}

/// <summary>One connections/*.conf file, or conf.template.</summary>
public sealed record ConnectionConfig
{
    /// <summary>The file's name without its directory.</summary>
    public required string File { get; init; }

    /// <summary>name: unique, without white space.</summary>
    public required string Name { get; init; }

    /// <summary>permission.</summary>
    public ConnectionPermission Permission { get; init; }

    /// <summary>ip_ver: 4 or 6, the version of the two tunnel addresses.</summary>
    public int IPVersion { get; init; } = 4;

    /// <summary>ip_local: this server's tunnel address.</summary>
    public required IPAddress LocalAddress { get; init; }

    /// <summary>local_port: the UDP port for data, 1 to 65535.</summary>
    public required int LocalPort { get; init; }

    /// <summary>ip_remote: the peer's tunnel address; null in conf.template.</summary>
    public IPAddress? RemoteAddress { get; init; }

    /// <summary>remote_port; null in a file meant for create and in conf.template.</summary>
    public int? RemotePort { get; init; }

    /// <summary>remote_cmd_port; null in conf.template.</summary>
    public int? RemoteCommandPort { get; init; }

    /// <summary>local_cmd_port, as save of existing servers writes it; null where the file has none.</summary>
    public int? LocalCommandPort { get; init; }

    /// <summary>status: 0 means in use; up to 255.</summary>
    public int Status { get; init; }

    /// <summary>reorder_window: 0 (no ordering) to 10000 packets.</summary>
    public int ReorderWindow { get; init; }

    /// <summary>max_buffdelay_msec: how long a packet may wait for one before it; 100 ms where the key is missing or 0.</summary>
    public TimeSpan MaxBufferDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>auth_type.</summary>
    public AuthenticationType AuthenticationType { get; init; }

    /// <summary>
    /// auth_key, 64 hexadecimal digits as they stand in the file; null where there is none, or where a connection that
    /// needs none has something else (existing files write 0).
    /// </summary>
    public string? AuthenticationKey { get; init; }

    /// <summary>
    /// auth_key_after_create = default: with auth_type 2 a connection that was created with an existing server goes on with the key
    /// built into those, as they do. Otherwise, and between two servers of ours always, with <see cref="AuthenticationKey"/>.
    /// </summary>
    public bool BuiltInKeyAfterCreate { get; init; }

    /// <summary>
    /// mapping: which packet takes which path. Where the key is missing, Combined if there are rules or ports of paths, and Packet if not.
    /// </summary>
    public MappingMode Mapping { get; init; }

    /// <summary>mapping_rest: how Combined spreads what no rule matches; anything but Combined.</summary>
    public MappingMode MappingRest { get; init; }

    /// <summary>The rules of Combined, [rule_0] first.</summary>
    public IReadOnlyList<RuleConfig> Rules { get; init; } = [];

    /// <summary>The paths, [path_0] first; 1 to 20.</summary>
    public required IReadOnlyList<PathConfig> Paths { get; init; }

    /// <summary>The networks behind the peer, [net_0] first; 0 to 20.</summary>
    public IReadOnlyList<NetworkConfig> Networks { get; init; } = [];

    /// <summary>
    /// The file has all that running needs. A file meant for create may lack remote_port and remote addresses: it loads,
    /// but its connection starts only when create has filled them in.
    /// </summary>
    public bool IsComplete => RemoteAddress is not null && RemotePort is not null && Paths.All(path => path.RemoteAddress is not null);

    /// <summary>The connection's name and file, so that printing a connection never prints its key.</summary>
    public override string ToString() => $"{Name} ({File})";
}

/// <summary>[path_n] of a connection.</summary>
public sealed record PathConfig
{
    /// <summary>n of [path_n].</summary>
    public required int Index { get; init; }

    /// <summary>interface_name.</summary>
    public required string Interface { get; init; }

    /// <summary>ip_ver: 4 or 6, the version of the path's own addresses.</summary>
    public int IPVersion { get; init; } = 4;

    /// <summary>public_ipaddr: the address the peer sees; null for 0.0.0.0 or :: (to be found).</summary>
    public IPAddress? PublicAddress { get; init; }

    /// <summary>
    /// private_ipaddr: the address on the interface, where it differs from the public one. Null for 0.0.0.0 or ::: the
    /// interface's first address of the path's version. Equal to <see cref="PublicAddress"/> where the file has none.
    /// </summary>
    public IPAddress? LocalAddress { get; init; }

    /// <summary>gw_ipaddr; null for 0.0.0.0 or :: (to be found). Equal to the local or public address: the peer is on the link.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>remote_ipaddr; null where create fills it in.</summary>
    public IPAddress? RemoteAddress { get; init; }

    /// <summary>keepalive_time: zero switches keepalives off. Fractions of a second are allowed.</summary>
    public TimeSpan KeepaliveTime { get; init; }

    /// <summary>dead_time: three times <see cref="KeepaliveTime"/> where the file has none; zero: never taken for dead.</summary>
    public TimeSpan DeadTime { get; init; }

    /// <summary>weight_out: 1 to 10000.</summary>
    public int WeightOut { get; init; } = 1;

    /// <summary>weight_in: 1 to 10000, the weight the peer's side gets from create.</summary>
    public int WeightIn { get; init; } = 1;

    /// <summary>path_priority: with the mapping Priority a path is used when all of smaller numbers are full or down; 1 to 255.</summary>
    public int Priority { get; init; } = 1;

    /// <summary>rate_limit: what it sends at most, outer headers from IP on included, in bit/s; 0: no limit.</summary>
    public long RateLimit { get; init; }

    /// <summary>backup: used only when no path without this is up, or by a rule that names it.</summary>
    public bool IsBackup { get; init; }

    /// <summary>tcp_dst: packets to these TCP ports take this path, as by a rule behind those of the connection.</summary>
    public IReadOnlyList<PortRange> TcpDestinationPorts { get; init; } = [];

    /// <summary>tcp_src: packets from these TCP ports, likewise.</summary>
    public IReadOnlyList<PortRange> TcpSourcePorts { get; init; } = [];

    /// <summary>udp_dst: packets to these UDP ports, likewise.</summary>
    public IReadOnlyList<PortRange> UdpDestinationPorts { get; init; } = [];

    /// <summary>udp_src: packets from these UDP ports, likewise.</summary>
    public IReadOnlyList<PortRange> UdpSourcePorts { get; init; } = [];

    /// <summary>cmd_default: commands between servers take this path.</summary>
    public bool IsCommandDefault { get; init; }

    /// <summary>
    /// udp_checksum: what is sent carries a UDP checksum, and what comes over IPv6 must. False only where RFC 8086 section 6
    /// allows it.
    /// </summary>
    public bool UdpChecksum { get; init; } = true;

    /// <summary>status: the path's state at start.</summary>
    public PathStatusCode Status { get; init; }
}

/// <summary>[net_n] of a connection: traffic from here to there goes through this connection.</summary>
public sealed record NetworkConfig
{
    /// <summary>n of [net_n].</summary>
    public required int Index { get; init; }

    /// <summary>src_addr: the network on this side.</summary>
    public required IPNetwork Source { get; init; }

    /// <summary>dst_addr: the network on the peer's side.</summary>
    public required IPNetwork Destination { get; init; }
}
