using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>Text of a configuration file that tests change key by key.</summary>
public sealed class ConfText
{
    private readonly List<(string Section, List<(string Key, string Value)> Entries)> sections = [];

    /// <summary>A connection with two paths and a network in which nothing is wrong.</summary>
    public static ConfText Connection() => new ConfText()
        .Section("connection", ("name", "toB"), ("permission", "3"), ("ip_ver", "4"), ("ip_local", "10.0.0.2"),
            ("local_port", "23456"), ("ip_remote", "10.0.0.3"), ("remote_port", "23457"), ("remote_cmd_port", "60456"),
            ("path_count", "2"), ("network_count", "1"), ("status", "0"), ("auth_type", "0"))
        .Section("path_0", ("interface_name", "eth1"), ("ip_ver", "4"), ("public_ipaddr", "10.1.1.2"),
            ("gw_ipaddr", "10.1.1.1"), ("remote_ipaddr", "10.1.1.3"), ("weight_out", "3"), ("status", "0"))
        .Section("path_1", ("interface_name", "eth2"), ("ip_ver", "6"), ("public_ipaddr", "fd00:2::2"),
            ("gw_ipaddr", "fe80::1"), ("remote_ipaddr", "fd00:2::3"), ("weight_out", "2"), ("status", "128"))
        .Section("net_0", ("ip_ver", "4"), ("src_addr", "11.1.1.0/24"), ("dst_addr", "21.1.1.0/24"));

    /// <summary>An interface.conf with two tunnels in which nothing is wrong.</summary>
    public static ConfText Interface() => new ConfText()
        .Section("general", ("tunnel_num", "2"), ("accept_remote", "1"), ("cmdport_local", "60456"), ("cmd_timeout", "5"))
        .Section("tun_0", ("name", "tun0"), ("mtu", "1440"), ("ipv4_addr", "10.0.0.2/24"), ("ipv6_addr", "fd00::2/64"))
        .Section("tun_1", ("name", "tun1"), ("mtu", "1400"), ("ipv4_addr", "10.9.0.2/24"));

    public ConfText Section(string name, params (string Key, string Value)[] entries)
    {
        sections.Add((name, [.. entries]));
        return this;
    }

    /// <summary>Changes a key's value, or adds the key at the section's end.</summary>
    public ConfText Set(string section, string key, string value)
    {
        List<(string Key, string Value)> entries = Entries(section);
        int index = entries.FindIndex(entry => entry.Key == key);
        if (index < 0)
        {
            entries.Add((key, value));
        }
        else
        {
            entries[index] = (key, value);
        }

        return this;
    }

    public ConfText Remove(string section, string key)
    {
        Assert.Equal(1, Entries(section).RemoveAll(entry => entry.Key == key));
        return this;
    }

    public ConfText RemoveSection(string section)
    {
        Assert.Equal(1, sections.RemoveAll(candidate => candidate.Section == section));
        return this;
    }

    /// <summary>The line of a key's last occurrence, or with no key that of the section's header, counted from 1.</summary>
    public int LineOf(string section, string? key = null)
    {
        string[] lines = ToString().Split('\n');
        int header = Array.LastIndexOf(lines, $"[{section}]");
        int length = Entries(section).Count;
        return key is null ? header + 1 : Array.FindLastIndex(lines, header + length, length, line => line.StartsWith($"{key} = ", StringComparison.Ordinal)) + 1;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach ((string section, List<(string Key, string Value)> entries) in sections)
        {
            text.Append('[').Append(section).Append("]\n");
            foreach ((string key, string value) in entries)
            {
                text.Append(key).Append(" = ").Append(value).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Reads it as a connection's file.</summary>
    public ConfigResult<ConnectionConfig> Load(string file = "c.conf") => ConfigLoader.ParseConnection(file, ToString());

    /// <summary>Reads text as interface.conf; what was found, and the tunnels and [general] where there is no error.</summary>
    public static (GeneralConfig? General, IReadOnlyList<TunnelConfig> Tunnels, IReadOnlyList<ConfigDiagnostic> Faults) LoadInterface(string text)
    {
        var faults = new FaultList();
        IniDocument? document = IniDocument.Parse("interface.conf", Encoding.UTF8.GetBytes(text), faults);
        Assert.NotNull(document);
        InterfaceDraft draft = InterfaceConfReader.Read("interface.conf", document, faults);
        return (draft.General, draft.Tunnels, faults.ToList());
    }

    private List<(string Key, string Value)> Entries(string section) => sections.Last(candidate => candidate.Section == section).Entries;
}
