using System.Net;

namespace MptTools.Engine.Config;

/// <summary>A path as far as it could be read.</summary>
internal sealed class PathDraft
{
    public required SectionReader Section { get; init; }
    public string? Interface { get; init; }
    public IPAddress? LocalAddress { get; init; }
    public IPAddress? RemoteAddress { get; init; }
    public bool IsCommandDefault { get; init; }

    /// <summary>Null when the section has an error.</summary>
    public PathConfig? Config { get; init; }
}

/// <summary>Reads [path_n].</summary>
internal static class PathReader
{
    public static PathDraft Read(string file, int index, IniSection section, bool isTemplate, FaultList faults)
    {
        var reader = new SectionReader(file, section, KnownKeys.Path, faults);
        int errorsBefore = faults.ErrorsIn(file);

        string? @interface = reader.Word("interface_name", "the name of the path's interface, such as eth1", InterfaceConfReader.WhyNoInterfaceName);
        int? version = reader.Choice("ip_ver", "4 or 6", 4, 6);
        (IPAddress? publicAddress, IPAddress? local) = ReadOwnAddresses(reader, version);
        IPAddress? gateway = reader.Address("gw_ipaddr", version, mandatory: true, mayBeFound: true);
        IPAddress? remote = KnownOrNull(reader.Address("remote_ipaddr", version, mandatory: false, mayBeFound: true));
        (TimeSpan? keepalive, TimeSpan? dead) = ReadTimers(reader);
        int? weightOut = reader.Number("weight_out", 1, ConfigRanges.MaxWeight, isTemplate ? 1 : null);
        int? weightIn = reader.Number("weight_in", 1, ConfigRanges.MaxWeight, fallback: 1);
        bool? isDefault = reader.Switch("cmd_default");
        bool? udpChecksum = reader.Switch("udp_checksum", fallback: true);
        PathStatusCode? status = ReadStatus(reader);
        int? priority = reader.Number("path_priority", 1, ConfigRanges.MaxPathPriority, fallback: 1);
        long rateLimit = reader.Value("rate_limit", BitRate.Wanted, BitRate.Parse, 0L, shown: "0");
        bool? isBackup = reader.Switch("backup");
        IReadOnlyList<PortRange> tcpTo = ReadPorts(reader, "tcp_dst");
        IReadOnlyList<PortRange> tcpFrom = ReadPorts(reader, "tcp_src");
        IReadOnlyList<PortRange> udpTo = ReadPorts(reader, "udp_dst");
        IReadOnlyList<PortRange> udpFrom = ReadPorts(reader, "udp_src");
        if (remote is not null && remote.Equals(local))
        {
            reader.Error("remote_ipaddr", $"{remote} is the path's own address. Write the address of the peer.");
        }

        PathConfig? config =
            faults.ErrorsIn(file) > errorsBefore || @interface is null || version is not { } ipVersion
            || keepalive is not { } keepaliveTime || dead is not { } deadTime || weightOut is not { } weight
            || weightIn is not { } peerWeight || status is not { } statusCode || priority is not { } pathPriority
            ? null
            : new PathConfig
            {
                Index = index,
                Interface = @interface,
                IPVersion = ipVersion,
                PublicAddress = publicAddress,
                LocalAddress = local,
                Gateway = KnownOrNull(gateway),
                RemoteAddress = remote,
                KeepaliveTime = keepaliveTime,
                DeadTime = deadTime,
                WeightOut = weight,
                WeightIn = peerWeight,
                Priority = pathPriority,
                RateLimit = rateLimit,
                IsBackup = isBackup == true,
                TcpDestinationPorts = tcpTo,
                TcpSourcePorts = tcpFrom,
                UdpDestinationPorts = udpTo,
                UdpSourcePorts = udpFrom,
                IsCommandDefault = isDefault == true,
                UdpChecksum = udpChecksum != false,
                Status = statusCode,
            };
        return new PathDraft
        {
            Section = reader,
            Interface = @interface,
            LocalAddress = local,
            RemoteAddress = remote,
            IsCommandDefault = isDefault == true,
            Config = config,
        };
    }

    private static (IPAddress? Public, IPAddress? Local) ReadOwnAddresses(SectionReader reader, int? version)
    {
        IPAddress? local = KnownOrNull(reader.Address("private_ipaddr", version, mandatory: false, mayBeFound: true));
        if (!reader.Is("public_ipaddr", "private_ipaddr"))
        {
            IPAddress? known = KnownOrNull(reader.Address("public_ipaddr", version, mandatory: true, mayBeFound: true));
            bool isLocalGiven = reader.Has("private_ipaddr") && !reader.Is("private_ipaddr", "");
            return (known, isLocalGiven ? local : known);
        }

        if (!reader.Has("private_ipaddr") || reader.Is("private_ipaddr", ""))
        {
            reader.Error("public_ipaddr", "The value refers to private_ipaddr, which the section does not have. Write private_ipaddr = with the address of the interface.");
        }

        return (local, local);
    }

    internal static (TimeSpan? Keepalive, TimeSpan? Dead) ReadTimers(SectionReader reader)
    {
        TimeSpan? keepalive = reader.Seconds(
            "keepalive_time", (decimal)ConfigRanges.MinSeconds, (decimal)ConfigRanges.MaxKeepaliveSeconds, TimeSpan.Zero);
        TimeSpan? dead = reader.Seconds(
            "dead_time", (decimal)ConfigRanges.MinSeconds, (decimal)ConfigRanges.MaxDeadSeconds, keepalive * 3);
        if (keepalive > TimeSpan.Zero && dead == TimeSpan.Zero)
        {
            reader.Warning("dead_time", "With 0 the path is never taken for dead, so traffic goes on into a path that lost its peer. Write three times keepalive_time, or remove the line.");
        }
        else if (keepalive > TimeSpan.Zero && dead <= keepalive)
        {
            reader.Warning("dead_time", "The time is not longer than keepalive_time, so the path goes down between two keepalives. Write three times keepalive_time, or remove the line.");
        }

        return (keepalive, dead);
    }

    /// <summary>Ports; none where the section says nothing.</summary>
    internal static IReadOnlyList<PortRange> ReadPorts(SectionReader reader, string key) =>
        reader.Value<IReadOnlyList<PortRange>>(key, PortList.Wanted, PortList.Parse, []);

    private static PathStatusCode? ReadStatus(SectionReader reader)
    {
        if (reader.Is("status", "129") || reader.Is("status", "130"))
        {
            reader.Error("status", "129 (interface down) and 130 (address down) are found by the server itself. Write 0 for a path that starts up, or 128 for one that starts down.");
            return null;
        }

        return (PathStatusCode?)reader.Choice("status", "0 (up), 128 (down), 131 (taken down by hand) or 255 (disabled)", 0, 128, 131, 255);
    }

    private static IPAddress? KnownOrNull(IPAddress? address) => AddressText.IsToBeFound(address) ? null : address;
}
