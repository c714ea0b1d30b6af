using System.Globalization;
using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>What is written down as a file, in whatever style, is read as what it was.</summary>
public class ConfigPropertyTests
{
    [Fact]
    public void EveryConnectionInEveryStyleIsReadAsItIs() => PropertyCheck.Holds(
        from connection in AnyConnection
        from style in Gen.Choose(0, int.MaxValue)
        select (connection, style),
        input =>
        {
            string text = new Style(input.style).Render(Sections(input.connection));
            ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("c.conf", text);
            Assert.Empty(result.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error).Select(fault => $"{fault}\n{text}"));
            Assert.Equal(ConnectionConfTests.ConfigText(input.connection), ConnectionConfTests.ConfigText(result.Config));
            return true;
        });

    [Fact]
    public void EveryInterfaceConfInEveryStyleIsReadAsItIs() => PropertyCheck.Holds(
        from general in AnyGeneral
        from tunnels in AnyTunnels
        from style in Gen.Choose(0, int.MaxValue)
        select (general, tunnels, style),
        input =>
        {
            string text = new Style(input.style).Render(Sections(input.general, input.tunnels));
            (GeneralConfig? general, IReadOnlyList<TunnelConfig> tunnels, IReadOnlyList<ConfigDiagnostic> faults) = ConfText.LoadInterface(text);
            Assert.Empty(faults.Select(fault => $"{fault}\n{text}"));
            Assert.Equal(input.general, general);
            Assert.Equal(input.tunnels, tunnels);
            return true;
        });

    private static Gen<int> AnyPort => Gen.Choose(1, 65535);

    private static Gen<string> AnyName =>
        from length in Gen.Choose(1, 15)
        from letters in Gen.ArrayOf(Gen.Elements("abcxyzABC0189_-.@é".ToCharArray()), length)
        let name = new string(letters)
        where name is not ("." or "..") && InterfaceConfReader.WhyNoInterfaceName(name) is null
        select name;

    // Hosts only: neither multicast nor reserved nor 0.x.
    private static Gen<IPAddress> AnyIPv4 =>
        from first in Gen.Choose(1, 223)
        from others in Gen.ArrayOf(Gen.Choose(0, 255), 3)
        select new IPAddress([(byte)first, (byte)others[0], (byte)others[1], (byte)others[2]]);

    private static Gen<IPAddress> AnyIPv6 =>
        from others in Gen.ArrayOf(Gen.Elements(0, 0, 1, 0xA0, 0xFF), 15)
        select new IPAddress([0xFD, .. others.Select(value => (byte)value)]);

    private static Gen<int> AnyVersion => Gen.Elements(4, 6);

    private static Gen<TimeSpan> AnyTime =>
        from milliseconds in Gen.OneOf(Gen.Constant(0), Gen.Choose(10, 5000), Gen.Choose(1, 86_400).Select(seconds => seconds * 1000))
        select TimeSpan.FromMilliseconds(milliseconds);

    internal static Gen<GeneralConfig> AnyGeneral =>
        from acceptRemote in Gen.Elements(true, false)
        from port in AnyPort
        from timeout in Gen.Choose(1, 3600)
        from hookTimeout in Gen.Choose(1, 600)
        from offloads in OffloadNamesTests.AnyOffloads
        from threads in Gen.Choose(0, 64)
        select new GeneralConfig
        {
            AcceptRemote = acceptRemote,
            AcceptLocalUsers = !acceptRemote,
            StunServer = acceptRemote ? new StunServer("stun.example.net", 3479) : null,
            CommandPort = port,
            CommandTimeout = TimeSpan.FromSeconds(timeout),
            HookTimeout = TimeSpan.FromSeconds(hookTimeout),
            DisabledOffloads = offloads,
            Threads = threads,
        };

    internal static Gen<TunnelConfig[]> AnyTunnels =>
        from count in Gen.Choose(1, 4)
        from tunnels in Gen.ArrayOf(AnyTunnel, count)
        let isUnique = tunnels.DistinctBy(tunnel => tunnel.Name).Count() == count
            && tunnels.DistinctBy(tunnel => tunnel.IPv4?.Address).Count() == count
            && tunnels.DistinctBy(tunnel => tunnel.IPv6?.Address).Count() == count
        where isUnique
        select tunnels;

    private static Gen<TunnelConfig> AnyTunnel =>
        from name in AnyName
        from mtu in Gen.Choose(1280, 65535)
        from ipv4 in AnyIPv4.Where(address => !IPAddress.IsLoopback(address))
        from length4 in Gen.Choose(1, 32)
        from ipv6 in AnyIPv6
        from length6 in Gen.Choose(1, 128)
        from isAutomatic in Gen.Elements(false, true)
        select new TunnelConfig { Name = name, Mtu = isAutomatic ? 1440 : mtu, AutoMtu = isAutomatic, IPv4 = new InterfaceAddress(ipv4, length4), IPv6 = new InterfaceAddress(ipv6, length6) };

    internal static Gen<ConnectionConfig> AnyConnection =>
        from head in AnyHead
        from pathCount in Gen.Choose(1, 20)
        from paths in Gen.ArrayOf(AnyPath, pathCount)
        from networkCount in Gen.Choose(0, 20)
        from networks in Gen.ArrayOf(AnyNetwork, networkCount)
        from commandPath in Gen.Choose(-1, pathCount - 1)
        let numbered = paths.Select((path, index) => path with { Index = index, IsCommandDefault = index == commandPath })
        let isUnique = paths.Where(path => path.RemoteAddress is not null)
            .DistinctBy(path => ((object?)path.LocalAddress ?? path.Interface, path.RemoteAddress)).Count() == paths.Count(path => path.RemoteAddress is not null)
        where isUnique
        from mappings in Gen.ArrayOf(Gen.Choose(0, 5), 2)
        from rules in Gen.Choose(0, int.MaxValue)
        select RuleChanges.WithRules(
            head with
            {
                Paths = [.. numbered],
                Networks = [.. networks.Select((network, index) => network with { Index = index })],
                Mapping = (MappingMode)mappings[0],
                MappingRest = (MappingMode)mappings[1] == MappingMode.Combined ? MappingMode.Packet : (MappingMode)mappings[1],
            },
            rules);

    private static Gen<ConnectionConfig> AnyHead =>
        from name in AnyName
        from permission in Gen.Choose(0, 3)
        from version in AnyVersion
        from ipv4 in Gen.ArrayOf(AnyIPv4, 2).Where(pair => !pair[0].Equals(pair[1]))
        from ipv6 in Gen.ArrayOf(AnyIPv6, 2).Where(pair => !pair[0].Equals(pair[1]))
        from ports in Gen.ArrayOf(AnyPort, 4)
        from lacks in Gen.Choose(0, 3)
        from status in Gen.Choose(0, 255)
        from window in Gen.Choose(0, 10000)
        from delay in Gen.Choose(1, 60000)
        from authentication in Gen.Choose(0, 2)
        from key in Gen.ArrayOf(Gen.Elements("0123456789abcdefABCDEF".ToCharArray()), 64)
        let addresses = version == 4 ? ipv4 : ipv6
        select new ConnectionConfig
        {
            File = "c.conf",
            Name = name,
            Permission = (ConnectionPermission)permission,
            IPVersion = version,
            LocalAddress = addresses[0],
            LocalPort = ports[0],
            RemoteAddress = addresses[1],
            RemotePort = lacks == 0 ? null : ports[1],
            RemoteCommandPort = ports[2],
            LocalCommandPort = lacks == 1 ? null : ports[3],
            Status = status,
            ReorderWindow = window,
            MaxBufferDelay = TimeSpan.FromMilliseconds(delay),
            AuthenticationType = (AuthenticationType)authentication,
            BuiltInKeyAfterCreate = lacks == 3,
            AuthenticationKey = lacks == 2 && authentication < 2 ? null : new string(key),
            Paths = [],
        };

    private static Gen<PathConfig> AnyPath =>
        from name in AnyName
        from version in AnyVersion
        from ipv4 in Gen.ArrayOf(AnyIPv4, 4)
        from ipv6 in Gen.ArrayOf(AnyIPv6, 4)
        from unknown in Gen.ArrayOf(Gen.Choose(0, 3), 4)
        from keepalive in AnyTime
        from dead in Gen.OneOf(Gen.Constant(keepalive * 3), AnyTime)
        from weights in Gen.ArrayOf(Gen.Choose(1, 10000), 2)
        from status in Gen.Elements(PathStatusCode.Up, PathStatusCode.Down, PathStatusCode.TakenDown, PathStatusCode.Disabled)
        from udpChecksum in Gen.Elements(false, true)
        from priority in Gen.OneOf(Gen.Constant(1), Gen.Choose(1, 255))
        from rate in Gen.OneOf(Gen.Constant(0L), Gen.Choose(8, 1_000_000_000).Select(number => number * 1000L), Gen.Choose(8000, int.MaxValue).Select(number => (long)number))
        from isBackup in Gen.Elements(false, false, true)
        from ports in Gen.ArrayOf(AnyPorts, 4)
        let addresses = (version == 4 ? ipv4 : ipv6).Select((address, i) => unknown[i] == 0 ? null : address).ToArray()
        where addresses[1] is null || !addresses[1]!.Equals(addresses[3])
        select new PathConfig
        {
            Index = 0,
            Interface = name,
            IPVersion = version,
            PublicAddress = addresses[0],
            LocalAddress = addresses[1],
            Gateway = addresses[2],
            RemoteAddress = addresses[3],
            KeepaliveTime = keepalive,
            DeadTime = dead,
            WeightOut = weights[0],
            WeightIn = weights[1],
            UdpChecksum = udpChecksum,
            Status = status,
            Priority = priority,
            RateLimit = rate,
            IsBackup = isBackup,
            TcpDestinationPorts = ports[0],
            TcpSourcePorts = ports[1],
            UdpDestinationPorts = ports[2],
            UdpSourcePorts = ports[3],
        };

    // Mostly none, as in most files.
    private static Gen<PortRange[]> AnyPorts =>
        from count in Gen.Elements(0, 0, 0, 1, 3)
        from ranges in Gen.ArrayOf(
            from first in Gen.Choose(0, 65535)
            from last in Gen.OneOf(Gen.Constant(first), Gen.Choose(first, 65535))
            select new PortRange(first, last), count)
        select ranges;

    private static Gen<NetworkConfig> AnyNetwork =>
        from version in AnyVersion
        from ipv4 in Gen.ArrayOf(AnyIPv4, 2)
        from ipv6 in Gen.ArrayOf(AnyIPv6, 2)
        from lengths in Gen.ArrayOf(Gen.Choose(0, 128), 2)
        let networks = (version == 4 ? ipv4 : ipv6).Select((address, i) => AddressText.Network(address, Math.Min(lengths[i], version == 4 ? 32 : 128))).ToArray()
        select new NetworkConfig { Index = 0, Source = networks[0], Destination = networks[1] };

    internal static List<(string Section, List<(string Key, string? Value)> Entries)> Sections(GeneralConfig general, TunnelConfig[] tunnels) =>
    [
        ("general",
        [
            ("tunnel_num", Text(tunnels.Length)), ("accept_remote", general.AcceptRemote ? "1" : "0"),
            ("cmdport_local", Text(general.CommandPort)), ("cmd_timeout", Text(general.CommandTimeout.TotalSeconds)),
            ("accept_local_users", general.AcceptLocalUsers ? "1" : null),
            ("hook_timeout", Text(general.HookTimeout.TotalSeconds)),
            ("stun_server", Text(general.StunServer)),
            ("disable_offloads", OffloadNames.Of(general.DisabledOffloads)),
            ("threads", general.Threads == 0 ? "auto" : Text(general.Threads)),
        ]),
        .. tunnels.Select((tunnel, index) => ($"tun_{index}", new List<(string, string?)>
        {
            ("name", tunnel.Name), ("mtu", tunnel.AutoMtu ? "auto" : Text(tunnel.Mtu)), ("ipv4_addr", Text(tunnel.IPv4)), ("ipv6_addr", Text(tunnel.IPv6)),
        })),
    ];

    internal static List<(string Section, List<(string Key, string? Value)> Entries)> Sections(ConnectionConfig c) =>
    [
        ("connection",
        [
            ("name", c.Name), ("permission", Text((int)c.Permission)), ("ip_ver", Text(c.IPVersion)), ("ip_local", Text(c.LocalAddress)),
            ("local_port", Text(c.LocalPort)), ("local_cmd_port", Text(c.LocalCommandPort)), ("ip_remote", Text(c.RemoteAddress)),
            ("remote_port", Text(c.RemotePort)), ("remote_cmd_port", Text(c.RemoteCommandPort)), ("path_count", Text(c.Paths.Count)),
            ("network_count", Text(c.Networks.Count)), ("status", Text(c.Status)), ("reorder_window", Text(c.ReorderWindow)),
            ("max_buffdelay_msec", Text(c.MaxBufferDelay.TotalMilliseconds)), ("auth_type", Text((int)c.AuthenticationType)), ("auth_key", c.AuthenticationKey),
            ("auth_key_after_create", c.BuiltInKeyAfterCreate ? "default" : null),
            ("mapping", Text(c.Mapping)!.ToLowerInvariant()), ("mapping_rest", c.MappingRest == MappingMode.Packet ? null : Text(c.MappingRest)!.ToUpperInvariant()),
        ]),
        .. c.Paths.Select(path => ($"path_{path.Index}", new List<(string, string?)>
        {
            ("interface_name", path.Interface), ("ip_ver", Text(path.IPVersion)), ("public_ipaddr", Text(path.PublicAddress) ?? ToBeFound(path)),
            ("private_ipaddr", Text(path.LocalAddress) ?? ToBeFound(path)), ("gw_ipaddr", Text(path.Gateway) ?? ToBeFound(path)), ("remote_ipaddr", Text(path.RemoteAddress)),
            ("keepalive_time", Text(path.KeepaliveTime.TotalSeconds)), ("dead_time", path.DeadTime == path.KeepaliveTime * 3 ? null : Text(path.DeadTime.TotalSeconds)),
            ("weight_out", Text(path.WeightOut)), ("weight_in", path.WeightIn == 1 ? null : Text(path.WeightIn)),
            ("cmd_default", path.IsCommandDefault ? "1" : null), ("udp_checksum", path.UdpChecksum ? null : "0"), ("status", Text((int)path.Status)),
            ("path_priority", path.Priority == 1 ? null : Text(path.Priority)), ("rate_limit", path.RateLimit == 0 ? null : Text(path.RateLimit)), ("backup", path.IsBackup ? "1" : null),
            ("tcp_dst", List(path.TcpDestinationPorts)), ("tcp_src", List(path.TcpSourcePorts)), ("udp_dst", List(path.UdpDestinationPorts)), ("udp_src", List(path.UdpSourcePorts)),
        })),
        .. c.Networks.Select(network => ($"net_{network.Index}", new List<(string, string?)>
        {
            ("ip_ver", network.Source.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "4" : "6"),
            ("src_addr", network.Source.ToString()), ("dst_addr", network.Destination.ToString()),
        })),
        .. c.Rules.Select(rule => ($"rule_{rule.Index}", new List<(string, string?)>
        {
            ("name", rule.Name), ("protocol", List(rule.Protocols)), ("src_port", List(rule.SourcePorts)), ("dst_port", List(rule.DestinationPorts)),
            ("src_addr", List(rule.Sources)), ("dst_addr", List(rule.Destinations)), ("dscp", List(rule.Dscp)), ("paths", List(rule.Paths)),
            ("prefer", Text(rule.Prefer)), ("spread", Text(rule.Spread)?.ToLowerInvariant()), ("strict", rule.IsStrict ? "1" : null),
        })),
    ];

    private static string? List<T>(IReadOnlyList<T> items) => Text(string.Join(", ", items));

    private static string ToBeFound(PathConfig path) => path.IPVersion == 6 ? "::" : "0.0.0.0";

    private static string? Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null;

    /// <summary>The ways in which different hands write the same: case, order, blanks, comments, quotes, line endings.</summary>
    internal sealed class Style(int seed)
    {
        private readonly Random random = new(seed);
        private readonly StringBuilder text = new();
        private readonly string ending = new[] { "\n", "\r\n", "\r" }[new Random(seed).Next(3)];

        public string Render(List<(string Section, List<(string Key, string? Value)> Entries)> sections)
        {
            text.Append(Pick("", "\uFEFF"));
            foreach ((string section, List<(string Key, string? Value)> entries) in sections.OrderBy(_ => random.Next()))
            {
                Noise();
                text.Append(Blanks()).Append('[').Append(Blanks()).Append(Case(section)).Append(Blanks()).Append(']').Append(Tail());
                foreach ((string key, string? value) in entries.OrderBy(_ => random.Next()))
                {
                    Noise();
                    Entry(key, value);
                }
            }

            return text.ToString();
        }

        private void Entry(string key, string? value)
        {
            // Of the keys that may be left out, only these may be left empty without a word.
            bool isEmpty = value is null && key is "remote_port" or "remote_ipaddr" && value is null && random.Next(2) == 0;
            if (value is null && !isEmpty)
            {
                return;
            }

            string spelling = key switch
            {
                "gw_ipaddr" => Pick("gw_ipaddr", "gateway_ipaddr"),
                "cmd_default" => Pick("cmd_default", "default_cmd"),
                _ => key,
            };
            string written = value is null ? "" : Pick(value, value, $"\"{value}\"", $"' {value}\t'");
            text.Append(Blanks()).Append(Case(spelling)).Append(Blanks()).Append('=').Append(Blanks()).Append(written).Append(Tail());
        }

        private void Noise()
        {
            for (int lines = random.Next(3); lines > 0; lines--)
            {
                text.Append(Blanks()).Append(Pick("", ";", "# [path_0]", ";;;### name = x ő", "; \"")).Append(ending);
            }
        }

        private string Tail() => Blanks() + Pick("", "", " ;", "\t# comment = [x] ' ő", " ; a ; b") + ending;

        private string Blanks() => Pick("", "", " ", "\t", "   ", "\u00A0");

        private string Case(string name) => Pick(name, name, name.ToUpperInvariant(), char.ToUpperInvariant(name[0]) + name[1..]);

        private string Pick(params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];
    }
}
