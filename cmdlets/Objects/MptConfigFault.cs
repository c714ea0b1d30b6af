using MptTools.Engine.Config;

namespace MptTools;

/// <summary>A fault of a configuration file.</summary>
public sealed class MptConfigFault
{
    private readonly string text;

    internal MptConfigFault(ConfigDiagnostic diagnostic)
    {
        text = diagnostic.ToString();
        Severity = diagnostic.Severity.ToString();
        File = diagnostic.File;
        Line = diagnostic.Line;
        Section = diagnostic.Section;
        Key = diagnostic.Key;
        Message = diagnostic.Message;
    }

    /// <summary>Error: the file cannot be used. Warning: it can.</summary>
    public string Severity { get; }
    /// <summary>The file's path.</summary>
    public string File { get; }
    /// <summary>The line, counted from 1; 0 where the fault has no line.</summary>
    public int Line { get; }
    /// <summary>The section's name without brackets, where there is one.</summary>
    public string? Section { get; }
    /// <summary>The key, where it is about one.</summary>
    public string? Key { get; }
    /// <summary>What is wrong and what would be right.</summary>
    public string Message { get; }

    /// <summary>One line in the form compilers use.</summary>
    public override string ToString() => text;
}
