namespace MptTools.Engine.Config;

/// <summary>How values and new lines are written, so that <see cref="IniDocument"/> reads them back as they are.</summary>
internal static class IniSpelling
{
    /// <summary>No quotation marks unless the value needs them.</summary>
    public const char Plain = '\0';

    /// <summary>
    /// The value, in the quotation marks it stood in before if it had some. A value that holds both kinds of marks and a
    /// comment mark has no spelling; no file can have given it.
    /// </summary>
    public static string Of(string value, char quote = Plain)
    {
        if (quote != Plain && value.Length > 0 && !value.Contains(quote))
        {
            return $"{quote}{value}{quote}";
        }

        bool needsMarks = value.AsSpan().ContainsAny(";#") || value is ['"' or '\'', ..];
        return needsMarks ? Of(value, value.Contains('"') ? '\'' : '"', isLast: true) : value;
    }

    private static string Of(string value, char quote, bool isLast) => isLast && !value.Contains(quote) ? $"{quote}{value}{quote}" : value;
}

/// <summary>The look of a line with a key, which new lines near it take over.</summary>
/// <param name="Indent">What stands before the key.</param>
/// <param name="Width">The number of characters from the key to the equality sign; 0 where the sign follows the key at once.</param>
/// <param name="Gap">What stands between the equality sign and the value.</param>
internal readonly record struct IniKeyStyle(string Indent, int Width, string Gap)
{
    /// <summary>The look of whole files and of sections without a key.</summary>
    public static readonly IniKeyStyle Default = new("", 19, " ");

    /// <summary>The look of the line that <paramref name="entry"/> stands in.</summary>
    public static IniKeyStyle Of(IniEntry entry, string line)
    {
        int start = line.Length - line.AsSpan().TrimStart().Length;
        int equals = line.IndexOf('=', start);
        bool isTight = !char.IsWhiteSpace(line[equals - 1]);
        string gap = entry.ValueLength > 0 ? line[(equals + 1)..entry.ValueStart] : isTight ? "" : " ";
        return new IniKeyStyle(line[..start], isTight ? 0 : equals - start, gap);
    }

    /// <summary>A line without its ending.</summary>
    public string Line(string key, string value) =>
        $"{Indent}{(Width == 0 ? key : key.PadRight(Width - 1) + " ")}={(value.Length == 0 ? "" : Gap)}{IniSpelling.Of(value)}";
}
