namespace MptTools.Engine.Config;

/// <summary>Writes [general] and the tunnels back into the interface.conf its user wrote; see <see cref="ConnectionWriter"/>.</summary>
internal static class InterfaceConfWriter
{
    /// <summary>The text of the file with changed values, tunnels added or removed.</summary>
    /// <param name="file">The file's path, for messages.</param>
    /// <param name="original">The file's bytes as they are now.</param>
    /// <param name="general">What [general] should say.</param>
    /// <param name="tunnels">The tunnels, [tun_0] first.</param>
    public static ConfigWriteResult Update(string file, ReadOnlyMemory<byte> original, GeneralConfig general, IReadOnlyList<TunnelConfig> tunnels)
    {
        var faults = new FaultList();
        IniDocument? document = IniDocument.Parse(file, original, faults);
        InterfaceDraft? old = document is null ? null : InterfaceConfReader.Read(file, document, faults);
        if (faults.HasErrors || old?.General is null || document?.Find("general") is not { } section)
        {
            return ConfigWriteResult.Refused(faults.ToList());
        }

        var edits = new IniEdits(document);
        var editor = new SectionEditor(document, edits);
        editor.Update(section, ConfigFields.General, (old.General, old.Tunnels.Count), (general, tunnels.Count));
        editor.UpdateNumbered("tun_", ConfigFields.Tunnel, old.Tunnels, tunnels);
        return Checked(file, edits.Apply(), general, tunnels);
    }

    private static ConfigWriteResult Checked(string file, byte[] content, GeneralConfig general, IReadOnlyList<TunnelConfig> tunnels)
    {
        var faults = new FaultList();
        InterfaceDraft? read = IniDocument.Parse(file, content, faults) is { } document ? InterfaceConfReader.Read(file, document, faults) : null;
        return !faults.HasErrors && read is not null && general == read.General && tunnels.SequenceEqual(read.Tunnels)
            ? new ConfigWriteResult(content, [])
            : ConfigWriteResult.NotReadBack(file, faults.ToList());
    }
}
