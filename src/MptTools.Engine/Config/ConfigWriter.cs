using MptTools.Engine.Linux;

namespace MptTools.Engine.Config;

/// <summary>A file of a configuration that is not written yet.</summary>
/// <param name="Path">Where it belongs.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="HoldsSecret">It holds a key, so that nobody but its owner may read it.</param>
public sealed record ConfigFileText(string Path, ReadOnlyMemory<byte> Content, bool HoldsSecret)
{
    /// <summary>Writes the file, over an old one by a rename; directories that are missing are made.</summary>
    /// <exception cref="IOException">It could not be written; the message says why, and that an old file is as it was.</exception>
    public void Write()
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{Path} was not written: {e.Message}", e);
        }
        if (OperatingSystem.IsLinux())
        {
            SafeFile.Write(Path, Content.Span, HoldsSecret);
            return;
        }
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (HoldsSecret && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using var file = new FileStream(Path, options);
        file.Write(Content.Span);
    }
}

/// <summary>Turns a configuration that was put together by a program into files for which nobody has written a text.</summary>
public static class ConfigWriter
{
    /// <summary>
    /// The texts of interface.conf and of all connections. They are read again and checked against each other, as a server would,
    /// before they are given out; nothing is written.
    /// </summary>
    /// <param name="config">The configuration; paths and networks are numbered in their order, and the template is left out.</param>
    /// <returns>The files, interface.conf first, or null; and what is wrong with them.</returns>
    public static ConfigResult<IReadOnlyList<ConfigFileText>> Render(ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var faults = new FaultList();
        string interfaceFile = Path.Combine(config.Directory, ConfigLoader.InterfaceFile);
        byte[] text = InterfaceConfText.Render(config.General, config.Tunnels);
        List<ConfigFileText> files = [new(interfaceFile, text, HoldsSecret: false)];
        InterfaceDraft? interfaces = IniDocument.Parse(interfaceFile, text, faults) is { } document
            ? InterfaceConfReader.Read(interfaceFile, document, faults)
            : null;
        List<ConnectionDraft> drafts = [];
        List<ConfigDiagnostic> unspellable = [];
        foreach (ConnectionConfig connection in config.Connections)
        {
            string file = Path.Combine(ConfigLoader.ConnectionsOf(config.Directory), connection.File);
            byte[] content = ConnectionText.Render(connection);
            if (IniDocument.Parse(file, content, faults) is not { } written)
            {
                continue;
            }
            ConnectionDraft draft = ConnectionReader.Read(file, written, isTemplate: false, faults);
            drafts.Add(draft);
            if (draft.Config is not null)
            {
                unspellable.AddRange(ConnectionWriter.Create(file, connection).Diagnostics);
            }
            files.Add(new(file, content, draft.Section is { } section && ConnectionReader.HoldsSecret(section)));
        }
        ConfigCollisions.Report(interfaces, drafts, template: null);
        bool isGood = !faults.HasErrors && unspellable.Count == 0;
        return new(isGood ? files : null, [.. faults.ToList(), .. unspellable]);
    }
}
