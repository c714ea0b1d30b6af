using System.Runtime.InteropServices;

namespace MptTools.Cmdlets;

/// <summary>
/// The labs of this process. All runspaces share them, as they share the namespaces. Nothing here names a type of the lab's assembly, so
/// that asking for labs does not load it.
/// </summary>
internal static class LabStore
{
    private static readonly Lock Gate = new();
    private static readonly List<RunningLab> Labs = [];
    private static PosixSignalRegistration[] signals = [];

    internal static RunningLab[] All
    {
        get
        {
            lock (Gate)
            {
                return [.. Labs];
            }
        }
    }

    /// <summary>Takes a lab up, unless there is one of its name.</summary>
    internal static bool TryAdd(RunningLab lab)
    {
        lock (Gate)
        {
            if (Labs.Any(other => other.Name.Equals(lab.Name, StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }
            Labs.Add(lab);
            if (signals.Length == 0)
            {
                // Not SIGINT: Ctrl-C ends a command of PowerShell, not PowerShell. A signal that is not cancelled goes on to end the
                // process, after the labs have gone; an exit without a signal is seen by the lab's own assembly.
                PosixSignal[] ending = [PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
                signals = [.. ending.Select(signal => PosixSignalRegistration.Create(signal, _ => RemoveAll()))];
            }
            return true;
        }
    }

    internal static void Forget(RunningLab lab)
    {
        lock (Gate)
        {
            Labs.Remove(lab);
        }
    }

    private static void RemoveAll()
    {
        foreach (RunningLab lab in All)
        {
            try
            {
                lab.Remove();
            }
            catch (Exception e)
            {
                Console.Error.WriteLine(e.Message);
            }
        }
    }
}
