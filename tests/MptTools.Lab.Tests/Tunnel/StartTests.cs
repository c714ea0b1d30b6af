using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What stands in the way of a start is said in one sentence that names the cure, and nothing is left of the attempt.</summary>
public class StartTests
{
    private static readonly TunnelOptions Plain = new();

    [LabFact]
    public void A_second_server_of_the_same_tunnel_name_is_refused_and_the_first_goes_on() => TunnelLab.Run(Plain, lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        Leftovers before = new(lab.A);
        Refused(lab, "tun0");
        before.AssertNone();
        stream.WaitForMore(50);
        stream.Stop();
        stream.WaitForAll();
    });

    [LabFact]
    public void Of_servers_started_at_once_under_one_name_one_runs() => TunnelLab.RunStopped(Plain, lab =>
    {
        Leftovers before = new(lab.A);
        LabProcess[] started =
            [.. Enumerable.Range(0, 4).Select(_ => LabServer.Launch(lab.A, lab.FilesA))];
        LabWait.Until(() => started.Count(process => process.HasExited) >= 3, "all but one have ended", TimeSpan.FromSeconds(30));
        LabProcess running = Assert.Single(started, process => !process.HasExited);
        running.WaitForLine("Server tun0 runs");
        Assert.All(started.Except([running]), process => Refused(process, "tun0"));
        Assert.True(running.Stop());
        Assert.Equal(0, running.ExitCode);
        before.AssertNone();
    });

    [LabFact]
    public void A_busy_port_is_named() => RefusedStart(lab =>
    {
        using Socket holder = Traffic.UdpSocket(lab.A, "10.1.1.2", 23456);
        Refused(lab, "23456", "10.1.1.2", "local_port");
    });

    [LabFact]
    public void A_port_that_another_server_has_is_named() => TunnelLab.Run(Plain, lab =>
    {
        using ServerFiles files = new(60457, new TunFile("tun1", "10.9.0.2/24", null));
        files.Write(lab.FileA with { Local = "10.9.0.2", Remote = "10.9.0.3" });
        Leftovers before = new(lab.A);
        Refused(lab.A, files, "23456", "local_port");
        before.AssertNone();
        Traffic.Ping(lab.A, TunnelLab.AddressB);
    });

    [LabFact]
    public void A_taken_interface_name_is_named() => RefusedStart(lab =>
    {
        lab.A.Ip("tuntap", "add", "mode", "tun", "name", "tun0");
        Refused(lab, "tun0", "ip link delete tun0");
        lab.A.Ip("link", "delete", "tun0");
    });

    [LabFact(Tools = ["setpriv"])]
    public void Missing_privileges_are_named() => RefusedStart(lab =>
        Refused(lab.A.Start("setpriv", ["--bounding-set", "-net_admin", .. Command(lab)], LabServer.Environment),
            "root", "CAP_NET_ADMIN"));

    [LabFact(Tools = ["unshare"])]
    public void A_missing_tun_device_is_named() => RefusedStart(lab => Refused(
        lab.A.Start("unshare", ["-m", "sh", "-c", $"mount -t tmpfs none /dev/net && exec {string.Join(' ', Command(lab))}"],
            LabServer.Environment),
        "/dev/net/tun", "modprobe tun"));

    [LabFact]
    public void A_missing_ip_command_is_named() => RefusedStart(lab => Refused(
        lab.A.Start("/usr/bin/env", ["PATH=/nonexistent", .. Command(lab)], LabServer.Environment), "iproute2"));

    [LabFact]
    public void Faults_of_the_configuration_are_all_named_and_nothing_starts() => RefusedStart(lab =>
    {
        lab.FilesA.Write(lab.FileA with { Local = "10.0.0.99", Paths = [lab.FileA.Paths[0] with { Weight = 0 }] });
        LabProcess process = LabServer.RunToEnd(lab.A, "--config", lab.FilesA.Directory);
        Assert.Equal(3, process.ExitCode);
        string said = string.Join('\n', process.Lines.Where(line => line.IsError));
        Assert.Contains("toB.conf(", said);
        Assert.Contains("ip_local", said);
        Assert.Contains("weight_out", said);
    });

    private static void RefusedStart(Action<TunnelLab> test) => TunnelLab.RunStopped(Plain, lab =>
    {
        Leftovers before = new(lab.A);
        test(lab);
        before.AssertNone();
    });

    private static string[] Command(TunnelLab lab) => [LabServer.ProgramPath("mptsrv"), .. LabServer.Arguments(lab.FilesA)];

    private static void Refused(TunnelLab lab, params string[] words) => Refused(lab.A, lab.FilesA, words);

    private static void Refused(LabHost host, ServerFiles files, params string[] words) =>
        Refused(LabServer.Launch(host, files), words);

    /// <summary>It ends by itself with exit code 1 after one line on standard error that has all the words.</summary>
    private static void Refused(LabProcess process, params string[] words)
    {
        Assert.True(process.WaitForExit(), $"{process} goes on: {process.Output}");
        Assert.True(process.ExitCode == 1, $"{process}: {process.Output}");
        OutputLine line = Assert.Single(process.Lines, line => line.IsError);
        Assert.StartsWith("mptsrv: ", line.Text);
        Assert.All(words, word => Assert.Contains(word, line.Text));
    }
}
