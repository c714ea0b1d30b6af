using System.Diagnostics;
using MptTools.Engine.Linux;

namespace MptTools.Lab;

/// <summary>A line a process wrote.</summary>
/// <param name="Text">The line without its end.</param>
/// <param name="IsError">Whether it came by standard error.</param>
public readonly record struct OutputLine(string Text, bool IsError)
{
    /// <summary>The line's text.</summary>
    public override string ToString() => Text;
}

/// <summary>A program running in a host of a lab.</summary>
public sealed class LabProcess : IDisposable
{
    private const int SIGHUP = 1, SIGINT = 2, SIGTERM = 15;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PipeLinger = TimeSpan.FromSeconds(2);

    private readonly Process process;
    private readonly object gate = new();
    private readonly List<OutputLine> lines = [];
    private int openPipes = 2;
    private bool ended;

    internal LabProcess(Process process, string command)
    {
        this.process = process;
        Command = command;
        Id = process.Id;
        process.OutputDataReceived += (_, line) => Append(line.Data, isError: false);
        process.ErrorDataReceived += (_, line) => Append(line.Data, isError: true);
        process.Exited += (_, _) => MarkEnded();
        process.EnableRaisingEvents = true;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Raised for each line the process writes, on a pool thread.</summary>
    public event Action<OutputLine>? LineWritten;

    /// <summary>The host's name and the command line as a person would type it.</summary>
    public string Command { get; }

    /// <summary>The process number.</summary>
    public int Id { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited
    {
        get
        {
            lock (gate)
            {
                return ended;
            }
        }
    }

    /// <summary>The exit code, 128 plus the signal's number when a signal ended it; null while it runs.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>What it has written so far, in the order it was read.</summary>
    public IReadOnlyList<OutputLine> Lines
    {
        get
        {
            lock (gate)
            {
                return [.. lines];
            }
        }
    }

    /// <summary>What it has written so far, as one text.</summary>
    public string Output => string.Join('\n', Lines);

    /// <summary>Writes a line to its standard input.</summary>
    /// <exception cref="LabException">It no longer reads.</exception>
    public void WriteLine(string text)
    {
        try
        {
            process.StandardInput.WriteLine(text);
            process.StandardInput.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new LabException($"The process '{Command}' does not read its input: {e.Message}", e);
        }
    }

    /// <summary>Waits for a line that holds a text, among those already written too.</summary>
    /// <param name="text">What the line holds, in exactly this case.</param>
    /// <param name="timeout">How long to wait; 10 seconds unless given.</param>
    /// <exception cref="LabException">The time is over or the process ended without such a line.</exception>
    public OutputLine WaitForLine(string text, TimeSpan? timeout = null) =>
        WaitForLine(line => line.Text.Contains(text, StringComparison.Ordinal), timeout, 0, $"with '{text}'");

    /// <summary>Waits for a line that fits.</summary>
    /// <param name="fits">Tells whether a line is the one.</param>
    /// <param name="timeout">How long to wait; 10 seconds unless given.</param>
    /// <param name="startAt">How many lines to leave out: <c>Lines.Count</c> taken before to see only new ones.</param>
    /// <exception cref="LabException">The time is over or the process ended without such a line.</exception>
    public OutputLine WaitForLine(Func<OutputLine, bool> fits, TimeSpan? timeout = null, int startAt = 0) =>
        WaitForLine(fits, timeout, startAt, "that fits");

    /// <summary>Waits for the process to end.</summary>
    /// <returns>Whether it ended within the time; 10 seconds unless given.</returns>
    public bool WaitForExit(TimeSpan? timeout = null)
    {
        long deadline = Deadline(timeout ?? DefaultTimeout);
        lock (gate)
        {
            while (!ended && WaitUntil(deadline))
            {
            }
            // What it wrote is still on its way; a child that holds the pipes open must not hold us up.
            long linger = Deadline(PipeLinger);
            while (ended && openPipes > 0 && WaitUntil(linger))
            {
            }
            return ended;
        }
    }

    /// <summary>Sends a signal; a process that has ended gets none.</summary>
    /// <param name="signal">Its number: 1 is SIGHUP, 2 SIGINT, 15 SIGTERM.</param>
    public void Signal(int signal)
    {
        lock (gate)
        {
            if (!ended)
            {
                Libc.kill(Id, signal);
            }
        }
    }

    /// <summary>Sends SIGHUP, which asks servers to read their configuration again.</summary>
    public void Reload() => Signal(SIGHUP);

    /// <summary>Sends SIGINT, as Ctrl-C does.</summary>
    public void Interrupt() => Signal(SIGINT);

    /// <summary>Asks the process to end (SIGTERM), waits, and kills it when it has not ended in time.</summary>
    /// <param name="timeout">How long to wait before killing; 10 seconds unless given.</param>
    /// <returns>Whether it ended by itself.</returns>
    public bool Stop(TimeSpan? timeout = null)
    {
        Signal(SIGTERM);
        if (WaitForExit(timeout))
        {
            return true;
        }
        Kill();
        return false;
    }

    /// <summary>Kills the process at once (kill -9) and waits until it is gone; its children live on.</summary>
    public void Kill()
    {
        if (!HasExited)
        {
            process.Kill();
            WaitForExit();
        }
    }

    /// <summary>Kills the process with all its children if it still runs.</summary>
    public void Dispose()
    {
        if (!HasExited)
        {
            process.Kill(entireProcessTree: true);
            WaitForExit();
        }
        process.Dispose();
    }

    /// <summary>The command and how it stands.</summary>
    public override string ToString() =>
        $"{Command} ({(ExitCode is int code ? $"ended with {code}" : $"running as process {Id}")})";

    private OutputLine WaitForLine(Func<OutputLine, bool> fits, TimeSpan? timeout, int startAt, string description)
    {
        long deadline = Deadline(timeout ?? DefaultTimeout);
        lock (gate)
        {
            for (int next = startAt; ; next++)
            {
                while (next >= lines.Count)
                {
                    if (ended && openPipes == 0)
                    {
                        throw new LabException($"The process '{Command}' ended with {ExitCode} and wrote no line " +
                            $"{description}; it wrote: {string.Join('\n', lines)}");
                    }
                    if (!WaitUntil(deadline))
                    {
                        throw new LabException($"The process '{Command}' wrote no line {description} in time; " +
                            $"it wrote: {string.Join('\n', lines)}");
                    }
                }
                if (fits(lines[next]))
                {
                    return lines[next];
                }
            }
        }
    }

    private void Append(string? text, bool isError)
    {
        lock (gate)
        {
            if (text is null)
            {
                openPipes--;
            }
            else
            {
                lines.Add(new OutputLine(text, isError));
            }
            Monitor.PulseAll(gate);
        }
        if (text is not null)
        {
            LineWritten?.Invoke(new OutputLine(text, isError));
        }
    }

    private void MarkEnded()
    {
        lock (gate)
        {
            ExitCode = process.ExitCode;
            ended = true;
            Monitor.PulseAll(gate);
        }
    }

    private static long Deadline(TimeSpan timeout) => Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds);

    private bool WaitUntil(long deadline)
    {
        long left = deadline - Environment.TickCount64;
        return left > 0 && Monitor.Wait(gate, TimeSpan.FromMilliseconds(left));
    }
}
