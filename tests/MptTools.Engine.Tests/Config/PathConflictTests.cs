using MptTools.Engine.Config;
using static MptTools.Engine.Tests.Config.ConnectionConfTests;

namespace MptTools.Engine.Tests.Config;

/// <summary>Paths of one connection that do not go together.</summary>
public class PathConflictTests
{
    [Theory]
    [InlineData("10.1.1.2", "eth2")]
    [InlineData("0.0.0.0", "eth1")]
    public void TwoPathsBetweenTheSameAddressesAreNamed(string local, string secondInterface)
    {
        ConfText text = ConfText.Connection();
        foreach ((string path, string name) in new[] { ("path_0", "eth1"), ("path_1", secondInterface) })
        {
            text.Set(path, "interface_name", name).Set(path, "ip_ver", "4").Set(path, "public_ipaddr", local)
                .Set(path, "gw_ipaddr", "10.1.1.1").Set(path, "remote_ipaddr", "10.1.1.3");
        }

        ConfigDiagnostic fault = OnlyFault(text);

        Assert.Equal(text.LineOf("path_1", "remote_ipaddr"), fault.Line);
        Assert.StartsWith($"[path_0] in line {text.LineOf("path_0")} and [path_1] in line {text.LineOf("path_1")} go from ", fault.Message);
    }

    [Fact]
    public void TwoUplinksToOneAddressAreTwoPaths()
    {
        ConfText text = ConfText.Connection().Set("path_1", "ip_ver", "4").Set("path_1", "public_ipaddr", "0.0.0.0")
            .Set("path_1", "gw_ipaddr", "0.0.0.0").Set("path_1", "remote_ipaddr", "10.1.1.3").Set("path_0", "public_ipaddr", "0.0.0.0");

        Loaded(text);
    }

    [Fact]
    public void TwoPathsForCommandsAreNamed()
    {
        ConfText text = ConfText.Connection().Set("path_0", "cmd_default", "1").Set("path_1", "cmd_default", "1");

        Assert.Equal(
            $"c.conf({text.LineOf("path_1", "cmd_default")}): error: [path_1] cmd_default: [path_0] in line {text.LineOf("path_0", "cmd_default")} and [path_1] in line {text.LineOf("path_1", "cmd_default")} are both the path for commands. Leave cmd_default = 1 in one of them.",
            OnlyFault(text).ToString());
    }
}
