using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Lab.Tests.Control;

/// <summary>What changes while the server runs, beside the connections' own settings.</summary>
public class ReloadedSettingsTests
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    [LabFact]
    public void What_interface_conf_may_change_is_used_from_then_on() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        ServerStatus before = lab.ServerA.Status();
        Assert.Equal((25, false), (before.CommandTimeoutSeconds, before.AcceptRemote));
        lab.FilesA.AddGeneral("cmd_timeout = 7\naccept_remote = 1\naccept_local_users = 1");
        lab.FilesA.WriteTemplate(lab.FileA.Render().Replace("name = toB", "name = template").Replace("local_port = 23456", "local_port = 30000"));
        lab.ServerA.Mpt("reload").EnsureSuccess();

        ServerStatus after = lab.ServerA.Status();
        Assert.Equal((7, true), (after.CommandTimeoutSeconds, after.AcceptRemote));
        Assert.StartsWith("mpt configuration:\n\tLocal cmd port: 60456\n\tcmd timeout: 7\n", lab.ServerA.Mpt("show", "status").Output);
        CommandTests.MptAsNobody(lab, "path", "down", "10.1.2.2", "10.1.2.3").EnsureSuccess();
        Assert.Equal(PathStatusCode.TakenDown, lab.ServerA.PathAt(1).Detail);
    });

    [LabFact]
    public void A_key_is_changed_at_both_ends_while_they_run() =>
        TunnelLab.Run(new TunnelOptions { Connection = connection => connection with { Key = Key } }, lab =>
    {
        string other = new('7', 64);
        CommandResult changed = lab.ServerA.Mpt("connection", "set", "toB", $"auth_key={other}").EnsureSuccess();
        Assert.Contains("CMD_OK:connection set toB auth_key=***", changed.Output);
        lab.ServerB.Mpt("connection", "set", "toA", $"auth_key={other}").EnsureSuccess();
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();

        // The new key is the one that counts, for commands too.
        lab.ServerA.Mpt("path", "down", "10.1.2.2", "10.1.2.3").EnsureSuccess();
        lab.ServerB.WaitForPath(1, PathStatusCode.Down);
        lab.ServerA.Mpt("save").EnsureSuccess();
        Assert.Contains(other, File.ReadAllText(Path.Combine(lab.FilesA.Directory, "connections", "toB.conf")));
        Assert.DoesNotContain(lab.ServerA.Process.Lines, line => line.Text.Contains(other, StringComparison.Ordinal));
    });
}
