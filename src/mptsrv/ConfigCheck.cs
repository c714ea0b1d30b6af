using MptTools.Engine.Config;

namespace MptTools.Mptsrv;

/// <summary><c>mptsrv check</c>: reads the configuration and tells of every fault.</summary>
internal static class ConfigCheck
{
    internal static int Run(string directory, TextWriter output)
    {
        ConfigResult<ServerConfig> result = ConfigLoader.Load(directory);
        Print(result.Diagnostics, output);
        output.WriteLine(Summary(directory, result));
        return result.Config is null ? ExitCode.Configuration : ExitCode.Done;
    }

    internal static void Print(IEnumerable<ConfigDiagnostic> diagnostics, TextWriter output)
    {
        foreach (ConfigDiagnostic diagnostic in diagnostics)
        {
            output.WriteLine(diagnostic);
        }
    }

    private static string Summary(string directory, ConfigResult<ServerConfig> result)
    {
        int errors = result.Diagnostics.Count(diagnostic => diagnostic.Severity == ConfigSeverity.Error);
        string warnings = Count(result.Diagnostics.Count - errors, "warning");
        return result.Config is { } config
            ? $"{directory} can be used: {Count(config.Tunnels.Count, "tunnel")}, {Count(config.Connections.Count, "connection")}, "
                + $"{Count(config.Connections.Sum(connection => connection.Paths.Count), "path")}; {warnings}."
            : $"{directory} cannot be used: {Count(errors, "error")}, {warnings}.";
    }

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
