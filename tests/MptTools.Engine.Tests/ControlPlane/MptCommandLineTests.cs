using MptTools.Engine.ControlPlane;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

[Collection("control sockets")]
public sealed class MptCommandLineTests : IDisposable
{
    private readonly FakeServer server;
    private readonly ControlSocketServer socket;

    public MptCommandLineTests()
    {
        ConnectionStatus other = Samples.Connection("other") with
        {
            Paths =
            [
                Samples.Path("other", 0, "eth1", "10.1.1.2", "10.1.1.3", 1),
                Samples.Path("other", 1, "eth3", "fd00:2::2", "fd00:2::3", 1),
                Samples.Path("other", 2, "eth4", "192.168.0.5", "10.2.2.9", 1) with { PublicAddress = "198.51.100.7" },
                Samples.Path("other", 3, "eth5", "fe80::5%2", "fe80::6%2", 1),
            ],
        };
        server = new FakeServer(Samples.Server(Samples.Connection(), other) with { CommandPort = 50123 });
        socket = ControlSocketServer.Open(server, new ControlSocketOptions { IsAllowed = _ => true });
    }

    public void Dispose() => socket.Dispose();

    [Theory]
    [InlineData("r0-none", "down")]
    [InlineData("r0-none", "up")]
    [InlineData("r100-sha256", "down")]
    public void Path_command_prints_what_the_existing_client_prints(string scenario, string state)
    {
        server.Status = server.Status with { CommandPort = 60456 };

        MptCommandResult result = Execute("path", state, "10.2.2.2", "10.2.2.3");

        Assert.Equal(new MptCommandResult(0, File.ReadAllText(Path.Combine(Captures.Directory, scenario, $"mpt-{state}.txt"))), result);
        Assert.Equal([$"MPT_connection_10.0.0.2 1 {state}"], server.Calls);
    }

    [Fact]
    public void Status_command_prints_the_heading_of_the_existing_client_and_the_status()
    {
        MptCommandResult result = Execute("show", "status");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            "mpt configuration:\n\tLocal cmd port: 50123\n\tcmd timeout: 5\nCMD_OK:\n" + StatusText.Render(server.Status), result.Output);
    }

    [Theory]
    [InlineData("fd00:2::2 fd00:2::3", "other 1 down")]
    [InlineData("FD00:2:0::2 fd00:2:0:0::3", "other 1 down")]
    [InlineData("192.168.0.5 10.2.2.9", "other 2 down")]
    [InlineData("198.51.100.7 10.2.2.9", "other 2 down")]
    [InlineData("fe80::5 fe80::6", "other 3 down")]
    [InlineData("fe80::5%2 fe80::6%2", "other 3 down")]
    [InlineData("10.1.1.2 10.1.1.3", "MPT_connection_10.0.0.2 0 down", "other 0 down")]
    public void Path_is_found_by_local_or_public_and_remote_address(string addresses, params string[] calls)
    {
        Assert.Equal(0, Execute(["path", "down", .. addresses.Split(' ')]).ExitCode);

        Assert.Equal(calls, server.Calls);
    }

    [Fact]
    public void Path_that_is_not_there_is_an_error_that_lists_those_that_are()
    {
        MptCommandResult result = Execute("path", "up", "10.2.2.2", "10.9.9.9");

        Assert.Equal((1, MptErrorKind.NotFound), (result.ExitCode, result.ErrorKind));
        Assert.EndsWith("CMD-ERROR:path up 10.2.2.2 10.9.9.9\n", result.Output);
        Assert.Contains("no path from 10.2.2.2 to 10.9.9.9", result.Error);
        Assert.Contains("10.2.2.2 10.2.2.3", result.Error);
        Assert.Empty(server.Calls);
    }

    [Theory]
    [InlineData("sh st")]
    [InlineData("-6 show status")]
    [InlineData("-50123 show stat")]
    [InlineData("-6 -50123 sho status")]
    public void Short_forms_and_options_of_existing_scripts_work(string line) => Assert.Equal(0, Execute(line.Split(' ')).ExitCode);

    [Fact]
    public void Port_finds_the_server_among_all()
    {
        MptCommandResult result = MptCommandLine.Execute(["-50123", "pa", "up", "10.2.2.2", "10.2.2.3"], null, _ => true);

        Assert.Equal(0, result.ExitCode);
        Assert.Single(server.Calls);
    }

    [Fact]
    public void Port_of_no_server_is_an_error_that_names_the_others()
    {
        MptCommandResult result = MptCommandLine.Execute(["-50124", "show", "status"], null, _ => true);

        Assert.Equal((1, MptErrorKind.NoServer), (result.ExitCode, result.ErrorKind));
        Assert.Contains($"50123 ({server.Name})", result.Error);
    }

    [Theory]
    [InlineData("-x show status")]
    [InlineData("-0 show status")]
    [InlineData("-65536 show status")]
    [InlineData("s status")]
    [InlineData("show")]
    [InlineData("show status now")]
    [InlineData("show paths")]
    [InlineData("reload")]
    [InlineData("path")]
    [InlineData("path down 10.2.2.2")]
    [InlineData("path away 10.2.2.2 10.2.2.3")]
    [InlineData("path down eth1 10.2.2.3")]
    [InlineData("path down 10.2.2.2 10.2.2.3.4")]
    [InlineData("path down 10.2.2.2 10.2.2.3 please")]
    public void Misuse_changes_nothing_and_says_what_is_wrong(string line)
    {
        MptCommandResult result = Execute(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((2, "", MptErrorKind.BadRequest), (result.ExitCode, result.Output, result.ErrorKind));
        Assert.EndsWith(".", result.Error);
        Assert.Empty(server.Calls);
    }

    [Fact]
    public void Without_a_command_the_usage_is_all_there_is() =>
        Assert.Equal(new MptCommandResult(2, MptCommandLine.Usage), Execute());

    [Fact]
    public void Server_that_is_not_there_is_an_error_without_an_answer()
    {
        MptCommandResult result = MptCommandLine.Execute(["show", "status"], "nobody", _ => true);

        Assert.Equal((1, "", MptErrorKind.NoServer), (result.ExitCode, result.Output, result.ErrorKind));
    }

    private MptCommandResult Execute(params string[] arguments) => MptCommandLine.Execute(arguments, server.Name, _ => true);
}
