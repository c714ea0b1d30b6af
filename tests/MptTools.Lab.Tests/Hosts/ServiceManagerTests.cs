using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Lab.Tests.Tunnel;
using MptTools.Mptsrv;

namespace MptTools.Lab.Tests.Hosts;

/// <summary>What a service manager hears of mptsrv, at the socket where systemd would listen.</summary>
public sealed class ServiceManagerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly LabNetwork network;
    private readonly LabHost host;
    private readonly ServerFiles files;
    private readonly Socket manager;

    public ServiceManagerTests()
    {
        network = new LabNetwork("notify");
        host = network.AddHost("A");
        LabHost peer = network.AddHost("B");
        network.Link(host, "eth1", "10.1.1.2/24", peer, "eth1", "10.1.1.3/24");
        // A name in the abstract namespace belongs to the network namespace, and each host of a lab has one of its own.
        manager = host.Invoke(() => new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified));
        manager.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        files = network.Own(new ServerFiles(50456, new TunFile("tun0", "10.0.0.2/24", null)));
        files.Write(new ConnectionFile("toB", "10.0.0.2", "10.0.0.3") { Paths = [new PathFile("eth1", "10.1.1.2", "10.1.1.3") { Keepalive = 0, Dead = 0 }] });
    }

    public void Dispose()
    {
        manager.Dispose();
        network.Dispose();
    }

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Manager_hears_of_the_start_of_changes_of_reloads_and_of_the_end(bool isAbstract)
    {
        LabProcess server = Launch(isAbstract);
        Assert.Equal(["READY=1", $"MAINPID={server.Id}"], Receive());
        Assert.Equal(["STATUS=Server tun0: 1 connection, 1 of 1 path up"], Receive());

        host.SetLinkDown("eth1");
        Assert.Equal(["STATUS=Server tun0: 1 connection, 0 of 1 path up"], Receive());

        TimeSpan before = Monotonic();
        server.Reload();
        string[] reloading = Receive();
        Assert.Equal("RELOADING=1", reloading[0]);
        Assert.InRange(TimeSpan.FromMicroseconds(long.Parse(reloading[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture)), before - TimeSpan.FromMicroseconds(1), Monotonic());
        Assert.Equal(["READY=1"], Receive());

        files.WriteConnection("bad", "[connection]\nname = bad\n");
        server.Reload();
        Assert.Equal("RELOADING=1", Receive()[0]);
        string[] failed = Receive();
        Assert.Equal("READY=1", failed[0]);
        Assert.StartsWith("STATUS=The configuration has faults, so nothing was changed. ", failed[1]);
        Assert.Equal(2, failed.Length);

        Assert.True(server.Stop());
        Assert.Equal(["STOPPING=1", "STATUS=Server tun0 has stopped."], Receive());
        Assert.Equal(0, manager.Available);
    }

    [LabFact]
    public void Manager_hears_again_and_again_that_the_server_lives_where_it_asks_for_that()
    {
        LabProcess server = Launch(isAbstract: true, ("WATCHDOG_USEC", "100000"));
        Assert.Equal("READY=1", Receive()[0]);
        Assert.Equal("WATCHDOG=1", Receive()[0]);
        Assert.Equal(["WATCHDOG=1"], Receive());
        Assert.Equal(["WATCHDOG=1"], Receive());
        Assert.True(server.Stop());
    }

    [LabFact]
    public void Manager_of_another_process_hears_nothing_of_a_life()
    {
        LabProcess server = Launch(isAbstract: true, ("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1"));
        Assert.Equal("READY=1", Receive()[0]);
        Assert.Equal(["STATUS=Server tun0: 1 connection, 1 of 1 path up"], Receive());
        Assert.True(server.Stop());
        Assert.Equal("STOPPING=1", Receive()[0]);
    }

    [LabFact]
    public void Manager_hears_no_life_of_a_server_that_does_not_answer()
    {
        UnixDomainSocketEndPoint socket = new(Path.Combine(files.Directory, "notify"));
        manager.Bind(socket);
        using MptServer server = host.Invoke(() => MptServer.Start(ConfigLoader.Load(files.Directory).Config!));
        (IServerControl silent, SilentServer silence) = SilentServer.Around(server);
        using var sender = new ServiceManager(socket, TimeSpan.FromMilliseconds(1));
        sender.Ready(silent);
        Assert.Equal("READY=1", Receive()[0]);
        Assert.Equal("WATCHDOG=1", Receive()[0]);

        silence.Begin();
        while (manager.Available > 0)
        {
            Receive();
        }
        // Asked, and not answered: all that was said before has been read.
        Assert.Equal(0, manager.Available);
        silence.End();
        Assert.Equal(["WATCHDOG=1"], Receive());
    }

    [LabFact]
    public void Manager_hears_why_there_is_no_server()
    {
        files.WriteConnection("bad", "[connection]\nname = bad\n");
        LabProcess server = Launch(isAbstract: true);
        Assert.Equal([$"STATUS=Nothing was started because of the faults in {files.Directory}."], Receive());
        Assert.True(server.WaitForExit(Patience));
        Assert.Equal(3, server.ExitCode);
    }

    [LabFact]
    public void Manager_follows_a_server_into_the_background()
    {
        LabProcess front = Launch(isAbstract: true, detach: true, ("WATCHDOG_USEC", "1000000000"));
        Assert.True(front.WaitForExit(Patience), front.Output);
        int process = host.Invoke(() => MptClient.Connect()).ProcessId;
        // The one in front tells whom to follow; the one behind, for a manager that listens to all, says the same, and that it lives.
        List<string> expected = [$"MAINPID={process}\nREADY=1", $"READY=1\nMAINPID={process}", "WATCHDOG=1\nSTATUS=Server tun0: 1 connection, 1 of 1 path up"];
        while (expected.Count > 0)
        {
            expected.Remove(string.Join('\n', Receive()));
        }
        host.Invoke(() => MptClient.Connect().Stop());
        LabWait.Until(() => !Directory.Exists($"/proc/{process}"), "the process has ended");
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("", null, null)]
    [InlineData("0", null, null)]
    [InlineData("-5", null, null)]
    [InlineData("many", null, null)]
    [InlineData("3000000", null, 1500)]
    [InlineData("3000000", "", 1500)]
    [InlineData("3000000", "42", 1500)]
    [InlineData("3000000", "43", null)]
    public void Interval_is_half_of_what_the_manager_waits_for_this_process(string? microseconds, string? watched, int? milliseconds) =>
        Assert.Equal(milliseconds is { } given ? TimeSpan.FromMilliseconds(given) : null, ServiceManager.Interval(microseconds, watched, process: 42));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("/")]
    [InlineData("run/notify")]
    [InlineData("vsock:2:1234")]
    public void Sockets_of_other_kinds_are_none(string? name) => Assert.Null(ServiceManager.EndPoint(name));

    private LabProcess Launch(bool isAbstract, params (string Name, string Value)[] environment) => Launch(isAbstract, detach: false, environment);

    private LabProcess Launch(bool isAbstract, bool detach, params (string Name, string Value)[] environment)
    {
        string name = isAbstract ? "@mpttools-test" : Path.Combine(files.Directory, "notify");
        manager.Bind(ServiceManager.EndPoint(name)!);
        Dictionary<string, string?> all = new(LabServer.Environment) { ["NOTIFY_SOCKET"] = name };
        foreach ((string variable, string value) in environment)
        {
            all[variable] = value;
        }
        return host.Start(LabServer.ProgramPath("mptsrv"), [.. LabServer.Arguments(files), .. detach ? (string[])["-d"] : []], all);
    }

    /// <summary>The lines of the next message.</summary>
    private string[] Receive()
    {
        byte[] message = new byte[4096];
        return Encoding.UTF8.GetString(message, 0, manager.Receive(message)).Split('\n');
    }

    private static TimeSpan Monotonic() => Stopwatch.GetElapsedTime(0);

    /// <summary>A server that can be kept from answering.</summary>
    public class SilentServer : DispatchProxy
    {
        private readonly ManualResetEventSlim mayAnswer = new(true), isAsked = new(false);
        private IServerControl server = null!;

        internal static (IServerControl Server, SilentServer Silence) Around(IServerControl server)
        {
            IServerControl proxy = Create<IServerControl, SilentServer>();
            ((SilentServer)(object)proxy).server = server;
            return (proxy, (SilentServer)(object)proxy);
        }

        /// <summary>Returns when somebody waits for an answer.</summary>
        internal void Begin()
        {
            mayAnswer.Reset();
            isAsked.Reset();
            Assert.True(isAsked.Wait(Patience), "Nobody asks the server.");
        }

        internal void End() => mayAnswer.Set();

        /// <inheritdoc/>
        protected override object? Invoke(MethodInfo? method, object?[]? arguments)
        {
            if (method!.Name == nameof(IServerControl.GetStatus) && !mayAnswer.IsSet)
            {
                isAsked.Set();
                mayAnswer.Wait();
            }
            return method.Invoke(server, arguments);
        }
    }
}
