using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace MptTools.Engine.Linux;

/// <summary>How a child process ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number where a signal ended it; null: it was killed here.</param>
/// <param name="TimedOut">It was killed because its time was over; false with a null exit code: because nobody waits for it any more.</param>
/// <param name="Output">What it wrote.</param>
internal sealed record ChildResult(int? ExitCode, bool TimedOut, ChildOutput Output)
{
    internal bool Succeeded => ExitCode == 0;
}

/// <summary>
/// A program without a shell in between: in a session of its own, so that it and all it starts can be ended at once; in the
/// root directory, without standard input, with the given environment only, standard output and error in one pipe.
/// </summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    /// <summary>A killed process goes at once, unless the kernel holds it in a call; nobody waits for that.</summary>
    private const int KilledWaitMilliseconds = 1000;

    private const int ReadLength = 4096;

    /// <summary>A pipe holds no more; what the program's own children still write behind its end is not waited for.</summary>
    private const int ReadsAtEnd = 16;

    private readonly int processId, pidfd;
    private readonly int output;
    private int status;
    private bool reaped;

    private ChildProcess(int processId, int output)
    {
        (this.processId, this.output) = (processId, output);
        pidfd = Libc.pidfd_open(processId);
        if (pidfd < 0)
        {
            SystemCallException reason = SystemCallException.Last($"Process {processId} cannot be watched");
            Dispose();
            throw reason;
        }
    }

    /// <summary>Starts a program in the network namespace of the calling thread.</summary>
    /// <param name="file">The program's full path.</param>
    /// <param name="name">What it is called: its first argument.</param>
    /// <param name="environment">All of it: NAME=value each.</param>
    /// <exception cref="SystemCallException">The kernel cannot run it.</exception>
    internal static ChildProcess Start(string file, string name, IReadOnlyList<string> environment)
    {
        int* ends = stackalloc int[2];
        SystemCallException.Check(Libc.pipe2(ends, Libc.O_CLOEXEC), "Making a pipe");
        byte* actions = stackalloc byte[Libc.SpawnStructSize];
        byte* attributes = stackalloc byte[Libc.SpawnStructSize];
        byte* signals = stackalloc byte[Libc.SpawnStructSize];
        _ = Libc.posix_spawn_file_actions_init(actions);
        _ = Libc.posix_spawnattr_init(attributes);
        try
        {
            _ = Libc.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Libc.O_RDONLY, 0);
            _ = Libc.posix_spawn_file_actions_adddup2(actions, ends[1], 1);
            _ = Libc.posix_spawn_file_actions_adddup2(actions, ends[1], 2);
            _ = Libc.posix_spawn_file_actions_addchdir_np(actions, "/");
            // The runtime ignores SIGPIPE, and a program would inherit that.
            _ = Libc.sigfillset(signals);
            _ = Libc.posix_spawnattr_setsigdefault(attributes, signals);
            _ = Libc.sigemptyset(signals);
            _ = Libc.posix_spawnattr_setsigmask(attributes, signals);
            _ = Libc.posix_spawnattr_setflags(attributes, Libc.POSIX_SPAWN_SETSID | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK);
            using Texts arguments = new([name]), variables = new(environment);
            int error = Libc.posix_spawn(out int processId, file, actions, attributes, arguments.Pointer, variables.Pointer);
            if (error != 0)
            {
                _ = Libc.close(ends[0]);
                throw new SystemCallException($"{file} cannot be run", error);
            }
            return new ChildProcess(processId, ends[0]);
        }
        finally
        {
            _ = Libc.close(ends[1]);
            _ = Libc.posix_spawnattr_destroy(attributes);
            _ = Libc.posix_spawn_file_actions_destroy(actions);
        }
    }

    /// <summary>
    /// Waits for the program's end and reads what it writes; kills it with all of its session's first process group when it does not come.
    /// </summary>
    /// <param name="limit">How long it may take.</param>
    /// <param name="abandon">Readable when nobody is interested any more.</param>
    internal ChildResult WaitForEnd(TimeSpan limit, EventFd abandon)
    {
        ChildOutput written = new();
        long started = Stopwatch.GetTimestamp();
        Libc.pollfd* waits = stackalloc Libc.pollfd[3];
        waits[0] = new Libc.pollfd { fd = pidfd, events = Libc.POLLIN };
        waits[1] = new Libc.pollfd { fd = output, events = Libc.POLLIN };
        waits[2] = new Libc.pollfd { fd = abandon.Descriptor, events = Libc.POLLIN };
        while (true)
        {
            TimeSpan left = limit - Stopwatch.GetElapsedTime(started);
            bool abandoned = waits[2].revents != 0;
            if (abandoned || left <= TimeSpan.Zero)
            {
                Kill();
                ReadRest(written);
                return new ChildResult(null, !abandoned, written.Complete());
            }
            _ = Libc.poll(waits, 3, (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), int.MaxValue));
            if (waits[1].revents != 0 && !Read(written))
            {
                // It has closed its output and goes on; poll passes over negative descriptors.
                waits[1].fd = -1;
            }
            if (waits[0].revents != 0 && Reap())
            {
                ReadRest(written);
                int signal = status & 0x7f;
                return new ChildResult(signal == 0 ? (status >> 8) & 0xff : 128 + signal, false, written.Complete());
            }
        }
    }

    /// <summary>Ends the program where it still runs.</summary>
    public void Dispose()
    {
        if (!reaped)
        {
            Kill();
        }
        _ = Libc.close(pidfd);
        _ = Libc.close(output);
    }

    private void Kill()
    {
        // Not reaped yet, so the number is still its own.
        _ = Libc.kill(-processId, Libc.SIGKILL);
        Libc.pollfd ended = new() { fd = pidfd, events = Libc.POLLIN };
        _ = Libc.poll(&ended, 1, KilledWaitMilliseconds);
        Reap();
    }

    private bool Reap()
    {
        int result;
        fixed (int* where = &status)
        {
            result = Libc.waitpid(processId, where, Libc.WNOHANG);
        }
        if (result < 0)
        {
            // Whoever started this process has it reap all children by itself; how this one ended is lost, and that is no success.
            status = 0xff00;
        }
        return reaped |= result != 0;
    }

    private void ReadRest(ChildOutput written)
    {
        Libc.pollfd readable = new() { fd = output, events = Libc.POLLIN };
        for (int i = 0; i < ReadsAtEnd && Libc.poll(&readable, 1, 0) > 0 && Read(written); i++)
        {
        }
    }

    /// <returns>False at the output's end.</returns>
    private bool Read(ChildOutput written)
    {
        byte* buffer = stackalloc byte[ReadLength];
        nint length = Libc.read(output, buffer, ReadLength);
        if (length > 0)
        {
            written.Add(new ReadOnlySpan<byte>(buffer, (int)length));
        }
        return length > 0;
    }

    /// <summary>Texts as C programs take them: pointers, the last one null.</summary>
    private sealed class Texts : IDisposable
    {
        private readonly byte** pointers;
        private readonly int count;

        internal Texts(IReadOnlyList<string> texts)
        {
            count = texts.Count;
            pointers = (byte**)NativeMemory.AllocZeroed((nuint)(count + 1), (nuint)sizeof(byte*));
            for (int i = 0; i < count; i++)
            {
                pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
            }
        }

        internal byte** Pointer => pointers;

        public void Dispose()
        {
            for (int i = 0; i < count; i++)
            {
                Marshal.FreeCoTaskMem((nint)pointers[i]);
            }
            NativeMemory.Free(pointers);
        }
    }
}

/// <summary>What a program wrote: the first lines, the last one, and how many there were. Control characters are made blanks.</summary>
internal sealed class ChildOutput
{
    internal const int MaximumLines = 50, MaximumLineBytes = 500;

    private readonly List<string> lines = [];
    private readonly byte[] line = new byte[MaximumLineBytes];
    private int length;
    private bool pending;

    /// <summary>The first <see cref="MaximumLines"/> lines that are not blank, each cut after <see cref="MaximumLineBytes"/> bytes.</summary>
    internal IReadOnlyList<string> Lines => lines;

    /// <summary>Lines that were not kept.</summary>
    internal int Dropped { get; private set; }

    /// <summary>The last line that is not blank; null where there is none.</summary>
    internal string? Last { get; private set; }

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte next in bytes)
        {
            if (next == '\n')
            {
                EndLine();
                continue;
            }
            pending = true;
            if (length < line.Length)
            {
                line[length++] = next;
            }
        }
    }

    internal ChildOutput Complete()
    {
        EndLine();
        return this;
    }

    private void EndLine()
    {
        if (pending)
        {
            string text = string.Concat(Encoding.UTF8.GetString(line, 0, length).Select(c => char.IsControl(c) ? ' ' : c)).Trim();
            if (text.Length > 0)
            {
                Last = text;
                if (lines.Count < MaximumLines)
                {
                    lines.Add(text);
                }
                else
                {
                    Dropped++;
                }
            }
        }
        (length, pending) = (0, false);
    }
}
