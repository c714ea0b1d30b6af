using System.Net;

namespace MptTools.Engine.Config;

/// <summary>What a connection must get along with.</summary>
/// <param name="General">[general] of interface.conf.</param>
/// <param name="Tunnels">The tunnels there are.</param>
/// <param name="Others">All other connections, those included whose files are there but which do not run.</param>
internal sealed record ConnectionSurroundings(GeneralConfig General, IReadOnlyList<TunnelConfig> Tunnels, IReadOnlyList<ConnectionConfig> Others);

/// <summary>
/// Makes another configuration of a connection from single settings, with the ranges, the checks and the messages of files. Pure:
/// nothing is started or written. Errors name section and key; they have no line.
/// </summary>
internal static class ConnectionSettings
{
    /// <summary>Changes keys of [connection].</summary>
    internal static ConfigResult<ConnectionConfig> Set(
        ConnectionConfig config, IReadOnlyDictionary<string, string> settings, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config);
        foreach (string key in settings.Keys.Where(key => IsKey(key, "path_count") || IsKey(key, "network_count")))
        {
            draft.Error("connection", key.ToLowerInvariant(), "The number follows from what there is. Add or remove paths and networks instead.");
        }
        draft.Put("connection", KnownKeys.Connection, draft.Connection, settings);
        return draft.Read(around);
    }

    /// <summary>Adds a path behind the last one; keys as in [path_n].</summary>
    internal static ConfigResult<ConnectionConfig> AddPath(
        ConnectionConfig config, IReadOnlyDictionary<string, string> settings, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config);
        Dictionary<string, string> path = [];
        draft.Paths.Add(path);
        return ReadPath(draft, draft.Paths.Count - 1, path, settings, around);
    }

    /// <summary>Changes keys of [path_n].</summary>
    internal static ConfigResult<ConnectionConfig> SetPath(
        ConnectionConfig config, int index, IReadOnlyDictionary<string, string> settings, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config);
        Dictionary<string, string> path = draft.Paths[index];
        if (settings.Any(setting => IsKey(setting.Key, "public_ipaddr") && IsKey(setting.Value.Trim(), "private_ipaddr")))
        {
            // The word refers to what files may leave out.
            path.TryAdd("private_ipaddr", path["public_ipaddr"]);
        }
        return ReadPath(draft, index, path, settings, around);
    }

    /// <summary>
    /// Takes a path out; the later ones move up by one, also in the rules that name them. A rule that has no other path, or prefers this one,
    /// must be changed before.
    /// </summary>
    internal static ConfigResult<ConnectionConfig> RemovePath(ConnectionConfig config, int index, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config);
        if (draft.Paths.Count > 1)
        {
            RemovePath(config, index, draft);
        }
        else
        {
            draft.Error($"path_{index}", null, "A connection needs a path, and this is its only one. Add another one first, or delete the connection.");
        }
        return draft.Read(around);
    }

    /// <summary>Adds a network behind the last one.</summary>
    internal static ConfigResult<ConnectionConfig> AddNetwork(
        ConnectionConfig config, string source, string destination, ConnectionSurroundings around)
    {
        (SettingsDraft draft, NetworkConfig? network) = ReadNetwork(config, source, destination);
        if (network is not null && Find(config, network) >= 0)
        {
            draft.Error($"net_{config.Networks.Count}", null, $"{config.Name} has the network from {network.Source} to {network.Destination} already.");
        }
        return draft.Read(around);
    }

    /// <summary>Takes a network out.</summary>
    /// <returns>Null where the connection has no such network.</returns>
    internal static ConfigResult<ConnectionConfig>? RemoveNetwork(
        ConnectionConfig config, string source, string destination, ConnectionSurroundings around)
    {
        (SettingsDraft draft, NetworkConfig? network) = ReadNetwork(config, source, destination);
        if (network is null)
        {
            return draft.Read(around);
        }
        if (Find(config, network) is not (>= 0 and var index))
        {
            return null;
        }
        var rest = new SettingsDraft(config);
        rest.Networks.RemoveAt(index);
        return rest.Read(around);
    }

    /// <summary>Adds a rule; keys as in [rule_n].</summary>
    /// <param name="config">The connection.</param>
    /// <param name="settings">The keys and values.</param>
    /// <param name="position">Its number, 0 to the number of rules; those from there on move down by one. Null: behind the last one.</param>
    /// <param name="around">What it must get along with.</param>
    internal static ConfigResult<ConnectionConfig> AddRule(
        ConnectionConfig config, IReadOnlyDictionary<string, string> settings, int? position, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config) { TellsOfRulesInVain = true };
        int index = position ?? draft.Rules.Count;
        if (index < 0 || index > draft.Rules.Count)
        {
            draft.Error($"rule_{index}", null, $"A new rule cannot have this number. Choose one from 0 to {draft.Rules.Count}, which puts it behind all others.");
            return draft.Read(around);
        }
        Dictionary<string, string> rule = [];
        draft.Rules.Insert(index, rule);
        draft.Put($"rule_{index}", KnownKeys.Rule, rule, settings);
        return draft.Read(around);
    }

    /// <summary>Changes keys of [rule_n].</summary>
    internal static ConfigResult<ConnectionConfig> SetRule(
        ConnectionConfig config, int index, IReadOnlyDictionary<string, string> settings, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config) { TellsOfRulesInVain = true };
        draft.Put($"rule_{index}", KnownKeys.Rule, draft.Rules[index], settings);
        return draft.Read(around);
    }

    /// <summary>Takes a rule out; the later ones move up by one.</summary>
    internal static ConfigResult<ConnectionConfig> RemoveRule(ConnectionConfig config, int index, ConnectionSurroundings around)
    {
        var draft = new SettingsDraft(config);
        draft.Rules.RemoveAt(index);
        return draft.Read(around);
    }

    /// <summary>What is wrong with a connection among others; empty where nothing is.</summary>
    internal static IReadOnlyList<ConfigDiagnostic> Check(ConnectionConfig config, ConnectionSurroundings around) =>
        new SettingsDraft(config).Read(around).Diagnostics;

    private static ConfigResult<ConnectionConfig> ReadPath(
        SettingsDraft draft, int index, Dictionary<string, string> path, IReadOnlyDictionary<string, string> settings, ConnectionSurroundings around)
    {
        draft.Put($"path_{index}", KnownKeys.Path, path, settings);
        draft.TellsOfRulesInVain = settings.Keys.Any(key => MappingReader.IsPortKey(key.ToLowerInvariant()));
        if (!path.TryGetValue("remote_ipaddr", out string? remote) || remote == IPAddress.Any.ToString())
        {
            draft.Error($"path_{index}", "remote_ipaddr", "A path of a running connection needs its peer's address. Write remote_ipaddr = and the address of the peer.");
        }
        return draft.Read(around);
    }

    // The network as the reader takes it, host bits cleared; null where it has a fault, which the draft then tells.
    private static (SettingsDraft Draft, NetworkConfig? Network) ReadNetwork(ConnectionConfig config, string source, string destination)
    {
        var draft = new SettingsDraft(config);
        Dictionary<string, string> network = [];
        draft.PutNetwork(draft.Networks.Count, network, source, destination);
        draft.Networks.Add(network);
        var section = new IniSection("net_0", 0);
        foreach ((string key, string value) in network)
        {
            section.TryAdd(new IniEntry(key, value, 0, 0, 0));
        }
        return (draft, ConnectionReader.ReadNetwork(0, new SectionReader("", section, KnownKeys.Network, new FaultList())));
    }

    private static void RemovePath(ConnectionConfig config, int index, SettingsDraft draft)
    {
        List<RuleConfig> rules = [.. config.Rules.Select(rule => RulePaths.Renumbered(
            rule, path => path == index ? -1 : path > index ? path - 1 : path, (key, message) => draft.Error($"rule_{rule.Index}", key, message)))];
        if (!draft.HasErrors)
        {
            draft.Paths.RemoveAt(index);
            draft.Rules.Clear();
            draft.Rules.AddRange(rules.Select(rule => SettingsDraft.Texts(ConfigFields.Rule, rule)));
        }
    }

    private static int Find(ConnectionConfig config, NetworkConfig network) =>
        config.Networks.ToList().FindIndex(item => item.Source == network.Source && item.Destination == network.Destination);

    private static bool IsKey(string written, string key) => string.Equals(written, key, StringComparison.OrdinalIgnoreCase);
}
