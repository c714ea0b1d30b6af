using System.Globalization;
using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// A server's status as text, in the form of the existing servers' <c>mpt show status</c>: same labels, same columns, same
/// order, so that what reads the one reads the other. What they do not know follows where a block of theirs ends.
/// </summary>
public static class StatusText
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Renders a status, lines ending in "\n".</summary>
    /// <param name="status">What to show.</param>
    /// <param name="onlyKnown">Leave out what the existing servers do not show.</param>
    public static string Render(ServerStatus status, bool onlyKnown = false)
    {
        var text = new StringBuilder();
        text.Append("Tunnel information:\n");
        foreach (TunnelStatus tunnel in status.Tunnels)
        {
            AppendTunnel(text, tunnel, onlyKnown);
        }
        text.Append(Culture, $"    CMD server port number  : {status.CommandPort}\n");
        text.Append(Culture, $"    Global server    : {(status.AcceptRemote ? 1 : 0)}\n");
        if (!onlyKnown)
        {
            text.Append(Culture, $"    Packet threads   : {status.Threads}\n");
            text.Append(Culture, $"    Peers' commands  : {status.CommandPortTraffic.PeerCommands} done, {status.CommandPortTraffic.Refused.Values.Sum()} refused\n");
            AppendOffloads(text, status);
        }
        text.Append(Culture, $"\nNumber of connections: {status.Connections.Count} \n");
        foreach (ConnectionStatus connection in status.Connections)
        {
            text.Append("\nMultipath Connection Information:\n");
            AppendConnection(text, connection, status.CommandPort, onlyKnown);
        }
        return text.Append("\n\n").ToString();
    }

    private static void AppendTunnel(StringBuilder text, TunnelStatus tunnel, bool onlyKnown)
    {
        text.Append(Culture, $"    Tunnel interface : {tunnel.Name}\n");
        text.Append(Culture, $"    Tunnel device    : /dev/net/tun\n");
        if (tunnel.FileDescriptor is int descriptor)
        {
            text.Append(Culture, $"    Tunnel file desc.: {descriptor}\n");
        }
        text.Append(Culture, $"    Tunnel int. MTU  : {tunnel.Mtu}\n");
        if (tunnel.IPv4 is { } ipv4)
        {
            text.Append(Culture, $"    Tunnel ipv4 addr.: {ipv4}\n");
        }
        if (tunnel.IPv6 is { } ipv6)
        {
            text.Append(Culture, $"    Tunnel ipv6 addr.: {ipv6}\n");
        }
        if (!onlyKnown)
        {
            text.Append(tunnel.MtuIsAutomatic ? "    MTU follows paths: yes\n" : "");
            AppendDrops(text, "    Dropped packets  : ", tunnel.Drops);
        }
    }

    private static void AppendOffloads(StringBuilder text, ServerStatus status)
    {
        text.Append(Culture, $"    Offloads         : {OffloadNames.Of(status.Offloads)}\n");
        if (status.DisabledOffloads != Offloads.None)
        {
            text.Append(Culture, $"    Offloads disabled: {OffloadNames.Of(status.DisabledOffloads)}\n");
        }
        foreach (TunnelStatus tunnel in status.Tunnels)
        {
            text.Append(Culture, $"    {"Offloads of " + tunnel.Name,-17}: {OffloadNames.Of(tunnel.Offloads)}\n");
        }
    }

    private static void AppendConnection(StringBuilder text, ConnectionStatus connection, int commandPort, bool onlyKnown)
    {
        double seconds = Math.Floor(connection.MaxBufferDelayMilliseconds / 1000);
        double milliseconds = connection.MaxBufferDelayMilliseconds - (seconds * 1000);
        text.Append(Culture, $"Connection name  : {connection.Name} \n");
        text.Append(Culture, $"    Config file           : {connection.ConfigFile}\n");
        text.Append(Culture, $"    IP version            : {connection.IPVersion}\n");
        text.Append(Culture, $"    Local  Tunnel address : {connection.LocalAddress}\n");
        text.Append(Culture, $"    Local  UDP Port       : {connection.LocalPort}\n");
        text.Append(Culture, $"    Local  CMD UDP Port   : {commandPort}\n");
        text.Append(Culture, $"    Remote Tunnel address : {connection.RemoteAddress}\n");
        text.Append(Culture, $"    Remote UDP Port       : {connection.RemotePort}\n");
        text.Append(Culture, $"    Remote CMD UDP Port   : {connection.RemoteCommandPort}\n");
        text.Append(Culture, $"    Number of Paths       : {connection.Paths.Count}\n");
        text.Append(Culture, $"    Number of networks    : {connection.Networks.Count}\n");
        text.Append(Culture, $"    Packets sent out      : {connection.PacketsSent}\n");
        text.Append(Culture, $"    Connection update     : {(int)connection.Permission}\n");
        text.Append(Culture, $"    Authentication type   : {(int)connection.AuthenticationType}\n");
        text.Append(Culture, $"    Connection reorder win: {connection.ReorderWindow}\n");
        text.Append(Culture, $"    Max. delay in rcv.buff: {seconds:0}(sec) {milliseconds:0.###}(msec)\n");
        text.Append(Culture, $"    Connection status     : {connection.StatusCode}\n");
        if (!onlyKnown)
        {
            text.Append(Culture, $"    Packets received      : {connection.PacketsReceived}\n");
            text.Append(Culture, $"    Program at the peer   : {PeerText(connection.Peer)}\n");
            AppendMapping(text, connection);
            AppendSizes(text, connection);
            AppendOrdering(text, connection.Ordering);
            AppendDrops(text, "    Dropped packets       : ", connection.Drops);
        }
        foreach (PathStatus path in connection.Paths)
        {
            AppendPath(text, path, onlyKnown);
        }
        foreach (NetworkStatus network in onlyKnown ? [] : connection.Networks)
        {
            text.Append(Culture, $"  Network {network.Index} information:\n");
            text.Append(Culture, $"     Source network     : {network.Source}\n");
            text.Append(Culture, $"     Destination network: {network.Destination}\n");
        }
    }

    private static void AppendPath(StringBuilder text, PathStatus path, bool onlyKnown)
    {
        text.Append(Culture, $"  Path {path.Index} information:\n");
        text.Append(Culture, $"     Interface name:    : {path.Interface}\n");
        text.Append(Culture, $"     Public IP address  : {path.PublicAddress}\n");
        text.Append(Culture, $"     Private IP address : {path.LocalAddress}\n");
        text.Append(Culture, $"     Gateway IP address : {path.Gateway}\n");
        text.Append(Culture, $"     Remote IP address  : {path.RemoteAddress}\n");
        text.Append(Culture, $"     Incoming weight    : {path.WeightIn}\n");
        text.Append(Culture, $"     Outgoing weight    : {path.WeightOut}\n");
        text.Append(Culture, $"     Keepalive time     : {path.KeepaliveSeconds:0.###}\n");
        text.Append(Culture, $"     Dead timer         : {path.DeadSeconds:0.###}\n");
        text.Append(Culture, $"     Path Status        : {(int)path.Detail}\n");
        if (onlyKnown)
        {
            return;
        }
        text.Append(Culture, $"     Status text        : {PathText(path.Detail)} since {Moment(path.Since)}\n");
        text.Append(Culture, $"     Last keepalive     : {(path.LastKeepalive is { } last ? Moment(last) : "none yet")}\n");
        if (path.PathMtu is int mtu)
        {
            text.Append(Culture, $"     Path MTU           : {mtu}\n");
        }
        text.Append(Culture, $"     Packets sent       : {path.PacketsSent}\n");
        text.Append(Culture, $"     Packets received   : {path.PacketsReceived}\n");
        text.Append(Culture, $"     Bytes sent         : {path.BytesSent}\n");
        text.Append(Culture, $"     Bytes received     : {path.BytesReceived}\n");
        AppendMapping(text, path);
        if (path.SendErrors > 0)
        {
            text.Append(Culture, $"     Send errors        : {path.SendErrors}\n");
        }
        text.Append(Culture, $"     Offloads           : {OffloadNames.Of(path.Offloads)}\n");
        AppendDrops(text, "     Dropped packets    : ", path.Drops);
    }

    private static void AppendMapping(StringBuilder text, ConnectionStatus connection)
    {
        if (connection.Mapping != MappingMode.Packet)
        {
            string rest = connection.Mapping == MappingMode.Combined ? $" with {MappingNames.Of(connection.MappingRest)}" : "";
            text.Append(Culture, $"    Mapping               : {MappingNames.Of(connection.Mapping)}{rest}\n");
        }
        if (connection.Mapping == MappingMode.Combined)
        {
            foreach (RuleStatus rule in connection.Rules)
            {
                string conditions = rule.Conditions.Length > 0 ? rule.Conditions : "every packet";
                text.Append(Culture, $"    {char.ToUpperInvariant(rule.Title[0]) + rule.Title[1..],-22}: {conditions} to {rule.Action}, {rule.Packets} packets, {rule.Bytes} bytes\n");
            }
        }
        if (connection.QueuedBytes > 0)
        {
            text.Append(Culture, $"    Bytes waiting         : {connection.QueuedBytes}\n");
        }
        if (connection.DuplicatesDiscarded > 0)
        {
            text.Append(Culture, $"    Copies discarded      : {connection.DuplicatesDiscarded}\n");
        }
    }

    private static void AppendMapping(StringBuilder text, PathStatus path)
    {
        if (path.Share is { } share and < 100)
        {
            text.Append(Culture, $"     Share of bytes     : {share:0.#} % ({path.WeightShare:0.#} % by weight)\n");
        }
        if (path.Priority != 1)
        {
            text.Append(Culture, $"     Path priority      : {path.Priority}\n");
        }
        if (path.IsBackup)
        {
            text.Append("     Backup             : yes\n");
        }
        if (path.RateLimit is { } limit)
        {
            text.Append(Culture, $"     Rate limit         : {BitRate.Of(limit)}\n");
        }
        if (path.QueuedBytes > 0)
        {
            text.Append(Culture, $"     Bytes waiting      : {path.QueuedBytes}\n");
        }
    }

    private static void AppendSizes(StringBuilder text, ConnectionStatus connection)
    {
        if (connection.LargestPacket is int largest)
        {
            text.Append(Culture, $"    Largest packet        : {largest}\n");
        }
        if (connection.PacketsFragmented + connection.TooBigAnswers > 0)
        {
            text.Append(Culture, $"    Longer packets        : {connection.PacketsFragmented} fragmented, {connection.TooBigAnswers} answered\n");
        }
    }

    private static void AppendOrdering(StringBuilder text, OrderingStatus ordering)
    {
        long lost = ordering.LostByGap + ordering.LostByTime;
        if (ordering.Waited + lost + ordering.Late + ordering.Duplicate > 0)
        {
            text.Append(Culture, $"    Reordering            : {ordering.Waited} waited, {lost} lost, {ordering.Late} late, "
                + $"{ordering.Duplicate} duplicate\n");
        }
    }

    private static void AppendDrops(StringBuilder text, string label, IReadOnlyDictionary<string, long> drops)
    {
        string separator = label;
        foreach ((string reason, long count) in drops)
        {
            text.Append(Culture, $"{separator}{count} {reason}");
            separator = ", ";
        }
        if (drops.Count > 0)
        {
            text.Append('\n');
        }
    }

    private static string PathText(PathStatusCode code) => code switch
    {
        PathStatusCode.Up => "up",
        PathStatusCode.Down => "down, the peer is not heard",
        PathStatusCode.InterfaceDown => "down, the interface is missing, down or without carrier",
        PathStatusCode.AddressDown => "down, the interface lacks the local address",
        PathStatusCode.TakenDown => "down, taken down by hand",
        PathStatusCode.Disabled => "down, not in use",
        _ => "unknown",
    };

    private static string PeerText(PeerKind peer) => peer switch
    {
        PeerKind.Existing => "existing MPT server",
        PeerKind.MptTools => "MptTools",
        _ => "not heard yet",
    };

    private static string Moment(DateTimeOffset time) =>
        time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
