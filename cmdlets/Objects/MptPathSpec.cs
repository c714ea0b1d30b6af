namespace MptTools;

/// <summary>A path that belongs to no connection yet. Its properties are named as those of MptPathInfo that can be set.</summary>
public sealed class MptPathSpec
{
    /// <summary>The network interface the path leaves by.</summary>
    public string Interface { get; set; } = "";
    /// <summary>4 or 6; null: that of the first address.</summary>
    public int? IPVersion { get; set; }
    /// <summary>The address on the interface; null: the interface's first one, followed when it changes.</summary>
    public string? LocalAddress { get; set; }
    /// <summary>The address the peer sees; null: the local one, and to be found where there is none.</summary>
    public string? PublicAddress { get; set; }
    /// <summary>The next hop; null: the one the system knows, and none where the peer is on the link.</summary>
    public string? Gateway { get; set; }
    /// <summary>The peer's address; null: the peer tells it when it creates its end.</summary>
    public string? RemoteAddress { get; set; }
    /// <summary>Weight for sending, 1 to 10000.</summary>
    public int WeightOut { get; set; } = 1;
    /// <summary>Weight the peer is asked to use, 1 to 10000.</summary>
    public int WeightIn { get; set; } = 1;
    /// <summary>Seconds between keepalives, 0.01 to 86400; 0: none are sent.</summary>
    public double KeepaliveSeconds { get; set; } = 1;
    /// <summary>Seconds of silence after which the path counts as down; null: three times KeepaliveSeconds.</summary>
    public double? DeadSeconds { get; set; }
    /// <summary>Commands between the servers take this path first.</summary>
    public bool CommandDefault { get; set; }
    /// <summary>What is sent carries a UDP checksum.</summary>
    public bool UdpChecksum { get; set; } = true;
    /// <summary>With the mapping Priority paths of smaller numbers are used first; 1 to 255.</summary>
    public int Priority { get; set; } = 1;
    /// <summary>What it sends at most, in bit/s, as in "20M"; null: no limit.</summary>
    public string? RateLimit { get; set; }
    /// <summary>Used only when no path without this is up, or by a rule that names it.</summary>
    public bool Backup { get; set; }
    /// <summary>Packets to these TCP ports take this path, as in "80 443 8000-8099"; null: none.</summary>
    public string? TcpDestinationPort { get; set; }
    /// <summary>Packets from these TCP ports, likewise.</summary>
    public string? TcpSourcePort { get; set; }
    /// <summary>Packets to these UDP ports, likewise.</summary>
    public string? UdpDestinationPort { get; set; }
    /// <summary>Packets from these UDP ports, likewise.</summary>
    public string? UdpSourcePort { get; set; }
    /// <summary>The state it starts with: Up, Down, TakenDown or Disabled.</summary>
    public string StartStatus { get; set; } = nameof(PathStartStatus.Up);

    /// <summary>Interface and both addresses, as in "eth1 10.1.1.2 > 10.1.1.3".</summary>
    public override string ToString() =>
        $"{Interface} {(string.IsNullOrEmpty(LocalAddress) ? "(found)" : LocalAddress)} > {(string.IsNullOrEmpty(RemoteAddress) ? "(found)" : RemoteAddress)}";
}

/// <summary>The state a path starts with.</summary>
public enum PathStartStatus
{
    /// <summary>It carries traffic at once, or with keepalives once the peer is heard.</summary>
    Up = 0,
    /// <summary>It waits for the peer's first keepalive.</summary>
    Down = 128,
    /// <summary>It waits until it is taken up by hand.</summary>
    TakenDown = 131,
    /// <summary>It is not used at all.</summary>
    Disabled = 255,
}
