using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine;

/// <summary>What a running server tells of itself: one consistent reading, plain data, the same over the control socket.</summary>
public sealed record ServerStatus
{
    /// <summary>The server's name: that of its first tunnel.</summary>
    public required string Name { get; init; }
    /// <summary>The product's version.</summary>
    public required string Version { get; init; }
    /// <summary>The process that runs it.</summary>
    public required int ProcessId { get; init; }
    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }
    /// <summary>Where its configuration files are.</summary>
    public required string ConfigDirectory { get; init; }
    /// <summary>The UDP port for commands.</summary>
    public required int CommandPort { get; init; }
    /// <summary>How long a client waits for an answer, in seconds (cmd_timeout).</summary>
    public double CommandTimeoutSeconds { get; init; } = 25;
    /// <summary>Peers without a connection may create one.</summary>
    public required bool AcceptRemote { get; init; }
    /// <summary>How many threads move packets.</summary>
    public int Threads { get; init; } = 1;
    /// <summary>
    /// Processor time the process has used since it began, in seconds, its own and the kernel's on its behalf. What the kernel does in
    /// interrupts is not in it. A PowerShell that runs a server counts as a whole, here and below.
    /// </summary>
    public double ProcessorSeconds { get; init; }
    /// <summary>The process's memory that is resident, in bytes.</summary>
    public long ResidentBytes { get; init; }
    /// <summary>Garbage collections in the process since it began, of every generation. Steady traffic causes none.</summary>
    public long GarbageCollections { get; init; }
    /// <summary>What the process has allocated for the collector since it began, in bytes. Steady traffic allocates nothing, asking for the status does.</summary>
    public long AllocatedBytes { get; init; }
    /// <summary>Offloads that are not turned off and that the kernel had at the start; each device and path says what it uses now.</summary>
    public Offloads Offloads { get; init; }
    /// <summary>Offloads that are turned off, in interface.conf or at the start.</summary>
    public Offloads DisabledOffloads { get; init; }
    /// <summary>What came in at the UDP command port.</summary>
    public CommandPortStatus CommandPortTraffic { get; init; } = new();
    /// <summary>The tunnels, first one first.</summary>
    public required IReadOnlyList<TunnelStatus> Tunnels { get; init; }
    /// <summary>The connections, in file order.</summary>
    public required IReadOnlyList<ConnectionStatus> Connections { get; init; }
}

/// <summary>What came in at the UDP command port since the server started.</summary>
public sealed record CommandPortStatus
{
    /// <summary>Commands of <c>mpt</c> clients on this host that got an answer, be it a refusal.</summary>
    public long LocalCommands { get; init; }
    /// <summary>Commands of peers that were carried out: path status changes and creates.</summary>
    public long PeerCommands { get; init; }
    /// <summary>Messages of peers that had come before and got the same answer again.</summary>
    public long Repeated { get; init; }
    /// <summary>Datagrams that got no answer, by reason; only reasons that occurred.</summary>
    public IReadOnlyDictionary<string, long> Refused { get; init; } = new Dictionary<string, long>();
}

/// <summary>One TUN device.</summary>
public sealed record TunnelStatus
{
    /// <summary>The device's name.</summary>
    public required string Name { get; init; }
    /// <summary>The MTU it has now, in bytes.</summary>
    public required int Mtu { get; init; }
    /// <summary>The MTU follows the narrowest path (mtu = auto).</summary>
    public bool MtuIsAutomatic { get; init; }
    /// <summary>The server's file descriptor of the device; null where it has none open.</summary>
    public int? FileDescriptor { get; init; }
    /// <summary>The IPv4 address with its prefix length, or null.</summary>
    public string? IPv4 { get; init; }
    /// <summary>The IPv6 address with its prefix length, or null.</summary>
    public string? IPv6 { get; init; }
    /// <summary>Of the offloads of TUN devices, what is in use now.</summary>
    public Offloads Offloads { get; init; }
    /// <summary>Packets the system sent into the device.</summary>
    public long PacketsRead { get; init; }
    /// <summary>Packets written to the device.</summary>
    public long PacketsWritten { get; init; }
    /// <summary>Packets dropped, by reason; only reasons that occurred.</summary>
    public IReadOnlyDictionary<string, long> Drops { get; init; } = new Dictionary<string, long>();
}

/// <summary>What is known of the program at the other end.</summary>
public enum PeerKind
{
    /// <summary>Nothing heard yet.</summary>
    Unknown,
    /// <summary>Keepalives without the extension of MptTools.</summary>
    Existing,
    /// <summary>MptTools.</summary>
    MptTools,
}

/// <summary>One connection.</summary>
public sealed record ConnectionStatus
{
    /// <summary>The name of the server (its first tunnel).</summary>
    public required string Server { get; init; }
    /// <summary>The connection's name.</summary>
    public required string Name { get; init; }
    /// <summary>Its file's name.</summary>
    public required string ConfigFile { get; init; }
    /// <summary>The tunnel device it belongs to.</summary>
    public required string Tunnel { get; init; }
    /// <summary>4 or 6.</summary>
    public required int IPVersion { get; init; }
    /// <summary>This server's tunnel address.</summary>
    public required string LocalAddress { get; init; }
    /// <summary>This server's UDP data port.</summary>
    public required int LocalPort { get; init; }
    /// <summary>The peer's tunnel address.</summary>
    public required string RemoteAddress { get; init; }
    /// <summary>The peer's UDP data port.</summary>
    public required int RemotePort { get; init; }
    /// <summary>The peer's UDP command port.</summary>
    public required int RemoteCommandPort { get; init; }
    /// <summary>Who may start configuration changes.</summary>
    public required ConnectionPermission Permission { get; init; }
    /// <summary>How commands are authenticated.</summary>
    public required AuthenticationType AuthenticationType { get; init; }
    /// <summary>Reorder window in packets; 0: no ordering.</summary>
    public required int ReorderWindow { get; init; }
    /// <summary>Longest wait for a missing packet, in milliseconds.</summary>
    public required double MaxBufferDelayMilliseconds { get; init; }
    /// <summary>0: in use.</summary>
    public required int StatusCode { get; init; }
    /// <summary>What runs at the other end.</summary>
    public PeerKind Peer { get; init; }
    /// <summary>Data packets sent over all paths.</summary>
    public long PacketsSent { get; init; }
    /// <summary>Data packets delivered to the tunnel device.</summary>
    public long PacketsReceived { get; init; }
    /// <summary>Bytes of inner packets sent.</summary>
    public long BytesSent { get; init; }
    /// <summary>Bytes of inner packets delivered.</summary>
    public long BytesReceived { get; init; }
    /// <summary>The longest packet in bytes that all paths in use take; null where that is not known yet.</summary>
    public int? LargestPacket { get; init; }
    /// <summary>IPv4 packets that were longer and were cut into fragments.</summary>
    public long PacketsFragmented { get; init; }
    /// <summary>Packets that were longer and whose senders were told so by ICMP.</summary>
    public long TooBigAnswers { get; init; }
    /// <summary>What the ordering did.</summary>
    public OrderingStatus Ordering { get; init; } = new();
    /// <summary>Packets dropped, by reason; only reasons that occurred.</summary>
    public IReadOnlyDictionary<string, long> Drops { get; init; } = new Dictionary<string, long>();
    /// <summary>How packets are given to paths.</summary>
    public MappingMode Mapping { get; init; }
    /// <summary>With Combined: how what no rule matches is given to paths.</summary>
    public MappingMode MappingRest { get; init; }
    /// <summary>The rules of Combined in the order they are asked: those of the connection, then those that ports of its paths say.</summary>
    public IReadOnlyList<RuleStatus> Rules { get; init; } = [];
    /// <summary>Bytes that wait now for room in the limits of paths, on whichever path they will go.</summary>
    public long QueuedBytes { get; init; }
    /// <summary>Packets that the peer sent on every path and that had come on another one already.</summary>
    public long DuplicatesDiscarded { get; init; }
    /// <summary>The paths, path 0 first.</summary>
    public required IReadOnlyList<PathStatus> Paths { get; init; }
    /// <summary>The networks behind the peer.</summary>
    public required IReadOnlyList<NetworkStatus> Networks { get; init; }
}

/// <summary>Counters of a connection's reorder buffer, in packets.</summary>
public sealed record OrderingStatus
{
    /// <summary>Arrived early and waited.</summary>
    public long Waited { get; init; }
    /// <summary>Waiting now.</summary>
    public long Waiting { get; init; }
    /// <summary>Given up because every path had delivered something newer (RFC 1990's rule).</summary>
    public long LostByGap { get; init; }
    /// <summary>Given up because the maximum wait was over.</summary>
    public long LostByTime { get; init; }
    /// <summary>Given up because a packet came that was a whole window ahead.</summary>
    public long LostByJump { get; init; }
    /// <summary>Came after they had been given up: dropped, or delivered late where that had been a guess.</summary>
    public long Late { get; init; }
    /// <summary>Came a second time, and were dropped.</summary>
    public long Duplicate { get; init; }
    /// <summary>Times the numbering jumped ahead by the window or more.</summary>
    public long Jumps { get; init; }
    /// <summary>Times the peer started its numbering over.</summary>
    public long Restarts { get; init; }
}

/// <summary>Whether a path carries traffic.</summary>
public enum PathState
{
    /// <summary>It does not.</summary>
    Down,
    /// <summary>It does.</summary>
    Up,
}

/// <summary>How a path's public address is known.</summary>
public enum PublicAddressSource
{
    /// <summary>The file says it.</summary>
    Configured,
    /// <summary>The STUN server of the configuration sees it.</summary>
    Stun,
    /// <summary>The peer, which is MptTools, sees it.</summary>
    Peer,
    /// <summary>It was not found, so the local one is taken for it.</summary>
    Local,
}

/// <summary>One path.</summary>
public sealed record PathStatus
{
    /// <summary>The name of the server (its first tunnel).</summary>
    public required string Server { get; init; }
    /// <summary>The connection's name.</summary>
    public required string Connection { get; init; }
    /// <summary>n of [path_n].</summary>
    public required int Index { get; init; }
    /// <summary>The network interface.</summary>
    public required string Interface { get; init; }
    /// <summary>4 or 6.</summary>
    public required int IPVersion { get; init; }
    /// <summary>The address on the interface; empty while there is none.</summary>
    public required string LocalAddress { get; init; }
    /// <summary>The address the peer sees.</summary>
    public required string PublicAddress { get; init; }
    /// <summary>How that is known.</summary>
    public PublicAddressSource PublicAddressSource { get; init; }
    /// <summary>The gateway; equal to the local address where the peer is on the link.</summary>
    public required string Gateway { get; init; }
    /// <summary>The peer's address: that of the files, or where its keepalives have proved to come from.</summary>
    public required string RemoteAddress { get; init; }
    /// <summary>The peer's UDP data port, likewise.</summary>
    public int RemotePort { get; init; }
    /// <summary>The largest outer packet in bytes that gets to the peer whole; null while the path is not open.</summary>
    public int? PathMtu { get; init; }
    /// <summary>Weight for sending.</summary>
    public required int WeightOut { get; init; }
    /// <summary>Weight the peer was asked to use.</summary>
    public required int WeightIn { get; init; }
    /// <summary>With the mapping Priority paths of smaller numbers are used first; 1 to 255.</summary>
    public int Priority { get; init; } = 1;
    /// <summary>What it sends at most, outer headers from IP on included, in bit/s; null: no limit.</summary>
    public long? RateLimit { get; init; }
    /// <summary>Used only when no path without this is up, or by a rule that names it.</summary>
    public bool IsBackup { get; init; }
    /// <summary>Packets to these TCP ports take this path, as in "80 443 8000-8099"; empty: none.</summary>
    public string TcpDestinationPorts { get; init; } = "";
    /// <summary>Packets from these TCP ports, likewise.</summary>
    public string TcpSourcePorts { get; init; } = "";
    /// <summary>Packets to these UDP ports, likewise.</summary>
    public string UdpDestinationPorts { get; init; } = "";
    /// <summary>Packets from these UDP ports, likewise.</summary>
    public string UdpSourcePorts { get; init; } = "";
    /// <summary>Seconds between keepalives; 0: none are sent.</summary>
    public required double KeepaliveSeconds { get; init; }
    /// <summary>Seconds of silence after which the path counts as down.</summary>
    public required double DeadSeconds { get; init; }
    /// <summary>Commands between the servers take this path first.</summary>
    public bool IsCommandDefault { get; init; }
    /// <summary>What is sent carries a UDP checksum.</summary>
    public bool UdpChecksum { get; init; } = true;
    /// <summary>The state it starts with.</summary>
    public PathStatusCode StartStatus { get; init; }
    /// <summary>Up or Down.</summary>
    public required PathState Status { get; init; }
    /// <summary>The detail behind it.</summary>
    public required PathStatusCode Detail { get; init; }
    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }
    /// <summary>Of the offloads of UDP sockets, what is in use now; none while the path has no socket.</summary>
    public Offloads Offloads { get; init; }
    /// <summary>When the last keepalive came; null before the first.</summary>
    public DateTimeOffset? LastKeepalive { get; init; }
    /// <summary>Data packets sent.</summary>
    public long PacketsSent { get; init; }
    /// <summary>Data packets received.</summary>
    public long PacketsReceived { get; init; }
    /// <summary>Bytes of inner packets sent.</summary>
    public long BytesSent { get; init; }
    /// <summary>Bytes of inner packets received.</summary>
    public long BytesReceived { get; init; }
    /// <summary>Percent of the bytes that the connection sent; null where it sent none.</summary>
    public double? Share { get; init; }
    /// <summary>Percent of the weights of all paths of the connection.</summary>
    public double WeightShare { get; init; }
    /// <summary>
    /// Bytes that wait now for room in <see cref="RateLimit"/> because they can go by no other path. What may take the first path that has room is
    /// counted in <see cref="ConnectionStatus.QueuedBytes"/> alone.
    /// </summary>
    public long QueuedBytes { get; init; }
    /// <summary>What the keepalives of two MptTools tell of the line.</summary>
    public LineStatus Line { get; init; } = new();
    /// <summary>Packets the kernel refused to send.</summary>
    public long SendErrors { get; init; }
    /// <summary>Packets dropped on this path, by reason; only reasons that occurred.</summary>
    public IReadOnlyDictionary<string, long> Drops { get; init; } = new Dictionary<string, long>();
}

/// <summary>
/// What the keepalives of two MptTools tell of a path's line since the path was made. With an existing server at the other end nothing is
/// known. The loss between two readings is what was sent less what arrived.
/// </summary>
public sealed record LineStatus
{
    /// <summary>The round trip in milliseconds, smoothed (RFC 6298); null where it is not known.</summary>
    public double? RoundTripMilliseconds { get; init; }
    /// <summary>The last one measured; there is one a keepalive.</summary>
    public double? LastRoundTripMilliseconds { get; init; }
    /// <summary>How many were measured.</summary>
    public long RoundTrips { get; init; }
    /// <summary>All of them together.</summary>
    public double RoundTripMillisecondsTotal { get; init; }
    /// <summary>Packets sent to the peer, as far as it has told what arrived.</summary>
    public long OutwardSent { get; init; }
    /// <summary>How many of them arrived.</summary>
    public long OutwardArrived { get; init; }
    /// <summary>Packets the peer has sent, as far as it has told.</summary>
    public long InwardSent { get; init; }
    /// <summary>How many of them arrived.</summary>
    public long InwardArrived { get; init; }
}

/// <summary>One rule of a connection's combined mapping.</summary>
public sealed record RuleStatus
{
    /// <summary>The name of the server (its first tunnel).</summary>
    public required string Server { get; init; }
    /// <summary>The connection's name.</summary>
    public required string Connection { get; init; }
    /// <summary>n of [rule_n]; null for a rule that ports of a path say.</summary>
    public int? Index { get; init; }
    /// <summary>The name its section has; null where it has none.</summary>
    public string? Name { get; init; }
    /// <summary>How users know it, as in "rule 2 (voice)" or "tcp_dst of path 1".</summary>
    public required string Title { get; init; }
    /// <summary>What a packet must be, as in "protocol=udp dst_port=5060-5061"; empty: every packet is.</summary>
    public required string Conditions { get; init; }
    /// <summary>Where it goes then, as in "paths=0,1 spread=duplicate"; empty: as the rest of the connection.</summary>
    public required string Action { get; init; }
    /// <summary>Packets that it decided.</summary>
    public long Packets { get; init; }
    /// <summary>Bytes of these packets.</summary>
    public long Bytes { get; init; }
}

/// <summary>One network of a connection.</summary>
public sealed record NetworkStatus
{
    /// <summary>The connection's name.</summary>
    public required string Connection { get; init; }
    /// <summary>n of [net_n].</summary>
    public required int Index { get; init; }
    /// <summary>This side's network.</summary>
    public required string Source { get; init; }
    /// <summary>The peer's network.</summary>
    public required string Destination { get; init; }
}
