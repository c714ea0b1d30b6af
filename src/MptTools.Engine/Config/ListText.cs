namespace MptTools.Engine.Config;

/// <summary>Takes a text apart.</summary>
/// <returns>What is wrong with it, as the end of a sentence about it; null when nothing is.</returns>
internal delegate string? TextParser<T>(string text, out T value);

/// <summary>Values that are lists: items with blanks or commas between them.</summary>
internal static class ListText
{
    /// <summary>What separates the items, for messages.</summary>
    internal const string Separated = "with blanks or commas between them";

    /// <summary>Reads every item of a list, each of which may stand for several values.</summary>
    /// <param name="text">The list.</param>
    /// <param name="add">Adds the values of an item, or tells what is wrong with it.</param>
    /// <returns>As of <see cref="TextParser{T}"/>.</returns>
    internal static string? Parse(string text, Func<string, string?> add)
    {
        bool isEmpty = true;
        foreach (Range range in text.AsSpan().SplitAny(" \t,"))
        {
            string item = text[range];
            if (item.Length == 0)
            {
                continue;
            }

            isEmpty = false;
            if (add(item) is { } fault)
            {
                return fault;
            }
        }

        return isEmpty ? "has nothing but separators" : null;
    }

    /// <summary>The items with blanks between them; null for none.</summary>
    internal static string? Of<T>(IReadOnlyList<T> items, Func<T, string> text) =>
        items.Count == 0 ? null : string.Join(' ', items.Select(text));
}
