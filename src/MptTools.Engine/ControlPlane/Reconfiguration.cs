using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Changes of a running server's connections by command: single settings, paths and networks; restart and delete. What is to be
/// is checked as files are; <see cref="ConnectionSet.Change"/> carries it out.
/// </summary>
/// <param name="config">What the server was started with.</param>
internal sealed class Reconfiguration(ServerContext context, ConnectionSet connections, ServerConfig config)
{
    /// <summary>The configuration in use; its connections are as their files gave them.</summary>
    internal ServerConfig Config { get; set; } = config;

    internal void SetConnection(string name, IReadOnlyDictionary<string, string> settings)
    {
        ConnectionController connection = Find(name);
        ConnectionController changed = Change(connection, ConnectionSettings.Set(connection.Config, settings, Around(connection)));
        changed.KeyIsSet |= settings.Keys.Contains("auth_key", StringComparer.OrdinalIgnoreCase);
    }

    internal int AddPath(string name, IReadOnlyDictionary<string, string> settings)
    {
        ConnectionController connection = Find(name);
        return Change(connection, ConnectionSettings.AddPath(connection.Config, settings, Around(connection))).Paths.Length - 1;
    }

    internal void SetPath(string name, int path, IReadOnlyDictionary<string, string> settings)
    {
        ConnectionController connection = Find(name, path);
        Change(connection, ConnectionSettings.SetPath(connection.Config, path, settings, Around(connection)));
    }

    internal void RemovePath(string name, int path)
    {
        ConnectionController connection = Find(name, path);
        Change(connection, ConnectionSettings.RemovePath(connection.Config, path, Around(connection)));
    }

    internal int AddRule(string name, IReadOnlyDictionary<string, string> settings, int? position)
    {
        ConnectionController connection = Find(name);
        int index = position ?? connection.Config.Rules.Count;
        Change(connection, ConnectionSettings.AddRule(connection.Config, settings, position, Around(connection)));
        return index;
    }

    internal void SetRule(string name, int rule, IReadOnlyDictionary<string, string> settings)
    {
        ConnectionController connection = FindRule(name, rule);
        Change(connection, ConnectionSettings.SetRule(connection.Config, rule, settings, Around(connection)));
    }

    internal void RemoveRule(string name, int rule)
    {
        ConnectionController connection = FindRule(name, rule);
        Change(connection, ConnectionSettings.RemoveRule(connection.Config, rule, Around(connection)));
    }

    internal int AddNetwork(string name, string source, string destination)
    {
        ConnectionController connection = Find(name);
        return Change(connection, ConnectionSettings.AddNetwork(connection.Config, source, destination, Around(connection))).Config.Networks.Count - 1;
    }

    internal void RemoveNetwork(string name, string source, string destination)
    {
        ConnectionController connection = Find(name);
        Change(connection, ConnectionSettings.RemoveNetwork(connection.Config, source, destination, Around(connection))
            ?? throw NotFound($"{name} has no network from {ConfigText.Printable(source)} to {ConfigText.Printable(destination)}. {Networks(connection.Config)}"));
    }

    /// <summary>Restarts one connection or all.</summary>
    internal void Restart(string? file)
    {
        foreach (ConnectionController connection in file is null ? [.. connections.Running] : new[] { FindFile(file) })
        {
            connections.Restart(connection);
        }
    }

    /// <summary>Stops a connection and takes its file out of use.</summary>
    internal void Delete(string file)
    {
        string path = PathOf(file);
        ConnectionController? running = connections.FindFile(file);
        bool exists = File.Exists(path);
        if (!exists && running is null)
        {
            throw NotFound($"There is no connection from {file}, and no such file in {Path.GetDirectoryName(path)}. {Files()}");
        }
        string disabled = path + ".disabled";
        try
        {
            if (exists)
            {
                File.Move(path, disabled, overwrite: true);
            }
        }
        catch (Exception e) when (ConfigFile.IsAboutFiles(e))
        {
            throw new MptCommandException($"{path} cannot be renamed to {disabled}, so the connection keeps running: {e.Message}", e);
        }
        Config = Config with { Connections = [.. Config.Connections.Where(connection => connection.File != file)] };
        if (running is not null)
        {
            connections.Stop(running);
        }
    }

    /// <summary>What is to be saved, of one connection or of all.</summary>
    internal IReadOnlyList<SaveItem> ReadForSaving(string? file) =>
    [
        .. from connection in file is null ? connections.Running : [FindFile(file)]
           select new SaveItem(connection.ConfigAsOrdered, connection.Loaded, connection.KeyIsSet),
    ];

    /// <summary>A connection was saved: what is the same since then was not changed at run time.</summary>
    internal void Saved(SaveItem item)
    {
        if (connections.FindFile(item.Running.File) is { } connection)
        {
            connection.Loaded = item.Running;
            connection.StatusSaved(item.Running, context.Forwarder.Now);
            connection.KeyIsSet = false;
        }
        context.Raise(MptEventKind.Saved, $"{item.Running.File} was saved.", item.Running.Name);
    }

    /// <summary>A running connection.</summary>
    /// <exception cref="MptCommandException">There is none of that name, or it has no such path.</exception>
    internal ConnectionController Find(string name, int? path = null)
    {
        ConnectionController found = connections.Find(name)
            ?? throw NotFound($"There is no connection {ConfigText.Printable(name)} on server {context.Server}; Get-MptConnection or 'mpt show status' lists those there are.");
        if (path is { } index && (index < 0 || index >= found.Paths.Length))
        {
            throw NotFound($"Connection {name} has no path {index}; its paths are 0 to {found.Paths.Length - 1}.");
        }
        return found;
    }

    /// <summary>A running connection that has a rule.</summary>
    /// <exception cref="MptCommandException">There is none of that name, or it has no such rule.</exception>
    private ConnectionController FindRule(string name, int rule)
    {
        ConnectionController found = Find(name);
        int count = found.Config.Rules.Count;
        return rule >= 0 && rule < count ? found
            : throw NotFound($"Connection {name} has no rule {rule}; {(count == 0 ? "it has none" : count == 1 ? "its only rule is 0" : $"its rules are 0 to {count - 1}")}.");
    }

    /// <summary>The running connection from a file.</summary>
    /// <exception cref="MptCommandException">That is no name of a connection's file, or none runs from it.</exception>
    internal ConnectionController FindFile(string file)
    {
        PathOf(file);
        return connections.FindFile(file) ?? throw NotFound($"No connection runs from {file}. {Files()}");
    }

    /// <summary>A connection's file as a whole path.</summary>
    /// <param name="file">Its name without a directory.</param>
    /// <exception cref="MptCommandException">That is no name of a connection's file.</exception>
    internal string PathOf(string file)
    {
        if (file.Contains('/') || file.StartsWith('.') || file.Any(char.IsControl) || !file.EndsWith(".conf", StringComparison.Ordinal))
        {
            throw new MptCommandException($"{ConfigText.Quote(file)} is no file of a connection. Write its name without a directory, ending in .conf.") { Kind = MptErrorKind.BadRequest };
        }
        return Path.Combine(ConfigLoader.ConnectionsOf(Config.Directory), file);
    }

    internal static MptCommandException NotFound(string message) => new(message) { Kind = MptErrorKind.NotFound };

    /// <summary>What the connection must get along with when it changes.</summary>
    private ConnectionSurroundings Around(ConnectionController connection) => new(
        Config.General,
        Config.Tunnels,
        [
            .. connections.Running.Where(other => other != connection).Select(other => other.Config),
            .. Config.Connections.Where(other => connections.Find(other.Name) is null && connections.FindFile(other.File) is null),
        ]);

    private ConnectionController Change(ConnectionController connection, ConfigResult<ConnectionConfig> result)
    {
        if (result.Config is not { } wanted)
        {
            IEnumerable<string> faults = result.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error).Select(fault => fault.Sentence);
            throw new MptCommandException(string.Join(Environment.NewLine, faults)) { Kind = MptErrorKind.InvalidSetting };
        }
        if (connection.Peer == PeerKind.Existing && MappingRules.AsksForMoreCopies(connection.Config, wanted))
        {
            throw new MptCommandException(
                $"The peer of {wanted.Name} is an existing MPT server, which would deliver every copy of a packet. Choose another mapping, or run MptTools at the peer first.")
            { Kind = MptErrorKind.InvalidSetting };
        }
        ConnectionController changed = connections.Change(connection, wanted);
        foreach (ConfigDiagnostic warning in result.Diagnostics)
        {
            context.Warn($"{wanted.Name}: {warning.Sentence}", wanted.Name);
        }
        return changed;
    }

    private string Files() => connections.Running.Count == 0
        ? "No connection runs."
        : $"Those that run are from {string.Join(", ", connections.Running.Select(connection => connection.Config.File))}.";

    private static string Networks(ConnectionConfig config) => config.Networks.Count == 0
        ? "It has none."
        : $"It has {string.Join(", ", config.Networks.Select(network => $"{network.Source} to {network.Destination}"))}.";
}
