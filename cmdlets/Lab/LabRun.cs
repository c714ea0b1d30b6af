using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace MptTools.Cmdlets;

/// <summary>
/// One run of a script in a lab host. The script runs on the host's thread; what it gives comes out, in its order, on the thread of the
/// cmdlet that waits for it.
/// </summary>
internal sealed class LabRun(LabScript script) : IDisposable
{
    /// <summary>How long a script that was stopped may take to end; then nobody waits any longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    private readonly BlockingCollection<Action<Cmdlet>> messages = [];
    private readonly CancellationTokenSource abandoned = new();
    private readonly PowerShell shell = PowerShell.Create();
    private readonly Lock gate = new();
    private bool cancelled, completed;

    /// <summary>The exception that ended the script; null: it came to its end, or was stopped.</summary>
    internal Exception? Failure { get; private set; }

    /// <summary>The exit code of the last program that the script ran; null: it ran none.</summary>
    internal object? LastExitCode { get; private set; }

    /// <summary>Gives what the script gives, until it ends.</summary>
    internal void Relay(Cmdlet cmdlet)
    {
        try
        {
            foreach (Action<Cmdlet> message in messages.GetConsumingEnumerable(abandoned.Token))
            {
                message(cmdlet);
            }
        }
        catch (OperationCanceledException) when (abandoned.IsCancellationRequested)
        {
            // The command was stopped, and the script does not end.
            return;
        }
    }

    /// <summary>Stops the script. From any thread.</summary>
    internal void Cancel()
    {
        lock (gate)
        {
            if (cancelled || completed)
            {
                return;
            }
            cancelled = true;
            abandoned.CancelAfter(Patience);
            shell.BeginStop(null, null);
        }
    }

    /// <summary>Runs the script on the thread of the host.</summary>
    internal void Carry(Runspace runspace)
    {
        lock (gate)
        {
            if (cancelled)
            {
                return;
            }
            shell.Runspace = runspace;
        }
        script.Prepare(runspace);
        script.AddTo(shell);
        PSDataCollection<PSObject> output = [];
        Forward(output, (cmdlet, item) => cmdlet.WriteObject(item));
        Forward(shell.Streams.Error, WriteError);
        Forward(shell.Streams.Warning, (cmdlet, item) => cmdlet.WriteWarning(item.Message));
        Forward(shell.Streams.Verbose, (cmdlet, item) => cmdlet.WriteVerbose(item.Message));
        Forward(shell.Streams.Debug, (cmdlet, item) => cmdlet.WriteDebug(item.Message));
        Forward(shell.Streams.Progress, (cmdlet, item) => cmdlet.WriteProgress(item));
        Forward(shell.Streams.Information, (cmdlet, item) => cmdlet.WriteInformation(item));
        try
        {
            shell.Invoke<PSObject, PSObject>(null, output, new PSInvocationSettings());
        }
        catch (Exception) when (cancelled)
        {
            // It was stopped: whatever it says about that is no news.
            return;
        }
        finally
        {
            LastExitCode = script.CleanUp(runspace);
        }
    }

    /// <summary>The run failed before or outside its script, or its script ended by an exception.</summary>
    internal void Fail(Exception e) => Failure = e;

    /// <summary>The lab is being removed.</summary>
    internal void Refuse() => Failure = new ObjectDisposedException(nameof(LabSession));

    /// <summary>Nothing more comes.</summary>
    internal void Complete()
    {
        lock (gate)
        {
            completed = true;
            messages.CompleteAdding();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (!completed)
            {
                // The host's thread still works on it.
                return;
            }
        }
        shell.Dispose();
        messages.Dispose();
        abandoned.Dispose();
    }

    private static void WriteError(Cmdlet cmdlet, ErrorRecord error)
    {
        bool isProgramText = error.FullyQualifiedErrorId is "NativeCommandError" or "NativeCommandErrorMessage";
        if (isProgramText && StopsAtErrors((PSCmdlet)cmdlet))
        {
            // What a program writes to its standard error is no error, and never ends a script in PowerShell.
            ((PSCmdlet)cmdlet).Host.UI.WriteErrorLine(error.ToString());
            return;
        }
        // The id names the cmdlet that failed, not the one that brings the news.
        KeepInvocation(error, true);
        cmdlet.WriteError(error);
    }

    private static bool StopsAtErrors(PSCmdlet cmdlet)
    {
        object? preference = cmdlet.MyInvocation.BoundParameters.TryGetValue("ErrorAction", out object? bound)
            ? bound
            : cmdlet.GetVariableValue("ErrorActionPreference");
        return LanguagePrimitives.TryConvertTo(preference, out ActionPreference action) && action == ActionPreference.Stop;
    }

    /// <summary>Internal in PowerShell 7, which forwards the errors of its own parallel scripts in this way.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PreserveInvocationInfoOnce")]
    private static extern void KeepInvocation(ErrorRecord error, bool value);

    private void Forward<T>(PSDataCollection<T> stream, Action<Cmdlet, T> write) => stream.DataAdded += (_, _) =>
    {
        foreach (T item in stream.ReadAll())
        {
            messages.Add(cmdlet => write(cmdlet, item));
        }
    };
}
