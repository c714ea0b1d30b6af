namespace MptTools.Lab;

/// <summary>Directories for the files of labs. They are where only root can write, so that a leftover can be told by its name alone.</summary>
internal static class LabFiles
{
    private const string Root = "/run/mptlab";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    internal static string Create(string name)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new LabException("A lab is made of Linux network namespaces; run it on Linux.");
        }
        string directory = Path.Combine(Root, name);
        try
        {
            Directory.CreateDirectory(Root, OwnerOnly);
            return Directory.CreateDirectory(directory, OwnerOnly).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"The directory {directory} for the lab's files cannot be made: {e.Message}", e);
        }
    }

    internal static void Remove(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody has removed it already, which was the wish.
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"The lab's directory {directory} cannot be removed: {e.Message}", e);
        }
    }

    /// <summary>Removes what labs of dead processes left.</summary>
    internal static IReadOnlyList<string> RemoveStale()
    {
        if (!Directory.Exists(Root))
        {
            return [];
        }
        string[] stale = [.. LabNames.Stale(Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path)))];
        foreach (string name in stale)
        {
            Remove(Path.Combine(Root, name));
        }
        return stale;
    }
}
