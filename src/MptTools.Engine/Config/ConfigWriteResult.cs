namespace MptTools.Engine.Config;

/// <summary>What became of a file's text.</summary>
/// <param name="Content">The new bytes; null when there is an error, and then the file should stay as it is.</param>
/// <param name="Diagnostics">Why there is nothing to write, in whole sentences; warnings about the new text are not repeated here.</param>
internal sealed record ConfigWriteResult(byte[]? Content, IReadOnlyList<ConfigDiagnostic> Diagnostics)
{
    /// <summary>The first fault without file and line, for what becomes no file; empty where there is none.</summary>
    public string Reason => Diagnostics switch
    {
        [] => "",
        [{ Section: not null, Key: not null } fault, ..] => fault.Sentence,
        [var fault, ..] => fault.Message,
    };

    /// <summary>No text, for the errors among <paramref name="faults"/>.</summary>
    public static ConfigWriteResult Refused(IEnumerable<ConfigDiagnostic> faults) =>
        new(null, [.. faults.Where(fault => fault.Severity == ConfigSeverity.Error)]);

    /// <summary>No text: it would not be read back as what it was made from.</summary>
    public static ConfigWriteResult NotReadBack(string file, IEnumerable<ConfigDiagnostic> faults) =>
        Refused(faults.Append(new ConfigDiagnostic(
            ConfigSeverity.Error, file, 0, null, null,
            "What is to be saved has no spelling in this file that would be read back as the same, so the file stays as it is. Correct what the errors name, or change the file by hand and reload it.")));
}
