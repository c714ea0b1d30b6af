namespace MptTools.Engine.Config;

/// <summary>How bad a <see cref="ConfigDiagnostic"/> is.</summary>
public enum ConfigSeverity
{
    /// <summary>The file can be used as it is.</summary>
    Warning,
    /// <summary>The file cannot be used.</summary>
    Error,
}

/// <summary>One fault of a configuration file.</summary>
/// <param name="Severity">Whether the file can still be used.</param>
/// <param name="File">The file's path.</param>
/// <param name="Line">The line, counted from 1; 0 where the fault has no line (a missing file or section).</param>
/// <param name="Section">The section's name without brackets; null where there is none.</param>
/// <param name="Key">The key as it should be spelled; null where the fault is not about one key.</param>
/// <param name="Message">What is wrong and what would be right, in whole sentences.</param>
public sealed record ConfigDiagnostic(ConfigSeverity Severity, string File, int Line, string? Section, string? Key, string Message)
{
    /// <summary>One line in the form compilers use: <c>file(line): error: [section] key: message</c>.</summary>
    public override string ToString()
    {
        return $"{ConfigText.Place(File, Line)}: {(Severity == ConfigSeverity.Error ? "error" : "warning")}: {Sentence}";
    }

    /// <summary>What is wrong where in a section, without file and line: for what stands in no file.</summary>
    internal string Sentence => (Section, Key) switch
    {
        (null, null) => Message,
        (null, var key) => $"{key}: {Message}",
        (var section, null) => $"[{section}]: {Message}",
        var (section, key) => $"[{section}] {key}: {Message}",
    };
}

/// <summary>What reading a configuration gave.</summary>
/// <param name="Config">The configuration; null when there is an error.</param>
/// <param name="Diagnostics">All faults of all files, in the order of files and lines.</param>
public sealed record ConfigResult<T>(T? Config, IReadOnlyList<ConfigDiagnostic> Diagnostics) where T : class
{
    /// <summary>At least one fault is an error.</summary>
    public bool HasErrors => Diagnostics.Any(d => d.Severity == ConfigSeverity.Error);
}
