using System.Net;
using System.Net.Sockets;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.ControlPlane.Commands;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Lab.Tests.Control;

/// <summary>The mpt program and the UDP command port of a running server.</summary>
public class CommandTests
{
    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_command_port_answers_as_existing_servers_do(bool useIPv6) => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        MptCommandResult Ask(params string[] words) => lab.A.Invoke(() => CommandPortClient.TryExecute(
            words, new IPEndPoint(useIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, TunnelLab.CommandPort), TimeSpan.FromSeconds(10)))!;
        MptCommandResult status = Ask("show", "status");
        Assert.Equal(0, status.ExitCode);
        Assert.Contains("CMD_OK:\nTunnel information:\n    Tunnel interface : tun0\n", status.Output);
        Assert.EndsWith("\n\n", status.Output);

        MptCommandResult down = Ask("path", "down", "10.1.2.2", "10.1.2.3");
        Assert.Equal((0, true), (down.ExitCode, down.Output.EndsWith("CMD_OK:path down 10.1.2.2 10.1.2.3\n", StringComparison.Ordinal)));
        Assert.Equal(PathStatusCode.TakenDown, lab.ServerA.PathAt(1).Detail);

        MptCommandResult wrong = Ask("path", "down", "10.9.9.9", "10.1.2.3");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("CMD-ERROR:path down 10.9.9.9 10.1.2.3\nThere is no path from 10.9.9.9", wrong.Output);
        Assert.StartsWith("There is no path from 10.9.9.9", wrong.Error);
        Assert.Equal(1, Ask("fly", "away").ExitCode);
        Assert.Equal(4, lab.ServerA.Status().CommandPortTraffic.LocalCommands);
    });

    [LabFact]
    public void Who_is_not_root_may_ask_but_not_change() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        CommandResult status = MptAsNobody(lab, "show", "status");
        Assert.Equal(0, status.ExitCode);
        Assert.Contains("Tunnel interface : tun0", status.Output);

        CommandResult down = MptAsNobody(lab, "path", "down", "10.1.2.2", "10.1.2.3");
        Assert.Equal(1, down.ExitCode);
        Assert.Contains("only root may change something", down.Error);
        Assert.Equal(PathStatusCode.Up, lab.ServerA.PathAt(1).Detail);
    });

    [LabFact]
    public void The_configuration_may_let_everybody_change() => TunnelLab.RunStopped(new TunnelOptions(), lab =>
    {
        string file = Path.Combine(lab.FilesA.Directory, "interface.conf");
        File.WriteAllText(file, File.ReadAllText(file).Replace("[general]", "[general]\naccept_local_users = 1"));
        lab.Start();
        MptAsNobody(lab, "path", "down", "10.1.2.2", "10.1.2.3").EnsureSuccess();
        Assert.Equal(PathStatusCode.TakenDown, lab.ServerA.PathAt(1).Detail);
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    [LabFact]
    public void Addresses_and_interfaces_are_changed() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        lab.ServerA.Mpt("address", "add", "10.77.0.1", "dev", "eth1").EnsureSuccess();
        lab.ServerA.Mpt("addr", "add", "fd77::1/128", "dev", "eth1").EnsureSuccess();
        string addresses = lab.A.Run("ip", "address", "show", "dev", "eth1").EnsureSuccess().Output;
        Assert.Contains("10.77.0.1/24", addresses);
        Assert.Contains("fd77::1/128", addresses);
        CommandResult again = lab.ServerA.Mpt("address", "add", "10.77.0.1", "dev", "eth1");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("10.77.0.1/24 cannot be added to eth1", again.Error);
        lab.ServerA.Mpt("address", "del", "10.77.0.1", "dev", "eth1").EnsureSuccess();
        lab.ServerA.Mpt("address", "del", "fd77::1/128", "dev", "eth1").EnsureSuccess();
        Assert.Equal(1, lab.ServerA.Mpt("address", "del", "10.77.0.1", "dev", "eth1").ExitCode);
        Assert.Equal(1, lab.ServerA.Mpt("interface", "eth9", "up").ExitCode);
        Assert.DoesNotContain("10.77.0.1", lab.A.Run("ip", "address", "show", "dev", "eth1").EnsureSuccess().Output);
    });

    [LabFact]
    public void Where_no_server_runs_the_program_says_so() => TunnelLab.RunStopped(new TunnelOptions(), lab =>
    {
        CommandResult result = LabServer.Mpt(lab.A, "show", "status");
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("No MptTools server runs in this network namespace", result.Error);
    });

    [LabFact]
    public void A_port_that_is_taken_stops_the_start_with_a_sentence() => TunnelLab.RunStopped(new TunnelOptions(), lab =>
    {
        using Socket holder = Tunnel.Traffic.UdpSocket(lab.A, "10.1.1.2", TunnelLab.CommandPort);
        LabProcess server = LabServer.RunToEnd(lab.A, LabServer.Arguments(lab.FilesA));
        Assert.Equal(1, server.ExitCode);
        Assert.Contains($"UDP port {TunnelLab.CommandPort} is in use by another program", server.Output);
    });

    [LabFact]
    public void Rubbish_at_the_command_port_slows_nothing_and_changes_nothing() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        var target = new IPEndPoint(IPAddress.Parse("10.1.1.3"), TunnelLab.CommandPort);
        byte[] status = [0xA2, 128, 0, 0, 1, 4, 0, 0, .. Mapped(10, 0, 0, 2), .. Mapped(10, 0, 0, 3), 32, 0, 0, 0];
        using (Socket flood = Tunnel.Traffic.UdpSocket(lab.A, "10.1.1.2", 40000))
        {
            var random = new Random(1);
            byte[] rubbish = new byte[300];
            for (int i = 0; i < 20_000; i++)
            {
                random.NextBytes(rubbish);
                rubbish[0] = (byte)(0xA2 + i % 4);
                flood.SendTo(i % 4 == 0 ? status : rubbish, target);
            }
        }
        // From another address of the same peer: its word still counts.
        lab.ServerA.Mpt("path", "down", "10.1.2.2", "10.1.2.3").EnsureSuccess();
        lab.ServerB.WaitForPath(1, PathStatusCode.Down);
        stream.WaitForMore(20);
        stream.Stop();
        stream.WaitForAll();
        CommandPortStatus seen = lab.ServerB.Status().CommandPortTraffic;
        Assert.Equal((1, true), (seen.PeerCommands, seen.Refused.Values.Sum() > 0));
    });

    private static byte[] Mapped(params byte[] ipv4) => [.. new byte[10], 0xFF, 0xFF, .. ipv4];

    internal static CommandResult MptAsNobody(TunnelLab lab, params string[] words) =>
        LabServer.ToEnd(lab.A.Start("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", LabServer.ProgramPath("mpt"), .. words], LabServer.Environment));
}
