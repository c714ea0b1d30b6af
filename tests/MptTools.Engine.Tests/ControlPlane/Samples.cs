using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>The status of host A of the captures.</summary>
internal static class Samples
{
    /// <summary>For what is sure to come, on however busy a machine: only a test that fails waits so long.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    internal static readonly DateTimeOffset Start = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    internal static ServerStatus Server(params ConnectionStatus[] connections) => new()
    {
        Name = "tun0",
        Version = "0.1.0",
        ProcessId = 4711,
        StartedAt = Start,
        ConfigDirectory = "/etc/mpttools",
        CommandPort = 60456,
        CommandTimeoutSeconds = 5,
        AcceptRemote = true,
        ProcessorSeconds = 12.34,
        ResidentBytes = 48_000_000,
        GarbageCollections = 2,
        AllocatedBytes = 1_234_567,
        Tunnels = [new TunnelStatus { Name = "tun0", FileDescriptor = 3, Mtu = 1440, IPv4 = "10.0.0.2/24", IPv6 = "fec0::2/64" }],
        Connections = connections.Length > 0 ? connections : [Connection()],
    };

    internal static ConnectionStatus Connection(string name = "MPT_connection_10.0.0.2") => new()
    {
        Server = "tun0",
        Name = name,
        ConfigFile = "connection.conf",
        Tunnel = "tun0",
        IPVersion = 4,
        LocalAddress = "10.0.0.2",
        LocalPort = 23456,
        RemoteAddress = "10.0.0.3",
        RemotePort = 23456,
        RemoteCommandPort = 60456,
        Permission = ConnectionPermission.Send | ConnectionPermission.Receive,
        AuthenticationType = AuthenticationType.None,
        ReorderWindow = 0,
        MaxBufferDelayMilliseconds = 200,
        StatusCode = 0,
        PacketsSent = 10,
        Paths = [Path(name, 0, "eth1", "10.1.1.2", "10.1.1.3", 3), Path(name, 1, "eth2", "10.2.2.2", "10.2.2.3", 2)],
        Networks = [],
    };

    internal static PathStatus Path(string connection, int index, string device, string local, string remote, int weight) => new()
    {
        Server = "tun0",
        Connection = connection,
        Index = index,
        Interface = device,
        IPVersion = local.Contains(':') ? 6 : 4,
        LocalAddress = local,
        PublicAddress = local,
        Gateway = local,
        RemoteAddress = remote,
        WeightOut = weight,
        WeightIn = 1,
        KeepaliveSeconds = 1,
        DeadSeconds = 3,
        Status = PathState.Up,
        Detail = PathStatusCode.Up,
        Since = Start,
    };

    internal static RuleStatus Rule(int index = 0, string? name = "voice") => new()
    {
        Server = "tun0",
        Connection = "MPT_connection_10.0.0.2",
        Index = index,
        Name = name,
        Title = $"rule {index}{(name is null ? "" : $" ({name})")}",
        Conditions = "protocol=udp dst_port=5060-5061",
        Action = "paths=0,1 spread=duplicate",
        Packets = 12,
        Bytes = 2400,
    };

    internal static MappingAnswer Mapping() => new()
    {
        Server = "tun0",
        Connection = "MPT_connection_10.0.0.2",
        Mapping = MappingMode.Combined,
        Rule = 0,
        RuleTitle = "rule 0 (voice)",
        Spread = MappingMode.Flow,
        Candidates = [0, 1],
        Path = 1,
        IsNumbered = false,
        Reason = "Rule 0 (voice) matches.",
    };

    internal static MptEvent Event(string message) => new()
    {
        Time = Start,
        Kind = MptEventKind.Warning,
        Server = "tun0",
        Message = message,
    };
}
