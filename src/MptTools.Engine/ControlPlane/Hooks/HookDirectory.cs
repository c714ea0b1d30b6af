using System.Runtime.InteropServices;
using System.Text;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane.Hooks;

/// <summary>A hook that may be run.</summary>
/// <param name="Name">Its name in hooks/.</param>
/// <param name="File">The file itself, behind all symbolic links.</param>
internal sealed record Hook(string Name, string File);

/// <summary>
/// The executables in hooks/ of the configuration directory. They run with the server's rights, so nobody but root may be
/// able to change or replace them: that is looked at anew at each call.
/// </summary>
/// <param name="configDirectory">A full path; null: there are no hooks.</param>
/// <param name="owner">Who hooks must belong to: root but in tests.</param>
/// <param name="warn">Gets a sentence for each file and cause, once.</param>
internal sealed unsafe class HookDirectory(string? configDirectory, uint owner, Action<string> warn)
{
    internal const string DirectoryName = "hooks";

    private const int GroupMayWrite = 0x10, OthersMayWrite = 0x02, AnyMayExecute = 0x49;
    private const int LongestPath = 4096;

    private static readonly string[] IgnoredEndings = ["~", ".sample", ".disabled"];

    private readonly string hooks = Path.Combine(configDirectory ?? "", DirectoryName);
    private readonly Dictionary<string, string> warned = [];

    /// <summary>Whether there is a directory at all: one system call.</summary>
    internal bool Exists => configDirectory is not null && Stat(hooks) is not null;

    /// <summary>The hooks that are to be run, in the order of their names.</summary>
    internal List<Hook> Read()
    {
        List<Hook> found = [];
        if (!Exists)
        {
            return found;
        }
        List<string> names;
        try
        {
            names = [.. Directory.EnumerateFileSystemEntries(hooks).Select(entry => Path.GetFileName(entry)).Where(IsHookName)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Refuse(hooks, $"The hooks in {hooks} are not run, because the directory cannot be read: {e.Message}");
            return found;
        }
        if (names.Count == 0 || !IsSafe(configDirectory!, "hooks in it are") || !IsSafe(hooks, "hooks in it are"))
        {
            return found;
        }
        names.Sort(StringComparer.Ordinal);
        foreach (string name in names)
        {
            string link = Path.Combine(hooks, name);
            if (RealPath(link) is not { } file || Stat(file) is not { } facts)
            {
                Refuse(link, $"The hook {link} is not run, because the file it leads to is missing. Remove the link, or restore the file.");
            }
            else if ((facts.stx_mode & Libc.S_IFMT) == Libc.S_IFREG && (facts.stx_mode & AnyMayExecute) != 0
                && IsSafe(file, "it is") && (file == Path.Combine(RealPath(hooks) ?? "", name) || IsSafe(Path.GetDirectoryName(file)!, $"{link}, which leads there, is")))
            {
                found.Add(new Hook(name, file));
            }
        }
        return found;
    }

    private static bool IsHookName(string name) =>
        name[0] != '.' && !IgnoredEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    private bool IsSafe(string path, string what)
    {
        if (Stat(path) is not { } facts)
        {
            return false;
        }
        if (facts.stx_uid != owner)
        {
            return Refuse(path, $"{path} belongs to user {facts.stx_uid}, so {what} not run: hooks have all rights of the server. Give it to root: chown {(owner == 0 ? "root" : owner)} '{path}'.");
        }
        if ((facts.stx_mode & (GroupMayWrite | OthersMayWrite)) != 0)
        {
            return Refuse(path, $"{path} can be written by others than its owner, so {what} not run: hooks have all rights of the server. Take that away: chmod go-w '{path}'.");
        }
        lock (warned)
        {
            warned.Remove(path);
        }
        return true;
    }

    private bool Refuse(string path, string sentence)
    {
        lock (warned)
        {
            if (warned.GetValueOrDefault(path) == sentence)
            {
                return false;
            }
            warned[path] = sentence;
        }
        warn(sentence);
        return false;
    }

    private static Libc.statx_buffer? Stat(string path)
    {
        Libc.statx_buffer facts;
        return Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, &facts) == 0 ? facts : null;
    }

    private static string? RealPath(string path)
    {
        byte* resolved = stackalloc byte[LongestPath + 1];
        return Libc.realpath(path, resolved) is null ? null : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(resolved));
    }
}
