using System.Runtime.InteropServices;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>A running mptsrv in a host of a lab: the program itself, as it was built.</summary>
internal sealed class LabServer
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The programs look for the .NET they were built for; that which runs the tests is one.</summary>
    internal static readonly Dictionary<string, string?> Environment = new()
    {
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..")),
        // A server compiles everything well at once, for days of service; here hundreds live for a second.
        ["DOTNET_TieredCompilation"] = "1",
    };

    private LabServer(LabHost host, LabProcess process, string name) => (Host, Process, Name) = (host, process, name);

    internal LabHost Host { get; }
    internal LabProcess Process { get; }

    /// <summary>The server's name: that of its first tunnel.</summary>
    internal string Name { get; }

    /// <summary>The full path of a program of ours.</summary>
    internal static string ProgramPath(string program) => Path.Combine(AppContext.BaseDirectory, program);

    /// <summary>Starts a program of ours and does not wait for anything.</summary>
    internal static LabProcess Launch(LabHost host, string program, params string[] arguments) =>
        host.Start(ProgramPath(program), arguments, Environment);

    /// <summary>Starts a server with the offloads of this test and does not wait for anything.</summary>
    internal static LabProcess Launch(LabHost host, ServerFiles files)
    {
        Dictionary<string, string?> environment = new(Environment);
        if (files.Programs is { } programs)
        {
            environment["PATH"] = $"{programs}:{System.Environment.GetEnvironmentVariable("PATH")}";
        }
        return host.Start(ProgramPath("mptsrv"), Arguments(files), environment);
    }

    /// <summary>The arguments of a server with the offloads of this test.</summary>
    internal static string[] Arguments(ServerFiles files) =>
        ["--config", files.Directory, "--disable-offloads", OffloadNames.Of(OffloadMode.Disabled).Replace(" ", ""), .. files.Arguments];

    /// <summary>Runs the server to its end, which is to come by itself.</summary>
    internal static LabProcess RunToEnd(LabHost host, params string[] arguments)
    {
        LabProcess process = Launch(host, "mptsrv", arguments);
        Assert.True(process.WaitForExit(StartTimeout), $"{process} did not end; it wrote: {process.Output}");
        return process;
    }

    /// <summary>Starts a server and returns when it carries traffic.</summary>
    internal static LabServer Start(LabHost host, ServerFiles files, string name = "tun0") => Started(Begin(host, files, name));

    /// <summary>Starts a server that meets a poorer kernel, and returns when it carries traffic.</summary>
    internal static LabServer StartLacking(Lack lacks, LabHost host, ServerFiles files, string name = "tun0")
    {
        string[] command = PoorKernel.Command(lacks, ProgramPath("mptsrv"), Arguments(files));
        return Started(new LabServer(host, host.Start(command[0], command[1..], Environment), name));
    }

    /// <summary>Starts several servers at the same time.</summary>
    internal static LabServer[] StartAll(params IReadOnlyList<(LabHost Host, ServerFiles Files, string Name)> servers)
    {
        LabServer[] begun = [.. servers.Select(server => Begin(server.Host, server.Files, server.Name))];
        return [.. begun.Select(Started)];
    }

    private static LabServer Begin(LabHost host, ServerFiles files, string name) =>
        new(host, Launch(host, files), name);

    private static LabServer Started(LabServer server)
    {
        server.Process.WaitForLine($"Server {server.Name} runs", StartTimeout);
        ServerStatus status = server.Status();
        Assert.Equal(OffloadMode.Disabled, status.DisabledOffloads & OffloadMode.Disabled);
        Assert.All(
            [status.Offloads, .. status.Tunnels.Select(tunnel => tunnel.Offloads), .. status.Connections.SelectMany(connection => connection.Paths).Select(path => path.Offloads)],
            used => Assert.Equal(Offloads.None, used & OffloadMode.Disabled));
        return server;
    }

    /// <summary>The status as the control socket tells it.</summary>
    internal ServerStatus Status() => Host.Invoke(() => MptClient.Connect(Name).GetStatus());

    internal ConnectionStatus Connection(int index = 0) => Status().Connections[index];

    internal PathStatus PathAt(int index, int connection = 0) => Connection(connection).Paths[index];

    internal ServerStatus WaitFor(Func<ServerStatus, bool> holds, string what)
    {
        ServerStatus? last = null;
        try
        {
            LabWait.Until(() => holds(last = Status()), what);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{(last is null ? "" : StatusText.Render(last))}", e);
        }
        return last!;
    }

    internal void WaitForPath(int path, PathStatusCode code, int connection = 0) => WaitFor(
        status => status.Connections[connection].Paths[path].Detail == code, $"path {path} of {Host.Name} is {code}");

    /// <summary>All paths that are in use up, and the peer known for what it is.</summary>
    internal void WaitUntilUp() => WaitFor(
        status => status.Connections.All(connection =>
            connection.Peer == PeerKind.MptTools
            && connection.Paths.All(path => path.Detail is PathStatusCode.Up or PathStatusCode.Disabled)),
        $"all paths of {Host.Name} are up and its peers are known");

    /// <summary>Waits for an event's sentence among the lines written since <paramref name="startAt"/>.</summary>
    internal void WaitForEvent(string text, int startAt) =>
        Process.WaitForLine(line => line.Text.Contains(text, StringComparison.Ordinal), startAt: startAt);

    /// <summary>Runs the mpt client in the server's host, to its end.</summary>
    internal CommandResult Mpt(params string[] arguments) => Mpt(Host, arguments);

    /// <summary>Runs the mpt client in a host, to its end.</summary>
    internal static CommandResult Mpt(LabHost host, params string[] arguments) => ToEnd(Launch(host, "mpt", arguments));

    /// <summary>Waits for a process's end.</summary>
    internal static CommandResult ToEnd(LabProcess process)
    {
        bool ended = process.WaitForExit();
        string Text(bool error) => string.Join('\n', process.Lines.Where(line => line.IsError == error));
        return new CommandResult(process.Command, process.ExitCode ?? -1, Text(false), Text(true), !ended);
    }

    /// <summary>Its status as a text for people, or why there is none.</summary>
    internal string Describe()
    {
        try
        {
            return $"\n--- {Host} now:\n{StatusText.Render(Status())}";
        }
        catch (MptCommandException e)
        {
            return $"\n--- {Host} tells no status: {e.Message}\n";
        }
    }

    /// <summary>Stops the server as a service manager does: it ends by itself with exit code 0 and has complained of nothing.</summary>
    internal void StopCleanly()
    {
        if (!Process.HasExited)
        {
            Assert.True(Process.Stop(), $"{Process} had to be killed; it wrote: {Process.Output}");
        }
        Assert.True(Process.ExitCode == 0, $"{Process}; it wrote: {Process.Output}");
        Assert.DoesNotContain(Process.Lines, line => line.IsError);
    }
}
