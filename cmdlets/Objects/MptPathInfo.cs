using MptTools.Engine;

namespace MptTools;

/// <summary>A path of a running connection.</summary>
public sealed class MptPathInfo
{
    internal MptPathInfo(PathStatus status)
    {
        Server = status.Server;
        Connection = status.Connection;
        Index = status.Index;
        Interface = status.Interface;
        Status = status.Status.ToString();
        Detail = status.Detail.ToString();
        Since = status.Since.LocalDateTime;
        LastKeepalive = status.LastKeepalive?.LocalDateTime;
        IPVersion = status.IPVersion;
        LocalAddress = status.LocalAddress;
        PublicAddress = status.PublicAddress;
        PublicAddressSource = status.PublicAddressSource.ToString();
        Gateway = status.Gateway;
        RemoteAddress = status.RemoteAddress;
        RemotePort = status.RemotePort;
        WeightOut = status.WeightOut;
        WeightIn = status.WeightIn;
        KeepaliveSeconds = status.KeepaliveSeconds;
        DeadSeconds = status.DeadSeconds;
        CommandDefault = status.IsCommandDefault;
        UdpChecksum = status.UdpChecksum;
        Priority = status.Priority;
        RateLimit = status.RateLimit;
        Backup = status.IsBackup;
        TcpDestinationPort = new(status.TcpDestinationPorts);
        TcpSourcePort = new(status.TcpSourcePorts);
        UdpDestinationPort = new(status.UdpDestinationPorts);
        UdpSourcePort = new(status.UdpSourcePorts);
        StartStatus = status.StartStatus.ToString();
        PathMtu = status.PathMtu;
        Offloads = OffloadText.Of(status.Offloads);
        PacketsSent = status.PacketsSent;
        PacketsReceived = status.PacketsReceived;
        BytesSent = status.BytesSent;
        BytesReceived = status.BytesReceived;
        SharePercent = status.Share;
        WeightSharePercent = status.WeightShare;
        BytesQueued = status.QueuedBytes;
        RoundTripMilliseconds = status.Line.RoundTripMilliseconds is { } roundTrip ? Math.Round(roundTrip, 3) : null;
        LossOutPercent = Loss.Percent(status.Line.OutwardSent, status.Line.OutwardArrived);
        LossInPercent = Loss.Percent(status.Line.InwardSent, status.Line.InwardArrived);
        SendErrors = status.SendErrors;
        Drops = new(status.Drops);
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection's name.</summary>
    public string Connection { get; }
    /// <summary>n of [path_n].</summary>
    public int Index { get; }
    /// <summary>The network interface.</summary>
    public string Interface { get; }
    /// <summary>Up: it carries traffic. Down: it does not, and Detail says why.</summary>
    public string Status { get; }
    /// <summary>Up, Down (the peer is not heard), InterfaceDown, AddressDown, TakenDown (by hand) or Disabled.</summary>
    public string Detail { get; }
    /// <summary>Since when, in local time.</summary>
    public DateTime Since { get; }
    /// <summary>When the last keepalive came, in local time; null before the first.</summary>
    public DateTime? LastKeepalive { get; }
    /// <summary>4 or 6.</summary>
    public int IPVersion { get; }
    /// <summary>The address on the interface; empty while there is none.</summary>
    public string LocalAddress { get; }
    /// <summary>The address the peer sees.</summary>
    public string PublicAddress { get; }
    /// <summary>How that is known: Configured, Stun, Peer or Local.</summary>
    public string PublicAddressSource { get; }
    /// <summary>The gateway; equal to the local address where the peer is on the link.</summary>
    public string Gateway { get; }
    /// <summary>The peer's address.</summary>
    public string RemoteAddress { get; }
    /// <summary>The peer's UDP data port.</summary>
    public int RemotePort { get; }
    /// <summary>Weight for sending.</summary>
    public int WeightOut { get; }
    /// <summary>Weight the peer was asked to use.</summary>
    public int WeightIn { get; }
    /// <summary>Seconds between keepalives; 0: none are sent.</summary>
    public double KeepaliveSeconds { get; }
    /// <summary>Seconds of silence after which the path counts as down.</summary>
    public double DeadSeconds { get; }
    /// <summary>Commands between the servers take this path first.</summary>
    public bool CommandDefault { get; }
    /// <summary>What is sent carries a UDP checksum.</summary>
    public bool UdpChecksum { get; }
    /// <summary>With the mapping Priority paths of smaller numbers are used first; 1 to 255.</summary>
    public int Priority { get; }
    /// <summary>What it sends at most, outer headers from IP on included, in bit/s; null: no limit.</summary>
    public long? RateLimit { get; }
    /// <summary>Used only when no path without this is up, or by a rule that names it.</summary>
    public bool Backup { get; }
    /// <summary>Packets to these TCP ports take this path: ports, and ranges as in "8000-8099".</summary>
    public TextList TcpDestinationPort { get; }
    /// <summary>Packets from these TCP ports, likewise.</summary>
    public TextList TcpSourcePort { get; }
    /// <summary>Packets to these UDP ports, likewise.</summary>
    public TextList UdpDestinationPort { get; }
    /// <summary>Packets from these UDP ports, likewise.</summary>
    public TextList UdpSourcePort { get; }
    /// <summary>The state it starts with: Up, Down, TakenDown or Disabled.</summary>
    public string StartStatus { get; }
    /// <summary>The largest outer packet in bytes that gets to the peer whole; null while the path is not open.</summary>
    public int? PathMtu { get; }
    /// <summary>Of the offloads of UDP sockets, what is in use now.</summary>
    public TextList Offloads { get; }
    /// <summary>Data packets sent.</summary>
    public long PacketsSent { get; }
    /// <summary>Data packets received.</summary>
    public long PacketsReceived { get; }
    /// <summary>Bytes of inner packets sent.</summary>
    public long BytesSent { get; }
    /// <summary>Bytes of inner packets received.</summary>
    public long BytesReceived { get; }
    /// <summary>Of the bytes the connection sent, those that left by this path, in percent; null where it sent none.</summary>
    public double? SharePercent { get; }
    /// <summary>Of the weights of all paths of the connection, this one's, in percent.</summary>
    public double WeightSharePercent { get; }
    /// <summary>Bytes that wait now for room in the rate limit.</summary>
    public long BytesQueued { get; }
    /// <summary>The round trip in milliseconds, smoothed; null where the peer does not tell. Measure-MptPath measures over an interval.</summary>
    public double? RoundTripMilliseconds { get; }
    /// <summary>Of the packets sent since the path was made, how many did not arrive, in percent; null where the peer does not tell.</summary>
    public double? LossOutPercent { get; }
    /// <summary>Likewise of the packets the peer has sent.</summary>
    public double? LossInPercent { get; }
    /// <summary>Packets the kernel refused to send.</summary>
    public long SendErrors { get; }
    /// <summary>Packets dropped on this path, by reason.</summary>
    public CountTable Drops { get; }

    /// <summary>Connection, number and interface, as in "hostB path 0 (eth1)".</summary>
    public override string ToString() => $"{Connection} path {Index} ({Interface})";
}
