using System.Collections.Concurrent;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.ControlPlane.Hooks;

/// <summary>
/// A configuration directory with hooks that belong to whoever runs the tests, and a runner that takes them for root's. Its tests run one
/// after another: a script that is being written while another test starts a process is still open there, and busy.
/// </summary>
internal sealed class HookBench : IDisposable
{
    private static readonly uint Myself = Owner(Directory.CreateTempSubdirectory("mpttools-hooks-"));

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("mpttools-hooks-");
    private readonly EventHub hub = new(Samples.Patience);
    private readonly ConcurrentQueue<MptEvent> events = new();
    private bool disposed;

    internal HookBench(HookLimits? limits = null, bool withHooks = true, uint? owner = null)
    {
        if (withHooks)
        {
            Directory.CreateDirectory(HooksDirectory);
        }
        hub.Subscribe(events.Enqueue);
        Runner = new HookRunner("tun0", directory.FullName, hub, TimeProvider.System, limits, owner ?? Myself);
    }

    internal HookRunner Runner { get; }

    /// <summary>What the runner gives back to the control thread, for the test to carry out.</summary>
    internal BlockingCollection<Action> Posted { get; } = [];

    internal string HooksDirectory => Path.Combine(directory.FullName, "hooks");

    internal string ConfigDirectory => directory.FullName;

    /// <summary>Where scripts leave word.</summary>
    internal string Journal => Path.Combine(directory.FullName, "journal");

    internal string[] Said => File.Exists(Journal) ? File.ReadAllLines(Journal) : [];

    /// <summary>Adds a hook.</summary>
    /// <param name="script">Lines for sh, in which $JOURNAL is <see cref="Journal"/>.</param>
    internal string Add(string name, string script, int mode = 0x1ed) => Write(Path.Combine(HooksDirectory, name), script, mode);

    internal string Write(string file, string script, int mode = 0x1ed)
    {
        File.WriteAllText(file, $"#!/bin/sh\nJOURNAL='{Journal}'\n{script}\n");
        SetMode(file, mode);
        return file;
    }

    /// <summary>A pipe with a name. A script that has it open for writing ends the reader's wait when it and all its children are gone.</summary>
    internal string Fifo(string name)
    {
        string path = Path.Combine(directory.FullName, name);
        using var made = System.Diagnostics.Process.Start("mkfifo", path);
        made.WaitForExit();
        return path;
    }

    internal static void SetMode(string file, int mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, (UnixFileMode)mode);
        }
    }

    /// <summary>Waits for the end of such a pipe, from now on.</summary>
    internal static Thread ReadToEnd(string fifo)
    {
        Thread reader = new(() => File.ReadAllText(fifo)) { IsBackground = true };
        reader.Start();
        return reader;
    }

    internal void ControlStarts() => Runner.ControlStarted(Posted.Add);

    /// <summary>Ends the runner and tells all events.</summary>
    internal MptEvent[] End()
    {
        if (!disposed)
        {
            disposed = true;
            Runner.Dispose();
            Assert.True(hub.Complete());
        }
        return [.. events];
    }

    public void Dispose()
    {
        End();
        directory.Delete(recursive: true);
    }

    private static unsafe uint Owner(DirectoryInfo made)
    {
        Libc.statx_buffer facts;
        Assert.Equal(0, Libc.statx(Libc.AT_FDCWD, made.FullName, 0, Libc.STATX_BASIC_STATS, &facts));
        made.Delete();
        return facts.stx_uid;
    }
}
