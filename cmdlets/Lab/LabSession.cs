using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>
/// Where scripts of a lab host run: a runspace on a thread of its own in the host's network namespace. Whatever a script opens or starts
/// there, programs and threads of servers included, is in the host; variables and jobs stay from one script to the next.
/// </summary>
internal sealed class LabSession : IDisposable
{
    /// <summary>As PowerShell's own threads have it: scripts recurse.</summary>
    private const int StackBytes = 10 * 1024 * 1024;

    /// <summary>How long a script and its servers have to end, and again when its programs have been killed.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    [ThreadStatic]
    private static bool isLabThread;

    private readonly BlockingCollection<Action> work = [];
    private readonly Lock gate = new();
    private readonly LabHost host;
    private readonly string module, configPath;
    private readonly Thread thread;
    private Runspace? runspace;
    private LabRun? current;
    private int waiting;
    private bool closed;

    /// <param name="module">The module's manifest, which is loaded there.</param>
    /// <param name="configPath">The host's configuration directory, which Start-MptServer takes there; empty: none.</param>
    internal LabSession(LabHost host, string module, string configPath)
    {
        (this.host, this.module, this.configPath) = (host, module, configPath);
        Name = $"{host.Lab.Name}: {host.Name}";
        Thread? started = null;
        // A thread is born into the namespace of the one that starts it.
        host.Invoke(() =>
        {
            started = new Thread(Work, StackBytes) { IsBackground = true, Name = Name };
            started.UnsafeStart();
        });
        thread = started!;
    }

    /// <summary>Lab and host.</summary>
    internal string Name { get; }

    /// <summary>Whether a script of a lab host would wait for this one: it could wait for itself.</summary>
    internal bool WouldBlock
    {
        get
        {
            lock (gate)
            {
                return isLabThread && waiting > 0;
            }
        }
    }

    /// <summary>Has a script run as soon as those before it have ended.</summary>
    /// <exception cref="ObjectDisposedException">The lab is being removed.</exception>
    internal void Begin(LabRun run)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            waiting++;
            work.Add(() => Run(run));
        }
    }

    /// <summary>Stops what runs, the jobs of the host's scripts and the runspace.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }
            closed = true;
            current?.Cancel();
            work.Add(Close);
            work.CompleteAdding();
        }
        // A script in the host may remove its own lab; its thread ends when the script has.
        if (Thread.CurrentThread != thread && !thread.Join(StopTime))
        {
            // A program that PowerShell has stopped may have left others, which hold what it wrote to.
            host.KillAll();
            thread.Join(StopTime);
        }
    }

    private void Work()
    {
        isLabThread = true;
        foreach (Action next in work.GetConsumingEnumerable())
        {
            next();
        }
    }

    private void Run(LabRun run)
    {
        try
        {
            lock (gate)
            {
                if (closed)
                {
                    run.Refuse();
                    return;
                }
                current = run;
            }
            run.Carry(runspace ??= Open());
        }
        catch (Exception e)
        {
            run.Fail(e);
        }
        finally
        {
            lock (gate)
            {
                current = null;
                waiting--;
            }
            run.Complete();
        }
    }

    private Runspace Open()
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([module]);
        state.ThrowOnRunspaceOpenError = true;
        Runspace opened = RunspaceFactory.CreateRunspace(state);
        opened.Name = Name;
        opened.ThreadOptions = PSThreadOptions.UseCurrentThread;
        opened.Open();
        // Nobody can be asked there, and a lab is for trying.
        opened.SessionStateProxy.SetVariable("ConfirmPreference", ConfirmImpact.None);
        if (configPath.Length > 0)
        {
            opened.SessionStateProxy.SetVariable("PSDefaultParameterValues", new DefaultParameterDictionary
            {
                ["Start-MptServer:ConfigPath"] = configPath,
            });
        }
        return opened;
    }

    private void Close()
    {
        if (runspace is null)
        {
            return;
        }
        try
        {
            using PowerShell end = PowerShell.Create();
            end.Runspace = runspace;
            // Servers first of all: each takes away what it has added to the host.
            end.AddScript("Get-Job | Remove-Job -Force -ErrorAction Ignore").Invoke();
            runspace.Dispose();
        }
        catch (Exception e) when (e is InvalidRunspaceStateException or RuntimeException)
        {
            // PowerShell is being left and has closed it before us; the servers of the process stop by themselves then.
            return;
        }
    }
}
