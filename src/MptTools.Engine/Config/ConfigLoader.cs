using System.Text;

namespace MptTools.Engine.Config;

/// <summary>
/// Reads configuration files into records. Nothing is started, nothing is written, nothing is guessed: with one error there is no
/// configuration, and every fault of every file is in the result.
/// </summary>
public static class ConfigLoader
{
    internal const string InterfaceFile = "interface.conf";
    private const string ConnectionDirectory = "connections";
    internal const string TemplateFile = "conf.template";

    /// <summary>
    /// Reads <c>interface.conf</c>, <c>connections/*.conf</c> and, in either place, <c>conf.template</c>.
    /// </summary>
    /// <param name="directory">The directory of interface.conf.</param>
    /// <returns>The configuration or null, and what is wrong; never an exception about a file.</returns>
    public static ConfigResult<ServerConfig> Load(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        var faults = new FaultList();
        if (!Directory.Exists(directory))
        {
            faults.Error(directory, 0, null, null, $"The directory does not exist or may not be entered. Give the directory that holds {InterfaceFile}.");
            return new ConfigResult<ServerConfig>(null, faults.ToList());
        }

        string interfaceFile = Path.Combine(directory, InterfaceFile);
        InterfaceDraft? interfaces = ReadDocument(interfaceFile, faults) is { } document
            ? InterfaceConfReader.Read(interfaceFile, document, faults)
            : null;
        List<ConnectionDraft> connections = [.. ConfigFile.ListConnections(Path.Combine(directory, ConnectionDirectory), faults)
            .Select(file => ReadConnection(file, isTemplate: false, faults)).OfType<ConnectionDraft>()];
        ConnectionDraft? template = FindTemplate(directory, faults) is { } templateFile
            ? ReadConnection(templateFile, isTemplate: true, faults)
            : null;
        ConfigCollisions.Report(interfaces, connections, template);
        if (interfaces is not null)
        {
            ReportOpenCreate(interfaces, template);
            ReportIdle(interfaces, connections, directory, faults);
        }

        ServerConfig? config = faults.HasErrors || interfaces?.General is not { } general
            ? null
            : new ServerConfig
            {
                Directory = Path.GetFullPath(directory),
                General = general,
                Tunnels = interfaces.Tunnels,
                Connections = [.. connections.Select(draft => draft.Config).OfType<ConnectionConfig>()],
                Template = template?.Config,
            };
        return new ConfigResult<ServerConfig>(config, faults.ToList());
    }

    /// <summary>Reads [general] of a directory's interface.conf.</summary>
    /// <returns>Null where there is none, or one with a fault.</returns>
    internal static GeneralConfig? LoadGeneral(string directory)
    {
        string file = Path.Combine(directory, InterfaceFile);
        var faults = new FaultList();
        return ReadDocument(file, faults) is { } document ? InterfaceConfReader.Read(file, document, faults).General : null;
    }

    /// <summary>
    /// Reads one connection's file for itself, without the checks against interface.conf and other connections. A file
    /// called <c>conf.template</c> is read as the template.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>The connection or null, and what is wrong; never an exception about a file.</returns>
    public static ConfigResult<ConnectionConfig> LoadConnection(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var faults = new FaultList();
        bool isTemplate = Path.GetFileName(path) == TemplateFile;
        ConnectionConfig? config = ReadConnection(path, isTemplate, faults)?.Config;
        return new ConfigResult<ConnectionConfig>(faults.HasErrors ? null : config, faults.ToList());
    }

    /// <summary>Reads a connection from text, such as a peer sends with create.</summary>
    /// <param name="name">What messages call the text.</param>
    /// <param name="text">The text.</param>
    public static ConfigResult<ConnectionConfig> ParseConnection(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return ParseConnection(name, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Reads a connection from bytes, such as a peer sends with create.</summary>
    /// <param name="name">What messages call the bytes; <c>conf.template</c> has them read as the template.</param>
    /// <param name="content">The bytes.</param>
    public static ConfigResult<ConnectionConfig> ParseConnection(string name, ReadOnlyMemory<byte> content)
    {
        ArgumentNullException.ThrowIfNull(name);
        var faults = new FaultList();
        ConnectionConfig? config = IniDocument.Parse(name, content, faults) is { } document
            ? ConnectionReader.Read(name, document, Path.GetFileName(name) == TemplateFile, faults).Config
            : null;
        return new ConfigResult<ConnectionConfig>(faults.HasErrors ? null : config, faults.ToList());
    }

    /// <summary>The directory of the connections' files.</summary>
    internal static string ConnectionsOf(string directory) => Path.Combine(directory, ConnectionDirectory);

    private static IniDocument? ReadDocument(string file, FaultList faults) =>
        ConfigFile.Read(file, faults) is { } content ? IniDocument.Parse(file, content, faults) : null;

    private static ConnectionDraft? ReadConnection(string file, bool isTemplate, FaultList faults)
    {
        if (ReadDocument(file, faults) is not { } document)
        {
            return null;
        }

        ConnectionDraft draft = ConnectionReader.Read(file, document, isTemplate, faults);
        if (draft.Section is { } section && ConnectionReader.HoldsSecret(section) && ConfigFile.IsReadByOthers(file))
        {
            section.Warning("auth_key", $"The file holds a key, and others than its owner may read it. Run chmod 600 {ConfigFile.ShellQuoted(file)} to take that permission away.");
        }

        return draft;
    }

    private static string? FindTemplate(string directory, FaultList faults)
    {
        string above = Path.Combine(directory, TemplateFile);
        string below = Path.Combine(directory, ConnectionDirectory, TemplateFile);
        if (!File.Exists(above))
        {
            return File.Exists(below) ? below : null;
        }

        if (File.Exists(below))
        {
            faults.Error(below, 0, null, null, $"There are two templates, this one and {above}. Remove one of them.");
        }

        return above;
    }

    private static void ReportOpenCreate(InterfaceDraft interfaces, ConnectionDraft? template)
    {
        if (interfaces.General is { AcceptRemote: true } && template is { Config.AuthenticationKey: null, Section: { } section })
        {
            section.Warning("auth_key", "Without a key anybody who reaches the command port can create a connection, because accept_remote is 1. Write 64 hexadecimal digits, the same as at the peers, or set accept_remote = 0.");
        }
    }

    private static void ReportIdle(InterfaceDraft interfaces, List<ConnectionDraft> connections, string directory, FaultList faults)
    {
        if (interfaces.General is { AcceptRemote: false } && connections.Count == 0)
        {
            faults.Warning(interfaces.Path, 0, null, null,
                $"There is no connection: {Path.Combine(directory, ConnectionDirectory)} has no file ending in .conf, and accept_remote is 0. The tunnel will carry nothing; add a file, or set accept_remote = 1.");
        }
    }
}
