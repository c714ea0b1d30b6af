using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;

namespace MptTools.Engine.ControlPlane;

/// <summary>Turns the running parts into the plain records that are shown.</summary>
internal static class StatusReader
{
    internal static TunnelStatus Read(TunnelRuntime tunnel) => new()
    {
        Name = tunnel.Config.Name,
        Mtu = tunnel.Mtu,
        MtuIsAutomatic = tunnel.Config.AutoMtu,
        FileDescriptor = tunnel.Device.Queues[0].Descriptor,
        IPv4 = tunnel.Config.IPv4?.ToString(),
        IPv6 = tunnel.Config.IPv6?.ToString(),
        Offloads = tunnel.Offloads,
        PacketsRead = tunnel.Readers.Sum(reader => reader.Read.Packets),
        PacketsWritten = tunnel.Writers.Sum(writer => writer.Written.Packets),
        Drops = Sum([.. tunnel.Readers.Select(reader => reader.Drops), .. tunnel.Writers.Select(writer => writer.Drops)]),
    };

    internal static ConnectionStatus Read(string server, ConnectionController connection)
    {
        ConnectionConfig config = connection.Config;
        ConnectionRuntime runtime = connection.Runtime;
        return new ConnectionStatus
        {
            Server = server,
            Name = config.Name,
            ConfigFile = config.File,
            Tunnel = runtime.Tunnel.Config.Name,
            IPVersion = config.IPVersion,
            LocalAddress = config.LocalAddress.ToString(),
            LocalPort = config.LocalPort,
            RemoteAddress = config.RemoteAddress!.ToString(),
            RemotePort = config.RemotePort!.Value,
            RemoteCommandPort = config.RemoteCommandPort ?? 0,
            Permission = config.Permission,
            AuthenticationType = config.AuthenticationType,
            ReorderWindow = config.ReorderWindow,
            MaxBufferDelayMilliseconds = config.MaxBufferDelay.TotalMilliseconds,
            StatusCode = config.Status,
            Peer = connection.Peer,
            PacketsSent = runtime.Paths.Sum(path => path.Sent.Packets),
            BytesSent = runtime.Paths.Sum(path => path.Sent.Bytes),
            PacketsReceived = runtime.Delivered.Packets,
            BytesReceived = runtime.Delivered.Bytes,
            LargestPacket = runtime.Size.LargestInner is var largest && largest < int.MaxValue ? largest : null,
            PacketsFragmented = runtime.Fragmented,
            TooBigAnswers = runtime.TooBigAnswers,
            Ordering = runtime.Order is { } order ? Read(order) : new OrderingStatus(),
            Drops = Sum(runtime.SendDrops, runtime.ReceiveDrops, connection.ControlDrops),
            Mapping = config.Mapping,
            MappingRest = config.MappingRest,
            Rules = [.. MappingRules.Of(config).Select((rule, index) => Read(server, config, rule, runtime.Mapping.Rules.ElementAtOrDefault(index)?.Decided ?? default))],
            QueuedBytes = runtime.Paths.Sum(path => WaitingIn(path.Waiting)) + runtime.Mapping.Spreads.Sum(spread => WaitingIn(spread.Waiting)),
            DuplicatesDiscarded = runtime.DuplicatesDiscarded,
            Paths = [.. connection.Paths.Select(path => Read(server, config, path))],
            Networks = [.. config.Networks.Select(network => new NetworkStatus
            {
                Connection = config.Name,
                Index = network.Index,
                Source = network.Source.ToString(),
                Destination = network.Destination.ToString(),
            })],
        };
    }

    internal static PathStatus Read(string server, ConnectionConfig connection, PathController path)
    {
        PathConfig config = path.Config;
        string local = path.LocalAddress?.ToString() ?? config.LocalAddress?.ToString() ?? "";
        return new PathStatus
        {
            Server = server,
            Connection = connection.Name,
            Index = config.Index,
            Interface = config.Interface,
            IPVersion = config.IPVersion,
            LocalAddress = local,
            PublicAddress = path.PublicAddress?.ToString() ?? local,
            PublicAddressSource = path.PublicAddressSource,
            Gateway = path.Egress is { } egress ? egress.Gateway?.ToString() ?? local : config.Gateway?.ToString() ?? "",
            RemoteAddress = path.Runtime.Remote.Address.ToString(),
            RemotePort = path.Runtime.Remote.Port,
            PathMtu = path.PathMtu,
            WeightOut = config.WeightOut,
            WeightIn = config.WeightIn,
            Priority = config.Priority,
            RateLimit = config.RateLimit > 0 ? config.RateLimit : null,
            IsBackup = config.IsBackup,
            TcpDestinationPorts = PortList.Of(config.TcpDestinationPorts),
            TcpSourcePorts = PortList.Of(config.TcpSourcePorts),
            UdpDestinationPorts = PortList.Of(config.UdpDestinationPorts),
            UdpSourcePorts = PortList.Of(config.UdpSourcePorts),
            KeepaliveSeconds = config.KeepaliveTime.TotalSeconds,
            DeadSeconds = config.DeadTime.TotalSeconds,
            IsCommandDefault = config.IsCommandDefault,
            UdpChecksum = config.UdpChecksum,
            StartStatus = config.Status,
            Status = path.ReportedStatus == PathStatusCode.Up ? PathState.Up : PathState.Down,
            Detail = path.ReportedStatus,
            Since = path.Since,
            Offloads = path.Runtime.Offloads,
            LastKeepalive = path.LastKeepalive,
            PacketsSent = path.Runtime.Sent.Packets,
            BytesSent = path.Runtime.Sent.Bytes,
            PacketsReceived = path.Runtime.Received.Packets,
            BytesReceived = path.Runtime.Received.Bytes,
            Share = Percent(path.Runtime.Sent.Bytes, path.Runtime.Connection.Paths.Sum(other => other.Sent.Bytes)),
            WeightShare = Percent(config.WeightOut, connection.Paths.Sum(other => other.WeightOut))!.Value,
            QueuedBytes = WaitingIn(path.Runtime.Waiting),
            Line = Read(path.Meter),
            SendErrors = path.Runtime.SendDrops.Total - path.Runtime.SendDrops[DropReason.RateLimit],
            Drops = Sum(path.Runtime.SendDrops, path.Runtime.ReceiveDrops, path.ControlDrops),
        };
    }

    private static RuleStatus Read(string server, ConnectionConfig connection, MappingRule rule, Traffic decided) => new()
    {
        Server = server,
        Connection = connection.Name,
        Index = rule.Rule.Index >= 0 ? rule.Rule.Index : null,
        Name = rule.Rule.Name,
        Title = rule.Title,
        Conditions = RuleText.Conditions(rule.Rule),
        Action = RuleText.Action(rule.Rule),
        Packets = decided.Packets,
        Bytes = decided.Bytes,
    };

    private static long WaitingIn(FairQueue? queue) => queue?.Bytes ?? 0;

    private static double? Percent(long part, long whole) => whole == 0 ? null : Math.Round(100.0 * part / whole, 2);

    private static LineStatus Read(PathMeter meter) => new()
    {
        RoundTripMilliseconds = meter.RoundTrip?.TotalMilliseconds,
        LastRoundTripMilliseconds = meter.LastRoundTrip?.TotalMilliseconds,
        RoundTrips = meter.RoundTrips.Count,
        RoundTripMillisecondsTotal = meter.RoundTrips.Sum.TotalMilliseconds,
        OutwardSent = meter.Outward.Sent,
        OutwardArrived = meter.Outward.Arrived,
        InwardSent = meter.Inward.Sent,
        InwardArrived = meter.Inward.Arrived,
    };

    private static OrderingStatus Read(ReorderBuffer order) => new()
    {
        Waited = order.Waited,
        Waiting = order.Waiting,
        LostByGap = order.LostByGap,
        LostByTime = order.LostByTime,
        LostByJump = order.LostByJump,
        Late = order.Late,
        Duplicate = order.Duplicate,
        Jumps = order.Jumps,
        Restarts = order.Restarts,
    };

    private static Dictionary<string, long> Sum(params ReadOnlySpan<DropCounters> counters)
    {
        Dictionary<string, long> sums = [];
        foreach (DropCounters counter in counters)
        {
            counter.AddTo(sums);
        }
        return sums;
    }
}
