using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Single settings become a configuration, or a sentence that names them.</summary>
public class ConnectionSettingsTests
{
    private static readonly ConnectionConfig Connection = Of(ConfText.Connection());

    private static readonly ConnectionSurroundings Around = Surroundings(Of(
        ConfText.Connection().Set("connection", "name", "toC").Set("connection", "ip_remote", "10.0.0.4").Set("connection", "local_port", "23999"), "c.conf"));

    [Fact]
    public void NoSettingChangesNothing() => Assert.True(ConfigComparer.AreSame(Connection, Set()));

    [Fact]
    public void WhatIsSetIsDifferentAndNothingElse()
    {
        ConnectionConfig changed = Set(("Reorder_Window", " 100 "), ("max_buffdelay_msec", "250"));
        Assert.True(ConfigComparer.AreSame(
            Connection with { ReorderWindow = 100, MaxBufferDelay = TimeSpan.FromMilliseconds(250) }, changed));
    }

    [Fact]
    public void AnEmptyValueIsTheDefault() => Assert.Equal(0, Set(Set(("reorder_window", "100")), ("reorder_window", "")).ReorderWindow);

    [Theory]
    [InlineData("reorder_window", "many", "[connection] reorder_window: \"many\" is no whole number. Write a whole number from 0 to 10000.")]
    [InlineData("reorder_window", "10001", "[connection] reorder_window: \"10001\" is out of range. Write a whole number from 0 to 10000.")]
    [InlineData("local_port", "", "[connection] local_port: The key is missing. Write local_port = and a whole number from 1 to 65535.")]
    [InlineData("local_port", "23999", "[connection] local_port: 23999 is also local_port in c.conf. Give each connection a port of its own.")]
    [InlineData("local_port", "60456", "[connection] local_port: 60456 is also cmdport_local in interface.conf. Give data and commands a port each.")]
    [InlineData("name", "toC", "[connection] name: \"toC\" is also the name of the connection in c.conf. Give each connection a name of its own.")]
    [InlineData("ip_remote", "10.0.0.4", "[connection] ip_remote: The connection in c.conf joins 10.0.0.2 and 10.0.0.4 as well. There is one connection between two tunnel addresses; put all paths into one file, or change an address.")]
    [InlineData("reorder_windwo", "1", "[connection] reorder_windwo: The key is unknown and not read. The nearest known key here is reorder_window.")]
    [InlineData("weight_out", "1", "[connection] weight_out: The key is not read here; weight_out belongs to [path_n].")]
    [InlineData("path_count", "3", "[connection] path_count: The number follows from what there is. Add or remove paths and networks instead.")]
    [InlineData("name", "a\n[path_9]", "[connection] name: The value has a line break or another control character in it. Write it in one line.")]
    public void AWrongSettingIsNamedWithoutALine(string key, string value, string sentence)
    {
        ConfigResult<ConnectionConfig> result = ConnectionSettings.Set(Connection, Settings((key, value)), Around);
        Assert.Null(result.Config);
        Assert.Equal(sentence, Assert.Single(result.Diagnostics).Sentence);
    }

    [Fact]
    public void BothSpellingsOfAKeyAreOneTooMany()
    {
        ConfigResult<ConnectionConfig> result = ConnectionSettings.SetPath(
            Connection, 0, Settings(("gw_ipaddr", "10.1.1.1"), ("gateway_ipaddr", "10.1.1.9")), Around);
        Assert.Equal("[path_0] gw_ipaddr: The setting is there twice. Remove one of them.", Assert.Single(result.Diagnostics).Sentence);
    }

    [Fact]
    public void AKeyIsNeverRepeated()
    {
        string secret = new('a', 63);
        ConfigResult<ConnectionConfig> result = ConnectionSettings.Set(Connection, Settings(("auth_type", "2"), ("auth_key", secret)), Around);
        Assert.Null(result.Config);
        Assert.DoesNotContain(result.Diagnostics, fault => fault.Sentence.Contains(secret[..8], StringComparison.Ordinal));
    }

    [Fact]
    public void APathIsChangedAmongOthers()
    {
        ConnectionConfig changed = Taken(ConnectionSettings.SetPath(Connection, 1, Settings(("weight_out", "7"), ("keepalive_time", "0.5")), Around));
        Assert.Equal(
            [Connection.Paths[0], Connection.Paths[1] with { WeightOut = 7, KeepaliveTime = TimeSpan.FromSeconds(0.5), DeadTime = changed.Paths[1].DeadTime }],
            changed.Paths);
    }

    [Fact]
    public void APathMayBeWhereThePublicAddressIs()
    {
        ConnectionConfig changed = Taken(ConnectionSettings.SetPath(Connection, 0, Settings(("public_ipaddr", "10.1.1.7")), Around));
        Assert.Equal(("10.1.1.7", "10.1.1.7"), ($"{changed.Paths[0].PublicAddress}", $"{changed.Paths[0].LocalAddress}"));
        changed = Taken(ConnectionSettings.SetPath(changed, 0, Settings(("private_ipaddr", "192.168.1.7")), Around));
        Assert.Equal(("10.1.1.7", "192.168.1.7"), ($"{changed.Paths[0].PublicAddress}", $"{changed.Paths[0].LocalAddress}"));
        changed = Taken(ConnectionSettings.SetPath(changed, 0, Settings(("public_ipaddr", "private_ipaddr")), Around));
        Assert.Equal(("192.168.1.7", "192.168.1.7"), ($"{changed.Paths[0].PublicAddress}", $"{changed.Paths[0].LocalAddress}"));
    }

    [Fact]
    public void AddedPathsComeLastAndRemovedOnesLeaveNoGap()
    {
        (string, string)[] path =
        [
            ("interface_name", "eth3"), ("ip_ver", "4"), ("public_ipaddr", "10.3.3.2"), ("gw_ipaddr", "10.3.3.2"),
            ("remote_ipaddr", "10.3.3.3"), ("weight_out", "1"), ("status", "0"),
        ];
        ConnectionConfig three = Taken(ConnectionSettings.AddPath(Connection, Settings(path), Around));
        Assert.Equal([("eth1", 0), ("eth2", 1), ("eth3", 2)], three.Paths.Select(item => (item.Interface, item.Index)));
        ConnectionConfig two = Taken(ConnectionSettings.RemovePath(three, 0, Around));
        Assert.Equal([("eth2", 0), ("eth3", 1)], two.Paths.Select(item => (item.Interface, item.Index)));
        ConnectionConfig one = Taken(ConnectionSettings.RemovePath(two, 0, Around));
        Assert.Equal(
            "[path_0]: A connection needs a path, and this is its only one. Add another one first, or delete the connection.",
            Assert.Single(ConnectionSettings.RemovePath(one, 0, Around).Diagnostics).Sentence);
        Assert.Contains(
            ConnectionSettings.AddPath(three, Settings(path), Around).Diagnostics,
            fault => fault.Sentence == "[path_3] remote_ipaddr: [path_2] and [path_3] go from 10.3.3.2 to 10.3.3.3 both. Give one of them another address, or remove it.");
        Assert.Contains(
            ConnectionSettings.AddPath(Connection, Settings([.. path.Where(item => item.Item1 != "remote_ipaddr")]), Around).Diagnostics,
            fault => fault.Sentence.StartsWith("[path_2] remote_ipaddr: A path of a running connection needs", StringComparison.Ordinal));
    }

    [Fact]
    public void NetworksComeAndGo()
    {
        ConnectionConfig two = Taken(ConnectionSettings.AddNetwork(Connection, "fd01::/64", "fd02::/64", Around));
        Assert.Equal((1, "fd01::/64", "fd02::/64"), (two.Networks[1].Index, $"{two.Networks[1].Source}", $"{two.Networks[1].Destination}"));
        Assert.Contains(ConnectionSettings.AddNetwork(two, "fd01::1/64", "fd02::/64", Around).Diagnostics, fault => fault.Sentence.Contains("already", StringComparison.Ordinal));
        Assert.Contains(ConnectionSettings.AddNetwork(two, "fd01::/64", "nowhere", Around).Diagnostics, fault => fault.Key == "dst_addr");
        ConnectionConfig one = Taken(ConnectionSettings.RemoveNetwork(two, "11.1.1.0/24", "21.1.1.0/24", Around)!);
        Assert.Equal((0, "fd01::/64"), (Assert.Single(one.Networks).Index, $"{one.Networks[0].Source}"));
        Assert.Null(ConnectionSettings.RemoveNetwork(one, "11.1.1.0/24", "21.1.1.0/24", Around));
        Assert.Null(ConnectionSettings.RemoveNetwork(one, "11.1.1.0/24", "nowhere", Around)!.Config);
    }

    [Fact]
    public void WarningsAreThoseOfTheSettings()
    {
        Assert.Empty(ConnectionSettings.Set(Connection, Settings(("local_cmd_port", "60456")), Around).Diagnostics);
        ConfigDiagnostic warning = Assert.Single(ConnectionSettings.Set(Connection, Settings(("local_cmd_port", "60457")), Around).Diagnostics);
        Assert.Equal(
            "[connection] local_cmd_port: The peer is told to send commands to port 60457, but cmdport_local in interface.conf is 60456. Write 60456, or remove the line.",
            warning.Sentence);
    }

    internal static ConnectionConfig Of(ConfText text, string file = "b.conf") => text.Load(file).Config!;

    internal static ConnectionSurroundings Surroundings(params ConnectionConfig[] others) => new(
        new GeneralConfig(),
        [new TunnelConfig { Name = "tun0", IPv4 = new InterfaceAddress(System.Net.IPAddress.Parse("10.0.0.2"), 24) }],
        others);

    internal static Dictionary<string, string> Settings(params (string Key, string Value)[] settings) =>
        settings.ToDictionary(setting => setting.Key, setting => setting.Value);

    private static ConnectionConfig Set(params (string Key, string Value)[] settings) => Set(Connection, settings);

    private static ConnectionConfig Set(ConnectionConfig config, params (string Key, string Value)[] settings) =>
        Taken(ConnectionSettings.Set(config, Settings(settings), Around));

    private static ConnectionConfig Taken(ConfigResult<ConnectionConfig> result)
    {
        Assert.Empty(result.Diagnostics);
        return result.Config!;
    }
}
