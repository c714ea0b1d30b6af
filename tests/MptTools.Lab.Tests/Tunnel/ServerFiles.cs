using System.Globalization;
using System.Text;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>[tun_n] of a server's interface.conf.</summary>
internal sealed record TunFile(string Name, string? IPv4, string? IPv6, string Mtu = "1440");

/// <summary>[path_n] of a connection. The gateway is the path's own address (the peer is on the link) unless given.</summary>
internal sealed record PathFile(string Interface, string Local, string Remote, string? Gateway = null)
{
    /// <summary>The address that the peer sees, where a NAT translates the local one.</summary>
    internal string? Public { get; init; }

    internal double Keepalive { get; init; } = 0.2;
    internal double Dead { get; init; } = 1;
    internal int Weight { get; init; } = 1;
    internal int Status { get; init; }

    /// <summary>udp_checksum.</summary>
    internal bool Checksum { get; init; } = true;

    /// <summary>Further lines of the section.</summary>
    internal IReadOnlyList<string> Lines { get; init; } = [];

    internal static int VersionOf(string address) => address.Contains(':') ? 6 : 4;
}

/// <summary>[net_n] of a connection.</summary>
internal sealed record NetFile(string Source, string Destination);

/// <summary>A file of connections/.</summary>
internal sealed record ConnectionFile(string Name, string Local, string Remote)
{
    internal int LocalPort { get; init; } = 23456;
    internal int RemotePort { get; init; } = 23456;
    internal int ReorderWindow { get; init; }
    internal int MaximumDelayMilliseconds { get; init; } = 100;

    /// <summary>64 hexadecimal digits for auth_type 2; null for none.</summary>
    internal string? Key { get; init; }

    /// <summary>auth_type; null: what <see cref="Key"/> asks for.</summary>
    internal int? AuthenticationType { get; init; }

    internal int Permission { get; init; } = 3;

    internal IReadOnlyList<PathFile> Paths { get; init; } = [];
    internal IReadOnlyList<NetFile> Networks { get; init; } = [];

    /// <summary>Further lines of [connection].</summary>
    internal IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>The lines of [rule_0], [rule_1] and so on.</summary>
    internal IReadOnlyList<string[]> Rules { get; init; } = [];

    /// <summary>The peer's file where both ends are on the same links.</summary>
    internal ConnectionFile Mirror(string name) => this with
    {
        Name = name,
        Local = Remote,
        Remote = Local,
        LocalPort = RemotePort,
        RemotePort = LocalPort,
        Paths = [.. Paths.Select(path => path with { Local = path.Remote, Remote = path.Local })],
        Networks = [.. Networks.Select(net => new NetFile(net.Destination, net.Source))],
    };

    internal string Render()
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"[connection]");
        Line($"name = {Name}");
        Line($"permission = {Permission}");
        Line($"ip_ver = {PathFile.VersionOf(Local)}");
        Line($"ip_local = {Local}");
        Line($"local_port = {LocalPort}");
        Line($"ip_remote = {Remote}");
        Line($"remote_port = {RemotePort}");
        Line($"remote_cmd_port = 60456");
        Line($"path_count = {Paths.Count}");
        Line($"network_count = {Networks.Count}");
        Line($"status = 0");
        Line($"reorder_window = {ReorderWindow}");
        Line($"max_buffdelay_msec = {MaximumDelayMilliseconds}");
        Line($"auth_type = {AuthenticationType ?? (Key is null ? 0 : 2)}");
        Line($"auth_key = {Key ?? "0"}");
        text.AppendJoin("", Lines.Select(line => $"{line}\n"));
        for (int i = 0; i < Paths.Count; i++)
        {
            PathFile path = Paths[i];
            Line($"[path_{i}]");
            Line($"interface_name = {path.Interface}");
            Line($"ip_ver = {PathFile.VersionOf(path.Local)}");
            Line($"public_ipaddr = {path.Public ?? path.Local}");
            Line($"private_ipaddr = {path.Local}");
            Line($"gw_ipaddr = {path.Gateway ?? path.Local}");
            Line($"remote_ipaddr = {path.Remote}");
            Line($"keepalive_time = {path.Keepalive}");
            Line($"dead_time = {path.Dead}");
            Line($"weight_out = {path.Weight}");
            Line($"weight_in = {path.Weight}");
            Line($"udp_checksum = {(path.Checksum ? 1 : 0)}");
            Line($"status = {path.Status}");
            text.AppendJoin("", path.Lines.Select(line => $"{line}\n"));
        }
        for (int i = 0; i < Networks.Count; i++)
        {
            Line($"[net_{i}]");
            Line($"ip_ver = {PathFile.VersionOf(Networks[i].Source)}");
            Line($"src_addr = {Networks[i].Source}");
            Line($"dst_addr = {Networks[i].Destination}");
        }
        for (int i = 0; i < Rules.Count; i++)
        {
            Line($"[rule_{i}]");
            text.AppendJoin("", Rules[i].Select(line => $"{line}\n"));
        }
        return text.ToString();
    }
}

/// <summary>The directory one server reads; deleted with this.</summary>
internal sealed class ServerFiles : IDisposable
{
    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("mpttools-lab-").FullName;

    /// <summary>What the server is started with beside the directory.</summary>
    internal string[] Arguments { get; init; } = [];

    internal ServerFiles(int commandPort, params IReadOnlyList<TunFile> tunnels)
    {
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "connections"));
        WriteInterface(commandPort, tunnels);
    }

    internal void WriteInterface(int commandPort, params IReadOnlyList<TunFile> tunnels)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"[general]\ntunnel_num = {tunnels.Count}\ncmdport_local = {commandPort}\n");
        for (int i = 0; i < tunnels.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"[tun_{i}]\nname = {tunnels[i].Name}\nmtu = {tunnels[i].Mtu}\n");
            text.Append(tunnels[i].IPv4 is { } four ? $"ipv4_addr = {four}\n" : "");
            text.Append(tunnels[i].IPv6 is { } six ? $"ipv6_addr = {six}\n" : "");
        }
        File.WriteAllText(Path.Combine(Directory, "interface.conf"), text.ToString());
    }

    /// <summary>Puts a line into [general] of interface.conf.</summary>
    internal void AddGeneral(string line)
    {
        string file = Path.Combine(Directory, "interface.conf");
        File.WriteAllText(file, File.ReadAllText(file).Replace("[general]", $"[general]\n{line}"));
    }

    internal void Write(ConnectionFile connection) => WriteConnection(connection.Name, connection.Render());

    internal void WriteConnection(string name, string text) => WriteSecret(Path.Combine(Directory, "connections", $"{name}.conf"), text);

    internal void WriteTemplate(string text) => WriteSecret(Path.Combine(Directory, "conf.template"), text);

    // It may hold a key, so nobody else may read it.
    private static void WriteSecret(string file, string text)
    {
        File.WriteAllText(file, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    /// <summary>Adds an executable to hooks/.</summary>
    /// <param name="script">Lines for sh, in which $JOURNAL is the file that <see cref="Journal"/> reads.</param>
    internal void WriteHook(string name, string script)
    {
        string hooks = System.IO.Directory.CreateDirectory(Path.Combine(Directory, "hooks")).FullName;
        // Renamed into its place as a whole: the server may be about to run it.
        string made = Path.Combine(Directory, name);
        File.WriteAllText(made, $"#!/bin/sh\nJOURNAL={Path.Combine(Directory, "journal")}\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(made, (UnixFileMode)0x1ed);
        }
        File.Move(made, Path.Combine(hooks, name), overwrite: true);
    }

    /// <summary>A directory for programs that the server finds before the system's; null: none was added.</summary>
    internal string? Programs { get; private set; }

    /// <summary>Adds a program that the server takes for the system's of that name; to be added before it starts.</summary>
    /// <param name="script">Lines for sh.</param>
    internal void WriteProgram(string name, string script)
    {
        Programs = System.IO.Directory.CreateDirectory(Path.Combine(Directory, "programs")).FullName;
        string file = Path.Combine(Programs, name);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, (UnixFileMode)0x1ed);
        }
    }

    /// <summary>What hooks have left word of.</summary>
    internal string[] Journal => File.Exists(Path.Combine(Directory, "journal")) ? File.ReadAllLines(Path.Combine(Directory, "journal")) : [];

    internal void DeleteConnection(string name) => File.Delete(Path.Combine(Directory, "connections", $"{name}.conf"));

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
