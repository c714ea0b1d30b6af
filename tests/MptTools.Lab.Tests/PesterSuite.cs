using System.Diagnostics;
using System.Text.RegularExpressions;

namespace MptTools.Lab.Tests;

/// <summary>The Pester tests of the module, run in a real pwsh.</summary>
public sealed partial class PesterSuite
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    [PesterFact]
    public async Task Module_passes_its_Pester_tests_in_a_real_pwsh()
    {
        string script = Path.Combine(RepositoryRoot(), "tests", "Pester", "Run.ps1");
        (int exitCode, string output) = await RunPwshAsync(Limit, "-File", script);

        Assert.True(exitCode == 0, output);
        Match counts = Counts().Match(output);
        Assert.True(counts.Success && int.Parse(counts.Groups[1].Value) > 0, $"No test was run: {output}");
    }

    internal static async Task<(int ExitCode, string Output)> RunPwshAsync(TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process pwsh = Process.Start(start)!;
        pwsh.StandardInput.Close();
        using var timeout = new CancellationTokenSource(limit);
        Task<string> output = pwsh.StandardOutput.ReadToEndAsync(timeout.Token);
        Task<string> errors = pwsh.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await pwsh.WaitForExitAsync(timeout.Token);
            return (pwsh.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            return (-1, $"pwsh has not ended within {limit.TotalSeconds} s.");
        }
        finally
        {
            if (!pwsh.HasExited)
            {
                pwsh.Kill(entireProcessTree: true);
            }
        }
    }

    private static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "MptTools.psd1")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new DirectoryNotFoundException($"There is no MptTools.psd1 above {AppContext.BaseDirectory}.");
    }

    [GeneratedRegex(@"^passed (\d+), failed 0, ", RegexOptions.Multiline)]
    private static partial Regex Counts();
}

/// <summary>A fact that needs pwsh with Pester; where these are missing it is skipped and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PesterFactAttribute : FactAttribute
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    public PesterFactAttribute() => Skip = Obstacle.Value;

    private static string? FindObstacle()
    {
        const string cure = "The module's Pester tests were NOT run";
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (!directories.Any(directory => File.Exists(Path.Combine(directory, OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh"))))
        {
            return $"{cure}: there is no pwsh on PATH. Install PowerShell 7.6.";
        }
        const string question = "if (Get-Module -ListAvailable Pester | Where-Object Version -ge 5.5) { exit 0 } else { exit 9 }";
        (int exitCode, string output) = Task.Run(() => PesterSuite.RunPwshAsync(Limit, "-Command", question)).GetAwaiter().GetResult();
        return exitCode switch
        {
            0 => null,
            9 => $"{cure}: pwsh has no Pester of version 5.5 or later. Install it with 'Install-PSResource Pester'.",
            _ => $"{cure}: pwsh does not work here ({exitCode}): {output.Trim()}",
        };
    }
}
