namespace MptTools.Engine.Config;

/// <summary>
/// Collects the faults of all files of one reading. It keeps the order in which the files were opened, and a bound, so
/// that a file of rubbish gives a page and not a library.
/// </summary>
internal sealed class FaultList
{
    /// <summary>So many faults of one file are listed; the rest is only counted.</summary>
    public const int ListedPerFile = 200;

    private readonly List<FileFaults> files = [];
    private readonly Dictionary<string, FileFaults> byName = new(StringComparer.Ordinal);

    public bool HasErrors => files.Any(file => file.Errors > 0);

    /// <summary>The number of errors found in <paramref name="file"/> up to now, listed or not.</summary>
    public int ErrorsIn(string file) => Of(file).Errors;

    public void Error(string file, int line, string? section, string? key, string message) =>
        Add(new ConfigDiagnostic(ConfigSeverity.Error, file, line, section, key, message));

    public void Warning(string file, int line, string? section, string? key, string message) =>
        Add(new ConfigDiagnostic(ConfigSeverity.Warning, file, line, section, key, message));

    /// <summary>Fixes the place of a file in the order of the result before it has any fault.</summary>
    public void Open(string file) => Of(file);

    /// <summary>All faults in the order of files and lines.</summary>
    public IReadOnlyList<ConfigDiagnostic> ToList()
    {
        List<ConfigDiagnostic> all = [];
        foreach (FileFaults file in files)
        {
            all.AddRange(file.Listed.OrderBy(fault => fault.Line));
            if (file.Unlisted > 0)
            {
                all.Add(new ConfigDiagnostic(
                    file.UnlistedErrors > 0 ? ConfigSeverity.Error : ConfigSeverity.Warning, file.File, 0, null, null,
                    $"There are {file.Unlisted} more faults in this file. Correct those listed and check again."));
            }
        }

        return all;
    }

    private void Add(ConfigDiagnostic fault)
    {
        FileFaults file = Of(fault.File);
        bool isError = fault.Severity == ConfigSeverity.Error;
        file.Errors += isError ? 1 : 0;
        if (file.Listed.Count < ListedPerFile)
        {
            file.Listed.Add(fault);
        }
        else
        {
            file.Unlisted++;
            file.UnlistedErrors += isError ? 1 : 0;
        }
    }

    private FileFaults Of(string file)
    {
        if (!byName.TryGetValue(file, out FileFaults? faults))
        {
            faults = new FileFaults(file);
            byName.Add(file, faults);
            files.Add(faults);
        }

        return faults;
    }

    private sealed class FileFaults(string file)
    {
        public string File { get; } = file;
        public List<ConfigDiagnostic> Listed { get; } = [];
        public int Errors { get; set; }
        public int Unlisted { get; set; }
        public int UnlistedErrors { get; set; }
    }
}
