using MptTools.Bench.Report;

namespace MptTools.Bench.Tunnel;

/// <summary>What is going to be measured.</summary>
internal sealed record Plan(IReadOnlyList<Section> Sections)
{
    internal double ExpectedSeconds => Sections.Sum(section => section.ExpectedSeconds);

    /// <summary>Chooses, or says in a sentence what is wrong with what was asked for.</summary>
    internal static Plan? Make(TunnelOptions options, IReadOnlyList<Section> all, out string fault)
    {
        fault = "";
        HashSet<string> sections = [.. all.Select(section => section.Name)];
        HashSet<string> subjects = [.. all.SelectMany(section => section.Subjects).Select(subject => subject.Name)];
        HashSet<string> loads = [.. all.SelectMany(section => section.Loads).Select(load => load.Name)];
        if (options.Only.FirstOrDefault(name => !sections.Contains(name) && !subjects.Contains(name) && !loads.Contains(name)) is { } unknown)
        {
            fault = $"There is nothing called '{unknown}'. Sections: {List(sections)}. Subjects: {List(subjects)}. Loads: {List(loads)}.";
            return null;
        }
        if (options.Quick && options.Pwsh && !options.Only.Contains(Names.Pwsh))
        {
            fault = $"The server inside pwsh does not fit into the minute that --quick takes; ask for it alone with --quick --only {Names.Pwsh}, or leave --quick out.";
            return null;
        }
        // A kind of which nothing is named is not restricted.
        Func<string, bool> Chosen(HashSet<string> kind) =>
            options.Only.Any(kind.Contains) ? name => options.Only.Contains(name) : _ => true;
        bool quickMain = options.Quick && !options.Only.Any(name => sections.Contains(name) || subjects.Contains(name));
        (Func<string, bool> section, Func<string, bool> subject, Func<string, bool> load) = (Chosen(sections), Chosen(subjects), Chosen(loads));
        return new Plan(
            [.. all.Where(item => quickMain ? item.Name == Names.Main : section(item.Name))
                .Where(item => !item.IsOnRequest || options.Only.Contains(item.Name) || item.Subjects.Any(candidate => options.Only.Contains(candidate.Name)))
                .Where(item => item.Name != Names.Pwsh || options.Pwsh || options.Only.Contains(Names.Pwsh))
                .Select(item => item with
                {
                    Rounds = options.Rounds ?? item.Rounds,
                    Subjects = [.. item.Subjects.Where(candidate => subject(candidate.Name))],
                    Loads = [.. item.Loads.Where(candidate => load(candidate.Name))],
                })
                .Where(item => item.Subjects.Count > 0 && item.Loads.Count > 0)]);
    }

    private static string List(IEnumerable<string> names) => string.Join(", ", names);
}
