using System.Text.RegularExpressions;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Lab.Tests.Hosts;

/// <summary>mptsrv and mpt as people and service managers run them: the programs themselves, one host each.</summary>
public sealed partial class MptsrvTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly LabNetwork network;
    private readonly LabHost host;
    private readonly ServerFiles files;

    public MptsrvTests()
    {
        network = new LabNetwork("hosts");
        host = network.AddHost("A");
        LabHost peer = network.AddHost("B");
        network.Link(host, "eth1", "10.1.1.2/24", peer, "eth1", "10.1.1.3/24");
        network.Link(host, "eth2", "fd00:2::2/64", peer, "eth2", "fd00:2::3/64");
        files = network.Own(new ServerFiles(50456, new TunFile("tun0", "10.0.0.2/24", "fec0::2/64")));
        files.Write(new ConnectionFile("toB", "10.0.0.2", "10.0.0.3")
        {
            // Without a peer that answers: what is up stays up.
            Paths =
            [
                new PathFile("eth1", "10.1.1.2", "10.1.1.3") { Keepalive = 0, Dead = 0, Weight = 3 },
                new PathFile("eth2", "fd00:2::2", "fd00:2::3") { Keepalive = 0, Dead = 0 },
            ],
        });
    }

    public void Dispose() => network.Dispose();

    [LabFact]
    public void Start_prints_what_the_manual_shows_and_the_connections()
    {
        LabServer server = LabServer.Start(host, files);
        server.Process.WaitForLine("Remote IP address  : fd00:2::3");

        string printed = server.Process.Output;
        Assert.Matches(ManualStart(), printed);
        Assert.Contains("Connection name  : toB \n", printed);
        server.StopCleanly();
    }

    [LabFact]
    public void Terminal_answers_p_r_and_q()
    {
        LabServer server = LabServer.Start(host, files);
        server.Process.WaitForLine("Remote IP address  : fd00:2::3");
        int start = server.Process.Lines.Count;

        server.Process.WriteLine("p");
        server.Process.WaitForLine(line => line.Text == "Tunnel information:", startAt: start);
        server.Process.WriteLine("r");
        server.WaitForEvent("The configuration was read again", start);
        server.Process.WriteLine("what");
        server.Process.WaitForLine("The server answers to p");
        server.Process.WriteLine(" q ");

        Assert.True(server.Process.WaitForExit(Patience));
        Assert.Equal(0, server.Process.ExitCode);
    }

    [LabFact]
    public void Reload_of_a_faulty_file_says_so_and_changes_nothing()
    {
        LabServer server = LabServer.Start(host, files);
        server.Process.WaitForLine("Remote IP address  : fd00:2::3");
        files.WriteConnection("second", "[connection]\nname = second\n");
        int start = server.Process.Lines.Count;

        server.Process.Reload();

        server.Process.WaitForLine(line => line.Text.Contains("second.conf") && line.IsError, startAt: start);
        Assert.Single(server.Status().Connections);
        files.DeleteConnection("second");
        server.Process.Reload();
        server.WaitForEvent("The configuration was read again", start);
        Assert.True(server.Process.Stop());
    }

    [LabFact]
    public void End_of_the_input_means_nothing_and_Ctrl_C_stops()
    {
        LabProcess process = host.Start("sh",
            ["-c", $"exec \"{Path.Combine(AppContext.BaseDirectory, "mptsrv")}\" --config '{files.Directory}' < /dev/null"], LabServer.Environment);
        process.WaitForLine("Server tun0 runs", Patience);
        Assert.Equal("tun0", host.Invoke(() => MptClient.Connect()).Name);

        process.Interrupt();

        Assert.True(process.WaitForExit(Patience));
        Assert.Equal(0, process.ExitCode);
    }

    [LabFact]
    public void Journal_gets_priorities_instead_of_times()
    {
        var environment = new Dictionary<string, string?>(LabServer.Environment) { ["JOURNAL_STREAM"] = "8:1" };
        LabProcess process = host.Start(Path.Combine(AppContext.BaseDirectory, "mptsrv"), ["--config", files.Directory], environment);
        process.WaitForLine("Server tun0 runs", Patience);

        host.SetLinkDown("eth1");
        OutputLine down = process.WaitForLine("eth1, ");

        Assert.StartsWith("<4>", down.Text);
        Assert.Contains(process.Lines, line => line.Text.StartsWith("<5>Server tun0 runs", StringComparison.Ordinal));
        Assert.True(process.Stop());
    }

    [LabFact]
    public void Background_server_runs_on_when_the_one_in_front_has_returned()
    {
        LabProcess front = LabServer.RunToEnd(host, "-d", "--config", files.Directory);

        Assert.True(front.ExitCode == 0, front.Output);
        int process = int.Parse(InBackground().Match(front.Output).Groups[1].Value);
        Assert.Contains("Connection name  : toB ", front.Output);
        MptClient client = host.Invoke(() => MptClient.Connect("tun0"));
        Assert.Equal(process, client.ProcessId);
        // A session of its own, and no hold on the terminal or the directory it was started from.
        Assert.Equal($"{process}", File.ReadAllText($"/proc/{process}/stat").Split(") ")[1].Split(' ')[3]);
        Assert.Equal("/", new FileInfo($"/proc/{process}/cwd").LinkTarget);
        Assert.Equal("/dev/null", new FileInfo($"/proc/{process}/fd/0").LinkTarget);

        host.Invoke(client.Stop);
        LabWait.Until(() => !Directory.Exists($"/proc/{process}"), "the process has ended");
    }

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Second_server_on_the_tunnel_fails_with_a_sentence(bool inBackground)
    {
        LabServer first = LabServer.Start(host, files);

        LabProcess second = LabServer.RunToEnd(host, inBackground ? ["-d", "--config", files.Directory] : ["--config", files.Directory]);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"A server for tunnel 'tun0' already runs in this network namespace (process {first.Process.Id}).", second.Output);
        first.StopCleanly();
    }

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Faults_of_the_configuration_are_all_printed_and_nothing_starts(bool inBackground)
    {
        files.WriteConnection("bad", "[connection]\nname = bad\nip_ver = 5\nlocal_port = 0\n");

        LabProcess server = LabServer.RunToEnd(host, inBackground ? ["-d", "--config", files.Directory] : ["--config", files.Directory]);

        Assert.Equal(3, server.ExitCode);
        Assert.Matches(@"bad\.conf\(3\): error: \[connection\] ip_ver: ", server.Output);
        Assert.Matches(@"bad\.conf\(4\): error: \[connection\] local_port: ", server.Output);
        Assert.Contains("Nothing was started", server.Output);
    }

    [LabFact]
    public void Check_tells_of_everything_and_starts_nothing()
    {
        LabProcess good = LabServer.RunToEnd(host, "check", "--config", files.Directory);
        files.WriteConnection("bad", "[connection]\nname = bad\n");
        LabProcess bad = LabServer.RunToEnd(host, "check", "--config", files.Directory);

        Assert.Equal((0, 3), (good.ExitCode, bad.ExitCode));
        Assert.Contains("can be used: 1 tunnel, 1 connection, 2 paths; ", good.Output);
        Assert.Matches(@"cannot be used: \d+ errors, ", bad.Output);
        Assert.Empty(host.Invoke(MptClient.ListServers));
    }

    [LabFact]
    public void Wrong_usage_shows_the_right_one()
    {
        LabProcess wrong = LabServer.RunToEnd(host, "--what");

        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("'--what' is not understood.", wrong.Output);
        Assert.Contains("Usage: mptsrv", wrong.Output);
    }

    [LabFact]
    public void Client_shows_the_status_and_takes_paths_down_and_up()
    {
        LabServer server = LabServer.Start(host, files);

        CommandResult status = server.Mpt("show", "status");
        CommandResult down = server.Mpt("path", "down", "fd00:2::2", "fd00:2::3");
        PathStatusCode afterDown = server.PathAt(1).Detail;
        CommandResult up = server.Mpt("-50456", "path", "up", "fd00:2::2", "fd00:2::3");
        CommandResult wrong = server.Mpt("path", "up", "10.1.1.2", "10.1.1.9");
        CommandResult misused = server.Mpt("path");

        Assert.Equal(0, status.ExitCode);
        Assert.StartsWith("mpt configuration:\n\tLocal cmd port: 50456\n\tcmd timeout: 25\nCMD_OK:\nTunnel information:\n", status.Output);
        Assert.Equal((0, "mpt configuration:\n\tLocal cmd port: 50456\n\tcmd timeout: 25\nCMD_OK:path down fd00:2::2 fd00:2::3"), (down.ExitCode, down.Output));
        Assert.Equal(PathStatusCode.TakenDown, afterDown);
        Assert.Equal(0, up.ExitCode);
        Assert.Equal(PathStatusCode.Up, server.PathAt(1).Detail);
        Assert.Equal(1, wrong.ExitCode);
        Assert.EndsWith("CMD-ERROR:path up 10.1.1.2 10.1.1.9", wrong.Output);
        Assert.Contains("There is no path from 10.1.1.2 to 10.1.1.9", wrong.Error);
        Assert.Equal(2, misused.ExitCode);
        Assert.StartsWith("mpt path {up | down}", misused.Output);
        server.StopCleanly();
        CommandResult gone = server.Mpt("show", "status");
        Assert.Equal((1, ""), (gone.ExitCode, gone.Output));
        Assert.Contains("No MptTools server runs in this network namespace", gone.Error);
    }

    // The manual's chapter 3; there is no command client with a port of its own here.
    [GeneratedRegex(
        """
        ^Tunnel information:
            Tunnel interface : tun0
            Tunnel device    : /dev/net/tun
            Tunnel file desc\.: \d+
            Tunnel int\. MTU  : 1440
            Tunnel ipv4 addr\.: 10\.0\.0\.2/24
            Tunnel ipv6 addr\.: fec0::2/64
            CMD server port number  : 50456
            Global server    : 0$
        """,
        RegexOptions.Multiline)]
    private static partial Regex ManualStart();

    [GeneratedRegex(@"runs in the background as process (\d+)\.")]
    private static partial Regex InBackground();
}
