using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Hooks;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Hooks of real servers: when they are called, what they stop, and that nothing waits for them that need not.</summary>
public class HookTests
{
    private static readonly TunnelOptions WithNetwork = new()
    {
        Connection = connection => connection with
        {
            Networks = [new NetFile("192.168.1.0/24", "192.168.2.0/24")],
            Paths = [.. connection.Paths.Select(path => path with { Keepalive = 0.1, Dead = 0.5 })],
        },
    };

    [LabFact]
    public void Every_change_of_a_server_is_told_before_and_after() => Run(WithNetwork, lab =>
    {
        lab.FilesA.WriteHook("10-tell", """
            test "$MPT_PHASE" = event && test "$MPT_EVENT" != server-started && test "$MPT_EVENT" != server-stopped && exit 0
            ip -o link show dev eth1 > /dev/null || echo "the wrong network namespace" >> $JOURNAL
            echo $MPT_PHASE $MPT_EVENT $MPT_CONNECTION $MPT_PATH $MPT_INTERFACE $MPT_ADDRESS $MPT_REMOTE $MPT_DESTINATION $MPT_RESULT >> $JOURNAL
            """);
        lab.Start();
        lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3");
        lab.ServerA.StopCleanly();
        string path0 = "path-route-add toB 0 eth1 10.1.1.2 10.1.1.3 default", path1 = "path-route-add toB 1 eth2 10.1.2.2 10.1.2.3 default";
        string network = "network-route-add toB tun0 10.0.0.2 10.0.0.3 192.168.2.0/24", tunnel = "tunnel-up tun0 10.0.0.2/24 fd00::2/64";
        Assert.Equal(
            [
                $"pre {tunnel}", $"post {tunnel} done", $"pre {path0}", $"post {path0} done", $"pre {path1}", $"post {path1} done",
                $"pre {network}", $"post {network} done", "event server-started",
                "pre path-down toB 0 eth1 10.1.1.2 10.1.1.3", "post path-down toB 0 eth1 10.1.1.2 10.1.1.3 done", "event server-stopped",
                $"post {path0} done".Replace("-add", "-del"), $"post {path1} done".Replace("-add", "-del"), $"post {network} done".Replace("-add", "-del"),
                $"post {tunnel} done".Replace("-up", "-down"),
            ],
            lab.FilesA.Journal);
    });

    [LabTheory]
    [InlineData("tunnel-up")]
    [InlineData("path-route-add")]
    [InlineData("network-route-add")]
    public void A_start_that_a_hook_stops_leaves_nothing(string change) => Run(WithNetwork, lab =>
    {
        lab.FilesA.WriteHook("10-no", $"test $MPT_PHASE-$MPT_EVENT = pre-{change} || exit 0; echo 'not here'; exit 9");
        LabProcess process = LabServer.RunToEnd(lab.A, LabServer.Arguments(lab.FilesA));
        Assert.Equal(1, process.ExitCode);
        OutputLine line = Assert.Single(process.Lines, line => line.IsError);
        Assert.Contains($"Hook 10-no stopped {change}: exit code 9; its last line: not here.", line.Text);
    });

    [LabFact]
    public void A_command_that_a_hook_stops_says_so_and_changes_nothing() => Run(WithNetwork, lab =>
    {
        lab.Start();
        lab.FilesA.WriteHook("10-no", "test $MPT_EVENT = path-down || exit 0; echo 'Path 0 is the only cheap one'; exit 1");
        CommandResult result = lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Hook 10-no stopped path-down: exit code 1; its last line: Path 0 is the only cheap one.", result.Output + result.Error);
        Assert.Equal(PathStatusCode.Up, lab.ServerA.PathAt(0).Detail);
    });

    [LabFact]
    public void While_a_hook_thinks_the_other_paths_go_on_and_questions_are_answered() => Run(WithNetwork, lab =>
    {
        lab.Start();
        string gate = Path.Combine(lab.FilesA.Directory, "gate");
        lab.A.Run("mkfifo", gate);
        lab.FilesA.WriteHook("10-gate", $"test \"$MPT_PHASE $MPT_EVENT\" = 'pre path-route-add' || exit 0; read answer < {gate}; echo $answer; exit $answer");
        lab.A.SetLinkDown("eth1");
        lab.ServerA.WaitForPath(0, PathStatusCode.InterfaceDown);
        lab.A.SetLinkUp("eth1");
        lab.ServerA.WaitForPath(0, PathStatusCode.AddressDown);
        // Twice the dead time of the other path has passed, and its peer has gone on hearing it.
        DateTimeOffset start = lab.ServerB.PathAt(1).LastKeepalive!.Value;
        lab.ServerB.WaitFor(
            status => status.Connections[0].Paths[1].LastKeepalive - start > TimeSpan.FromSeconds(1), "path 1 of B has heard its peer for a second");
        Assert.Equal((PathStatusCode.Up, PathStatusCode.AddressDown), (lab.ServerA.PathAt(1).Detail, lab.ServerA.PathAt(0).Detail));
        Assert.Equal(PathStatusCode.Up, lab.ServerB.PathAt(1).Detail);
        Traffic.Ping(lab.A, TunnelLab.AddressB);
        // It says no: the path stays closed, and the reason is told.
        File.WriteAllText(gate, "4\n");
        lab.ServerA.WaitForEvent("Hook 10-gate stopped path-route-add: exit code 4; its last line: 4.", 0);
        Assert.Equal(PathStatusCode.AddressDown, lab.ServerA.PathAt(0).Detail);
        // And is asked again when the interface has been away once more.
        lab.A.SetLinkDown("eth1");
        lab.ServerA.WaitForPath(0, PathStatusCode.InterfaceDown);
        lab.A.SetLinkUp("eth1");
        File.WriteAllText(gate, "0\n");
        lab.ServerA.WaitForPath(0, PathStatusCode.Up);
        lab.A.AddAddress("eth1", "fd01:1::2/64");
    });

    [LabFact]
    public void Hooks_run_in_the_namespace_of_the_server_whoever_asks() => Run(new TunnelOptions(), lab =>
    {
        lab.FilesA.WriteHook("10-where", "ip -o link show dev eth1 >> $JOURNAL && test ! -e /proc/$$/fd/3");
        EventHub events = new();
        HookRunner hooks = lab.A.Invoke(() => new HookRunner("tun0", lab.FilesA.Directory, events, TimeProvider.System));
        hooks.Around(new HookFacts(HookChange.InterfaceUp), () => { });
        hooks.Dispose();
        events.Complete();
        Assert.Equal(2, lab.FilesA.Journal.Length);
    });

    /// <summary>Nothing runs yet; afterwards whatever runs is stopped, and nothing is left.</summary>
    private static void Run(TunnelOptions options, Action<TunnelLab> test) => TunnelLab.RunStopped(options, lab =>
    {
        Leftovers before = new(lab.A, lab.B);
        test(lab);
        lab.ServerA?.StopCleanly();
        lab.ServerB?.StopCleanly();
        before.AssertNone();
    });
}
