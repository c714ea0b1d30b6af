using System.Runtime.InteropServices;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Mptsrv;

/// <summary>Runs a server in this process until a signal, a command or its death ends it.</summary>
internal static class Foreground
{
    internal static int Run(Options options)
    {
        using var front = options.DetachedFrom is { } handle ? Background.Enter(handle) : null;
        using var manager = ServiceManager.FromEnvironment();
        ConfigResult<ServerConfig> configuration = ConfigLoader.Load(options.ConfigDirectory);
        ConfigCheck.Print(configuration.Diagnostics, Console.Error);
        if (configuration.Config is null)
        {
            string faulty = $"Nothing was started because of the faults in {options.ConfigDirectory}.";
            Console.Error.WriteLine($"mptsrv: {faulty}");
            manager.Failed(faulty);
            return ExitCode.Configuration;
        }
        using EventLog log = front is null ? EventLog.OnStandardOutput(options.LogLevel) : EventLog.OnSystemLog(options.LogLevel);
        using var signals = new Signals(manager);
        MptServer server;
        try
        {
            server = MptServer.Start(configuration.Config, new MptServerOptions
            {
                Observer = change =>
                {
                    log.Write(change);
                    manager.Take(change);
                },
                DisabledOffloads = options.DisabledOffloads,
                Threads = options.Threads,
            });
        }
        catch (MptStartException e)
        {
            Console.Error.WriteLine($"mptsrv: {e.Message}");
            manager.Failed(e.Message);
            return ExitCode.Failed;
        }
        using (server)
        {
            signals.Connect(server);
            Terminal.PrintStatus(server, Console.Out);
            if (front is not null)
            {
                front.LetGo();
            }
            else
            {
                Terminal.Attach(server, Console.OpenStandardInput(), Console.Out);
            }
            manager.Ready(server);
            return Wait(server);
        }
    }

    private static int Wait(MptServer server)
    {
        try
        {
            server.Completion.GetAwaiter().GetResult();
            return ExitCode.Done;
        }
        catch (Exception e)
        {
            // The server's death, whatever it was: here it becomes the process's last words.
            Console.Error.WriteLine($"mptsrv: The server died: {e.Message}");
            return ExitCode.Failed;
        }
    }

    /// <summary>Stop and reload by signal, also while the server is still starting.</summary>
    private sealed class Signals : IDisposable
    {
        private readonly Lock gate = new();
        private readonly PosixSignalRegistration[] registrations;
        private readonly ServiceManager manager;
        private IServerControl? server;
        private bool stopped;

        internal Signals(ServiceManager manager)
        {
            this.manager = manager;
            registrations =
            [
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
                PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload),
            ];
        }

        internal void Connect(IServerControl running)
        {
            lock (gate)
            {
                server = running;
                if (stopped)
                {
                    running.RequestStop();
                }
            }
        }

        public void Dispose()
        {
            foreach (PosixSignalRegistration registration in registrations)
            {
                registration.Dispose();
            }
        }

        private void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            lock (gate)
            {
                stopped = true;
                server?.RequestStop();
            }
        }

        private void Reload(PosixSignalContext context)
        {
            context.Cancel = true;
            IServerControl? running;
            lock (gate)
            {
                running = server;
            }
            if (running is not null)
            {
                manager.Reload(running, Console.Error);
            }
        }
    }
}
