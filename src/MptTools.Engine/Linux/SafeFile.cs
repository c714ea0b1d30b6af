using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security;

namespace MptTools.Engine.Linux;

/// <summary>
/// Replaces a file as a whole. The new text goes into a hidden file beside it, to the disk, and over it by one rename: at any
/// moment, after a crash or a power cut too, the file has the whole old text or the whole new one.
/// </summary>
internal static class SafeFile
{
    /// <summary>The end of the hidden files' names. One that a crash leaves is removed when its file is saved again.</summary>
    internal const string Suffix = ".saving";

    private const UnixFileMode
        OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        ReadByAll = OwnersOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>
    /// Writes a file. One that is replaced keeps its owner, group and mode; one behind a symbolic link is replaced where it is.
    /// </summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="content">The whole new content.</param>
    /// <param name="holdsSecret">Nobody but the owner may read it (mode 0600), whatever the old mode was.</param>
    /// <param name="isNew">The file must not be there yet.</param>
    /// <exception cref="IOException">It could not be written; the message says why, and whether the file is as it was.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool holdsSecret, bool isNew = false)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }

        string directory;
        try
        {
            string target = Path.GetFullPath(TargetOf(path));
            directory = Path.GetDirectoryName(target) ?? "/";
            RemoveLeftovers(directory, Path.GetFileName(target));
            Replace(target, directory, content, holdsSecret, isNew);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SecurityException or ArgumentException or NotSupportedException)
        {
            throw new IOException($"{path} was not saved and is as it was. {Explain(exception)}", exception);
        }

        SyncDirectory(path, directory);
    }

    [UnsupportedOSPlatform("windows")]
    private static void Replace(string target, string directory, ReadOnlySpan<byte> content, bool holdsSecret, bool isNew)
    {
        Libc.statx_buffer? old = Stat(target);
        if (old is not null && isNew)
        {
            throw new IOException($"{target} is there already. Give another name.");
        }
        if (old is { } other && (other.stx_mode & Libc.S_IFMT) != Libc.S_IFREG)
        {
            throw new IOException($"{target} is a directory or a device, and no file. Give the path of a file.");
        }

        string temporary = Path.Combine(directory, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}{Suffix}");
        try
        {
            // From its first byte on nobody else may read it; the final mode comes last.
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnersOnly }))
            {
                stream.Write(content);
                UnixFileMode mode = ReadByAll;
                if (old is { } kept)
                {
                    mode = (UnixFileMode)(kept.stx_mode & 0x1FF);
                    SystemCallException.Check(
                        Libc.fchown((int)stream.SafeFileHandle.DangerousGetHandle(), kept.stx_uid, kept.stx_gid), $"{target} cannot keep its owner");
                }

                File.SetUnixFileMode(stream.SafeFileHandle, holdsSecret ? OwnersOnly : mode);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: !isNew);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    // A link to a file that is not there yet is written through, too.
    private static string TargetOf(string path) =>
        new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    private static void RemoveLeftovers(string directory, string name)
    {
        foreach (string file in Directory.EnumerateFiles(directory))
        {
            ReadOnlySpan<char> found = Path.GetFileName(file.AsSpan());
            if (found.StartsWith($".{name}.", StringComparison.Ordinal) && found.EndsWith(Suffix, StringComparison.Ordinal))
            {
                File.Delete(file);
            }
        }
    }

    private static unsafe Libc.statx_buffer? Stat(string path)
    {
        Libc.statx_buffer buffer;
        if (Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, &buffer) == 0)
        {
            return buffer;
        }

        return Marshal.GetLastPInvokeError() == Libc.ENOENT ? null : throw SystemCallException.Last($"{path} cannot be looked at");
    }

    // Without this a power cut may take the rename back, though not half of it. Some file systems cannot, and need not.
    private static void SyncDirectory(string path, string directory)
    {
        int fd = Libc.open(directory, Libc.O_RDONLY | Libc.O_CLOEXEC);
        int result = fd < 0 ? fd : Libc.fsync(fd);
        int error = result < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (fd >= 0)
        {
            _ = Libc.close(fd);
        }

        if (error is not (0 or Libc.EINVAL))
        {
            throw new IOException($"{path} was saved, but a power cut may still take that back. {new SystemCallException($"{directory} cannot be written to the disk", error).Message}");
        }
    }

    private static string Explain(Exception exception) => exception switch
    {
        UnauthorizedAccessException or SecurityException => "There is no permission to write into its directory. Run as root, or change the directory's owner or mode.",
        DirectoryNotFoundException => "Its directory does not exist. Create it, or give another path.",
        _ => exception.Message.EndsWith('.') ? exception.Message : exception.Message + ".",
    };
}
