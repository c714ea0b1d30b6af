using System.Text;

namespace MptTools.Engine.Config;

/// <summary>interface.conf as far as it could be read, with what is needed to check other files against it.</summary>
/// <param name="Path">The file's path.</param>
/// <param name="General">[general]; null when it has a fault.</param>
/// <param name="Tunnels">The tunnels without a fault.</param>
/// <param name="AreTunnelsWhole">Every tunnel was read, so an address none of them has is nobody's.</param>
/// <param name="CommandPort">cmdport_local with the line it comes from; null when it has a fault.</param>
internal sealed record InterfaceDraft(
    string Path, GeneralConfig? General, IReadOnlyList<TunnelConfig> Tunnels, bool AreTunnelsWhole, (int Port, int Line)? CommandPort);

/// <summary>Reads interface.conf.</summary>
internal static class InterfaceConfReader
{
    /// <summary>The kernel's own limit on interfaces is far away; this keeps a slip of the pen from asking for a million sections.</summary>
    public const int MaxTunnels = 100;

    private const int MaxThreads = 64;
    private const int MaxHookTimeout = 600;
    private const string Automatic = "auto";
    private const int DefaultMtu = 1440;
    private const int SmallestMtu = 68;
    private const int SmallestIPv6Mtu = 1280;

    public static InterfaceDraft Read(string file, IniDocument document, FaultList faults)
    {
        GeneralConfig? general = null;
        (int, int)? commandPort = null;
        int? tunnelCount = null;
        int tunnelCountLine = 0;
        if (document.Find("general") is { } section)
        {
            var reader = new SectionReader(file, section, KnownKeys.General, faults);
            tunnelCount = reader.Number("tunnel_num", 1, MaxTunnels, fallback: 1);
            tunnelCountLine = reader.LineOf("tunnel_num");
            general = ReadGeneral(reader);
            commandPort = general is null ? null : (general.CommandPort, reader.LineOf("cmdport_local"));
        }
        else
        {
            faults.Error(file, 0, "general", null, "The section is missing. Add [general] with tunnel_num, accept_remote, cmdport_local and cmd_timeout.");
        }

        IReadOnlyList<(int Index, IniSection Section)> sections =
            NumberedSections.Select(document, file, "tun_", ("tunnel_num", tunnelCountLine, tunnelCount), faults);
        List<TunnelConfig> tunnels = ReadTunnels(file, sections, faults);
        NumberedSections.ReportUnknown(document, file, IsKnownSection, ["general", "tun_0", "tun_1"], faults);
        bool areWhole = tunnelCount is not null && tunnels.Count == tunnelCount;
        return new InterfaceDraft(file, general, tunnels, areWhole, commandPort);
    }

    /// <summary>Why no interface can have this name; null when one can. The kernel's rule, and the percent sign it expands.</summary>
    public static string? WhyNoInterfaceName(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > 15)
        {
            return "is longer than 15 bytes";
        }

        return name is "." or ".." || name.Any(c => c is '/' or ':' or '%' || char.IsWhiteSpace(c))
            ? "is no name of an interface"
            : null;
    }

    private static bool IsKnownSection(string name) =>
        name.Equals("general", StringComparison.OrdinalIgnoreCase) || NumberedSections.IndexOf(name, "tun_") is not null;

    private static GeneralConfig? ReadGeneral(SectionReader reader)
    {
        bool? acceptRemote = reader.Switch("accept_remote");
        int? commandPort = reader.Number("cmdport_local", 1, 65535, fallback: 60456);
        int? timeout = reader.Number("cmd_timeout", 1, 3600, fallback: 25);
        bool? acceptUsers = reader.Switch("accept_local_users", fallback: false);
        int? hookTimeout = reader.Number("hook_timeout", 1, MaxHookTimeout, fallback: 10);
        StunServer? stun = reader.StunServer("stun_server");
        Offloads? disabled = reader.OffloadList("disable_offloads");
        int? threads = reader.NumberOrWord("threads", 1, MaxThreads, Automatic);
        return acceptRemote is not { } accept || commandPort is not { } port || timeout is not { } seconds || acceptUsers is not { } users || disabled is not { } offloads
            || threads is not { } count || hookTimeout is not { } hookSeconds
            ? null
            : new GeneralConfig
            {
                AcceptRemote = accept,
                CommandPort = port,
                CommandTimeout = TimeSpan.FromSeconds(seconds),
                AcceptLocalUsers = users,
                HookTimeout = TimeSpan.FromSeconds(hookSeconds),
                StunServer = stun,
                DisabledOffloads = offloads,
                Threads = count,
            };
    }

    private static List<TunnelConfig> ReadTunnels(string file, IReadOnlyList<(int Index, IniSection Section)> sections, FaultList faults)
    {
        List<TunnelConfig> tunnels = [];
        Dictionary<string, int> names = new(StringComparer.Ordinal);
        Dictionary<System.Net.IPAddress, int> addresses = [];
        foreach ((int _, IniSection section) in sections)
        {
            var reader = new SectionReader(file, section, KnownKeys.Tunnel, faults);
            if (ReadTunnel(reader, faults) is not { } tunnel)
            {
                continue;
            }

            tunnels.Add(tunnel);
            ReportTaken(reader, names, "name", tunnel.Name);
            ReportTaken(reader, addresses, "ipv4_addr", tunnel.IPv4?.Address);
            ReportTaken(reader, addresses, "ipv6_addr", tunnel.IPv6?.Address);
        }

        return tunnels;
    }

    private static void ReportTaken<T>(SectionReader reader, Dictionary<T, int> taken, string key, T? value) where T : class
    {
        int line = reader.LineOf(key);
        if (value is not null && !taken.TryAdd(value, line))
        {
            reader.Error(key, $"{ConfigText.Quote(value.ToString() ?? "")} is taken: two tunnels have it, in line {taken[value]} and in line {line}. Change one of them.");
        }
    }

    private static TunnelConfig? ReadTunnel(SectionReader reader, FaultList faults)
    {
        int errorsBefore = faults.ErrorsIn(reader.File);
        string? name = reader.Word("name", "the name of the tunnel interface, such as tun0", WhyNoInterfaceName);
        int? mtu = reader.NumberOrWord("mtu", SmallestMtu, 65535, Automatic, fallback: DefaultMtu);
        bool isAutomatic = mtu == 0;
        InterfaceAddress? ipv4 = reader.TunnelAddress("ipv4_addr", 4);
        InterfaceAddress? ipv6 = reader.TunnelAddress("ipv6_addr", 6);
        if (!reader.Has("ipv4_addr") && !reader.Has("ipv6_addr"))
        {
            reader.Error("ipv4_addr", "The tunnel has no address. Write ipv4_addr = with an address such as 10.0.0.2/24, or ipv6_addr =, or both.");
        }

        if (ipv6 is not null && !isAutomatic && mtu < SmallestIPv6Mtu)
        {
            reader.Error("mtu", $"{mtu} is too small for the tunnel's ipv6_addr: IPv6 needs {SmallestIPv6Mtu} bytes (RFC 8200, section 5). Write {SmallestIPv6Mtu} or more, or {Automatic}, or remove ipv6_addr.");
        }

        return faults.ErrorsIn(reader.File) > errorsBefore || name is null || mtu is not { } bytes
            ? null
            : new TunnelConfig { Name = name, Mtu = isAutomatic ? DefaultMtu : bytes, AutoMtu = isAutomatic, IPv4 = ipv4, IPv6 = ipv6 };
    }
}
