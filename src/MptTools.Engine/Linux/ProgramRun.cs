using System.ComponentModel;
using System.Diagnostics;

namespace MptTools.Engine.Linux;

/// <summary>Runs a program of the system to its end. Arguments are passed one by one: there is no shell in between.</summary>
internal static class ProgramRun
{
    /// <summary>What a run gave.</summary>
    internal readonly record struct Result(int ExitCode, string Output, string Error)
    {
        internal bool Succeeded => ExitCode == 0;
    }

    /// <summary>Runs a program in the network namespace of this thread.</summary>
    /// <param name="program">A name to be found by PATH.</param>
    /// <param name="package">Where it comes from, for messages.</param>
    /// <param name="input">What it reads; null: nothing.</param>
    /// <param name="timeLimit">How long it may take; then it is killed.</param>
    /// <exception cref="MptStartException">It is not there, or took too long.</exception>
    internal static Result Run(string program, string package, string? input, TimeSpan timeLimit, params ReadOnlySpan<string> arguments)
    {
        ProcessStartInfo start = new(program)
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
            if (!process.WaitForExit(timeLimit))
            {
                process.Kill();
                throw new MptStartException($"The command '{program} {string.Join(' ', arguments)}' did not end within {timeLimit.TotalSeconds:0} seconds.");
            }
            process.WaitForExit();
            return new Result(process.ExitCode, output.Result, error.Result.Trim());
        }
        catch (Win32Exception e)
        {
            throw new MptStartException($"The program '{program}' cannot be run; install {package}.", e);
        }
    }
}
