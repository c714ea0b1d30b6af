using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class InterfaceConfTests
{
    [Fact]
    public void EveryKeyAndEveryTunnelIsRead()
    {
        (GeneralConfig? general, IReadOnlyList<TunnelConfig> tunnels, IReadOnlyList<ConfigDiagnostic> faults) =
            ConfText.LoadInterface(ConfText.Interface().ToString());

        Assert.Empty(faults);
        Assert.Equal(new GeneralConfig { AcceptRemote = true, CommandPort = 60456, CommandTimeout = TimeSpan.FromSeconds(5) }, general);
        Assert.Equal(
            [
                new TunnelConfig
                {
                    Name = "tun0", Mtu = 1440, IPv4 = new InterfaceAddress(IPAddress.Parse("10.0.0.2"), 24),
                    IPv6 = new InterfaceAddress(IPAddress.Parse("fd00::2"), 64),
                },
                new TunnelConfig { Name = "tun1", Mtu = 1400, IPv4 = new InterfaceAddress(IPAddress.Parse("10.9.0.2"), 24) },
            ],
            tunnels);
    }

    [Theory]
    [InlineData("stun.example.net", "stun.example.net", 3478, "stun.example.net")]
    [InlineData("stun.example.net:3479", "stun.example.net", 3479, "stun.example.net:3479")]
    [InlineData("192.0.2.1:1", "192.0.2.1", 1, "192.0.2.1:1")]
    [InlineData("2001:db8::1", "2001:db8::1", 3478, "[2001:db8::1]")]
    [InlineData("[2001:db8::1]", "2001:db8::1", 3478, "[2001:db8::1]")]
    [InlineData("[2001:db8::1]:65535", "2001:db8::1", 65535, "[2001:db8::1]:65535")]
    public void AStunServerIsAHostAndAPort(string text, string host, int port, string written)
    {
        (GeneralConfig? general, _, IReadOnlyList<ConfigDiagnostic> faults) =
            ConfText.LoadInterface($"[general]\nstun_server = {text}\n[tun_0]\nname = mpt0\nipv6_addr = fd00::2/64\n");

        Assert.Empty(faults);
        Assert.Equal(new StunServer(host, port), general?.StunServer);
        Assert.Equal(written, general!.StunServer!.ToString());
    }

    [Theory]
    [InlineData("stun.example.net:0")]
    [InlineData("stun.example.net:65536")]
    [InlineData("stun.example.net:")]
    [InlineData("stun.example.net:x")]
    [InlineData("[2001:db8::1")]
    [InlineData("[192.0.2.1]:1")]
    [InlineData("stun:example:net")]
    [InlineData("a/b")]
    public void WhatIsNoStunServerIsAnError(string text)
    {
        (GeneralConfig? general, _, IReadOnlyList<ConfigDiagnostic> faults) =
            ConfText.LoadInterface($"[general]\nstun_server = {text}\n[tun_0]\nname = mpt0\nipv6_addr = fd00::2/64\n");

        Assert.Equal(("stun_server", ConfigSeverity.Error), (Assert.Single(faults).Key, faults[0].Severity));
    }

    [Fact]
    public void WhatIsLeftOutHasItsDefault()
    {
        (GeneralConfig? general, IReadOnlyList<TunnelConfig> tunnels, IReadOnlyList<ConfigDiagnostic> faults) =
            ConfText.LoadInterface("[general]\n[tun_0]\nname = mpt0\nipv6_addr = fd00::2/64\n");

        Assert.Empty(faults);
        Assert.Equal(new GeneralConfig { AcceptRemote = false, CommandPort = 60456, CommandTimeout = TimeSpan.FromSeconds(25) }, general);
        Assert.Equal(1440, Assert.Single(tunnels).Mtu);
        Assert.Null(tunnels[0].IPv4);
    }

    [Theory]
    [InlineData("general", "tunnel_num", "0", "\"0\" is out of range. Write a whole number from 1 to 100.")]
    [InlineData("general", "tunnel_num", "101", "\"101\" is out of range. Write a whole number from 1 to 100.")]
    [InlineData("general", "tunnel_num", "two", "\"two\" is no whole number. Write a whole number from 1 to 100.")]
    [InlineData("general", "accept_remote", "2", "\"2\" is out of range. Write 0 or 1.")]
    [InlineData("general", "accept_remote", "yes", "\"yes\" is no whole number. Write 0 or 1.")]
    [InlineData("general", "cmdport_local", "0", "\"0\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("general", "cmdport_local", "65536", "\"65536\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("general", "cmdport_local", "99999999999999999999999", "\"99999999999999999999999\" is out of range. Write a whole number from 1 to 65535.")]
    [InlineData("general", "cmdport_local", "+1", "\"+1\" is no whole number. Write a whole number from 1 to 65535.")]
    [InlineData("general", "cmd_timeout", "0", "\"0\" is out of range. Write a whole number from 1 to 3600.")]
    [InlineData("general", "hook_timeout", "0", "\"0\" is out of range. Write a whole number from 1 to 600.")]
    [InlineData("general", "cmd_timeout", "1.5", "\"1.5\" is no whole number. Write a whole number from 1 to 3600.")]
    [InlineData("general", "disable_offloads", "tun_tcp, gso", "\"tun_tcp, gso\" names \"gso\", which is no offload. Write tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none.")]
    [InlineData("general", "disable_offloads", "none, udp_gro", "\"none, udp_gro\" has none beside other names. Write tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none.")]
    [InlineData("general", "disable_offloads", ",", "\",\" has no name. Write tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none.")]
    [InlineData("general", "threads", "0", "\"0\" is out of range. Write auto, or a whole number from 1 to 64.")]
    [InlineData("general", "threads", "65", "\"65\" is out of range. Write auto, or a whole number from 1 to 64.")]
    [InlineData("general", "threads", "many", "\"many\" is no whole number. Write auto, or a whole number from 1 to 64.")]
    [InlineData("tun_0", "name", "", "The key has no value. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "sixteen-bytes-16", "\"sixteen-bytes-16\" is longer than 15 bytes. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "tünneltünnel12", "\"tünneltünnel12\" is longer than 15 bytes. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "a/b", "\"a/b\" is no name of an interface. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "a b", "\"a b\" is no name of an interface. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "a:b", "\"a:b\" is no name of an interface. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "tun%d", "\"tun%d\" is no name of an interface. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "name", "..", "\"..\" is no name of an interface. Write the name of the tunnel interface, such as tun0.")]
    [InlineData("tun_0", "mtu", "67", "\"67\" is out of range. Write auto, or a whole number from 68 to 65535.")]
    [InlineData("tun_0", "mtu", "65536", "\"65536\" is out of range. Write auto, or a whole number from 68 to 65535.")]
    [InlineData("tun_0", "mtu", "automatic", "\"automatic\" is no whole number. Write auto, or a whole number from 68 to 65535.")]
    [InlineData("tun_0", "mtu", "1279", "1279 is too small for the tunnel's ipv6_addr: IPv6 needs 1280 bytes (RFC 8200, section 5). Write 1280 or more, or auto, or remove ipv6_addr.")]
    [InlineData("tun_0", "ipv4_addr", "10.0.0.2", "\"10.0.0.2\" has no prefix length. Write an IPv4 address with its prefix length, such as 10.0.0.2/24.")]
    [InlineData("tun_0", "ipv4_addr", "10.0.0.2/33", "\"10.0.0.2/33\" is no address with a prefix length. Write an IPv4 address with its prefix length, such as 10.0.0.2/24.")]
    [InlineData("tun_0", "ipv4_addr", "10.0.0.2/0", "\"10.0.0.2/0\" has the prefix length 0, which would put the whole Internet behind the tunnel. Write an IPv4 address with its prefix length, such as 10.0.0.2/24.")]
    [InlineData("tun_0", "ipv4_addr", "fd00::2/64", "\"fd00::2/64\" is no IPv4 address. Write an IPv4 address with its prefix length, such as 10.0.0.2/24.")]
    [InlineData("tun_0", "ipv4_addr", "127.0.0.1/8", "\"127.0.0.1/8\" is a loopback address. Write an IPv4 address with its prefix length, such as 10.0.0.2/24.")]
    [InlineData("tun_0", "ipv4_addr", "224.0.0.1/8", "\"224.0.0.1/8\" is a multicast address. Write an IPv4 address with its prefix length, such as 10.0.0.2/24.")]
    [InlineData("tun_0", "ipv6_addr", "10.0.0.2/24", "\"10.0.0.2/24\" is no IPv6 address. Write an IPv6 address with its prefix length, such as fd00::2/64.")]
    [InlineData("tun_0", "ipv6_addr", "::ffff:10.0.0.2/120", "\"::ffff:10.0.0.2/120\" is an IPv4 address written as IPv6. Write an IPv6 address with its prefix length, such as fd00::2/64.")]
    [InlineData("tun_1", "name", "tun0", "\"tun0\" is taken: two tunnels have it, in line 7 and in line 12. Change one of them.")]
    [InlineData("tun_1", "ipv4_addr", "10.0.0.2/16", "\"10.0.0.2\" is taken: two tunnels have it, in line 9 and in line 14. Change one of them.")]
    [InlineData("tun_1", "ipv6_addr", "fd00::2/48", "\"fd00::2\" is taken: two tunnels have it, in line 10 and in line 15. Change one of them.")]
    public void WrongValueIsNamed(string section, string key, string value, string message)
    {
        ConfText text = ConfText.Interface().Set(section, key, value);

        IReadOnlyList<ConfigDiagnostic> faults = ConfText.LoadInterface(text.ToString()).Faults;

        Assert.Equal(new ConfigDiagnostic(ConfigSeverity.Error, "interface.conf", text.LineOf(section, key), section, key, message), Assert.Single(faults));
    }

    [Theory]
    [InlineData("general", "tunnel_num", "002")]
    [InlineData("general", "accept_remote", "0")]
    [InlineData("general", "cmdport_local", "1")]
    [InlineData("general", "cmdport_local", "65535")]
    [InlineData("general", "cmd_timeout", "3600")]
    [InlineData("general", "hook_timeout", "1")]
    [InlineData("general", "hook_timeout", "600")]
    [InlineData("tun_0", "name", "fifteen-bytes15")]
    [InlineData("tun_0", "name", "é.@")]
    [InlineData("tun_0", "mtu", "1280")]
    [InlineData("tun_1", "mtu", "68")]
    [InlineData("tun_0", "mtu", "65535")]
    [InlineData("tun_0", "mtu", "auto")]
    [InlineData("tun_0", "mtu", "Auto")]
    [InlineData("tun_0", "ipv4_addr", "10.0.0.2/32")]
    [InlineData("tun_0", "ipv4_addr", "10.0.0.2/1")]
    [InlineData("tun_0", "ipv6_addr", "fec0::2/128")]
    public void RightValueIsTaken(string section, string key, string value) =>
        Assert.Empty(ConfText.LoadInterface(ConfText.Interface().Set(section, key, value).ToString()).Faults);

    [Theory]
    [InlineData("auto", 0)]
    [InlineData("AUTO", 0)]
    [InlineData("1", 1)]
    [InlineData("64", 64)]
    public void NumberOfThreadsIsRead(string value, int threads)
    {
        (GeneralConfig? general, _, IReadOnlyList<ConfigDiagnostic> faults) =
            ConfText.LoadInterface(ConfText.Interface().Set("general", "threads", value).ToString());

        Assert.Empty(faults);
        Assert.Equal(threads, general!.Threads);
    }

    [Theory]
    [InlineData("auto", true, 1440)]
    [InlineData("AUTO", true, 1440)]
    [InlineData("1440", false, 1440)]
    [InlineData("1300", false, 1300)]
    public void AnAutomaticMtuStartsWithTheDefault(string value, bool isAutomatic, int mtu)
    {
        TunnelConfig tunnel = ConfText.LoadInterface(ConfText.Interface().Set("tun_0", "mtu", value).ToString()).Tunnels[0];

        Assert.Equal((isAutomatic, mtu), (tunnel.AutoMtu, tunnel.Mtu));
    }

    [Theory]
    [InlineData("tunnel_num", "1")]
    [InlineData("accept_remote", "0")]
    [InlineData("cmdport_local", "60456")]
    [InlineData("cmd_timeout", "25")]
    [InlineData("hook_timeout", "10")]
    [InlineData("disable_offloads", "none")]
    [InlineData("threads", "auto")]
    public void EmptyValueGivesTheDefaultWithAWarning(string key, string fallback)
    {
        ConfText text = ConfText.Interface().Set("general", key, "");
        ConfigDiagnostic fault = ConfText.LoadInterface(text.ToString()).Faults[0];

        Assert.Equal(ConfigSeverity.Warning, fault.Severity);
        Assert.StartsWith($"The key has no value, so {fallback} is taken. ", fault.Message);
        Assert.Equal(text.LineOf("general", key), fault.Line);
    }

    [Fact]
    public void MissingAndSurplusSectionsAreNamed()
    {
        Assert.Equal(
            "interface.conf(2): error: [tun_2]: The section is missing: tunnel_num is 3, so [tun_0] to [tun_2] are needed. Add it, or lower tunnel_num.",
            Assert.Single(ConfText.LoadInterface(ConfText.Interface().Set("general", "tunnel_num", "3").ToString()).Faults).ToString());
        Assert.Equal(
            "interface.conf(11): warning: [tun_1]: The section is not read, because tunnel_num is 1. Raise tunnel_num, or remove the section.",
            Assert.Single(ConfText.LoadInterface(ConfText.Interface().Set("general", "tunnel_num", "1").ToString()).Faults).ToString());
        Assert.Equal(
            "interface.conf: error: [general]: The section is missing. Add [general] with tunnel_num, accept_remote, cmdport_local and cmd_timeout.",
            Assert.Single(ConfText.LoadInterface(ConfText.Interface().RemoveSection("general").ToString()).Faults).ToString());
    }

    [Fact]
    public void MissingNameAndMissingAddressesAreNamed()
    {
        ConfText text = ConfText.Interface().Remove("tun_1", "name").Remove("tun_1", "ipv4_addr");

        Assert.Equal(
            [
                "interface.conf(11): error: [tun_1] name: The key is missing. Write name = and the name of the tunnel interface, such as tun0.",
                "interface.conf(11): error: [tun_1] ipv4_addr: The tunnel has no address. Write ipv4_addr = with an address such as 10.0.0.2/24, or ipv6_addr =, or both.",
            ],
            ConfText.LoadInterface(text.ToString()).Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void UnknownKeyAndSectionAreNamedWithTheNearest()
    {
        ConfText text = ConfText.Interface().Set("general", "acept_remote", "1").Set("tun_0", "weight_out", "1").Section("tunn_2");

        Assert.Equal(
            [
                "interface.conf(6): warning: [general] acept_remote: The key is unknown and not read. The nearest known key here is accept_remote.",
                "interface.conf(12): warning: [tun_0] weight_out: The key is not read here; weight_out belongs to [path_n].",
                "interface.conf(17): warning: [tunn_2]: The section is unknown and not read. The nearest known section is [tun_0].",
            ],
            ConfText.LoadInterface(text.ToString()).Faults.Select(fault => fault.ToString()));
    }
}
