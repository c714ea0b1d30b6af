using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Names with wildcards, as a parameter takes them: none at all stands for everything.</summary>
internal sealed class NamePatterns
{
    private readonly (string Text, WildcardPattern Pattern, bool IsName)[] patterns;

    internal NamePatterns(string[]? names) =>
        patterns = [.. (names ?? []).Select(Read)];

    // A name with brackets in it is also meant when it stands there as it is.
    internal bool Match(string name) => patterns.Length == 0 || patterns.Any(pattern => IsMatch(pattern, name));

    /// <summary>The names without wildcards that match none of those there are: a mistake, where a pattern would just find nothing.</summary>
    internal IEnumerable<string> Missing(IReadOnlyCollection<string> names) => patterns
        .Where(pattern => pattern.IsName && !names.Any(name => IsMatch(pattern, name)))
        .Select(pattern => pattern.Text);

    /// <summary>
    /// Those that the names mean, in their own order. A name that one of them has means that one, though it may also be read as a pattern.
    /// </summary>
    internal IReadOnlyList<T> Choose<T>(IReadOnlyCollection<T> items, Func<T, string> name)
    {
        HashSet<T> chosen = [.. patterns.SelectMany(pattern => Meant(pattern, items, name))];
        return [.. items.Where(item => patterns.Length == 0 || chosen.Contains(item))];
    }

    // What cannot be read as a pattern, as "eth[", is a name.
    private static (string Text, WildcardPattern Pattern, bool IsName) Read(string text)
    {
        WildcardPattern pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);
        try
        {
            _ = pattern.IsMatch(text);
            return (text, pattern, !WildcardPattern.ContainsWildcardCharacters(text));
        }
        catch (WildcardPatternException)
        {
            return (text, WildcardPattern.Get(WildcardPattern.Escape(text), WildcardOptions.IgnoreCase), true);
        }
    }

    private static IEnumerable<T> Meant<T>((string Text, WildcardPattern Pattern, bool IsName) pattern, IReadOnlyCollection<T> items, Func<T, string> name)
    {
        foreach (StringComparison comparison in new[] { StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase })
        {
            if (items.Where(item => string.Equals(name(item), pattern.Text, comparison)).ToList() is { Count: > 0 } same)
            {
                return same;
            }
        }
        return items.Where(item => pattern.Pattern.IsMatch(name(item)));
    }

    private static bool IsMatch((string Text, WildcardPattern Pattern, bool IsName) pattern, string name) =>
        pattern.Pattern.IsMatch(name) || string.Equals(pattern.Text, name, StringComparison.OrdinalIgnoreCase);
}
