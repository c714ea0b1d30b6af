namespace MptTools.Engine.Config;

/// <summary>
/// Writes a connection back into the text its user wrote: what did not change keeps its spelling, its comments and its place.
/// The result is read again before it is given out, so that a file never becomes one that does not load.
/// </summary>
internal static class ConnectionWriter
{
    /// <summary>
    /// The text of a file with a changed connection. An auth_key that the file has stays, whatever the connection has: what
    /// a server goes on with after a create is not always what the user agreed on with the peer. Only a key that somebody has set
    /// goes over it.
    /// </summary>
    /// <param name="file">The file's path, for messages; <c>conf.template</c> is read as the template.</param>
    /// <param name="original">The file's bytes as they are now.</param>
    /// <param name="config">What the file should say. Paths, networks and rules are numbered in their order; rules name paths by these numbers.</param>
    /// <param name="replacesKey">The connection's key was set and replaces the file's.</param>
    public static ConfigWriteResult Update(string file, ReadOnlyMemory<byte> original, ConnectionConfig config, bool replacesKey = false)
    {
        var faults = new FaultList();
        IniDocument? document = IniDocument.Parse(file, original, faults);
        ConnectionConfig? old = document is null ? null : ConnectionReader.Read(file, document, IsTemplate(file), faults).Config;
        if (faults.HasErrors || old is null || document?.Find("connection") is not { } section)
        {
            return ConfigWriteResult.Refused(faults.ToList());
        }

        ConnectionConfig wanted = Numbered(file, config) with
        {
            AuthenticationKey = replacesKey ? config.AuthenticationKey : old.AuthenticationKey ?? config.AuthenticationKey,
        };
        var edits = new IniEdits(document);
        var editor = new SectionEditor(document, edits);
        editor.Update(
            section, replacesKey ? [.. ConfigFields.Connection.Select(field => field with { IsKept = false })] : ConfigFields.Connection, old, wanted);
        editor.UpdateNumbered("path_", ConfigFields.Path, old.Paths, wanted.Paths);
        editor.UpdateNumbered("net_", ConfigFields.Network, old.Networks, wanted.Networks);
        editor.UpdateNumbered("rule_", ConfigFields.Rule, old.Rules, wanted.Rules);
        return Checked(file, edits.Apply(), wanted);
    }

    /// <summary>The text of a file for a connection that has none: made by a peer's create, or from parameters.</summary>
    /// <param name="file">The file's path, for messages.</param>
    /// <param name="config">The connection.</param>
    public static ConfigWriteResult Create(string file, ConnectionConfig config)
    {
        ConnectionConfig wanted = Numbered(file, config);
        return Checked(file, ConnectionText.Render(wanted), wanted);
    }

    private static ConfigWriteResult Checked(string file, byte[] content, ConnectionConfig wanted)
    {
        ConfigResult<ConnectionConfig> read = ConfigLoader.ParseConnection(file, content);
        return read.Config is { } config && ConfigComparer.AreSame(config, wanted)
            ? new ConfigWriteResult(content, [])
            : ConfigWriteResult.NotReadBack(file, read.Diagnostics);
    }

    private static ConnectionConfig Numbered(string file, ConnectionConfig config) => config with
    {
        File = Path.GetFileName(file),
        Paths = [.. config.Paths.Select((path, index) => path with { Index = index })],
        Networks = [.. config.Networks.Select((network, index) => network with { Index = index })],
        Rules = [.. config.Rules.Select((rule, index) => rule with { Index = index })],
    };

    private static bool IsTemplate(string file) => Path.GetFileName(file) == ConfigLoader.TemplateFile;
}
