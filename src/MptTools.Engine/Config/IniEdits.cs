using System.Globalization;
using System.Text;

namespace MptTools.Engine.Config;

/// <summary>
/// Changes of an ini file, collected against the bytes that were read and carried out together. What no change names stays
/// byte for byte: comments, order, blanks, quotation marks, line endings, unknown keys and sections.
/// </summary>
internal sealed class IniEdits(IniDocument document)
{
    private readonly List<(int Start, int Length, string Text)> edits = [];

    /// <summary>Writes a value where the old one stands, in the old one's quotation marks. An empty one leaves the key and its comment.</summary>
    public void SetValue(IniEntry entry, string value)
    {
        IniLine line = document.Lines[entry.Line - 1];
        bool isQuoted = entry.ValueLength >= 2 && line.Text[entry.ValueStart] is '"' or '\'';
        string text = IniSpelling.Of(value, isQuoted ? line.Text[entry.ValueStart] : IniSpelling.Plain);
        if (entry.ValueLength == 0 && value.Length > 0)
        {
            text = (line.Text[entry.ValueStart - 1] == '=' ? " " : "") + text + (entry.ValueStart < line.Text.Length ? " " : "");
        }

        Replace(line, entry.ValueStart, entry.ValueLength, text);
    }

    /// <summary>Adds a key behind the last one of its section, or behind the header of a section without any.</summary>
    public void AddKey(IniSection section, string key, string value) =>
        InsertBehind(LastLineOf(section), [StyleOf(section).Line(key, value)]);

    /// <summary>Takes a section out from its header to its last key. Comments behind that stay: they mostly announce what follows.</summary>
    public void RemoveSection(IniSection section)
    {
        int first = section.Line;
        int last = LastLineOf(section);
        bool isBlankBefore = first == 1 || IsBlank(first - 1);
        while (isBlankBefore && last < document.Lines.Count && IsBlank(last + 1))
        {
            last++;
        }

        int start = document.Lines[first - 1].Start;
        edits.Add((start, EndOf(last) - start, ""));
    }

    /// <summary>Writes another number into the header of <c>[prefix_n]</c>.</summary>
    public void Renumber(IniSection section, int number)
    {
        IniLine line = document.Lines[section.Line - 1];
        int end = line.Text.AsSpan(0, line.Text.IndexOf(']', StringComparison.Ordinal)).TrimEnd().Length;
        int start = line.Text.AsSpan(0, end).TrimEnd("0123456789").Length;
        Replace(line, start, end - start, number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Adds a section behind another one that stays, in its look.</summary>
    public void AddSectionBehind(IniSection sibling, string name, IEnumerable<(string Key, string Value)> entries) =>
        InsertBehind(LastLineOf(sibling), ["", .. SectionLines(StyleOf(sibling), name, entries)]);

    /// <summary>Adds a section before the header of another one, which may be one that is taken out.</summary>
    public void AddSectionBefore(IniSection sibling, string name, IEnumerable<(string Key, string Value)> entries)
    {
        string ending = EndingOf(sibling.Line);
        string text = string.Concat(SectionLines(StyleOf(sibling), name, entries).Append("").Select(line => line + ending));
        edits.Add((document.Lines[sibling.Line - 1].Start, 0, text));
    }

    /// <summary>Adds a section at the end of the file, in the look of another one.</summary>
    public void AddSectionAtEnd(IniSection model, string name, IEnumerable<(string Key, string Value)> entries)
    {
        int last = document.Lines.Count;
        bool isFirst = edits.TrueForAll(edit => edit.Start < document.Content.Length);
        InsertBehind(last, [.. isFirst && IsBlank(last) ? Array.Empty<string>() : [""], .. SectionLines(StyleOf(model), name, entries)]);
    }

    /// <summary>The text with all changes; the very bytes that were read where there are none.</summary>
    public byte[] Apply()
    {
        ReadOnlySpan<byte> content = document.Content.Span;
        using var result = new MemoryStream(content.Length + 256);
        int next = 0;
        foreach ((int start, int length, string text) in edits.OrderBy(edit => edit.Start))
        {
            // An insertion may stand within what is taken out.
            result.Write(content[next..Math.Max(start, next)]);
            result.Write(Encoding.UTF8.GetBytes(text));
            next = Math.Max(start + length, next);
        }

        result.Write(content[next..]);
        return result.ToArray();
    }

    private static IEnumerable<string> SectionLines(IniKeyStyle style, string name, IEnumerable<(string Key, string Value)> entries) =>
        entries.Select(entry => style.Line(entry.Key, entry.Value)).Prepend($"[{name}]");

    // Everything up to a value is UTF-8 where a file was read without an error, so characters can be counted in bytes again.
    private void Replace(IniLine line, int start, int length, string text)
    {
        int from = Encoding.UTF8.GetByteCount(line.Text.AsSpan(0, start));
        int bytes = Encoding.UTF8.GetByteCount(line.Text.AsSpan(start, length));
        edits.Add((line.Start + from, bytes, text));
    }

    private void InsertBehind(int line, IReadOnlyList<string> lines)
    {
        string ending = EndingOf(line);
        bool isEnded = EndOf(line) > document.Lines[line - 1].Start + document.Lines[line - 1].Length;
        edits.Add((EndOf(line), 0, string.Concat(lines.Select(text => isEnded ? text + ending : ending + text))));
    }

    private IniKeyStyle StyleOf(IniSection section)
    {
        IniEntry? entry = section.Entries.Count > 0 ? section.Entries[^1] : document.Sections.SelectMany(other => other.Entries).LastOrDefault();
        return entry is null ? IniKeyStyle.Default : IniKeyStyle.Of(entry, document.Lines[entry.Line - 1].Text);
    }

    private static int LastLineOf(IniSection section) => section.Entries.Count > 0 ? section.Entries[^1].Line : section.Line;

    private bool IsBlank(int line) => string.IsNullOrWhiteSpace(document.Lines[line - 1].Text);

    private int EndOf(int line) => line < document.Lines.Count ? document.Lines[line].Start : document.Content.Length;

    /// <summary>The ending of a line, or of the nearest above it where the file ends without one.</summary>
    private string EndingOf(int line)
    {
        for (int number = line; number > 0; number--)
        {
            int end = document.Lines[number - 1].Start + document.Lines[number - 1].Length;
            if (EndOf(number) > end)
            {
                return Encoding.UTF8.GetString(document.Content.Span[end..EndOf(number)]);
            }
        }

        return "\n";
    }
}
