namespace MptTools.Engine.Config;

/// <summary>The words for <see cref="MappingMode"/> in files, command lines and texts.</summary>
public static class MappingNames
{
    /// <summary>What mapping may be.</summary>
    internal static IReadOnlyList<MappingMode> OfConnection { get; } =
        [MappingMode.Packet, MappingMode.Bytes, MappingMode.Flow, MappingMode.Combined, MappingMode.Duplicate, MappingMode.Priority];

    /// <summary>What mapping_rest may be.</summary>
    internal static IReadOnlyList<MappingMode> OfRest { get; } = [.. OfConnection.Where(mode => mode != MappingMode.Combined)];

    /// <summary>What spread of a rule may be.</summary>
    internal static IReadOnlyList<MappingMode> OfRule { get; } = [.. OfRest.Where(mode => mode != MappingMode.Priority)];

    /// <summary>The word.</summary>
    /// <param name="mode">The mode.</param>
    public static string Of(MappingMode mode) => mode.ToString().ToLowerInvariant();

    /// <summary>The mode that a word stands for, in upper or lower case; null where it stands for none.</summary>
    /// <param name="word">The word.</param>
    public static MappingMode? Find(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        foreach (MappingMode mode in OfConnection)
        {
            if (word.Equals(Of(mode), StringComparison.OrdinalIgnoreCase))
            {
                return mode;
            }
        }

        return null;
    }

    /// <summary>The words of some modes, for messages.</summary>
    internal static string Wanted(IReadOnlyList<MappingMode> modes) =>
        $"{string.Join(", ", modes.SkipLast(1).Select(Of))} or {Of(modes[^1])}";

    /// <summary>Reads the word of one of some modes.</summary>
    internal static TextParser<MappingMode?> Parser(IReadOnlyList<MappingMode> modes)
    {
        return Parse;

        string? Parse(string text, out MappingMode? mode)
        {
            mode = Find(text);
            return mode is { } found && modes.Contains(found) ? null : "is none of the possible values";
        }
    }
}
