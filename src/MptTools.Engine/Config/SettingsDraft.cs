namespace MptTools.Engine.Config;

/// <summary>
/// The sections of a connection as texts, to be changed key by key and read again by the readers of files: what a command may say
/// is what a file may say, in the same words. Nothing goes through the text of a file, so no value can become another line.
/// </summary>
internal sealed class SettingsDraft
{
    private readonly string file;
    private readonly FaultList faults = new();
    private readonly HashSet<(string Section, string Key)> given = [];

    /// <summary>Nothing yet, for a connection that is to be made.</summary>
    internal SettingsDraft(string file)
    {
        this.file = file;
        faults.Open(file);
        (Connection, Paths, Networks, Rules) = ([], [], [], []);
    }

    internal SettingsDraft(ConnectionConfig config) : this(config.File)
    {
        Connection = Texts(ConfigFields.Connection, config);
        Paths = [.. config.Paths.Select(path => Texts(ConfigFields.Path, path))];
        Networks = [.. config.Networks.Select(network => Texts(ConfigFields.Network, network))];
        Rules = [.. config.Rules.Select(rule => Texts(ConfigFields.Rule, rule))];
        if (config is { Mapping: MappingMode.Combined, MappingRest: not MappingMode.Packet })
        {
            // The rest goes on being spread as it is when the last rule goes, with which the mapping would be another one.
            Connection["mapping"] = MappingNames.Of(MappingMode.Combined);
        }
    }

    internal Dictionary<string, string> Connection { get; }
    internal List<Dictionary<string, string>> Paths { get; }
    internal List<Dictionary<string, string>> Networks { get; }
    internal List<Dictionary<string, string>> Rules { get; }

    /// <summary>The result has the warnings that say that rules do nothing, whatever settings were put in.</summary>
    internal bool TellsOfRulesInVain { get; set; }

    internal bool HasErrors => faults.HasErrors;

    internal void Error(string? section, string? key, string message) => faults.Error(file, 0, section, key, message);

    /// <summary>Puts settings into a section. One without a value is as if its key were missing there.</summary>
    internal void Put(string section, SectionKind kind, Dictionary<string, string> texts, IReadOnlyDictionary<string, string> settings)
    {
        foreach ((string written, string value) in settings)
        {
            string key = KnownKeys.Aliases.GetValueOrDefault(written, written).ToLowerInvariant();
            if (!kind.Keys.Contains(key))
            {
                Error(section, ConfigText.Printable(written), SectionReader.WhyUnknown(written, kind));
            }
            else if (!given.Add((section, key)))
            {
                Error(section, key, "The setting is there twice. Remove one of them.");
            }
            else if (value.Any(char.IsControl))
            {
                Error(section, key, "The value has a line break or another control character in it. Write it in one line.");
            }
            else if (value.AsSpan().Trim().IsEmpty)
            {
                texts.Remove(key);
            }
            else
            {
                texts[key] = value.Trim();
            }
        }
    }

    /// <summary>Puts the two ends of a network into a section.</summary>
    internal void PutNetwork(int index, Dictionary<string, string> texts, string source, string destination) =>
        Put($"net_{index}", KnownKeys.Network, texts, new Dictionary<string, string>
        {
            ["ip_ver"] = source.Contains(':') ? "6" : "4",
            ["src_addr"] = source,
            ["dst_addr"] = destination,
        });

    /// <summary>Reads a path alone.</summary>
    internal ConfigResult<PathConfig> ReadPath(IReadOnlyDictionary<string, string> settings)
    {
        Dictionary<string, string> texts = [];
        Put("path", KnownKeys.Path, texts, settings);
        PathDraft draft = PathReader.Read(file, 0, ToSection("path", texts), isTemplate: false, faults);
        return new ConfigResult<PathConfig>(faults.HasErrors ? null : draft.Config, faults.ToList());
    }

    /// <summary>Reads the sections and checks them together with other connections and the tunnels, where they are given.</summary>
    /// <returns>The connection, or null, with the errors and those warnings that speak of the settings that were put in.</returns>
    internal ConfigResult<ConnectionConfig> Read(ConnectionSurroundings? around)
    {
        Connection["path_count"] = $"{Paths.Count}";
        Connection["network_count"] = $"{Networks.Count}";
        ConnectionDraft draft = ConnectionReader.Read(file, ToDocument(), isTemplate: false, faults);
        if (around is not null)
        {
            CheckTogether(draft, around);
        }
        ConnectionConfig? config = faults.HasErrors ? null : draft.Config;
        if (config is not null && ConnectionWriter.Create(file, config) is { Content: null } unwritable)
        {
            Error(null, null, unwritable.Reason);
            config = null;
        }
        return new ConfigResult<ConnectionConfig>(
            config,
            [.. faults.ToList().Where(fault => fault.Severity == ConfigSeverity.Error || given.Contains((fault.Section ?? "", fault.Key ?? "")) || (TellsOfRulesInVain && IsOfRules(fault)))]);
    }

    private static bool IsOfRules(ConfigDiagnostic fault) =>
        fault is { Section: "connection", Key: "mapping" } || (fault.Key is null && NumberedSections.IndexOf(fault.Section ?? "", "rule_") is not null);

    // What is wrong between two is said of the last one; what is wrong with the others is not this one's.
    private static void CheckTogether(ConnectionDraft draft, ConnectionSurroundings around)
    {
        FaultList others = new();
        ConfigCollisions.Report(
            new InterfaceDraft("interface.conf", around.General, around.Tunnels, true, (around.General.CommandPort, 0)),
            [.. around.Others.Select(other => ConnectionReader.Read(other.File, new SettingsDraft(other).ToDocument(), isTemplate: false, others)), draft],
            template: null);
    }

    private IniDocument ToDocument() => IniDocument.Of(
    [
        ToSection("connection", Connection),
        .. Paths.Select((texts, index) => ToSection($"path_{index}", texts)),
        .. Networks.Select((texts, index) => ToSection($"net_{index}", texts)),
        .. Rules.Select((texts, index) => ToSection($"rule_{index}", texts)),
    ]);

    private static IniSection ToSection(string name, Dictionary<string, string> texts)
    {
        var section = new IniSection(name, 0);
        foreach ((string key, string value) in texts)
        {
            section.TryAdd(new IniEntry(key, value, 0, 0, 0));
        }
        return section;
    }

    /// <summary>The keys and values of a section that says this.</summary>
    internal static Dictionary<string, string> Texts<T>(IReadOnlyList<ConfigField<T>> fields, T config) =>
        ConfigFields.NewEntries(fields, config).ToDictionary(entry => entry.Key, entry => entry.Value);
}
