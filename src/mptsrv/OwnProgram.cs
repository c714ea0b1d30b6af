using System.Reflection;

namespace MptTools.Mptsrv;

/// <summary>How this program is started once more.</summary>
internal static class OwnProgram
{
    /// <summary>The program to start, and what goes before its own arguments.</summary>
    internal static (string File, string[] Leading) Command()
    {
        string self = Assembly.GetExecutingAssembly().Location;
        string host = Environment.ProcessPath!;
        if (StartupHook.IsInUse)
        {
            return ("/usr/bin/env", [$"{StartupHook.Variable}={self}", host]);
        }
        return Path.GetFileNameWithoutExtension(host) == "dotnet" ? (host, [self]) : (host, []);
    }
}
