using System.Globalization;

namespace MptTools.Engine.Config;

/// <summary>
/// Codepoints of differentiated services by name or number, as files, command lines and texts write them: <c>ef cs5 10-14</c>
/// (RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622).
/// </summary>
public static class DscpNames
{
    /// <summary>What a list may be, for messages.</summary>
    internal const string Wanted = $"codepoints from 0 to 63, ranges of them, or names such as ef, af41, cs5, va or le, {ListText.Separated}";

    private const int Largest = 63;

    // From this many on, neighbours are written as a range.
    private const int ShortestRange = 3;

    private static readonly (string Name, int Value)[] Names =
    [
        ("cs0", 0), ("le", 1), ("cs1", 8), ("af11", 10), ("af12", 12), ("af13", 14), ("cs2", 16), ("af21", 18), ("af22", 20), ("af23", 22),
        ("cs3", 24), ("af31", 26), ("af32", 28), ("af33", 30), ("cs4", 32), ("af41", 34), ("af42", 36), ("af43", 38), ("cs5", 40),
        ("va", 44), ("ef", 46), ("cs6", 48), ("cs7", 56),
    ];

    /// <summary>Reads codepoints, ranges and names with blanks or commas between them; upper and lower case are one.</summary>
    /// <param name="text">The list.</param>
    /// <param name="codepoints">The codepoints in their order, 0 to 63.</param>
    /// <returns>What is wrong, as the end of a sentence about the list; null when nothing is.</returns>
    public static string? Parse(string text, out IReadOnlyList<int> codepoints)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> found = [];
        string? fault = ListText.Parse(text, item => Add(item, found));
        codepoints = fault is null ? found : [];
        return fault;
    }

    /// <summary>The list as <see cref="Parse"/> reads it; empty for none.</summary>
    /// <param name="codepoints">The codepoints.</param>
    public static string Of(IReadOnlyList<int> codepoints)
    {
        ArgumentNullException.ThrowIfNull(codepoints);
        List<string> items = [];
        for (int i = 0; i < codepoints.Count;)
        {
            int end = i + 1;
            while (end < codepoints.Count && codepoints[end] == codepoints[end - 1] + 1)
            {
                end++;
            }

            if (end - i >= ShortestRange)
            {
                items.Add(string.Create(CultureInfo.InvariantCulture, $"{codepoints[i]}-{codepoints[end - 1]}"));
                i = end;
            }
            else
            {
                items.Add(Of(codepoints[i++]));
            }
        }

        return string.Join(' ', items);
    }

    /// <summary>The name, or the number where there is none.</summary>
    /// <param name="codepoint">The codepoint.</param>
    public static string Of(int codepoint) =>
        Array.Find(Names, item => item.Value == codepoint).Name ?? codepoint.ToString(CultureInfo.InvariantCulture);

    private static string? Add(string item, List<int> found)
    {
        int dash = item.IndexOf('-');
        if (Find(dash < 0 ? item : item[..dash]) is not { } first || Find(dash < 0 ? item : item[(dash + 1)..]) is not { } last)
        {
            return $"names {ConfigText.Quote(item)}, which is no codepoint";
        }

        if (first > last)
        {
            return $"names {ConfigText.Quote(item)}, a range that ends before it begins";
        }

        found.AddRange(Enumerable.Range(first, last - first + 1));
        return null;
    }

    private static int? Find(string word)
    {
        (string? name, int value) = Array.Find(Names, known => word.Equals(known.Name, StringComparison.OrdinalIgnoreCase));
        return name is not null ? value : AddressText.ParseNumber(word) is { } number and <= Largest ? (int)number : null;
    }
}
