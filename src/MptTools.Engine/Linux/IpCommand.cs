using System.ComponentModel;
using System.Diagnostics;

namespace MptTools.Engine.Linux;

/// <summary>
/// Runs iproute2's <c>ip</c>, which knows the kernel's tables on every distribution. Arguments are passed one by one: there
/// is no shell in between.
/// </summary>
internal static class IpCommand
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(20);

    /// <summary>An option that changes nothing here, in place of a family.</summary>
    internal const string AnyFamily = "-oneline";

    /// <summary>What a run of <c>ip</c> gave.</summary>
    internal readonly record struct Result(int ExitCode, string Output, string Error)
    {
        internal bool Succeeded => ExitCode == 0;
    }

    /// <summary>Runs one command.</summary>
    /// <exception cref="MptStartException">There is no <c>ip</c> on this host.</exception>
    internal static Result Run(params ReadOnlySpan<string> arguments) => Run(null, arguments);

    /// <summary>Runs commands line by line in one process; one that fails does not stop the others, and makes the result a failure.</summary>
    /// <param name="family">-4 or -6, or <see cref="AnyFamily"/> where the addresses tell; lines of a batch cannot say it.</param>
    internal static Result RunBatch(string family, params IReadOnlyCollection<string> lines) =>
        lines.Count == 0 ? default : Run(string.Join('\n', lines) + "\n", family, "-force", "-batch", "-");

    private static Result Run(string? input, params ReadOnlySpan<string> arguments)
    {
        ProcessStartInfo start = new("ip")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        try
        {
            using Process process = Process.Start(start)!;
            // Process leaves the streams it has given out to whoever asked for them.
            using StreamReader standardOutput = process.StandardOutput;
            using StreamReader standardError = process.StandardError;
            Task<string> output = standardOutput.ReadToEndAsync();
            Task<string> error = standardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            if (!process.WaitForExit(TimeLimit))
            {
                process.Kill();
                throw new MptStartException($"The command 'ip {string.Join(' ', arguments)}' did not end within {TimeLimit.TotalSeconds:0} seconds.");
            }
            process.WaitForExit();
            return new Result(process.ExitCode, output.Result, error.Result.Trim());
        }
        catch (Win32Exception e)
        {
            throw new MptStartException("The program 'ip' cannot be run; install iproute2.", e);
        }
    }
}
