using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.Config;

public class InterfaceConfWriterTests
{
    private const string File =
        """
        [general]
        tunnel_num    = 2
        ; Accept remote new connection request
        accept_remote = 1
        cmdport_local = 60456

        [tun_0]
        name      = tun0   ; the first
        mtu       = 1440
        ipv4_addr = 10.0.0.2/24   ; the office
        [tun_1]
        name=tun1
        ipv6_addr = "fd00:1::2/64"

        ; the end
        """;

    [Fact]
    public void AnAddressIsAddedAndAnotherRemoved() => AssertChanges(
        tunnels => [tunnels[0] with { IPv4 = null, IPv6 = Configs.Interface("fd00::2/64"), Mtu = 1280 }, tunnels[1]],
        "-mtu       = 1440", "-ipv4_addr = 10.0.0.2/24   ; the office",
        "+mtu       = 1280", "+ipv4_addr =    ; the office", "+ipv6_addr = fd00::2/64");

    [Fact]
    public void AnAddressIsReplacedInItsQuotes() => AssertChanges(
        tunnels => [tunnels[0], tunnels[1] with { IPv6 = Configs.Interface("fd00:1::9/48") }],
        "-ipv6_addr = \"fd00:1::2/64\"", "+ipv6_addr = \"fd00:1::9/48\"");

    [Fact]
    public void ATunnelIsRemovedAndTheNextMovesUp() => AssertChanges(
        tunnels => [tunnels[1]],
        "-tunnel_num    = 2", "+tunnel_num    = 1", "-name      = tun0   ; the first", "-mtu       = 1440", "-ipv4_addr = 10.0.0.2/24   ; the office", "-[tun_1]");

    [Fact]
    public void GeneralSettingsAreWritten()
    {
        ConfigWriteResult result = InterfaceConfWriter.Update(
            "interface.conf", Bytes, new GeneralConfig { AcceptRemote = false, CommandPort = 60456, CommandTimeout = TimeSpan.FromSeconds(5) }, Tunnels);

        Assert.Equal(["-accept_remote = 1", "+accept_remote = 0", "+cmd_timeout   = 5"], Difference(result));
    }

    [Fact]
    public void WhatNoFileCanSayIsNotWritten()
    {
        foreach (TunnelConfig[] wrong in new TunnelConfig[][]
        {
            [], [Tunnels[0], Tunnels[0]], [Tunnels[0] with { Name = "a/b" }, Tunnels[1]], [Tunnels[0], Tunnels[1] with { Mtu = 1000 }],
        })
        {
            ConfigWriteResult result = InterfaceConfWriter.Update("interface.conf", Bytes, General, wrong);

            Assert.Null(result.Content);
            Assert.StartsWith("What is to be saved has no spelling in this file", result.Diagnostics[^1].Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AFileThatDoesNotLoadIsNotWritten()
    {
        ConfigWriteResult result = InterfaceConfWriter.Update("interface.conf", Encoding.UTF8.GetBytes(File + "\n[tun_0]"), General, Tunnels);

        Assert.Null(result.Content);
        Assert.Equal("interface.conf(16): error: [tun_0]: The section is there twice: in line 7 and in line 16. Remove one of them.", Assert.Single(result.Diagnostics).ToString());
    }

    private static byte[] Bytes => Encoding.UTF8.GetBytes(File);

    private static IReadOnlyList<TunnelConfig> Tunnels => ConfText.LoadInterface(File).Tunnels;

    private static GeneralConfig General => ConfText.LoadInterface(File).General!;

    private static void AssertChanges(Func<IReadOnlyList<TunnelConfig>, IReadOnlyList<TunnelConfig>> change, params string[] expected) =>
        Assert.Equal(expected, Difference(InterfaceConfWriter.Update("interface.conf", Bytes, General, change(Tunnels))));

    private static IReadOnlyList<string> Difference(ConfigWriteResult result)
    {
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Content);
        return LineDifference.Of(File.Split('\n'), Encoding.UTF8.GetString(result.Content).Split('\n'));
    }
}
