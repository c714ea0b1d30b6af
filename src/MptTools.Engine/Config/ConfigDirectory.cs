namespace MptTools.Engine.Config;

/// <summary>Where a host looks for its configuration when nobody says.</summary>
public static class ConfigDirectory
{
    /// <summary>The directory for hosts that are installed.</summary>
    public const string System = "/etc/mpttools";

    private const string Local = "conf", InterfaceFile = "interface.conf";

    /// <summary><c>conf</c> in a directory where that holds an interface.conf, as existing servers have it, else <see cref="System"/>.</summary>
    /// <param name="workingDirectory">The directory somebody works in.</param>
    public static string Default(string workingDirectory)
    {
        string local = Path.Combine(workingDirectory, Local);
        return File.Exists(Path.Combine(local, InterfaceFile)) ? local : System;
    }
}
