using System.Globalization;
using System.Text.RegularExpressions;

namespace MptTools.Lab;

/// <summary>
/// Names of namespaces: mptlab-PID-START-N-LAB-HOST. PID and START (when the process began, in clock ticks since boot)
/// tell a lab in use from one whose process died, also when its number was given to another process since.
/// </summary>
internal static partial class LabNames
{
    internal const string Directory = "/run/netns";

    private static int lastNumber;

    [GeneratedRegex(@"^mptlab-(?<pid>\d+)-(?<start>\d+)-")]
    private static partial Regex Pattern { get; }

    [GeneratedRegex("^[A-Za-z0-9_.]{1,40}$")]
    private static partial Regex Simple { get; }

    internal static void RequireSimple(string name, string parameter)
    {
        if (!Simple.IsMatch(name))
        {
            throw new ArgumentException(
                $"'{name}' cannot be part of a namespace's name: use 1 to 40 letters, digits, '_' or '.'.", parameter);
        }
    }

    /// <summary>What the names of one new lab of this process begin with.</summary>
    internal static string NewPrefix(string lab)
    {
        string own = $"mptlab-{Environment.ProcessId}-{StartOf(Environment.ProcessId)}-";
        string[] taken = All();
        string prefix;
        do
        {
            // A second copy of this assembly in the same process counts for itself.
            prefix = $"{own}{Interlocked.Increment(ref lastNumber)}-";
        }
        while (taken.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)));
        return $"{prefix}{lab}-";
    }

    /// <summary>Those names that are of labs whose process no longer lives.</summary>
    internal static IEnumerable<string> Stale(IEnumerable<string> names) => names.Where(name =>
    {
        Match match = Pattern.Match(name);
        return match.Success
            && StartOf(int.Parse(match.Groups["pid"].ValueSpan, CultureInfo.InvariantCulture)) !=
                long.Parse(match.Groups["start"].ValueSpan, CultureInfo.InvariantCulture);
    });

    internal static string[] All() => System.IO.Directory.Exists(Directory)
        ? [.. System.IO.Directory.EnumerateFiles(Directory).Select(path => Path.GetFileName(path))]
        : [];

    /// <summary>When a process began, in clock ticks since boot (field 22 of /proc/PID/stat), or null when it is
    /// dead.</summary>
    internal static long? StartOf(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // The second field is the program's name in parentheses and may hold blanks and parentheses itself.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        bool dead = fields[0] is "Z" or "X";
        return dead ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
    }
}
