using System.Text;

namespace MptTools.Engine.Config;

/// <summary>A line of an ini file.</summary>
/// <param name="Start">Its first byte in <see cref="IniDocument.Content"/>.</param>
/// <param name="Length">Its length in bytes, without the line ending.</param>
/// <param name="Text">The decoded text; bytes that are no UTF-8 stand as U+FFFD.</param>
internal readonly record struct IniLine(int Start, int Length, string Text);

/// <summary>A key with its value.</summary>
/// <param name="Key">The key as it stands in the file.</param>
/// <param name="Value">The value without quotes and surrounding blanks; null when it is unreadable, which has been reported then.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="ValueStart">The first character of the value, quotes included, in the line's text.</param>
/// <param name="ValueLength">The length of the value in characters, quotes included.</param>
internal sealed record IniEntry(string Key, string? Value, int Line, int ValueStart, int ValueLength);

/// <summary>A section: its name without brackets as it stands in the file, and its entries in the file's order.</summary>
internal sealed class IniSection(string name, int line)
{
    private readonly Dictionary<string, IniEntry> byKey = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<IniEntry> entries = [];

    public string Name { get; } = name;
    public int Line { get; } = line;
    public IReadOnlyList<IniEntry> Entries => entries;

    public IniEntry? Find(string key) => byKey.GetValueOrDefault(key);

    public bool TryAdd(IniEntry entry)
    {
        if (!byKey.TryAdd(entry.Key, entry))
        {
            return false;
        }

        entries.Add(entry);
        return true;
    }
}

/// <summary>
/// The text of an ini file, taken apart. Knows nothing of the keys' meaning. The bytes stay, and each line and value
/// knows its place in them, so that a changed value can be written back with everything around it untouched.
/// </summary>
internal sealed class IniDocument
{
    /// <summary>A file longer than this is not read: twenty paths and twenty networks need a fiftieth of it.</summary>
    public const int MaxBytes = 1 << 20;

    private readonly string file;
    private readonly FaultList faults;
    private readonly List<IniLine> lines = [];
    private readonly List<IniSection> sections = [];
    private readonly Dictionary<string, IniSection> byName = new(StringComparer.OrdinalIgnoreCase);

    // Null before the first header. After a faulty or repeated header it is a section nobody asks for, so that the
    // entries below are checked as text and belong to none of the others.
    private IniSection? current;

    private IniDocument(string file, ReadOnlyMemory<byte> content, FaultList faults)
    {
        this.file = file;
        this.faults = faults;
        Content = content;
    }

    /// <summary>The file's bytes as they were read.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    public IReadOnlyList<IniLine> Lines => lines;

    /// <summary>The sections in the file's order; of a repeated one the first.</summary>
    public IReadOnlyList<IniSection> Sections => sections;

    public IniSection? Find(string section) => byName.GetValueOrDefault(section);

    /// <summary>Takes the text apart and reports what is no ini text. Throws for no content.</summary>
    /// <returns>Null when the file as a whole is unreadable, which has been reported then.</returns>
    public static IniDocument? Parse(string file, ReadOnlyMemory<byte> content, FaultList faults)
    {
        faults.Open(file);
        ReadOnlySpan<byte> bytes = content.Span;
        if (bytes.Length > MaxBytes)
        {
            faults.Error(file, 0, null, null, $"The file is longer than {MaxBytes} bytes. That is no configuration of a connection or tunnel; is it the right file?");
            return null;
        }

        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            faults.Error(file, 1, null, null, "The file is in UTF-16. Save it as UTF-8.");
            return null;
        }

        var document = new IniDocument(file, content, faults);
        document.ReadLines(bytes);
        return document;
    }

    /// <summary>Sections that stand in no file: what is said of them names no line.</summary>
    public static IniDocument Of(IEnumerable<IniSection> sections)
    {
        var document = new IniDocument("", ReadOnlyMemory<byte>.Empty, new FaultList());
        foreach (IniSection section in sections)
        {
            document.byName.Add(section.Name, section);
            document.sections.Add(section);
        }

        return document;
    }

    private void ReadLines(ReadOnlySpan<byte> bytes)
    {
        int start = bytes is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
        while (start < bytes.Length)
        {
            ReadOnlySpan<byte> rest = bytes[start..];
            int length = rest.IndexOfAny((byte)'\r', (byte)'\n');
            if (length < 0)
            {
                length = rest.Length;
            }

            ReadOnlySpan<byte> raw = rest[..length];
            string text = Encoding.UTF8.GetString(raw);
            lines.Add(new IniLine(start, length, text));
            ReadLine(text, isUtf8: System.Text.Unicode.Utf8.IsValid(raw));

            int ending = rest[length..] is [(byte)'\r', (byte)'\n', ..] ? 2 : 1;
            start += length + ending;
        }
    }

    private void ReadLine(string text, bool isUtf8)
    {
        int start = SkipBlanks(text, 0);
        if (start == text.Length || IsCommentMark(text[start]))
        {
            if (!isUtf8)
            {
                faults.Warning(file, lines.Count, current?.Name, null, "The comment is not in UTF-8. Save the file as UTF-8.");
            }

            return;
        }

        if (text[start] == '[')
        {
            ReadHeader(text, start, isUtf8);
        }
        else
        {
            ReadEntry(text, start, isUtf8);
        }
    }

    private void ReadHeader(string text, int start, bool isUtf8)
    {
        int line = lines.Count;
        int end = text.IndexOf(']', start);
        string name = end < 0 ? "" : text[(start + 1)..end].Trim();
        int after = end < 0 ? text.Length : SkipBlanks(text, end + 1);
        current = new IniSection(name, line);

        if (end < 0)
        {
            faults.Error(file, line, null, null, "The name of a section ends with a bracket that is missing here. Write [name].");
        }
        else if (name.Length == 0)
        {
            faults.Error(file, line, null, null, "The section has no name. Write [name].");
        }
        else if (FindUnreadable(name, isUtf8) is { } unreadable)
        {
            faults.Error(file, line, null, null, $"The section's name contains {unreadable}.");
        }
        else if (after < text.Length && !IsCommentMark(text[after]))
        {
            faults.Error(file, line, null, null, "There is text behind the section's name. Put it into a line of its own, or a ; before it to make it a comment.");
        }
        else if (byName.TryGetValue(name, out IniSection? first))
        {
            faults.Error(file, line, ConfigText.Printable(name), null, $"The section is there twice: in line {first.Line} and in line {line}. Remove one of them.");
        }
        else
        {
            byName.Add(name, current);
            sections.Add(current);
        }
    }

    private void ReadEntry(string text, int start, bool isUtf8)
    {
        int line = lines.Count;
        string? section = current is null ? null : ConfigText.Printable(current.Name);
        int equals = text.IndexOf('=', start);
        int mark = text.AsSpan(start).IndexOfAny(';', '#');
        if (equals < 0 || (mark >= 0 && start + mark < equals))
        {
            // The text is not repeated: it may be a key that lost its name.
            faults.Error(file, line, section, null, "The line is neither a comment, nor a [section], nor a key with its value. Write key = value, or begin the line with ; to make it a comment.");
            return;
        }

        string key = text[start..equals].Trim();
        if (key.Length == 0)
        {
            faults.Error(file, line, section, null, "There is no key before the equality sign. Write key = value.");
            return;
        }

        if (FindUnreadable(key, isUtf8) is { } unreadable)
        {
            faults.Error(file, line, section, null, $"The key contains {unreadable}.");
            return;
        }

        IniEntry entry = ReadValue(key, text, SkipBlanks(text, equals + 1), isUtf8);
        if (current is null)
        {
            faults.Error(file, line, null, ConfigText.Printable(key), "The key stands before the first section. Write the section's name, such as [connection], in a line above it.");
        }
        else if (!current.TryAdd(entry) && current.Find(key) is { } first)
        {
            faults.Error(file, line, section, ConfigText.Printable(key), $"The key is there twice: in line {first.Line} and in line {line}. Remove one of them.");
        }
    }

    private IniEntry ReadValue(string key, string text, int start, bool isUtf8)
    {
        int end = start < text.Length && text[start] is '"' or '\''
            ? EndOfQuoted(key, text, start)
            : EndOfPlain(key, text, start);
        if (end < 0)
        {
            return new IniEntry(key, null, lines.Count, start, text.Length - start);
        }

        bool quoted = end - start >= 2 && text[start] is '"' or '\'';
        string? value = (quoted ? text[(start + 1)..(end - 1)] : text[start..end]).Trim();
        if (FindUnreadable(value, isUtf8) is { } unreadable)
        {
            Fault(ConfigSeverity.Error, key, $"The value contains {unreadable}.");
            value = null;
        }
        else if (!isUtf8)
        {
            Fault(ConfigSeverity.Warning, key, "The comment behind the value is not in UTF-8. Save the file as UTF-8.");
        }

        return new IniEntry(key, value, lines.Count, start, end - start);
    }

    private int EndOfQuoted(string key, string text, int start)
    {
        int close = text.IndexOf(text[start], start + 1);
        if (close < 0)
        {
            Fault(ConfigSeverity.Error, key, "The value begins with a quotation mark, but none ends it. Add one behind the value, or remove the first.");
            return -1;
        }

        int after = SkipBlanks(text, close + 1);
        if (after < text.Length && !IsCommentMark(text[after]))
        {
            Fault(ConfigSeverity.Error, key, "There is text behind the quoted value. Remove it, or put a ; before it to make it a comment.");
            return -1;
        }

        return close + 1;
    }

    private int EndOfPlain(string key, string text, int start)
    {
        int mark = text.AsSpan(start).IndexOfAny(';', '#');
        int end = mark < 0 ? text.Length : start + mark;
        if (mark > 0 && !char.IsWhiteSpace(text[end - 1]))
        {
            Fault(ConfigSeverity.Warning, key, $"The value ends before the {text[end]}: what follows is read as a comment. Put a blank before the comment, or quotation marks around the value if the {text[end]} belongs to it.");
        }

        while (end > start && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return end;
    }

    private void Fault(ConfigSeverity severity, string key, string message)
    {
        string? section = current is null ? null : ConfigText.Printable(current.Name);
        if (severity == ConfigSeverity.Error)
        {
            faults.Error(file, lines.Count, section, ConfigText.Printable(key), message);
        }
        else
        {
            faults.Warning(file, lines.Count, section, ConfigText.Printable(key), message);
        }
    }

    private static bool IsCommentMark(char c) => c is ';' or '#';

    // Blanks that come with text copied from a PDF (no-break spaces) count as well.
    private static int SkipBlanks(string text, int start)
    {
        while (start < text.Length && char.IsWhiteSpace(text[start]))
        {
            start++;
        }

        return start;
    }

    private static string? FindUnreadable(string text, bool isUtf8)
    {
        foreach (char c in text)
        {
            if (!isUtf8 && c == '\uFFFD')
            {
                return "bytes that are no UTF-8; save the file as UTF-8";
            }

            if (char.IsControl(c) && c != '\t')
            {
                return $"the control character U+{(int)c:X4}; remove it";
            }
        }

        return null;
    }
}
