using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

public class ConfigCollisionTests
{
    [Fact]
    public void ConnectionsThatShareNothingDoNotCollide() => Assert.Empty(Load(First(), Second()));

    [Fact]
    public void OneNameTwiceIsNamedWithBothFiles() => AssertCollision(
        Second().Set("connection", "name", "toB"), "name",
        "\"toB\" is also the name of the connection in {0}. Give each connection a name of its own.");

    [Fact]
    public void OnePortTwiceIsNamedWithBothFiles() => AssertCollision(
        Second().Set("connection", "local_port", "23456"), "local_port",
        "23456 is also local_port in {0}. Give each connection a port of its own.");

    [Fact]
    public void OnePairOfAddressesTwiceIsNamedWithBothFiles() => AssertCollision(
        Second().Set("connection", "ip_remote", "10.0.0.3"), "ip_remote",
        "The connection in {0} joins 10.0.0.2 and 10.0.0.3 as well. There is one connection between two tunnel addresses; put all paths into one file, or change an address.");

    [Fact]
    public void FaultyFilesCollideToo()
    {
        IReadOnlyList<string> faults = Load(First().Set("path_0", "status", "1"), Second().Set("connection", "name", "toB").Set("path_1", "status", "2"));

        Assert.Equal(["status", "name", "status"], faults.Select(fault => fault.Split(": ")[2].Split(' ')[1]));
    }

    [Fact]
    public void CollisionOfThreeNamesTheFirstTwice()
    {
        using TemporaryConfig directory = Write(First(), First());
        directory.Write("connections/c.conf", First());

        Assert.Equal(6, directory.Load().Diagnostics.Count(fault => fault.Message.Contains(directory.File("connections/a.conf"), StringComparison.Ordinal)));
    }

    [Fact]
    public void LocalAddressMustBeATunnels()
    {
        ConfText text = First().Set("connection", "ip_local", "10.0.0.9");
        using TemporaryConfig directory = Write(text, Second());

        Assert.Equal(
            $"{directory.File("connections/a.conf")}({text.LineOf("connection", "ip_local")}): error: [connection] ip_local: "
            + $"No tunnel in {directory.File("interface.conf")} has the address 10.0.0.9. There are 10.0.0.2 (tun0), fd00::2 (tun0), 10.9.0.2 (tun1). Write one of them, or give the address to a tunnel.",
            Assert.Single(directory.Load().Diagnostics).ToString());
    }

    [Fact]
    public void LocalAddressMayBeAnyTunnels()
    {
        Assert.Empty(Load(First().Set("connection", "ip_local", "10.9.0.2"), Second()));
        Assert.Empty(Load(First().Set("connection", "ip_ver", "6").Set("connection", "ip_local", "fd00::2").Set("connection", "ip_remote", "fd00::3"), Second()));
    }

    [Fact]
    public void LocalAddressIsNotBlamedForAFaultyTunnel()
    {
        using TemporaryConfig directory = Write(First(), Second());
        directory.Write("interface.conf", ConfText.Interface().Set("tun_0", "ipv4_addr", "10.0.0.2/99"));

        Assert.Equal("ipv4_addr", Assert.Single(directory.Load().Diagnostics).Key);
    }

    [Fact]
    public void RemoteAddressMustNotBeOnesOwn() => Assert.Equal(
        "[connection] ip_remote: 10.9.0.2 is the address of this server's own tunnel tun1. Write the tunnel address of the peer.",
        Only(First().Set("connection", "ip_remote", "10.9.0.2")));

    [Fact]
    public void PathMustNotLeaveByItsOwnTunnel()
    {
        Assert.Equal(
            "[path_0] interface_name: tun0 is the tunnel this connection belongs to, so the path would lead into itself. Write the name of the interface the path leaves by, such as eth1.",
            Only(First().Set("path_0", "interface_name", "tun0")));
        Assert.Empty(Load(First().Set("path_0", "interface_name", "tun1"), Second()));
    }

    [Fact]
    public void DataAndCommandsHaveAPortEach()
    {
        using TemporaryConfig directory = Write(First().Set("connection", "local_port", "60456"), Second());

        Assert.Equal($"60456 is also cmdport_local in {directory.File("interface.conf")}(4). Give data and commands a port each.",
            Assert.Single(directory.Load().Diagnostics).Message);
    }

    [Fact]
    public void CommandPortToldToThePeerShouldBeTheRightOne()
    {
        Assert.Empty(Load(First().Set("connection", "local_cmd_port", "60456"), Second()));
        using TemporaryConfig directory = Write(First().Set("connection", "local_cmd_port", "60457"), Second());

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.NotNull(result.Config);
        Assert.Equal($"The peer is told to send commands to port 60457, but cmdport_local in {directory.File("interface.conf")}(4) is 60456. Write 60456, or remove the line.",
            Assert.Single(result.Diagnostics).Message);
    }

    private static ConfText First() => ConfText.Connection();

    private static ConfText Second() => ConfText.Connection()
        .Set("connection", "name", "toC").Set("connection", "local_port", "23466").Set("connection", "ip_remote", "10.0.0.4");

    private static TemporaryConfig Write(ConfText first, ConfText second) => new TemporaryConfig()
        .Write("interface.conf", ConfText.Interface()).Write("connections/a.conf", first).Write("connections/b.conf", second);

    private static IReadOnlyList<string> Load(ConfText first, ConfText second)
    {
        using TemporaryConfig directory = Write(first, second);
        return [.. directory.Load().Diagnostics.Select(fault => fault.ToString())];
    }

    private static string Only(ConfText first)
    {
        string fault = Assert.Single(Load(first, Second()));
        return fault[fault.IndexOf('[', StringComparison.Ordinal)..];
    }

    private static void AssertCollision(ConfText second, string key, string message)
    {
        using TemporaryConfig directory = Write(First(), second);

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Null(result.Config);
        string other = $"{directory.File("connections/a.conf")}({First().LineOf("connection", key)})";
        Assert.Equal(
            $"{directory.File("connections/b.conf")}({second.LineOf("connection", key)}): error: [connection] {key}: {string.Format(null, message, other)}",
            Assert.Single(result.Diagnostics).ToString());
    }
}
