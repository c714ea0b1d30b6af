using System.Runtime.InteropServices;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Stops the servers of this process when the process ends, so that PowerShell leaves nothing behind when it is left.</summary>
internal static class ProcessEnd
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<MptServer> Servers = [];
    private static PosixSignalRegistration[] signals = [];

    /// <summary>From now on the server is stopped when PowerShell is left, be it by exit or by a signal.</summary>
    internal static void Watch(MptServer server)
    {
        lock (Gate)
        {
            Servers.Add(server);
            if (signals.Length > 0)
            {
                return;
            }
            AppDomain.CurrentDomain.ProcessExit += (_, _) => StopAll();
            // A signal that is not cancelled goes on to end the process, after the servers have gone.
            signals =
            [
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => StopAll()),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => StopAll()),
            ];
        }
    }

    /// <summary>The server has stopped by itself.</summary>
    internal static void Forget(MptServer server)
    {
        lock (Gate)
        {
            Servers.Remove(server);
        }
    }

    /// <summary>For a server in front: a signal stops it, and the script it runs in goes on to its own end.</summary>
    internal static IDisposable StopOnSignals(MptServer server) => new Registrations(
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop(server)), PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop(server)));

    private static Action<PosixSignalContext> Stop(MptServer server) => context =>
    {
        context.Cancel = true;
        server.RequestStop();
    };

    private static void StopAll()
    {
        MptServer[] running;
        lock (Gate)
        {
            running = [.. Servers];
        }
        Parallel.ForEach(running, server => server.Stop());
    }

    private sealed class Registrations(params PosixSignalRegistration[] all) : IDisposable
    {
        public void Dispose()
        {
            foreach (PosixSignalRegistration registration in all)
            {
                registration.Dispose();
            }
        }
    }
}
