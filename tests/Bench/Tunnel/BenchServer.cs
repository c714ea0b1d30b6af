using System.Runtime.InteropServices;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Lab;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Bench.Tunnel;

/// <summary>A server in a host of the lab: the program itself, as it was built, or the module inside pwsh.</summary>
internal sealed class BenchServer
{
    internal const string FirstTunnel = "tun0";

    private const int SIGSTOP = 19, SIGCONT = 18;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PathsTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The programs look for the .NET they were built for; that which runs this is one.</summary>
    private static readonly Dictionary<string, string?> Environment = new()
    {
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..")),
    };

    private readonly LabProcess process;

    private BenchServer(LabHost host, LabProcess process) => (Host, this.process) = (host, process);

    internal LabHost Host { get; }

    internal int ProcessId => process.Id;

    /// <summary>Starts mptsrv and does not wait for anything.</summary>
    internal static BenchServer Launch(LabHost host, ServerFiles files, params IEnumerable<string> arguments) => new(host,
        host.Start(Path.Combine(AppContext.BaseDirectory, "mptsrv"), ["--config", files.Directory, .. arguments], Environment));

    /// <summary>Starts the module's server in a pwsh of its own and does not wait for anything.</summary>
    internal static BenchServer LaunchInPwsh(LabHost host, ServerFiles files, string pwsh, string module) => new(host,
        host.Start(pwsh, ["-NoProfile", "-NonInteractive", "-Command",
            $"Import-Module '{module}'; Start-MptServer -ConfigPath '{files.Directory}' -Wait | ForEach-Object Message"], null));

    /// <summary>Waits until all paths are up and the peers are known for what they are.</summary>
    /// <exception cref="LabException">The server ended, or its paths do not come up.</exception>
    internal void WaitUntilReady()
    {
        try
        {
            process.WaitForLine($"Server {FirstTunnel} runs", StartTimeout);
        }
        catch (LabException e) when (process.HasExited)
        {
            string reason = process.Lines.FirstOrDefault(line => line.IsError).Text ?? "It said nothing.";
            throw new LabException($"The server ended with {process.ExitCode} instead of running: {reason}", e);
        }
        long deadline = System.Environment.TickCount64 + (long)PathsTimeout.TotalMilliseconds;
        while (!IsReady(Status()))
        {
            if (System.Environment.TickCount64 > deadline)
            {
                throw new LabException($"The paths of {Host} did not come up: {StatusText.Render(Status())}");
            }
            Thread.Sleep(50);
        }
    }

    /// <summary>The status as the control socket tells it.</summary>
    internal ServerStatus Status() => Host.Invoke(() => MptClient.Connect(FirstTunnel).GetStatus());

    /// <summary>What the server's process has taken so far.</summary>
    internal ProcessUsage Usage() => ProcessUsage.Of(ProcessId);

    /// <summary>Lets it use no processor at all until <see cref="Resume"/>.</summary>
    internal void Pause() => process.Signal(SIGSTOP);

    internal void Resume() => process.Signal(SIGCONT);

    private static bool IsReady(ServerStatus status) => status.Connections.All(connection =>
        connection.Peer == PeerKind.MptTools && connection.Paths.All(path => path.Detail == PathStatusCode.Up));
}
