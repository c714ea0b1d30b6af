using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Lab.Tests.Control;

/// <summary>mpt create between two servers: A knows itself and one address of B, B has nothing but conf.template.</summary>
public class CreateTests
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    private static readonly TunnelOptions Options = new() { Connection = connection => connection with { Key = Key, ReorderWindow = 100 } };

    [LabFact]
    public void Both_ends_come_up_and_save_writes_them() => TunnelLab.RunStopped(Options, lab =>
    {
        Start(lab);
        lab.ServerA.Mpt("create", "toB.conf").EnsureSuccess();
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        using (NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB))
        {
            stream.SendAll(100);
        }
        ConnectionStatus created = lab.ServerB.Connection();
        Assert.Equal(("toB", "peer_10_0_0_2.conf", 2), (created.Name, created.ConfigFile, created.Paths.Count));
        // The next free one: the template's own is held by another program.
        Assert.Equal((23457, 23456), (created.LocalPort, created.RemotePort));
        Assert.Equal(23457, lab.ServerA.Connection().RemotePort);
        Assert.Equal(100, created.ReorderWindow);

        // Both go on with the template's key: what one says the other does.
        lab.ServerB.Mpt("path", "down", "10.1.2.3", "10.1.2.2").EnsureSuccess();
        lab.ServerA.WaitForPath(1, PathStatusCode.Down);
        lab.ServerB.Mpt("path", "up", "10.1.2.3", "10.1.2.2").EnsureSuccess();
        lab.ServerA.WaitForPath(1, PathStatusCode.Up);

        string peerFile = Path.Combine(lab.FilesB.Directory, "connections", "peer_10_0_0_2.conf");
        Assert.False(File.Exists(peerFile));
        lab.ServerA.Mpt("save").EnsureSuccess();
        lab.ServerB.Mpt("save").EnsureSuccess();
        Assert.Contains("remote_port = 23457", File.ReadAllText(Path.Combine(lab.FilesA.Directory, "connections", "toB.conf")));
        ConfigResult<ServerConfig> saved = ConfigLoader.Load(lab.FilesB.Directory);
        Assert.Empty(saved.Diagnostics);
        Assert.Equal(Key, Assert.Single(saved.Config!.Connections).AuthenticationKey);
        Assert.Equal("600", lab.B.Run("stat", "--format", "%a", peerFile).EnsureSuccess().Output.Trim());
        lab.ServerA.Mpt("reload").EnsureSuccess();
        lab.ServerB.Mpt("reload").EnsureSuccess();

        CommandResult again = lab.ServerA.Mpt("create", "toB.conf");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("has a connection between 10.0.0.2 and 10.0.0.3 already", again.Error);
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    [LabTheory]
    [InlineData("accept_remote = 1", "accept_remote = 0", "CreateNotAccepted")]
    [InlineData("permission = 3", "permission = 1", "CreateNotAccepted")]
    [InlineData(Key, "7777777777777777777777777777777777777777777777777777777777777777", "AuthenticationFailed")]
    public void Who_may_not_create_gets_no_answer(string of, string becomes, string reason) => TunnelLab.RunStopped(Options, lab =>
    {
        Start(lab, text => text.Replace(of, becomes));
        CommandResult result = lab.ServerA.Mpt("create", "toB.conf");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("10.1.1.3:60456 did not answer", result.Error);
        Assert.True(lab.ServerB.Status().CommandPortTraffic.Refused[reason] > 0);
        Assert.Empty(lab.ServerB.Status().Connections);
        lab.ServerA.StopCleanly();
        // A server that has no connection and may not get one was warned of it.
        Assert.True(lab.ServerB.Process.Stop());
    });

    [LabFact]
    public void Paths_in_another_order_are_refused_with_a_reason_at_both_ends() => TunnelLab.RunStopped(Options with { PathVersions = [4, 6] }, lab =>
    {
        Start(lab, text => text.Replace("10.1.1.3", "fd01:1::3").Replace("ip_ver = 4\npublic_ipaddr = fd01", "ip_ver = 6\npublic_ipaddr = fd01"));
        CommandResult result = lab.ServerA.Mpt("create", "toB.conf");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("cannot make a connection of toB.conf", result.Error);
        lab.ServerB.Process.WaitForLine("[path_0] of the peer is IPv4, and that of conf.template is IPv6");
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    [LabFact]
    public void A_file_that_lacks_what_create_needs_is_not_sent() => TunnelLab.RunStopped(Options, lab =>
    {
        Start(lab);
        string whole = Requester(lab);
        (string Of, string Becomes, string Reason)[] faults =
        [
            ("remote_ipaddr = 10.1.1.3", "remote_ipaddr = 0.0.0.0", "does not say where the peer takes commands"),
            ("permission = 3", "permission = 2", "does not let this server start changes"),
            ($"auth_type = 2\nauth_key = {Key}", "auth_type = 0\nauth_key = 0", "has no auth_key"),
        ];
        foreach ((string of, string becomes, string reason) in faults)
        {
            string text = whole.Replace(of, becomes);
            Assert.NotEqual(whole, text);
            lab.FilesA.WriteConnection("other", text);
            CommandResult result = lab.ServerA.Mpt("create", "other.conf");
            Assert.Equal(1, result.ExitCode);
            Assert.Contains(reason, result.Error);
        }
        Assert.Contains("There is no file nobody.conf", lab.ServerA.Mpt("create", "nobody.conf").Error);
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    });

    /// <summary>A with the file of a requester, B with a template.</summary>
    private static void Start(TunnelLab lab, Func<string, string>? changeB = null)
    {
        changeB ??= text => text;
        lab.FilesA.WriteConnection("toB", Requester(lab));
        lab.FilesB.DeleteConnection("toA");
        string file = Path.Combine(lab.FilesB.Directory, "interface.conf");
        File.WriteAllText(file, changeB(File.ReadAllText(file).Replace("[general]", "[general]\naccept_remote = 1")));
        string[] of = ["ip_remote = ", "remote_port = ", "remote_cmd_port = ", "remote_ipaddr = ", "weight_", "keepalive_time", "dead_time"];
        string template = string.Join('\n', lab.FileB.Render().Split('\n').Where(line => !of.Any(line.StartsWith)));
        lab.FilesB.WriteTemplate(changeB(template));
        // A program that has the port which the template begins with.
        lab.Network.Own(Tunnel.Traffic.UdpSocket(lab.B, "10.1.2.3", 23456));
        LabServer[] servers = LabServer.StartAll((lab.A, lab.FilesA, "tun0"), (lab.B, lab.FilesB, "tun0"));
        (lab.ServerA, lab.ServerB) = (servers[0], servers[1]);
    }

    private static string Requester(TunnelLab lab) => lab.FileA.Render()
        .Replace("remote_port = 23456", "remote_port =")
        .Replace("[path_0]", "[path_0]\ncmd_default = 1")
        .Replace("remote_ipaddr = 10.1.2.3", "remote_ipaddr = 0.0.0.0");
}
