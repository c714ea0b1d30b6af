using System.Runtime.InteropServices;

namespace MptTools.Lab;

/// <summary>
/// Removes the labs still standing when the process ends by itself, by an unhandled exception or by a signal.
/// Against kill -9 nothing helps but the next lab, which removes what it finds.
/// </summary>
internal static class LabRegistry
{
    private static readonly Lock Gate = new();
    private static readonly List<LabNetwork> Labs = [];
    private static PosixSignalRegistration[] signals = [];
    private static bool hooked;

    internal static void Add(LabNetwork lab)
    {
        lock (Gate)
        {
            Labs.Add(lab);
            if (!hooked)
            {
                AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAll(all: true);
                AppDomain.CurrentDomain.UnhandledException += (_, _) => DisposeAll(all: true);
                hooked = true;
            }
            if (lab.RemovedOnSignals && signals.Length == 0)
            {
                PosixSignal[] ending = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
                signals = [.. ending.Select(signal => PosixSignalRegistration.Create(signal, _ => DisposeAll(all: false)))];
            }
        }
    }

    internal static void Remove(LabNetwork lab)
    {
        PosixSignalRegistration[] unneeded = [];
        lock (Gate)
        {
            Labs.Remove(lab);
            if (!Labs.Any(other => other.RemovedOnSignals))
            {
                unneeded = signals;
                signals = [];
            }
        }
        foreach (PosixSignalRegistration registration in unneeded)
        {
            registration.Dispose();
        }
    }

    private static void DisposeAll(bool all)
    {
        LabNetwork[] labs;
        lock (Gate)
        {
            labs = [.. Labs.Where(lab => all || lab.RemovedOnSignals)];
        }
        foreach (LabNetwork lab in labs)
        {
            try
            {
                lab.Dispose();
            }
            catch (LabException e)
            {
                Console.Error.WriteLine(e.Message);
            }
        }
    }
}
