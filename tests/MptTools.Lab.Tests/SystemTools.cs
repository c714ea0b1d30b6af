using System.Collections.Concurrent;
using System.Diagnostics;

namespace MptTools.Lab.Tests;

/// <summary>Programs of the system that tests need: found, or installed with apt-get by root, or missed with a
/// sentence.</summary>
public static class SystemTools
{
    private static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(3);

    private static readonly Dictionary<string, string> Packages = new()
    {
        ["ip"] = "iproute2",
        ["tc"] = "iproute2",
        ["ss"] = "iproute2",
        ["nft"] = "nftables",
        ["ping"] = "iputils-ping",
        ["iperf3"] = "iperf3",
        ["tcpdump"] = "tcpdump",
        ["turnserver"] = "coturn",
        ["setpriv"] = "util-linux",
        ["unshare"] = "util-linux",
    };

    private static readonly ConcurrentDictionary<string, Lazy<string?>> Answers = new();
    private static readonly Lazy<string?> ListsUpdated = new(() => AptGet("update"));

    /// <summary>Why a program cannot be had, or null when it is there; the package is known by the program's
    /// name.</summary>
    public static string? WhyMissing(string program) => Ensure(program, Packages.GetValueOrDefault(program, program));

    /// <summary>Sees to it that a program is there. Asked once a run for each program.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="package">The Debian package that holds it.</param>
    /// <returns>Null when it is there, else one sentence why not.</returns>
    public static string? Ensure(string program, string package) => Answers.GetOrAdd(program, _ => new Lazy<string?>(() =>
    {
        if (Exists(program))
        {
            return null;
        }
        string missing = $"The program {program} is not there";
        if (!Environment.IsPrivilegedProcess || !Exists("apt-get"))
        {
            return $"{missing}; install the package {package}.";
        }
        string? failure = ListsUpdated.Value ?? AptGet("install", "-y", "--no-install-recommends", package);
        return Exists(program) ? null : $"{missing} and could not be installed ({failure ?? "the package does not hold it"}).";
    })).Value;

    private static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"])
            .Any(directory => File.Exists(Path.Combine(directory, program)));

    private static string? AptGet(params string[] arguments)
    {
        var start = new ProcessStartInfo("apt-get", ["-q", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DEBIAN_FRONTEND"] = "noninteractive" },
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        string lastWords = "";
        process.OutputDataReceived += (_, line) => lastWords = line.Data ?? lastWords;
        process.ErrorDataReceived += (_, line) => lastWords = line.Data ?? lastWords;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        string command = $"apt-get {string.Join(' ', arguments)}";
        if (!process.WaitForExit(InstallTimeout))
        {
            process.Kill(entireProcessTree: true);
            return $"{command} took longer than {InstallTimeout.TotalMinutes} minutes";
        }
        return process.ExitCode == 0 ? null : $"{command} failed: {lastWords}";
    }
}
