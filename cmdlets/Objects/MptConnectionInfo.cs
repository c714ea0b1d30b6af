using MptTools.Engine;

namespace MptTools;

/// <summary>A running connection. Its paths and networks are objects of their own: Get-MptPath, Get-MptNetwork.</summary>
public sealed class MptConnectionInfo
{
    internal MptConnectionInfo(ConnectionStatus status)
    {
        Server = status.Server;
        Name = status.Name;
        ConfigFile = status.ConfigFile;
        Tunnel = status.Tunnel;
        Status = status.Paths.Any(path => path.Status == PathState.Up) ? nameof(PathState.Up) : nameof(PathState.Down);
        PathCount = status.Paths.Count;
        PathsUp = status.Paths.Count(path => path.Status == PathState.Up);
        Peer = status.Peer.ToString();
        IPVersion = status.IPVersion;
        LocalAddress = status.LocalAddress;
        LocalPort = status.LocalPort;
        RemoteAddress = status.RemoteAddress;
        RemotePort = status.RemotePort;
        RemoteCommandPort = status.RemoteCommandPort;
        Permission = status.Permission.ToString();
        AuthenticationType = status.AuthenticationType.ToString();
        StatusCode = status.StatusCode;
        ReorderWindow = status.ReorderWindow;
        MaxBufferDelayMilliseconds = status.MaxBufferDelayMilliseconds;
        Mapping = status.Mapping.ToString();
        MappingRest = status.MappingRest.ToString();
        RuleCount = status.Rules.Count;
        Networks = new(status.Networks.Select(network => $"{network.Source} > {network.Destination}"));
        PacketsSent = status.PacketsSent;
        PacketsReceived = status.PacketsReceived;
        BytesSent = status.BytesSent;
        BytesReceived = status.BytesReceived;
        LargestPacket = status.LargestPacket;
        PacketsFragmented = status.PacketsFragmented;
        TooBigAnswers = status.TooBigAnswers;
        OrderingStatus ordering = status.Ordering;
        PacketsWaited = ordering.Waited;
        PacketsWaiting = ordering.Waiting;
        PacketsLost = ordering.LostByGap + ordering.LostByTime + ordering.LostByJump;
        LostByGap = ordering.LostByGap;
        LostByTime = ordering.LostByTime;
        LostByJump = ordering.LostByJump;
        PacketsLate = ordering.Late;
        PacketsDuplicate = ordering.Duplicate;
        NumberingJumps = ordering.Jumps;
        NumberingRestarts = ordering.Restarts;
        CopiesDiscarded = status.DuplicatesDiscarded;
        Drops = new(status.Drops);
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection's name.</summary>
    public string Name { get; }
    /// <summary>Its file's name in connections/.</summary>
    public string ConfigFile { get; }
    /// <summary>The tunnel device it belongs to.</summary>
    public string Tunnel { get; }
    /// <summary>Up while at least one path carries traffic, else Down.</summary>
    public string Status { get; }
    /// <summary>How many paths it has.</summary>
    public int PathCount { get; }
    /// <summary>How many of them carry traffic.</summary>
    public int PathsUp { get; }
    /// <summary>What runs at the other end: Unknown, Existing or MptTools.</summary>
    public string Peer { get; }
    /// <summary>The version of the tunnel addresses: 4 or 6.</summary>
    public int IPVersion { get; }
    /// <summary>This server's tunnel address.</summary>
    public string LocalAddress { get; }
    /// <summary>This server's UDP data port.</summary>
    public int LocalPort { get; }
    /// <summary>The peer's tunnel address.</summary>
    public string RemoteAddress { get; }
    /// <summary>The peer's UDP data port.</summary>
    public int RemotePort { get; }
    /// <summary>The peer's UDP command port.</summary>
    public int RemoteCommandPort { get; }
    /// <summary>Which configuration changes are sent to and taken from the peer, by name.</summary>
    public string Permission { get; }
    /// <summary>How commands are authenticated, by name.</summary>
    public string AuthenticationType { get; }
    /// <summary>The status key of its file; 0: in use.</summary>
    public int StatusCode { get; }
    /// <summary>Reorder window in packets; 0: no ordering.</summary>
    public int ReorderWindow { get; }
    /// <summary>Longest wait for a missing packet, in milliseconds.</summary>
    public double MaxBufferDelayMilliseconds { get; }
    /// <summary>How packets are given to paths: Packet, Bytes, Flow, Combined, Duplicate or Priority.</summary>
    public string Mapping { get; }
    /// <summary>With Combined: how what no rule matches is given to paths.</summary>
    public string MappingRest { get; }
    /// <summary>How many rules it has, those that ports of its paths say included; they are asked with Combined.</summary>
    public int RuleCount { get; }
    /// <summary>The networks behind both ends, each as "source > destination".</summary>
    public TextList Networks { get; }
    /// <summary>Data packets sent over all paths.</summary>
    public long PacketsSent { get; }
    /// <summary>Data packets delivered to the tunnel device.</summary>
    public long PacketsReceived { get; }
    /// <summary>Bytes of inner packets sent.</summary>
    public long BytesSent { get; }
    /// <summary>Bytes of inner packets delivered.</summary>
    public long BytesReceived { get; }
    /// <summary>The longest packet in bytes that all paths in use take; null where that is not known yet.</summary>
    public int? LargestPacket { get; }
    /// <summary>IPv4 packets that were longer and were cut into fragments.</summary>
    public long PacketsFragmented { get; }
    /// <summary>Packets that were longer and whose senders were told so by ICMP.</summary>
    public long TooBigAnswers { get; }
    /// <summary>Packets that arrived before one that was sent earlier, and waited for it.</summary>
    public long PacketsWaited { get; }
    /// <summary>Packets that wait now.</summary>
    public long PacketsWaiting { get; }
    /// <summary>Packets that were given up: the sum of the next three.</summary>
    public long PacketsLost { get; }
    /// <summary>Given up because every path had delivered something newer.</summary>
    public long LostByGap { get; }
    /// <summary>Given up because the longest wait was over.</summary>
    public long LostByTime { get; }
    /// <summary>Given up because a packet came that was a whole window ahead.</summary>
    public long LostByJump { get; }
    /// <summary>Packets that came after they had been given up.</summary>
    public long PacketsLate { get; }
    /// <summary>Packets that came a second time.</summary>
    public long PacketsDuplicate { get; }
    /// <summary>Times the numbering jumped ahead by the window or more.</summary>
    public long NumberingJumps { get; }
    /// <summary>Times the peer started its numbering over.</summary>
    public long NumberingRestarts { get; }
    /// <summary>Copies of packets that the peer sent on every path and that had come on another one already.</summary>
    public long CopiesDiscarded { get; }
    /// <summary>Packets dropped, by reason.</summary>
    public CountTable Drops { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
