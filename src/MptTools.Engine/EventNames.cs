namespace MptTools.Engine;

/// <summary>The words for kinds and levels of events that command lines, logs and hooks use.</summary>
internal static class EventNames
{
    private static readonly (MptEventLevel Level, string Name)[] Levels =
    [
        (MptEventLevel.Error, "error"), (MptEventLevel.Warning, "warning"), (MptEventLevel.Notice, "notice"),
        (MptEventLevel.Information, "info"), (MptEventLevel.Debug, "debug"),
    ];

    private static readonly string[] Kinds = [.. Enum.GetValues<MptEventKind>().Order().Select(Spell)];

    /// <summary>The words for levels, the gravest first.</summary>
    internal static IEnumerable<string> LevelNames => Levels.Select(item => item.Name);

    /// <summary>PathChanged is path-changed.</summary>
    internal static string Of(MptEventKind kind) => Kinds[(int)kind];

    internal static string Of(MptEventLevel level) => Array.Find(Levels, item => item.Level == level).Name;

    /// <returns>The level; null when the word stands for none.</returns>
    internal static MptEventLevel? LevelOf(string name) =>
        Array.FindIndex(Levels, item => item.Name == name) is >= 0 and int index ? Levels[index].Level : null;

    private static string Spell(MptEventKind kind) =>
        string.Concat(kind.ToString().Select((c, i) => !char.IsUpper(c) ? $"{c}" : (i > 0 ? "-" : "") + char.ToLowerInvariant(c)));
}
