using MptTools.Engine.Linux;

namespace MptTools.Engine.Config;

/// <summary>
/// A connection that is to be: made of settings, with the keys, ranges and messages of files, or of a file from elsewhere. Nothing
/// is written until <see cref="Write"/>.
/// </summary>
public sealed class NewConnection
{
    private readonly byte[] content;

    private NewConnection(ConnectionConfig config, byte[] content)
    {
        Config = config;
        this.content = content;
    }

    /// <summary>What the file says.</summary>
    public ConnectionConfig Config { get; }

    /// <summary>It has a key that nobody else should know.</summary>
    public bool HoldsSecret => ConnectionReader.HoldsSecret(Config.File, content);

    /// <summary>Checks a path by itself, before it belongs to a connection.</summary>
    /// <param name="settings">Keys and values as in [path_n].</param>
    /// <returns>What is wrong; empty where nothing is.</returns>
    public static IReadOnlyList<string> FaultsOfPath(IReadOnlyDictionary<string, string> settings)
    {
        var draft = new SettingsDraft("");
        return Sentences(draft.ReadPath(settings));
    }

    /// <summary>Makes one from settings.</summary>
    /// <param name="file">The name of its file, without a directory.</param>
    /// <param name="connection">Keys and values as in [connection].</param>
    /// <param name="paths">Keys and values as in [path_n], path 0 first.</param>
    /// <param name="networks">src_addr and dst_addr of each [net_n].</param>
    /// <param name="faults">What is wrong, a sentence each, where the result is null.</param>
    public static NewConnection? FromSettings(
        string file,
        IReadOnlyDictionary<string, string> connection,
        IReadOnlyList<IReadOnlyDictionary<string, string>> paths,
        IReadOnlyList<(string Source, string Destination)> networks,
        out IReadOnlyList<string> faults)
    {
        var draft = new SettingsDraft(file);
        draft.Put("connection", KnownKeys.Connection, draft.Connection, connection);
        foreach (IReadOnlyDictionary<string, string> settings in paths)
        {
            draft.Paths.Add([]);
            draft.Put($"path_{draft.Paths.Count - 1}", KnownKeys.Path, draft.Paths[^1], settings);
        }
        foreach ((string source, string destination) in networks)
        {
            draft.Networks.Add([]);
            draft.PutNetwork(draft.Networks.Count - 1, draft.Networks[^1], source, destination);
        }
        ConfigResult<ConnectionConfig> read = draft.Read(around: null);
        faults = Sentences(read);
        return read.Config is { } config && ConnectionWriter.Create(file, config).Content is { } content ? new NewConnection(config, content) : null;
    }

    /// <summary>Takes a connection's file as it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="faults">What is wrong with file and line, a line each, where the result is null.</param>
    public static NewConnection? FromFile(string path, out IReadOnlyList<string> faults)
    {
        var found = new FaultList();
        byte[]? content = ConfigFile.Read(path, found);
        ConfigResult<ConnectionConfig>? read = content is null ? null : ConfigLoader.ParseConnection(path, content);
        faults = [.. (read?.Diagnostics ?? found.ToList()).Where(fault => fault.Severity == ConfigSeverity.Error).Select(fault => fault.ToString())];
        return read?.Config is { } config ? new NewConnection(config, content!) : null;
    }

    /// <summary>The place of a connection's file.</summary>
    /// <param name="directory">The server's directory, that of interface.conf.</param>
    /// <param name="file">The file's name.</param>
    public static string PathIn(string directory, string file) => Path.Combine(ConfigLoader.ConnectionsOf(directory), file);

    /// <summary>Writes the file; with a key in it, its owner only may read it (mode 0600).</summary>
    /// <param name="directory">The server's directory; connections/ is made in it where it is missing.</param>
    /// <param name="file">The file's name; none of this name may be there.</param>
    /// <returns>The file's whole path.</returns>
    /// <exception cref="IOException">It cannot be written, or is there already; nothing is left of it.</exception>
    public string Write(string directory, string file)
    {
        string path = PathIn(directory, file);
        try
        {
            Directory.CreateDirectory(ConfigLoader.ConnectionsOf(directory));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{path} was not written: there is no permission to write into {directory}.", e);
        }
        SafeFile.Write(path, content, HoldsSecret, isNew: true);
        return path;
    }

    private static IReadOnlyList<string> Sentences<T>(ConfigResult<T> read) where T : class =>
        [.. read.Diagnostics.Where(fault => fault.Severity == ConfigSeverity.Error).Select(fault => fault.Sentence)];
}
