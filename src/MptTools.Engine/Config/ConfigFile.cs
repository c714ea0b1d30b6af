using System.Security;

namespace MptTools.Engine.Config;

/// <summary>Brings the bytes of a file in, or the sentence that says why not.</summary>
internal static class ConfigFile
{
    /// <summary>Reads a file, hardly more of it than <see cref="IniDocument.MaxBytes"/>; null when it was reported unreadable.</summary>
    public static byte[]? Read(string file, FaultList faults)
    {
        faults.Open(file);
        try
        {
            if (Directory.Exists(file))
            {
                faults.Error(file, 0, null, null, "This is a directory, but a file is needed. Move it away, and put the file in its place.");
                return null;
            }

            using FileStream stream = File.OpenRead(file);
            return ReadBounded(stream);
        }
        catch (Exception exception) when (IsAboutFiles(exception))
        {
            faults.Error(file, 0, null, null, Explain(exception));
            return null;
        }
    }

    /// <summary>The names in a directory that end in .conf, in ordinal order; hidden files (editors' locks) are none of them.</summary>
    public static IReadOnlyList<string> ListConnections(string directory, FaultList faults)
    {
        try
        {
            return Directory.Exists(directory)
                ? [.. Directory.EnumerateFiles(directory)
                    .Where(file => file.EndsWith(".conf", StringComparison.Ordinal) && Path.GetFileName(file)[0] != '.')
                    .Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception exception) when (IsAboutFiles(exception))
        {
            faults.Error(directory, 0, null, null, Explain(exception));
            return [];
        }
    }

    /// <summary>The file's mode lets its group or everybody read it; no where the system does not tell.</summary>
    public static bool IsReadByOthers(string file)
    {
        try
        {
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0;
        }
        catch (Exception exception) when (IsAboutFiles(exception))
        {
            return false;
        }
    }

    /// <summary>The path as a shell takes it.</summary>
    public static string ShellQuoted(string path) =>
        path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+' or ',' or ':' or '@' or '=')
            ? path
            : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A sentence for what the system said, with what to do.</summary>
    public static string Explain(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => "The file does not exist. Create it, or give the right path.",
        UnauthorizedAccessException or SecurityException => "There is no permission to read it. Run as root, or change its owner or mode.",
        _ => $"It cannot be read: {exception.Message}",
    };

    /// <summary>What the file system answers to a path, whoever wrote it; anything else is a fault of this program.</summary>
    public static bool IsAboutFiles(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or SecurityException or ArgumentException or NotSupportedException;

    // The length is asked of the bytes and not of the file system, which knows none of a pipe.
    private static byte[] ReadBounded(FileStream stream)
    {
        byte[] chunk = new byte[16 * 1024];
        using var content = new MemoryStream();
        int read;
        while (content.Length <= IniDocument.MaxBytes && (read = stream.Read(chunk)) > 0)
        {
            content.Write(chunk, 0, read);
        }

        return content.ToArray();
    }
}
