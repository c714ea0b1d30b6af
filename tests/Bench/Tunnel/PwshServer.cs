using MptTools.Lab;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Bench.Tunnel;

/// <summary>The module's server inside pwsh, where there is one.</summary>
internal static class PwshServer
{
    internal static BenchServer Launch(LabHost host, ServerFiles files)
    {
        string pwsh = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, "pwsh")).FirstOrDefault(File.Exists)
            ?? throw new LabException("There is no pwsh on PATH; install PowerShell 7.6 or later.");
        return BenchServer.LaunchInPwsh(host, files, pwsh, Module());
    }

    private static string Module()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "MptTools.psd1")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory is null
            ? throw new LabException("The module MptTools.psd1 is not above this program; run it from the repository.")
            : Path.Combine(directory, "MptTools.psd1");
    }
}
