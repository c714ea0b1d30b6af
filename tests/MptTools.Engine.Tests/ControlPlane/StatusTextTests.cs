using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

public class StatusTextTests
{
    [Theory]
    [InlineData("r0-none", 0, AuthenticationType.None)]
    [InlineData("r100-none", 100, AuthenticationType.None)]
    [InlineData("r100-rand", 100, AuthenticationType.Random)]
    [InlineData("r100-sha256", 100, AuthenticationType.Sha256)]
    public void Known_part_is_what_an_existing_server_prints_byte_for_byte(
        string scenario, int reorderWindow, AuthenticationType authentication)
    {
        ServerStatus status = Samples.Server(
            Samples.Connection() with { ReorderWindow = reorderWindow, AuthenticationType = authentication });
        string captured = File.ReadAllText(Path.Combine(Captures.Directory, scenario, "mpt-status.txt"));
        string expected = captured[(captured.IndexOf("CMD_OK:\n", StringComparison.Ordinal) + "CMD_OK:\n".Length)..];

        Assert.Equal(expected, StatusText.Render(status, onlyKnown: true));
    }

    [Fact]
    public void What_is_ours_follows_the_known_lines_and_takes_none_away()
    {
        ConnectionStatus connection = Samples.Connection() with
        {
            PacketsReceived = 77,
            Peer = PeerKind.MptTools,
            Ordering = new OrderingStatus { Waited = 5, LostByGap = 2, LostByTime = 1, Late = 4, Duplicate = 6 },
            Drops = new Dictionary<string, long> { ["bad checksum"] = 3, ["bad version"] = 1 },
            LargestPacket = 1464,
            PacketsFragmented = 12,
            TooBigAnswers = 8,
        };
        connection = connection with { Paths = [connection.Paths[0] with { Offloads = Offloads.UdpGro, PathMtu = 1500, BytesSent = 123456, BytesReceived = 654321 }, connection.Paths[1]] };
        ServerStatus status = Samples.Server(connection) with { Offloads = Offloads.All, DisabledOffloads = Offloads.TunTcp, Threads = 5 };
        status = status with { Tunnels = [status.Tunnels[0] with { Offloads = Offloads.TunUdp | Offloads.TunMerge, MtuIsAutomatic = true }] };
        var full = new Queue<string>(StatusText.Render(status).Split('\n'));
        var ours = new List<string>();
        foreach (string known in StatusText.Render(status, onlyKnown: true).Split('\n'))
        {
            while (full.TryDequeue(out string? line) && line != known)
            {
                ours.Add(line);
            }
        }

        Assert.Empty(full);
        Assert.Contains("    Packet threads   : 5", ours);
        Assert.Contains("    Packets received      : 77", ours);
        Assert.Contains("    Program at the peer   : MptTools", ours);
        Assert.Contains("    MTU follows paths: yes", ours);
        Assert.Contains("    Largest packet        : 1464", ours);
        Assert.Contains("    Longer packets        : 12 fragmented, 8 answered", ours);
        Assert.Single(ours, "     Path MTU           : 1500");
        Assert.Contains("     Bytes sent         : 123456", ours);
        Assert.Contains("     Bytes received     : 654321", ours);
        Assert.Contains("    Reordering            : 5 waited, 3 lost, 4 late, 6 duplicate", ours);
        Assert.Contains("    Dropped packets       : 3 bad checksum, 1 bad version", ours);
        Assert.Contains(ours, line => line.StartsWith("     Status text        : up since 2025-", StringComparison.Ordinal));
        Assert.Contains("     Last keepalive     : none yet", ours);
        Assert.Contains("    Offloads         : tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro", ours);
        Assert.Contains("    Offloads disabled: tun_tcp", ours);
        Assert.Contains("    Offloads of tun0 : tun_udp, tun_merge", ours);
        Assert.Contains("     Offloads           : udp_gro", ours);
        Assert.Contains("     Offloads           : none", ours);
    }

    [Fact]
    public void Mapping_is_shown_where_it_says_something()
    {
        ConnectionStatus plain = Samples.Connection();
        ConnectionStatus connection = plain with
        {
            Mapping = MappingMode.Combined,
            MappingRest = MappingMode.Flow,
            Rules =
            [
                Samples.Rule(),
                Samples.Rule(1, null) with { Conditions = "", Action = "prefer=1" },
                Samples.Rule() with { Index = null, Title = "tcp_dst of path 1", Conditions = "protocol=tcp dst_port=80", Action = "paths=1" },
            ],
            DuplicatesDiscarded = 9,
            QueuedBytes = 4500,
            Paths =
            [
                plain.Paths[0] with { Share = 66.67, WeightShare = 60, RateLimit = 20_000_000, QueuedBytes = 3000 },
                plain.Paths[1] with { Share = 33.33, WeightShare = 40, IsBackup = true, Priority = 2 },
            ],
        };

        string[] nothing = StatusText.Render(Samples.Server(plain)).Split('\n');
        string[] known = StatusText.Render(Samples.Server(plain), onlyKnown: true).Split('\n');

        Assert.Equal(
            [
                "    Mapping               : combined with flow",
                "    Rule 0 (voice)        : protocol=udp dst_port=5060-5061 to paths=0,1 spread=duplicate, 12 packets, 2400 bytes",
                "    Rule 1                : every packet to prefer=1, 12 packets, 2400 bytes",
                "    Tcp_dst of path 1     : protocol=tcp dst_port=80 to paths=1, 12 packets, 2400 bytes",
                "    Bytes waiting         : 4500",
                "    Copies discarded      : 9",
                "     Share of bytes     : 66.7 % (60 % by weight)",
                "     Rate limit         : 20M",
                "     Bytes waiting      : 3000",
                "     Share of bytes     : 33.3 % (40 % by weight)",
                "     Path priority      : 2",
                "     Backup             : yes",
            ],
            StatusText.Render(Samples.Server(connection)).Split('\n').Except(nothing));
        Assert.Equal(known, StatusText.Render(Samples.Server(connection), onlyKnown: true).Split('\n'));
        Assert.DoesNotContain(nothing, line => line.Contains("Mapping", StringComparison.Ordinal) || line.Contains("Share", StringComparison.Ordinal));
        Assert.Contains("    Mapping               : duplicate\n", StatusText.Render(Samples.Server(plain with { Mapping = MappingMode.Duplicate, Rules = connection.Rules })));
        Assert.DoesNotContain("Rule 0", StatusText.Render(Samples.Server(plain with { Mapping = MappingMode.Duplicate, Rules = connection.Rules })));
    }

    [Theory]
    [InlineData(200, "0(sec) 200(msec)")]
    [InlineData(1000, "1(sec) 0(msec)")]
    [InlineData(2500, "2(sec) 500(msec)")]
    [InlineData(0.5, "0(sec) 0.5(msec)")]
    public void Buffer_delay_is_split_into_seconds_and_milliseconds(double milliseconds, string expected) =>
        Assert.Contains($"    Max. delay in rcv.buff: {expected}\n", StatusText.Render(
            Samples.Server(Samples.Connection() with { MaxBufferDelayMilliseconds = milliseconds })));

    [Fact]
    public void Several_tunnels_connections_and_networks_are_all_there()
    {
        ServerStatus status = Samples.Server(
            Samples.Connection("one") with
            {
                Networks = [new NetworkStatus { Connection = "one", Index = 0, Source = "11.1.1.0/24", Destination = "21.1.1.0/24" }],
            },
            Samples.Connection("two"));
        status = status with { Tunnels = [.. status.Tunnels, new TunnelStatus { Name = "tun1", Mtu = 1400, IPv4 = "10.9.0.1/24" }] };

        string text = StatusText.Render(status);

        Assert.Contains("    Tunnel interface : tun1\n    Tunnel device    : /dev/net/tun\n    Tunnel int. MTU  : 1400\n", text);
        Assert.Contains("Number of connections: 2 \n", text);
        Assert.Contains("Connection name  : one \n", text);
        Assert.Contains("Connection name  : two \n", text);
        Assert.Contains(
            "  Network 0 information:\n     Source network     : 11.1.1.0/24\n     Destination network: 21.1.1.0/24\n", text);
    }
}
