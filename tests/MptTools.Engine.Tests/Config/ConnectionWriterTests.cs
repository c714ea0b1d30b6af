using System.Net;
using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class ConnectionWriterTests
{
    private const string Key = "A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2";

    private const string File =
        """
        ; To the office.
        [Connection]            ; head
        name               = "toB"   ; the office
        permission         = 3
        ip_ver             = 4
        ip_local           = 10.0.0.2
        local_port         = 23456
        ip_remote          = 10.0.0.3
        remote_port        =
        remote_cmd_port    = 60456 ;so far
        path_count         = 3  # three
        network_count      = 0
        colour             = blue
        status             = 0
        auth_type          = 0
        ; not the last key

        ;##### PATHS #####

        [path_0]
        interface_name = eth1
        ip_ver = 4
        public_ipaddr = private_ipaddr
        private_ipaddr = '10.1.1.2'
        gateway_ipaddr = 10.1.1.1
        remote_ipaddr = 10.1.1.3
        keepalive_time = 1
        weight_out = 1
        default_cmd = 1
        status = 0

        [ PATH_1 ] ; the slow one
        interface_name=eth2
        ip_ver=4
        public_ipaddr=10.2.2.2
        gw_ipaddr=10.2.2.1
        remote_ipaddr=10.2.2.3
        weight_out=1
        status=128

        ; the dear one
        [path_2]
          interface_name  =  eth3
          ip_ver          =  4
          public_ipaddr   =  10.3.3.2
          gw_ipaddr       =  10.3.3.1
          remote_ipaddr   =  10.3.3.3
          weight_out      =  1
          status          =  0

        ;##### NETWORKS #####
        """;

    [Fact]
    public void ValuesAreReplacedWhereTheyStand() => AssertChanges(
        config => config with { Name = "toC", Permission = ConnectionPermission.Send, RemotePort = 65060, ReorderWindow = 50 },
        "-name               = \"toB\"   ; the office", "-permission         = 3",
        "+name               = \"toC\"   ; the office", "+permission         = 1",
        "-remote_port        =", "+remote_port        = 65060",
        "+reorder_window     = 50");

    [Theory]
    [InlineData("remote_port        =;none yet", "remote_port        = 65060 ;none yet")]
    [InlineData("remote_port        = ;none yet", "remote_port        = 65060 ;none yet")]
    [InlineData("remote_port=", "remote_port= 65060")]
    [InlineData("remote_port = \"\" ", "remote_port = \"65060\" ")]
    public void AnEmptyValueIsFilledIn(string old, string now) => AssertChanges(
        File.Replace("remote_port        =\n", old + "\n", StringComparison.Ordinal), config => config with { RemotePort = 65060 },
        "-" + old, "+" + now);

    [Fact]
    public void AValueThatIsGoneLeavesItsKey() => AssertChanges(
        config => config with { Paths = Changed(config, 1, path => path with { RemoteAddress = null }) },
        "-remote_ipaddr=10.2.2.3", "+remote_ipaddr=");

    [Fact]
    public void NewKeysLookLikeTheLastOneOfTheirSection() => AssertChanges(
        config => config with
        {
            LocalCommandPort = 60456,
            Paths = Changed(Changed(config, 1, path => path with { WeightIn = 2 }), 2, path => path with { WeightIn = 7 }),
        },
        "+local_cmd_port     = 60456",
        "+weight_in=2",
        "+  weight_in       =  7");

    [Fact]
    public void SecondSpellingsAndQuotesStay() => AssertChanges(
        config => config with
        {
            Paths = Changed(Changed(config, 0, path => path with { Gateway = IPAddress.Parse("10.1.1.9"), IsCommandDefault = false }),
                1, path => path with { IsCommandDefault = true }),
        },
        "-gateway_ipaddr = 10.1.1.1", "+gateway_ipaddr = 10.1.1.9",
        "-default_cmd = 1", "+default_cmd = 0",
        "+cmd_default=1");

    [Fact]
    public void AReferenceGoesOnAsLongAsItIsTrue()
    {
        AssertChanges(
            config => config with { Paths = Changed(config, 0, path => path with { LocalAddress = IPAddress.Parse("10.1.1.8"), PublicAddress = IPAddress.Parse("10.1.1.8") }) },
            "-private_ipaddr = '10.1.1.2'", "+private_ipaddr = '10.1.1.8'");
        AssertChanges(
            config => config with { Paths = Changed(config, 0, path => path with { LocalAddress = IPAddress.Parse("10.1.1.8") }) },
            "-public_ipaddr = private_ipaddr", "-private_ipaddr = '10.1.1.2'", "+public_ipaddr = 10.1.1.2", "+private_ipaddr = '10.1.1.8'");
    }

    [Fact]
    public void WhatFollowsFromAnotherKeyIsSaidWhereItNoLongerFollows()
    {
        AssertChanges(
            config => config with { Paths = Changed(config, 0, path => path with { KeepaliveTime = TimeSpan.FromSeconds(2), DeadTime = TimeSpan.FromSeconds(6) }) },
            "-keepalive_time = 1", "+keepalive_time = 2");
        AssertChanges(
            config => config with { Paths = Changed(config, 0, path => path with { KeepaliveTime = TimeSpan.FromSeconds(0.5) }) },
            "-keepalive_time = 1", "+keepalive_time = 0.5", "+dead_time = 3");
        AssertChanges(
            config => config with { Paths = Changed(config, 1, path => path with { PublicAddress = IPAddress.Parse("198.51.100.7") }) },
            "-public_ipaddr=10.2.2.2", "+public_ipaddr=198.51.100.7", "+private_ipaddr=10.2.2.2");
        AssertChanges(
            config => config with { Paths = Changed(config, 1, path => path with { LocalAddress = null, PublicAddress = null }) },
            "-public_ipaddr=10.2.2.2", "+public_ipaddr=0.0.0.0");
    }

    [Fact]
    public void ARemovedPathTakesItsSectionAlongAndTheNextOnesMoveUp() => AssertChanges(
        config => config with { Paths = [config.Paths[0], config.Paths[2]] },
        "-path_count         = 3  # three", "+path_count         = 2  # three",
        "-[ PATH_1 ] ; the slow one", "-interface_name=eth2", "-ip_ver=4", "-public_ipaddr=10.2.2.2", "-gw_ipaddr=10.2.2.1", "-remote_ipaddr=10.2.2.3",
        "-weight_out=1", "-status=128", "-", "-[path_2]", "+[path_1]");

    [Fact]
    public void ANewPathStandsBehindTheOneBeforeIt()
    {
        string text = Update(File, config => config with { Paths = [config.Paths[0], config.Paths[1], New(0), config.Paths[2]] });

        const string added = "\n[path_2]\ninterface_name=lte0\nip_ver=4\npublic_ipaddr=10.4.4.2\ngw_ipaddr=10.4.4.1\nremote_ipaddr=10.4.4.3\n"
            + "keepalive_time=2\ndead_time=7\nweight_out=5\nweight_in=6\nstatus=131\n";
        Assert.Equal(
            File.Replace("[path_2]", "[path_3]", StringComparison.Ordinal).Replace("= 3  # three", "= 4  # three", StringComparison.Ordinal)
                .Replace("status=128\n", "status=128\n" + added, StringComparison.Ordinal),
            text);
    }

    [Fact]
    public void ANewFirstPathStandsBeforeTheOthers()
    {
        string text = Update(File, config => config with { Paths = [New(0), config.Paths[0], config.Paths[1], config.Paths[2]] });

        Assert.Contains("\n\n[path_0]\ninterface_name = lte0\n", text, StringComparison.Ordinal);
        Assert.Contains("\nstatus = 131\n\n[path_1]\ninterface_name = eth1\n", text, StringComparison.Ordinal);
        Assert.Contains("\n[ PATH_2 ] ; the slow one\ninterface_name=eth2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherPathIsNotTheOldOneChanged() => AssertChanges(
        config => config with { Paths = [config.Paths[0], New(0), config.Paths[2]] },
        "-[ PATH_1 ] ; the slow one", "-interface_name=eth2", "-ip_ver=4", "-public_ipaddr=10.2.2.2", "-gw_ipaddr=10.2.2.1", "-remote_ipaddr=10.2.2.3",
        "-weight_out=1", "-status=128",
        "+[path_1]", "+interface_name = lte0", "+ip_ver = 4", "+public_ipaddr = 10.4.4.2", "+gw_ipaddr = 10.4.4.1", "+remote_ipaddr = 10.4.4.3",
        "+keepalive_time = 2", "+dead_time = 7", "+weight_out = 5", "+weight_in = 6", "+status = 131");

    [Fact]
    public void FirstNetworksStandAtTheEnd() => AssertChanges(
        config => config with { Networks = [Network("192.168.1.0/24", "0.0.0.0/0"), Network("fd01::/64", "fd02::/64")] },
        "-network_count      = 0", "+network_count      = 2",
        "+", "+[net_0]", "+  ip_ver          =  4", "+  src_addr        =  192.168.1.0/24", "+  dst_addr        =  0.0.0.0/0",
        "+", "+[net_1]", "+  ip_ver          =  6", "+  src_addr        =  fd01::/64", "+  dst_addr        =  fd02::/64");

    [Fact]
    public void ASectionThatNobodyReadsMakesRoom() => AssertChanges(
        File + "\n[net_0]\nsrc_addr = old\n[NET_1] ; older\n[net_7]",
        config => config with { Networks = [Network("192.168.1.0/24", "0.0.0.0/0")] },
        "-network_count      = 0", "+network_count      = 1",
        "-[net_0]", "+[net_1]", "-[NET_1] ; older", "+[NET_2] ; older",
        "+", "+[net_0]", "+ip_ver   = 4", "+src_addr = 192.168.1.0/24", "+dst_addr = 0.0.0.0/0");

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void LineEndingsAndTheByteOrderMarkStay(string ending)
    {
        string text = "\uFEFF" + File.ReplaceLineEndings(ending);

        string written = Update(text, config => config with { Paths = [config.Paths[1]], Networks = [Network("fd01::/64", "fd02::/64")], ReorderWindow = 1 });

        Assert.StartsWith("\uFEFF; To the office.", written, StringComparison.Ordinal);
        Assert.Equal(
            Update(File, config => config with { Paths = [config.Paths[1]], Networks = [Network("fd01::/64", "fd02::/64")], ReorderWindow = 1 }).ReplaceLineEndings(ending),
            written[1..]);
    }

    [Fact]
    public void AKeyOfTheUserIsNeitherDroppedNorReplaced()
    {
        string text = File.Replace("auth_type          = 0", $"auth_type = 2\nauth_key = {Key} ; secret", StringComparison.Ordinal);

        AssertChanges(text, config => config with { AuthenticationKey = null, Status = 3 }, "-status             = 0", "+status             = 3");
        AssertChanges(text, config => config with { AuthenticationKey = new string('7', 64) });
    }

    [Fact]
    public void AKeyIsWrittenWhereThereIsNone()
    {
        string text = File.Replace("auth_type          = 0", "auth_type = 0\nauth_key = 0 ; none", StringComparison.Ordinal);

        AssertChanges(text, config => config with { AuthenticationKey = Key }, "-auth_key = 0 ; none", $"+auth_key = {Key} ; none");
        AssertChanges(config => config with { AuthenticationKey = Key }, $"+auth_key           = {Key}");
    }

    [Fact]
    public void AFileThatDoesNotLoadIsNotWritten()
    {
        foreach (string text in new[] { File + "\n[path_0]\n", File + "\nstatus = 0", File.Replace("[Connection]", "", StringComparison.Ordinal), "\uFEFF\0" })
        {
            ConfigWriteResult result = ConnectionWriter.Update("c.conf", Encoding.UTF8.GetBytes(text), Load(File));

            Assert.Null(result.Content);
            Assert.NotEmpty(result.Diagnostics);
            Assert.Equal(
                ConfigLoader.ParseConnection("c.conf", text).Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error), result.Diagnostics);
        }
    }

    [Fact]
    public void WhatNoFileCanSayIsNotWritten()
    {
        ConnectionConfig config = Load(File);
        foreach (ConnectionConfig wrong in new[]
        {
            config with { Paths = [] }, config with { LocalPort = 0 }, config with { Name = "a b" }, config with { Name = "\"#'" }, config with { Name = "a\n[path_0]" },
            config with { AuthenticationType = AuthenticationType.Sha256 },
            config with { Paths = Changed(config, 0, path => path with { Status = PathStatusCode.InterfaceDown }) },
            config with { Paths = [config.Paths[0], config.Paths[0]] },
        })
        {
            foreach (ConfigWriteResult result in new[] { ConnectionWriter.Update("c.conf", Encoding.UTF8.GetBytes(File), wrong), ConnectionWriter.Create("c.conf", wrong) })
            {
                Assert.Null(result.Content);
                Assert.EndsWith("Correct what the errors name, or change the file by hand and reload it.", result.Diagnostics[^1].Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("a;b", "\"a;b\"")]
    [InlineData("a#\"b", "'a#\"b'")]
    [InlineData("\"a", "'\"a'")]
    [InlineData("'a'", "\"'a'\"")]
    [InlineData("it's", "it's")]
    public void ValuesGetQuotesWhereTheyNeedThem(string name, string spelling)
    {
        AssertChanges(
            File.Replace("\"toB\"", "toB", StringComparison.Ordinal), config => config with { Name = name },
            "-name               = toB   ; the office", $"+name               = {spelling}   ; the office");
        Assert.Contains($"name               = {spelling}\n", Text(ConnectionWriter.Create("c.conf", Load(File) with { Name = name, RemoteCommandPort = 1 })), StringComparison.Ordinal);
    }

    [Fact]
    public void TemplateIsReadAsATemplate()
    {
        string text = System.IO.File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "manual", "conf.template"));
        ConnectionConfig template = ConfigLoader.ParseConnection("conf.template", text).Config!;

        string written = Text(ConnectionWriter.Update("/etc/mpttools/conf.template", Encoding.UTF8.GetBytes(text), template with { LocalPort = 65061 }));

        Assert.Equal(text.Replace("65060", "65061", StringComparison.Ordinal), written);
    }

    [Fact]
    public void WholeFileHasCommentsAndEveryKeyThatMatters()
    {
        ConnectionConfig config = Load(File) with
        {
            RemotePort = 65060, RemoteCommandPort = 60456, AuthenticationKey = Key, AuthenticationType = AuthenticationType.Sha256, Networks = [Network("192.168.1.0/24", "0.0.0.0/0")],
        };

        string text = Text(ConnectionWriter.Create("peer_10_0_0_3.conf", config with { Paths = [config.Paths[0], New(1)] }));

        Assert.Equal(
            $"""
            ; From 10.0.0.2 to 10.0.0.3, written by MptTools. Saving again keeps what is added here.
            ; docs/configuration.md of MptTools tells what each key means.

            [connection]
            name               = toB
            ; 1: this server may start changes at the peer; 2: it takes changes from the peer; 3: both.
            permission         = 3
            ip_ver             = 4
            ip_local           = 10.0.0.2
            ; The UDP port for data, one for all paths.
            local_port         = 23456
            ip_remote          = 10.0.0.3
            remote_port        = 65060
            ; cmdport_local of the peer.
            remote_cmd_port    = 60456
            path_count         = 2
            network_count      = 1
            ; 0: in use.
            status             = 0
            ; Packets that may wait for one that is late, and for how many milliseconds; 0: none waits.
            reorder_window     = 0
            max_buffdelay_msec = 100
            ; Commands between the servers: 0 trusted, 1 with a random number, 2 with SHA-256 and auth_key.
            auth_type          = 2
            ; The secret shared with the peer. Nobody but root should be able to read this file.
            auth_key           = {Key}

            [path_0]
            interface_name     = eth1
            ip_ver             = 4
            ; The address that the peer sees; private_ipaddr is the one on the interface where they differ.
            public_ipaddr      = 10.1.1.2
            ; The next hop. The path's own address: the peer is on the same link.
            gw_ipaddr          = 10.1.1.1
            remote_ipaddr      = 10.1.1.3
            ; Seconds between two keepalives, and until a silent path is taken out of use.
            keepalive_time     = 1
            dead_time          = 3
            ; The path's share of the packets sent; weight_in is that of the peer.
            weight_out         = 1
            weight_in          = 1
            cmd_default        = 1
            ; 0: up at start; 128: down until the peer is heard; 131: down until taken up by hand; 255: disabled.
            status             = 0

            [path_1]
            interface_name     = lte0
            ip_ver             = 4
            public_ipaddr      = 10.4.4.2
            gw_ipaddr          = 10.4.4.1
            remote_ipaddr      = 10.4.4.3
            keepalive_time     = 2
            dead_time          = 7
            weight_out         = 5
            weight_in          = 6
            status             = 131

            ; Traffic from src_addr on this side to dst_addr on the peer's goes through the tunnel.
            [net_0]
            ip_ver             = 4
            src_addr           = 192.168.1.0/24
            dst_addr           = 0.0.0.0/0

            """,
            text);
    }

    [Fact]
    public void EveryKeyThatIsReadIsWritten()
    {
        Assert.Equal(KnownKeys.General.Keys.Order(), ConfigFields.General.Select(field => field.Key).Order());
        Assert.Equal(KnownKeys.Tunnel.Keys.Order(), ConfigFields.Tunnel.Select(field => field.Key).Order());
        Assert.Equal(KnownKeys.Connection.Keys.Order(), ConfigFields.Connection.Select(field => field.Key).Order());
        Assert.Equal(KnownKeys.Path.Keys.Order(), ConfigFields.Path.Select(field => field.Key).Order());
        Assert.Equal(KnownKeys.Network.Keys.Order(), ConfigFields.Network.Select(field => field.Key).Order());
        Assert.Equal(KnownKeys.Rule.Keys.Order(), ConfigFields.Rule.Select(field => field.Key).Order());
    }

    private static PathConfig New(int index) => new()
    {
        Index = index,
        Interface = "lte0",
        PublicAddress = IPAddress.Parse("10.4.4.2"),
        LocalAddress = IPAddress.Parse("10.4.4.2"),
        Gateway = IPAddress.Parse("10.4.4.1"),
        RemoteAddress = IPAddress.Parse("10.4.4.3"),
        KeepaliveTime = TimeSpan.FromSeconds(2),
        DeadTime = TimeSpan.FromSeconds(7),
        WeightOut = 5,
        WeightIn = 6,
        Status = PathStatusCode.TakenDown,
    };

    private static NetworkConfig Network(string source, string destination) =>
        new() { Index = 0, Source = IPNetwork.Parse(source), Destination = IPNetwork.Parse(destination) };

    private static IReadOnlyList<PathConfig> Changed(ConnectionConfig config, int index, Func<PathConfig, PathConfig> change) => Changed(config.Paths, index, change);

    private static IReadOnlyList<PathConfig> Changed(IReadOnlyList<PathConfig> paths, int index, Func<PathConfig, PathConfig> change) =>
        [.. paths.Select((path, i) => i == index ? change(path) : path)];

    private static void AssertChanges(Func<ConnectionConfig, ConnectionConfig> change, params string[] expected) => AssertChanges(File, change, expected);

    /// <summary>The lines taken out and put in, in the order of the file; of a place that changed, first all that went.</summary>
    private static void AssertChanges(string text, Func<ConnectionConfig, ConnectionConfig> change, params string[] expected) =>
        Assert.Equal(expected, LineDifference.Of(text.Split('\n'), Update(text, change).Split('\n')));

    private static string Update(string text, Func<ConnectionConfig, ConnectionConfig> change) =>
        Text(ConnectionWriter.Update("c.conf", Encoding.UTF8.GetBytes(text), change(Load(text))));

    private static string Text(ConfigWriteResult result)
    {
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Content);
        return Encoding.UTF8.GetString(result.Content);
    }

    private static ConnectionConfig Load(string text)
    {
        ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("c.conf", text);
        Assert.False(result.HasErrors, string.Join('\n', result.Diagnostics));
        Assert.NotNull(result.Config);
        return result.Config;
    }
}
