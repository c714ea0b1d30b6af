namespace MptTools.Engine.Config;

/// <summary>Texts from files, made fit for messages.</summary>
internal static class ConfigText
{
    private const int Longest = 60;

    // A shorter run of hexadecimal digits may be an address or a name; one as long as this is taken for a key of auth_key
    // that slipped into the wrong line.
    private const int SecretRun = 24;

    /// <summary>The text in quotation marks, shortened, without control characters and never a key.</summary>
    public static string Quote(string text) => $"\"{Printable(text)}\"";

    /// <summary>The text, shortened, without control characters and never a key.</summary>
    public static string Printable(string text)
    {
        if (HoldsSecret(text))
        {
            return $"({text.Length} characters)";
        }

        string shown = text.Length <= Longest ? text : text[..Longest] + "...";
        return string.Create(shown.Length, shown, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
            }
        });
    }

    /// <summary>A file, with the line where one is known (not 0).</summary>
    public static string Place(string file, int line) => line > 0 ? $"{file}({line})" : file;

    private static bool HoldsSecret(string text)
    {
        int run = 0;
        foreach (char c in text)
        {
            run = char.IsAsciiHexDigit(c) ? run + 1 : 0;
            if (run >= SecretRun)
            {
                return true;
            }
        }

        return false;
    }
}
