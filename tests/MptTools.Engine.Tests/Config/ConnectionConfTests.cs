using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class ConnectionConfTests
{
    private const string Key = "A0A1A2A3A4A5A6A7A8A9b0b1b2b3b4b5b6b7b8b9C0C1C2C3C4C5C6C7C8C9D1D2";

    [Fact]
    public void EveryKeyIsRead()
    {
        ConfText text = ConfText.Connection()
            .Set("connection", "local_cmd_port", "60457").Set("connection", "reorder_window", "1000")
            .Set("connection", "max_buffdelay_msec", "200").Set("connection", "auth_type", "2").Set("connection", "auth_key", Key)
            .Set("path_0", "private_ipaddr", "192.168.1.2").Set("path_0", "keepalive_time", "5").Set("path_0", "dead_time", "11")
            .Set("path_0", "weight_in", "70").Set("path_0", "cmd_default", "1").Set("path_1", "udp_checksum", "0")
            .Set("path_0", "path_priority", "3").Set("path_0", "rate_limit", "1.5M").Set("path_0", "backup", "1")
            .Set("path_0", "tcp_dst", "80 443").Set("path_0", "tcp_src", "60000-65535").Set("path_0", "udp_dst", "53").Set("path_0", "udp_src", "0")
            .Set("connection", "mapping", "combined").Set("connection", "mapping_rest", "flow")
            .Section("rule_0", ("name", "voice"), ("protocol", "udp sctp"), ("src_port", "5060"), ("dst_port", "5004-5005,7078"),
                ("src_addr", "10.1.0.0/16 fd00:1::/64"), ("dst_addr", "192.0.2.7"), ("dscp", "ef 8-10"), ("paths", "1 0"), ("spread", "duplicate"), ("strict", "1"))
            .Section("rule_1", ("protocol", "icmp"), ("prefer", "1"));

        ConfigResult<ConnectionConfig> result = text.Load("/etc/mpt/connections/toB.conf");

        Assert.Empty(result.Diagnostics);
        ConnectionConfig? config = result.Config;
        Assert.NotNull(config);
        Assert.Equal(
            """
            File toB.conf Name toB Permission Send, Receive IPVersion 4 LocalAddress 10.0.0.2 LocalPort 23456 RemoteAddress 10.0.0.3
            RemotePort 23457 RemoteCommandPort 60456 LocalCommandPort 60457 Status 0 ReorderWindow 1000 MaxBufferDelay 00:00:00.2000000
            AuthenticationType Sha256 AuthenticationKey A0A1A2A3A4A5A6A7A8A9b0b1b2b3b4b5b6b7b8b9C0C1C2C3C4C5C6C7C8C9D1D2 IsComplete True Mapping Combined MappingRest Flow
            PathConfig { Index = 0, Interface = eth1, IPVersion = 4, PublicAddress = 10.1.1.2, LocalAddress = 192.168.1.2, Gateway = 10.1.1.1, RemoteAddress = 10.1.1.3, KeepaliveTime = 00:00:05, DeadTime = 00:00:11, WeightOut = 3, WeightIn = 70, Priority = 3, RateLimit = 1500000, IsBackup = True, TcpDestinationPorts = [80 443], TcpSourcePorts = [60000-65535], UdpDestinationPorts = [53], UdpSourcePorts = [0], IsCommandDefault = True, UdpChecksum = True, Status = Up }
            PathConfig { Index = 1, Interface = eth2, IPVersion = 6, PublicAddress = fd00:2::2, LocalAddress = fd00:2::2, Gateway = fe80::1, RemoteAddress = fd00:2::3, KeepaliveTime = 00:00:00, DeadTime = 00:00:00, WeightOut = 2, WeightIn = 1, Priority = 1, RateLimit = 0, IsBackup = False, TcpDestinationPorts = [], TcpSourcePorts = [], UdpDestinationPorts = [], UdpSourcePorts = [], IsCommandDefault = False, UdpChecksum = False, Status = Down }
            NetworkConfig { Index = 0, Source = 11.1.1.0/24, Destination = 21.1.1.0/24 }
            RuleConfig { Index = 0, Name = voice, Protocols = [17 132], SourcePorts = [5060], DestinationPorts = [5004-5005 7078], Sources = [10.1.0.0/16 fd00:1::/64], Destinations = [192.0.2.7/32], Dscp = [46 8 9 10], Paths = [1 0], Prefer = , Spread = Duplicate, IsStrict = True }
            RuleConfig { Index = 1, Name = , Protocols = [1], SourcePorts = [], DestinationPorts = [], Sources = [], Destinations = [], Dscp = [], Paths = [], Prefer = 1, Spread = , IsStrict = False }
            """,
            ConfigText(config));
    }

    [Fact]
    public void WhatIsLeftOutHasItsDefault()
    {
        ConnectionConfig config = Loaded(ConfText.Connection().Set("path_0", "keepalive_time", "2"));

        Assert.Equal(0, config.ReorderWindow);
        Assert.Equal(TimeSpan.FromMilliseconds(100), config.MaxBufferDelay);
        Assert.Null(config.LocalCommandPort);
        Assert.Null(config.AuthenticationKey);
        Assert.Equal(TimeSpan.FromSeconds(6), config.Paths[0].DeadTime);
        Assert.Equal(TimeSpan.Zero, config.Paths[1].KeepaliveTime);
        Assert.Equal(TimeSpan.Zero, config.Paths[1].DeadTime);
        Assert.Equal(1, config.Paths[0].WeightIn);
        Assert.False(config.Paths[0].IsCommandDefault);
        Assert.True(config.Paths[0].UdpChecksum);
        Assert.Equal(config.Paths[0].PublicAddress, config.Paths[0].LocalAddress);
    }

    [Theory]
    [InlineData("connection", "name", "one word that no other connection has as its name")]
    [InlineData("connection", "permission", "a whole number from 0 to 3")]
    [InlineData("connection", "ip_ver", "4 or 6")]
    [InlineData("connection", "ip_local", "an IPv4 address such as 10.1.1.2")]
    [InlineData("connection", "local_port", "a whole number from 1 to 65535")]
    [InlineData("connection", "ip_remote", "an IPv4 address such as 10.1.1.2")]
    [InlineData("connection", "remote_cmd_port", "a whole number from 1 to 65535")]
    [InlineData("connection", "path_count", "a whole number from 1 to 20")]
    [InlineData("connection", "network_count", "a whole number from 0 to 20")]
    [InlineData("connection", "status", "a whole number from 0 to 255")]
    [InlineData("connection", "auth_type", "a whole number from 0 to 2")]
    [InlineData("path_0", "interface_name", "the name of the path's interface, such as eth1")]
    [InlineData("path_0", "ip_ver", "4 or 6")]
    [InlineData("path_0", "public_ipaddr", "an IPv4 address such as 10.1.1.2, or 0.0.0.0 to have it found")]
    [InlineData("path_1", "gw_ipaddr", "an IPv6 address such as fd00::2, or :: to have it found")]
    [InlineData("path_0", "weight_out", "a whole number from 1 to 10000")]
    [InlineData("path_1", "status", "0 (up), 128 (down), 131 (taken down by hand) or 255 (disabled)")]
    [InlineData("net_0", "ip_ver", "4 or 6")]
    [InlineData("net_0", "src_addr", "an IPv4 network such as 11.1.1.0/24")]
    [InlineData("net_0", "dst_addr", "an IPv4 network such as 11.1.1.0/24")]
    public void MandatoryKeyIsMissed(string section, string key, string wanted)
    {
        ConfText without = ConfText.Connection().Remove(section, key);
        ConfText empty = ConfText.Connection().Set(section, key, "");

        Assert.Equal($"c.conf({without.LineOf(section)}): error: [{section}] {key}: The key is missing. Write {key} = and {wanted}.",
            OnlyFault(without).ToString());
        Assert.Equal($"c.conf({empty.LineOf(section, key)}): error: [{section}] {key}: The key has no value. Write {wanted}.",
            OnlyFault(empty).ToString());
    }

    [Theory]
    [InlineData("connection", "name", "to B", "\"to B\" has a blank in it. Write one word that no other connection has as its name.")]
    [InlineData("connection", "permission", "4", "\"4\" is out of range. Write a whole number from 0 to 3.")]
    [InlineData("connection", "permission", "-1", "\"-1\" is no whole number. Write a whole number from 0 to 3.")]
    [InlineData("connection", "ip_ver", "5", "\"5\" is none of the possible values. Write 4 or 6.")]
    [InlineData("connection", "ip_ver", "IPv4", "\"IPv4\" is none of the possible values. Write 4 or 6.")]
    [InlineData("connection", "ip_local", "10.0.0", "\"10.0.0\" is no IP address. Write an IPv4 address such as 10.1.1.2.")]
    [InlineData("connection", "ip_local", "10.0.0.2/24", "\"10.0.0.2/24\" has a prefix length, which does not belong here. Write an IPv4 address such as 10.1.1.2.")]
    [InlineData("connection", "ip_local", "fd00::2", "\"fd00::2\" is an IPv6 address, but ip_ver of this section is 4. Write an IPv4 address such as 10.1.1.2, or ip_ver = 6.")]
    [InlineData("connection", "ip_local", "0.0.0.0", "\"0.0.0.0\" is no address of a host. Write an IPv4 address such as 10.1.1.2.")]
    [InlineData("connection", "ip_remote", "0.0.0.0", "\"0.0.0.0\" is no address of a host. Write an IPv4 address such as 10.1.1.2.")]
    [InlineData("connection", "ip_remote", "224.0.0.5", "\"224.0.0.5\" is a multicast address. Write an IPv4 address such as 10.1.1.2.")]
    [InlineData("connection", "ip_remote", "10.0.0.2", "10.0.0.2 is ip_local as well. Write the tunnel address of the peer.")]
    [InlineData("connection", "local_port", "0", "\"0\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("connection", "local_port", "65536", "\"65536\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("connection", "local_cmd_port", "0", "\"0\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("connection", "remote_port", "0", "\"0\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("connection", "remote_port", "x", "\"x\" is no whole number. Write a whole number from 1 to 65535.")]
    [InlineData("connection", "remote_cmd_port", "65536", "\"65536\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("connection", "path_count", "0", "\"0\" is out of range. Write a whole number from 1 to 20.")]
    [InlineData("connection", "path_count", "21", "\"21\" is out of range. Write a whole number from 1 to 20.")]
    [InlineData("connection", "network_count", "21", "\"21\" is out of range. Write a whole number from 0 to 20.")]
    [InlineData("connection", "status", "256", "\"256\" is out of range. Write a whole number from 0 to 255.")]
    [InlineData("connection", "reorder_window", "10001", "\"10001\" is out of range. Write a whole number from 0 to 10000.")]
    [InlineData("connection", "max_buffdelay_msec", "60001", "\"60001\" is out of range. Write a whole number from 0 to 60000.")]
    [InlineData("connection", "max_buffdelay_msec", "0.5", "\"0.5\" is no whole number. Write a whole number from 0 to 60000.")]
    [InlineData("connection", "auth_type", "3", "\"3\" is out of range. Write a whole number from 0 to 2.")]
    [InlineData("path_0", "interface_name", "eth1/2", "\"eth1/2\" is no name of an interface. Write the name of the path's interface, such as eth1.")]
    [InlineData("path_0", "ip_ver", "46", "\"46\" is none of the possible values. Write 4 or 6.")]
    [InlineData("path_0", "public_ipaddr", "10.1.1.256", "\"10.1.1.256\" is no IP address. Write an IPv4 address such as 10.1.1.2, or 0.0.0.0 to have it found.")]
    [InlineData("path_0", "public_ipaddr", "private_ipaddr", "The value refers to private_ipaddr, which the section does not have. Write private_ipaddr = with the address of the interface.")]
    [InlineData("path_0", "private_ipaddr", "0.0.0.1", "\"0.0.0.1\" is no address of a host. Write an IPv4 address such as 10.1.1.2, or 0.0.0.0 to have it found.")]
    [InlineData("path_0", "private_ipaddr", "fd00::1", "\"fd00::1\" is an IPv6 address, but ip_ver of this section is 4. Write an IPv4 address such as 10.1.1.2, or ip_ver = 6.")]
    [InlineData("path_0", "gw_ipaddr", "255.255.255.255", "\"255.255.255.255\" is a reserved address. Write an IPv4 address such as 10.1.1.2, or 0.0.0.0 to have it found.")]
    [InlineData("path_1", "gw_ipaddr", "0.0.0.0", "0.0.0.0 stands for an IPv4 address to be found, but ip_ver of this section is 6. Write ::.")]
    [InlineData("path_0", "gw_ipaddr", "::", ":: stands for an IPv6 address to be found, but ip_ver of this section is 4. Write 0.0.0.0.")]
    [InlineData("path_1", "gw_ipaddr", "fd00::2/64", "\"fd00::2/64\" has a prefix length, which does not belong here. Write an IPv6 address such as fd00::2, or :: to have it found.")]
    [InlineData("path_1", "public_ipaddr", "ff02::1", "\"ff02::1\" is a multicast address. Write an IPv6 address such as fd00::2, or :: to have it found.")]
    [InlineData("path_1", "gw_ipaddr", "fe80::1%eth2", "\"fe80::1%eth2\" is no IP address. Write an IPv6 address such as fd00::2, or :: to have it found.")]
    [InlineData("path_1", "remote_ipaddr", "10.1.1.3", "\"10.1.1.3\" is an IPv4 address, but ip_ver of this section is 6. Write an IPv6 address such as fd00::2, or ip_ver = 4.")]
    [InlineData("path_1", "remote_ipaddr", "ff02::1", "\"ff02::1\" is a multicast address. Write an IPv6 address such as fd00::2, or :: to have it found.")]
    [InlineData("path_0", "remote_ipaddr", "10.1.1.2", "10.1.1.2 is the path's own address. Write the address of the peer.")]
    [InlineData("path_0", "keepalive_time", "0.009", "\"0.009\" is out of range. Write 0, or a number of seconds from 0.01 to 86400, such as 2 or 0.5.")]
    [InlineData("path_0", "keepalive_time", "86401", "\"86401\" is out of range. Write 0, or a number of seconds from 0.01 to 86400, such as 2 or 0.5.")]
    [InlineData("path_0", "keepalive_time", "-1", "\"-1\" is no number of seconds. Write 0, or a number of seconds from 0.01 to 86400, such as 2 or 0.5.")]
    [InlineData("path_0", "keepalive_time", "0,5", "\"0,5\" is no number of seconds. Write 0, or a number of seconds from 0.01 to 86400, such as 2 or 0.5.")]
    [InlineData("path_0", "keepalive_time", "1e3", "\"1e3\" is no number of seconds. Write 0, or a number of seconds from 0.01 to 86400, such as 2 or 0.5.")]
    [InlineData("path_0", "keepalive_time", "1s", "\"1s\" is no number of seconds. Write 0, or a number of seconds from 0.01 to 86400, such as 2 or 0.5.")]
    [InlineData("path_0", "dead_time", "259201", "\"259201\" is out of range. Write 0, or a number of seconds from 0.01 to 259200, such as 2 or 0.5.")]
    [InlineData("path_0", "weight_out", "0", "\"0\" is out of range. Write a whole number from 1 to 10000.")]
    [InlineData("path_0", "weight_out", "10001", "\"10001\" is out of range. Write a whole number from 1 to 10000.")]
    [InlineData("path_0", "weight_in", "0", "\"0\" is out of range. Write a whole number from 1 to 10000.")]
    [InlineData("path_0", "cmd_default", "2", "\"2\" is out of range. Write 0 or 1.")]
    [InlineData("path_0", "udp_checksum", "2", "\"2\" is out of range. Write 0 or 1.")]
    [InlineData("path_0", "udp_checksum", "off", "\"off\" is no whole number. Write 0 or 1.")]
    [InlineData("path_0", "status", "1", "\"1\" is none of the possible values. Write 0 (up), 128 (down), 131 (taken down by hand) or 255 (disabled).")]
    [InlineData("path_0", "status", "129", "129 (interface down) and 130 (address down) are found by the server itself. Write 0 for a path that starts up, or 128 for one that starts down.")]
    [InlineData("path_0", "status", "130", "129 (interface down) and 130 (address down) are found by the server itself. Write 0 for a path that starts up, or 128 for one that starts down.")]
    [InlineData("net_0", "ip_ver", "0", "\"0\" is none of the possible values. Write 4 or 6.")]
    [InlineData("net_0", "src_addr", "11.1.1.0/33", "\"11.1.1.0/33\" is no network. Write an IPv4 network such as 11.1.1.0/24.")]
    [InlineData("net_0", "src_addr", "all", "\"all\" is no network. Write an IPv4 network such as 11.1.1.0/24.")]
    [InlineData("net_0", "dst_addr", "fd00:1::/64", "\"fd00:1::/64\" is an IPv6 address, but ip_ver of this section is 4. Write an IPv4 address such as 10.1.1.2, or ip_ver = 6.")]
    public void WrongValueIsNamed(string section, string key, string value, string message)
    {
        ConfText text = ConfText.Connection().Set(section, key, value);

        Assert.Equal(new ConfigDiagnostic(ConfigSeverity.Error, "c.conf", text.LineOf(section, key), section, key, message), OnlyFault(text));
    }

    [Theory]
    [InlineData("connection", "name", "MPT_connection_10.0.0.2")]
    [InlineData("connection", "permission", "0")]
    [InlineData("connection", "local_port", "1")]
    [InlineData("connection", "local_port", "65535")]
    [InlineData("connection", "local_cmd_port", "65535")]
    [InlineData("connection", "status", "255")]
    [InlineData("connection", "reorder_window", "10000")]
    [InlineData("connection", "max_buffdelay_msec", "60000")]
    [InlineData("connection", "auth_type", "1")]
    [InlineData("connection", "auth_key", "0")]
    [InlineData("path_0", "interface_name", "wlp3s0.100@x")]
    [InlineData("path_0", "status", "131")]
    [InlineData("path_0", "status", "255")]
    [InlineData("path_0", "weight_out", "10000")]
    [InlineData("path_0", "keepalive_time", "86400")]
    [InlineData("path_0", "dead_time", "0")]
    [InlineData("path_0", "cmd_default", "0")]
    [InlineData("path_0", "udp_checksum", "0")]
    [InlineData("path_0", "udp_checksum", "1")]
    [InlineData("net_0", "dst_addr", "0.0.0.0/0")]
    [InlineData("net_0", "src_addr", "10.0.0.2/32")]
    public void RightValueIsTaken(string section, string key, string value) =>
        Loaded(ConfText.Connection().Set(section, key, value));

    [Theory]
    [InlineData("0.01", "0.02", 10, 20)]
    [InlineData("0.5", null, 500, 1500)]
    [InlineData(".25", "1.", 250, 1000)]
    [InlineData("5", "11", 5000, 11000)]
    [InlineData("0", "3", 0, 3000)]
    [InlineData("0.00", "0", 0, 0)]
    public void TimersMayBeFractions(string keepalive, string? dead, int keepaliveMs, int deadMs)
    {
        ConfText text = ConfText.Connection().Set("path_0", "keepalive_time", keepalive);
        PathConfig path = Loaded(dead is null ? text : text.Set("path_0", "dead_time", dead)).Paths[0];

        Assert.Equal(TimeSpan.FromMilliseconds(keepaliveMs), path.KeepaliveTime);
        Assert.Equal(TimeSpan.FromMilliseconds(deadMs), path.DeadTime);
    }

    [Theory]
    [InlineData("path_0", "dead_time", "5", "The time is not longer than keepalive_time, so the path goes down between two keepalives. Write three times keepalive_time, or remove the line.")]
    [InlineData("path_0", "dead_time", "0", "With 0 the path is never taken for dead, so traffic goes on into a path that lost its peer. Write three times keepalive_time, or remove the line.")]
    [InlineData("path_0", "dead_time", "", "The key has no value, so 15 is taken. Write 0, or a number of seconds from 0.01 to 259200, such as 2 or 0.5, or remove the line.")]
    [InlineData("path_0", "udp_checksum", "", "The key has no value, so 1 is taken. Write 0 or 1, or remove the line.")]
    [InlineData("connection", "reorder_window", "", "The key has no value, so 0 is taken. Write a whole number from 0 to 10000, or remove the line.")]
    [InlineData("connection", "auth_key", "A0A1", "The key has 4 characters, or some that are no hexadecimal digits, so it is not used. Write 64 hexadecimal digits, or remove the line.")]
    [InlineData("net_0", "src_addr", "11.1.1.7/24", "\"11.1.1.7/24\" has bits behind its prefix and is read as 11.1.1.0/24. Write 11.1.1.0/24.")]
    [InlineData("net_0", "src_addr", "10.0.0.2", "\"10.0.0.2\" has no prefix length and is read as the single host 10.0.0.2/32. Write 10.0.0.2/32.")]
    [InlineData("path_0", "weigth_in", "2", "The key is unknown and not read. The nearest known key here is weight_in.")]
    [InlineData("path_0", "gateway_ipadr", "10.1.1.1", "The key is unknown and not read. The nearest known key here is gateway_ipaddr.")]
    [InlineData("path_0", "reorder_window", "2", "The key is not read here; reorder_window belongs to [connection].")]
    [InlineData("net_0", "default_cmd", "2", "The key is not read here; default_cmd belongs to [path_n].")]
    public void DoubtfulValueLoadsWithAWarning(string section, string key, string value, string message)
    {
        ConfText text = ConfText.Connection().Set("path_0", "keepalive_time", "5").Set(section, key, value);

        ConfigResult<ConnectionConfig> result = text.Load();

        Assert.NotNull(result.Config);
        Assert.Equal(new ConfigDiagnostic(ConfigSeverity.Warning, "c.conf", text.LineOf(section, key), section, key, message), Assert.Single(result.Diagnostics));
    }

    [Fact]
    public void BitsBehindAPrefixAreCleared() =>
        Assert.Equal("11.1.1.0/24", ConfText.Connection().Set("net_0", "src_addr", "11.1.1.7/24").Load().Config?.Networks[0].Source.ToString());

    [Theory]
    [InlineData(null, "0.0.0.0", null, null)]
    [InlineData(null, "10.1.1.2", "10.1.1.2", "10.1.1.2")]
    [InlineData("", "10.1.1.2", "10.1.1.2", "10.1.1.2")]
    [InlineData("0.0.0.0", "10.1.1.2", null, "10.1.1.2")]
    [InlineData("192.168.1.2", "0.0.0.0", "192.168.1.2", null)]
    [InlineData("192.168.1.2", "PRIVATE_ipaddr", "192.168.1.2", "192.168.1.2")]
    [InlineData("0.0.0.0", "private_ipaddr", null, null)]
    public void OwnAddressesAreGivenOrToBeFound(string? privateAddress, string publicAddress, string? local, string? seenByPeer)
    {
        ConfText text = ConfText.Connection().Set("path_0", "public_ipaddr", publicAddress).Set("path_0", "gw_ipaddr", "0.0.0.0");
        PathConfig path = Loaded(privateAddress is null ? text : text.Set("path_0", "private_ipaddr", privateAddress)).Paths[0];

        Assert.Equal(local, path.LocalAddress?.ToString());
        Assert.Equal(seenByPeer, path.PublicAddress?.ToString());
        Assert.Null(path.Gateway);
    }

    [Fact]
    public void IPv6AddressesMayBeFoundToo()
    {
        PathConfig path = Loaded(ConfText.Connection().Set("path_1", "public_ipaddr", "::").Set("path_1", "gw_ipaddr", "::")).Paths[1];

        Assert.Equal((6, null, null, null), (path.IPVersion, path.LocalAddress, path.PublicAddress, path.Gateway));
    }

    [Fact]
    public void BothSpellingsOfAKeyAreRead()
    {
        ConnectionConfig config = Loaded(ConfText.Connection()
            .Remove("path_0", "gw_ipaddr").Set("path_0", "Gateway_IPaddr", "10.1.1.9").Set("path_0", "default_cmd", "1"));

        Assert.Equal(IPAddress.Parse("10.1.1.9"), config.Paths[0].Gateway);
        Assert.True(config.Paths[0].IsCommandDefault);
    }

    [Fact]
    public void BothSpellingsTogetherMustAgree()
    {
        Loaded(ConfText.Connection().Set("path_0", "gateway_ipaddr", "10.1.1.1"));
        ConfText text = ConfText.Connection().Set("path_0", "gateway_ipaddr", "10.1.1.9");

        Assert.Equal("c.conf(21): error: [path_0] gw_ipaddr: The key is there in both spellings with different values: gw_ipaddr in line 18 and gateway_ipaddr in line 22. Remove one of them."
            .Replace("(21)", $"({text.LineOf("path_0", "gateway_ipaddr")})", StringComparison.Ordinal), OnlyFault(text).ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D")]
    [InlineData("A0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2A")]
    [InlineData("G0A1A2A3A4A5A6A7A8A9B0B1B2B3B4B5B6B7B8B9C0C1C2C3C4C5C6C7C8C9D1D2")]
    public void Sha256NeedsAKeyAndNoMessageShowsIt(string? key)
    {
        ConfText text = ConfText.Connection().Set("connection", "auth_type", "2");
        if (key is not null)
        {
            text.Set("connection", "auth_key", key);
        }

        ConfigDiagnostic fault = OnlyFault(text);

        Assert.Equal("auth_key", fault.Key);
        Assert.Equal(text.LineOf("connection", key is null ? null : "auth_key"), fault.Line);
        Assert.Contains("Write 64 hexadecimal digits, the same as at the peer.", fault.Message);
        Assert.True(string.IsNullOrEmpty(key) || key == "0" || !fault.ToString().Contains(key[..8], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("auth_key {0}")]
    [InlineData("auth_key : {0}")]
    [InlineData("auth_kye = {0}")]
    [InlineData("{0} = auth_key")]
    [InlineData("[{0}]")]
    [InlineData("auth_key = \"{0}")]
    [InlineData("auth_key = {0}\nauth_key = {0}1")]
    [InlineData("permission = {0}\n")]
    [InlineData("auth_key = {0} {0}")]
    public void NoFaultShowsTheKey(string line)
    {
        string text = ConfText.Connection().Remove("connection", "permission").Set("connection", "auth_type", "2").ToString()
            .Replace("[path_0]", string.Format(null, line, Key) + "\n[path_0]", StringComparison.Ordinal);

        ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("c.conf", text);

        Assert.True(result.HasErrors);
        Assert.All(result.Diagnostics, fault => Assert.DoesNotContain(Key[..8], fault.ToString(), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void PrintedConnectionDoesNotShowItsKey()
    {
        ConnectionConfig config = Loaded(ConfText.Connection().Set("connection", "auth_key", Key));

        Assert.Equal(Key, config.AuthenticationKey);
        Assert.Equal("toB (c.conf)", config.ToString());
    }

    [Theory]
    [InlineData("path_1", "path_count", "2", "[path_0] to [path_1]")]
    [InlineData("net_0", "network_count", "1", "[net_0] to [net_0]")]
    public void MissingSectionIsNamed(string section, string count, string number, string range)
    {
        ConfText text = ConfText.Connection().RemoveSection(section);

        Assert.Equal(
            $"c.conf({text.LineOf("connection", count)}): error: [{section}]: The section is missing: {count} is {number}, so {range} are needed. Add it, or lower {count}.",
            OnlyFault(text).ToString());
    }

    [Theory]
    [InlineData("path_1", "path_count", "1")]
    [InlineData("net_0", "network_count", "0")]
    public void SurplusSectionIsNamedAndNotRead(string section, string count, string number)
    {
        ConfText text = ConfText.Connection().Set("connection", count, number).Set(section, "ip_ver", "faulty");
        ConfigResult<ConnectionConfig> result = text.Load();

        Assert.Equal(
            $"c.conf({text.LineOf(section)}): warning: [{section}]: The section is not read, because {count} is {number}. Raise {count}, or remove the section.",
            Assert.Single(result.Diagnostics).ToString());
        Assert.NotNull(result.Config);
    }

    [Fact]
    public void SectionsMayStandInAnyOrder()
    {
        string ordered = ConfText.Connection().ToString();
        string reversed = string.Join("", ordered.Split('[').Skip(1).Reverse().Select(section => "[" + section));

        Assert.Equal(ConfigText(Loaded(ConfText.Connection())), ConfigText(ConfigLoader.ParseConnection("c.conf", reversed).Config));
    }

    [Fact]
    public void UnknownSectionIsNamedWithTheNearest()
    {
        ConfigResult<ConnectionConfig> result = ConfText.Connection().Section("paht_1", ("ip_ver", "x")).Section("path_01").Load();

        Assert.NotNull(result.Config);
        Assert.Equal(
            [
                "The section is unknown and not read. The nearest known section is [path_1].",
                "The section is unknown and not read. The nearest known section is [path_0].",
            ],
            result.Diagnostics.Select(fault => fault.Message));
    }

    [Fact]
    public void AllFaultsAreReportedAtOnceInTheOrderOfLines()
    {
        ConfText text = ConfText.Connection()
            .Set("connection", "permission", "9").Remove("connection", "status").Set("path_0", "ip_ver", "5").Set("path_0", "weight_out", "x")
            .Set("path_1", "gw_ipaddr", "here").Set("net_0", "dst_addr", "there").Set("net_0", "nonsense", "1");

        ConfigResult<ConnectionConfig> result = text.Load();

        Assert.Null(result.Config);
        Assert.Equal(["status", "permission", "ip_ver", "weight_out", "gw_ipaddr", "dst_addr", "nonsense"], result.Diagnostics.Select(fault => fault.Key));
        Assert.Equal(result.Diagnostics.Select(fault => fault.Line).Order(), result.Diagnostics.Select(fault => fault.Line));
    }

    [Fact]
    public void MissingConnectionSectionStillHasThePathsChecked()
    {
        IReadOnlyList<ConfigDiagnostic> faults = ConfText.Connection().RemoveSection("connection").Set("path_1", "weight_out", "0").Load().Diagnostics;

        Assert.Equal(["connection", "path_1"], faults.Select(fault => fault.Section));
    }

    [Fact]
    public void FileForCreateIsIncompleteWithoutAWarning()
    {
        Assert.True(Loaded(ConfText.Connection()).IsComplete);
        Assert.False(Loaded(ConfText.Connection().Remove("connection", "remote_port")).IsComplete);
        Assert.False(Loaded(ConfText.Connection().Set("connection", "remote_port", "; create fills it in")).IsComplete);
        Assert.False(Loaded(ConfText.Connection().Remove("path_1", "remote_ipaddr")).IsComplete);
        Assert.False(Loaded(ConfText.Connection().Set("path_1", "remote_ipaddr", "")).IsComplete);
        Assert.False(Loaded(ConfText.Connection().Set("path_0", "remote_ipaddr", "0.0.0.0")).IsComplete);
    }

    [Fact]
    public void TemplateLacksThePeerAndTheWeights()
    {
        ConfText text = ConfText.Connection()
            .Remove("connection", "ip_remote").Remove("connection", "remote_port").Remove("connection", "remote_cmd_port")
            .Remove("path_0", "remote_ipaddr").Remove("path_0", "weight_out").Remove("path_1", "remote_ipaddr").Remove("path_1", "weight_out");

        ConfigResult<ConnectionConfig> result = text.Load("conf.template");

        Assert.Empty(result.Diagnostics);
        Assert.False(result.Config?.IsComplete);
        Assert.Equal([1, 1], result.Config?.Paths.Select(path => path.WeightOut) ?? []);
        Assert.Equal(["ip_remote", "remote_cmd_port", "weight_out", "weight_out"], text.Load("c.conf").Diagnostics.Select(fault => fault.Key));
    }

    [Fact]
    public void TemplateWithAFaultyKeyWouldProtectNothing() =>
        Assert.Equal("The key has 4 characters, or some that are no hexadecimal digits, so it would not protect create. Write 64 hexadecimal digits, the same as at the peer.",
            Assert.Single(ConfText.Connection().Set("connection", "auth_key", "A0A1").Load("conf.template").Diagnostics).Message);

    [Fact]
    public void DelayOfZeroIsTheDefault() =>
        Assert.Equal(TimeSpan.FromMilliseconds(100), Loaded(ConfText.Connection().Set("connection", "max_buffdelay_msec", "0")).MaxBufferDelay);

    [Fact]
    public void TwentyPathsAndNetworksAreRead()
    {
        ConfText text = ConfText.Connection().Set("connection", "path_count", "20").Set("connection", "network_count", "20");
        for (int i = 2; i < 20; i++)
        {
            text.Section($"path_{i}", ("interface_name", $"eth{i}"), ("ip_ver", "4"), ("public_ipaddr", $"10.1.{i}.2"),
                ("gw_ipaddr", $"10.1.{i}.2"), ("remote_ipaddr", $"10.1.{i}.3"), ("weight_out", $"{i}"), ("status", "0"));
        }

        for (int i = 1; i < 20; i++)
        {
            text.Section($"net_{i}", ("ip_ver", "6"), ("src_addr", $"fd00:{i}::/64"), ("dst_addr", "::/0"));
        }

        ConnectionConfig config = Loaded(text);

        Assert.Equal(Enumerable.Range(0, 20), config.Paths.Select(path => path.Index));
        Assert.Equal(Enumerable.Range(0, 20), config.Networks.Select(network => network.Index));
        Assert.Equal(19, config.Paths[19].WeightOut);
    }

    internal static ConnectionConfig Loaded(ConfText text)
    {
        ConfigResult<ConnectionConfig> result = text.Load();
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Config);
        return result.Config;
    }

    internal static ConfigDiagnostic OnlyFault(ConfText text)
    {
        ConfigResult<ConnectionConfig> result = text.Load();
        Assert.Null(result.Config);
        return Assert.Single(result.Diagnostics);
    }

    /// <summary>All members of a connection, lists included, which records do not compare.</summary>
    internal static string ConfigText(ConnectionConfig? c)
    {
        Assert.NotNull(c);
        return string.Join('\n',
        [
            $"File {c.File} Name {c.Name} Permission {c.Permission} IPVersion {c.IPVersion} LocalAddress {c.LocalAddress} LocalPort {c.LocalPort} RemoteAddress {c.RemoteAddress}",
            $"RemotePort {c.RemotePort} RemoteCommandPort {c.RemoteCommandPort} LocalCommandPort {c.LocalCommandPort} Status {c.Status} ReorderWindow {c.ReorderWindow} MaxBufferDelay {c.MaxBufferDelay}",
            $"AuthenticationType {c.AuthenticationType} AuthenticationKey {c.AuthenticationKey} IsComplete {c.IsComplete} Mapping {c.Mapping} MappingRest {c.MappingRest}",
            .. c.Paths.Select(Members),
            .. c.Networks.Select(Members),
            .. c.Rules.Select(Members),
        ]);
    }

    /// <summary>All members of a record, the items of lists included.</summary>
    internal static string Members<T>(T record) where T : notnull =>
        $"{record.GetType().Name} {{ {string.Join(", ", record.GetType().GetProperties().Where(property => property.CanWrite).Select(property => $"{property.Name} = {Value(property.GetValue(record))}"))} }}";

    private static string Value(object? value) =>
        value is System.Collections.IEnumerable items and not string ? $"[{string.Join(' ', items.Cast<object>())}]" : $"{value}";
}
