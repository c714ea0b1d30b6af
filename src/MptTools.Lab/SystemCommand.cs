using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace MptTools.Lab;

/// <summary>Runs programs of the system to their end, bounded in time.</summary>
internal static class SystemCommand
{
    internal static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    // A process that ended may have left its pipes to a child that lives on; what it wrote itself is there by then.
    private static readonly TimeSpan PipeLinger = TimeSpan.FromSeconds(2);

    /// <summary>The full path of a program, looked for as root's shell would, or null.</summary>
    internal static string? Find(string program)
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"])
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists);
    }

    internal static string Require(string program, string package) => Find(program)
        ?? throw new LabException($"The program '{program}' is not there; install the package {package}.");

    internal static ProcessStartInfo Describe(string program, IEnumerable<string> arguments) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
    };

    internal static Process Launch(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)
                ?? throw new LabException($"The program '{start.FileName}' was not started by the system.");
        }
        catch (Win32Exception e)
        {
            throw new LabException($"The program '{start.FileName}' cannot be started: {e.Message}.", e);
        }
    }

    internal static CommandResult Run(string program, IEnumerable<string> arguments, TimeSpan? timeout = null,
        string? input = null, string? shownAs = null)
    {
        ProcessStartInfo start = Describe(program, arguments);
        string command = shownAs ?? string.Join(' ', [Path.GetFileName(program), .. start.ArgumentList]);
        using Process process = Launch(start);
        using var output = new PipeText();
        using var error = new PipeText();
        process.OutputDataReceived += (_, line) => output.Append(line.Data);
        process.ErrorDataReceived += (_, line) => error.Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        WriteInput(process, input, error);
        bool ended = process.WaitForExit(timeout ?? DefaultTimeout);
        if (!ended)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit(PipeLinger);
        }
        output.WaitForEnd(PipeLinger);
        error.WaitForEnd(PipeLinger);
        int exitCode = process.HasExited ? process.ExitCode : -1;
        return new CommandResult(command, exitCode, output.ToString(), error.ToString(), !ended);
    }

    private static void WriteInput(Process process, string? input, PipeText error)
    {
        try
        {
            if (input is not null)
            {
                process.StandardInput.Write(input);
            }
            process.StandardInput.Close();
        }
        catch (IOException e)
        {
            // It closed its input before reading everything. Its exit code tells whether that was right.
            error.Append($"It did not read all of its input: {e.Message}");
        }
    }

    /// <summary>Collects the lines of one pipe and knows when the pipe has ended.</summary>
    private sealed class PipeText : IDisposable
    {
        private readonly StringBuilder text = new();
        private readonly ManualResetEventSlim end = new();

        public void Append(string? line)
        {
            lock (text)
            {
                if (line is null)
                {
                    end.Set();
                }
                else
                {
                    text.Append(line).Append('\n');
                }
            }
        }

        public void WaitForEnd(TimeSpan timeout) => end.Wait(timeout);

        public override string ToString()
        {
            lock (text)
            {
                return text.ToString();
            }
        }

        public void Dispose() => end.Dispose();
    }
}
