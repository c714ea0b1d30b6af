using System.Net;

namespace MptTools.Engine.Config;

/// <summary>A connection as far as it could be read, with what is needed to check it against other files.</summary>
internal sealed class ConnectionDraft
{
    /// <summary>The [connection] section; null when there is none.</summary>
    public SectionReader? Section { get; init; }

    public required string Path { get; init; }
    public string? Name { get; init; }
    public int? IPVersion { get; init; }
    public IPAddress? LocalAddress { get; init; }
    public IPAddress? RemoteAddress { get; init; }
    public int? LocalPort { get; init; }
    public int? LocalCommandPort { get; init; }
    public required IReadOnlyList<PathDraft> Paths { get; init; }

    /// <summary>Null when the file has an error.</summary>
    public ConnectionConfig? Config { get; init; }
}

/// <summary>Reads a connection's file, or conf.template, which lacks what the peer of a create brings along.</summary>
internal static class ConnectionReader
{
    private const int KeyDigits = 64;
    internal const string OwnKeyWord = "own";
    private static readonly TimeSpan DefaultBufferDelay = TimeSpan.FromMilliseconds(100);

    public static ConnectionDraft Read(string file, IniDocument document, bool isTemplate, FaultList faults)
    {
        NumberedSections.ReportUnknown(document, file, IsKnownSection, ["connection", "path_0", "path_1", "net_0", "net_1", "rule_0", "rule_1"], faults);
        if (document.Find("connection") is not { } section)
        {
            faults.Error(file, 0, "connection", null, "The section is missing. Add [connection] with the connection's name, addresses, ports, path_count and network_count.");
            return new ConnectionDraft { Path = file, Paths = ReadPaths(file, document, ("path_count", 0, null), isTemplate, faults) };
        }

        var reader = new SectionReader(file, section, KnownKeys.Connection, faults);
        int? pathCount = reader.Number("path_count", 1, ConfigRanges.MaxPaths);
        int? networkCount = reader.Number("network_count", 0, ConfigRanges.MaxNetworks);
        IReadOnlyList<PathDraft> paths = ReadPaths(file, document, ("path_count", reader.LineOf("path_count"), pathCount), isTemplate, faults);
        IReadOnlyList<NetworkConfig> networks = ReadNetworks(file, document, ("network_count", reader.LineOf("network_count"), networkCount), faults);
        IReadOnlyList<RuleDraft> rules = [.. NumberedSections.SelectUncounted(document, file, "rule_", ConfigRanges.MaxRules, faults)
            .Select(rule => RuleReader.Read(file, rule.Index, rule.Section, pathCount, faults))];
        ReportPathsInConflict(paths);
        return ReadConnection(file, reader, paths, networks, rules, isTemplate, faults);
    }

    private static ConnectionDraft ReadConnection(
        string file, SectionReader reader, IReadOnlyList<PathDraft> paths, IReadOnlyList<NetworkConfig> networks, IReadOnlyList<RuleDraft> rules,
        bool isTemplate, FaultList faults)
    {
        string? name = reader.Word("name", "one word that no other connection has as its name", WhyNoName);
        int? permission = reader.Number("permission", 0, ConfigRanges.MaxPermission);
        int? version = reader.Choice("ip_ver", "4 or 6", 4, 6);
        IPAddress? local = reader.Address("ip_local", version, mandatory: true);
        IPAddress? remote = reader.Address("ip_remote", version, mandatory: !isTemplate);
        int? localPort = reader.Number("local_port", 1, ConfigRanges.MaxPort);
        int? localCommandPort = reader.NumberIfGiven("local_cmd_port", 1, ConfigRanges.MaxPort);
        int? remotePort = reader.NumberIfGiven("remote_port", 1, ConfigRanges.MaxPort);
        int? remoteCommandPort = isTemplate ? reader.NumberIfGiven("remote_cmd_port", 1, ConfigRanges.MaxPort) : reader.Number("remote_cmd_port", 1, ConfigRanges.MaxPort);
        int? status = reader.Number("status", 0, ConfigRanges.MaxStatusCode);
        int? window = reader.Number("reorder_window", 0, ConfigRanges.MaxReorderWindow, fallback: 0);
        int? bufferDelay = reader.Number("max_buffdelay_msec", 0, ConfigRanges.MaxBufferDelayMilliseconds, fallback: (int)DefaultBufferDelay.TotalMilliseconds);
        int? authentication = reader.Number("auth_type", 0, 2);
        string? key = ReadKey(reader, authentication, isTemplate);
        bool? builtInAfterCreate = ReadKeyAfterCreate(reader);
        (MappingMode mapping, MappingMode rest) = MappingReader.Read(reader, paths, rules);
        if (local is not null && local.Equals(remote))
        {
            reader.Error("ip_remote", $"{remote} is ip_local as well. Write the tunnel address of the peer.");
        }

        ConnectionConfig? config =
            faults.ErrorsIn(file) > 0 || name is null || permission is not { } permissionBits || version is not { } ipVersion
            || local is null || localPort is not { } port || status is not { } statusCode || window is not { } packets
            || bufferDelay is not { } milliseconds || authentication is not { } authenticationType
            || builtInAfterCreate is not { } builtIn
            ? null
            : new ConnectionConfig
            {
                File = Path.GetFileName(file),
                Name = name,
                Permission = (ConnectionPermission)permissionBits,
                IPVersion = ipVersion,
                LocalAddress = local,
                LocalPort = port,
                RemoteAddress = remote,
                RemotePort = remotePort,
                RemoteCommandPort = remoteCommandPort,
                LocalCommandPort = localCommandPort,
                Status = statusCode,
                ReorderWindow = packets,
                MaxBufferDelay = milliseconds == 0 ? DefaultBufferDelay : TimeSpan.FromMilliseconds(milliseconds),
                AuthenticationType = (AuthenticationType)authenticationType,
                AuthenticationKey = key,
                BuiltInKeyAfterCreate = builtIn,
                Mapping = mapping,
                MappingRest = rest,
                Rules = [.. rules.Select(rule => rule.Config).OfType<RuleConfig>()],
                Paths = [.. paths.Select(path => path.Config).OfType<PathConfig>()],
                Networks = networks,
            };
        return new ConnectionDraft
        {
            Section = reader,
            Path = file,
            Name = name,
            IPVersion = version,
            LocalAddress = local,
            RemoteAddress = remote,
            LocalPort = localPort,
            LocalCommandPort = localCommandPort,
            Paths = paths,
            Config = config,
        };
    }

    private static bool IsKnownSection(string name) =>
        name.Equals("connection", StringComparison.OrdinalIgnoreCase)
        || NumberedSections.IndexOf(name, "path_") is not null
        || NumberedSections.IndexOf(name, "net_") is not null
        || NumberedSections.IndexOf(name, "rule_") is not null;

    internal static string? WhyNoName(string name) => name.Any(char.IsWhiteSpace) ? "has a blank in it" : null;

    private static List<PathDraft> ReadPaths(
        string file, IniDocument document, (string, int, int?) count, bool isTemplate, FaultList faults) =>
        [.. NumberedSections.Select(document, file, "path_", count, faults)
            .Select(path => PathReader.Read(file, path.Index, path.Section, isTemplate, faults))];

    private static List<NetworkConfig> ReadNetworks(
        string file, IniDocument document, (string, int, int?) count, FaultList faults)
    {
        List<NetworkConfig> networks = [];
        foreach ((int index, IniSection section) in NumberedSections.Select(document, file, "net_", count, faults))
        {
            if (ReadNetwork(index, new SectionReader(file, section, KnownKeys.Network, faults)) is { } network)
            {
                networks.Add(network);
            }
        }

        return networks;
    }

    /// <summary>Reads [net_n]; null where it has a fault.</summary>
    internal static NetworkConfig? ReadNetwork(int index, SectionReader reader)
    {
        int? version = reader.Choice("ip_ver", "4 or 6", 4, 6);
        IPNetwork? source = reader.Network("src_addr", version);
        IPNetwork? destination = reader.Network("dst_addr", version);
        return source is { } from && destination is { } to ? new NetworkConfig { Index = index, Source = from, Destination = to } : null;
    }

    /// <summary>auth_key has a value that nobody else should know, right or wrong; 0 and the built-in key are none.</summary>
    public static bool HoldsSecret(SectionReader section) =>
        section.Secret("auth_key") is { } key && key != "0" && !BuiltInKey.IsNamed(key) && !BuiltInKey.Is(key);

    /// <summary>A file's text has a key that nobody else should know.</summary>
    public static bool HoldsSecret(string file, ReadOnlyMemory<byte> content) =>
        IniDocument.Parse(file, content, new FaultList())?.Find("connection") is { } section
        && HoldsSecret(new SectionReader(file, section, KnownKeys.Connection, new FaultList()));

    /// <summary>Reads auth_key. No message repeats it, whatever is wrong with it.</summary>
    private static string? ReadKey(SectionReader reader, int? authentication, bool isTemplate)
    {
        string? key = reader.Secret("auth_key");
        bool isNeeded = authentication == (int)AuthenticationType.Sha256;
        bool isWhole = key is { Length: KeyDigits } && key.All(char.IsAsciiHexDigit);
        bool isNamed = BuiltInKey.IsNamed(key);
        if (isNamed || BuiltInKey.Is(key))
        {
            reader.Warning("auth_key", $"The key is the one built into existing servers: it keeps nobody out who knows them. Use it only towards a server that goes on with it after mpt create, and write {KeyDigits} hexadecimal digits of your own at both ends as soon as you can.");
        }

        if (isWhole || isNamed)
        {
            return isNamed ? BuiltInKey.Digits : key;
        }

        // Files that need no key often say so with a 0.
        bool isAbsent = key is null or "0";
        string found = isAbsent ? "There is no key" : $"The key has {key?.Length} characters, or some that are no hexadecimal digits";
        if (isNeeded)
        {
            reader.Error("auth_key", $"{found}, but auth_type is 2. Write {KeyDigits} hexadecimal digits, the same as at the peer.");
        }
        else if (!isAbsent && isTemplate)
        {
            // Ignored, it would leave create to the built-in key that everybody has.
            reader.Error("auth_key", $"{found}, so it would not protect create. Write {KeyDigits} hexadecimal digits, the same as at the peer.");
        }
        else if (!isAbsent)
        {
            reader.Warning("auth_key", $"{found}, so it is not used. Write {KeyDigits} hexadecimal digits, or remove the line.");
        }

        return null;
    }

    private static bool? ReadKeyAfterCreate(SectionReader reader)
    {
        bool? isBuiltIn = reader.OneOf("auth_key_after_create", OwnKeyWord, BuiltInKey.Word);
        if (isBuiltIn == true)
        {
            reader.Warning("auth_key_after_create", "After a create with an existing server, commands are authenticated with the key built into those, which keeps nobody out who knows them. Write a key of your own at both ends as soon as you can.");
        }

        return isBuiltIn;
    }

    private static void ReportPathsInConflict(IReadOnlyList<PathDraft> paths)
    {
        Dictionary<(object Local, IPAddress Remote), PathDraft> pairs = [];
        PathDraft? commandPath = null;
        foreach (PathDraft path in paths)
        {
            SectionReader section = path.Section;
            // Where the local address is to be found, the interface stands for it.
            object? local = path.LocalAddress ?? (object?)path.Interface;
            if (local is not null && path.RemoteAddress is { } remote && !pairs.TryAdd((local, remote), path))
            {
                PathDraft first = pairs[(local, remote)];
                section.Error("remote_ipaddr",
                    $"{first.Section.Place()} and {section.Place()} go from {local} to {remote} both. Give one of them another address, or remove it.");
            }

            if (path.IsCommandDefault && commandPath is not null)
            {
                section.Error("cmd_default",
                    $"{commandPath.Section.Place("cmd_default")} and {section.Place("cmd_default")} are both the path for commands. Leave cmd_default = 1 in one of them.");
            }

            commandPath ??= path.IsCommandDefault ? path : null;
        }
    }
}
