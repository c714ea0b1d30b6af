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
    public void The_words_that_are_completed_are_those_of_the_usage()
    {
        Assert.Contains("reload", MptCommandLine.Words.Keys);
        foreach ((string command, IReadOnlyList<string> verbs) in MptCommandLine.Words)
        {
            string usage = MptCommandLine.Execute(["help", command]).Output;
            string line = usage.Split('\n').First(text => text.Contains("mpt ", StringComparison.Ordinal));
            Assert.StartsWith(command[..3], line.Replace("mpt ", "", StringComparison.Ordinal).Trim());
            Assert.All(verbs, verb => Assert.Matches($@"mpt \S+ \{{?.*\b{verb}\b", usage));
        }
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
    [InlineData("show status now")]
    [InlineData("show paths")]
    [InlineData("reload a.conf b.conf")]
    [InlineData("delete ../a.conf")]
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

    [Theory]
    [InlineData("help", "mpt save [FILE]")]
    [InlineData("-h", "mpt save [FILE]")]
    [InlineData("--help", "mpt path {up | down}")]
    [InlineData("help address", "mpt addr[ess] {add | del}")]
    public void Who_asks_for_help_gets_it(string line, string text)
    {
        MptCommandResult result = Execute(line.Split(' '));

        Assert.Equal((0, null), (result.ExitCode, result.Error));
        Assert.Contains(text, result.Output);
    }

    [Theory]
    [InlineData("address")]
    [InlineData("int")]
    [InlineData("path")]
    [InlineData("conn")]
    [InlineData("net")]
    [InlineData("rule")]
    [InlineData("map")]
    [InlineData("delete")]
    [InlineData("create")]
    [InlineData("show")]
    public void A_command_without_its_words_shows_its_usage_and_is_not_done(string word)
    {
        MptCommandResult result = Execute(word);

        Assert.Equal((2, null), (result.ExitCode, result.Error));
        Assert.StartsWith($"mpt {word[..3]}", result.Output);
    }

    [Theory]
    [InlineData("addr add 10.1.1.2 dev eth1", "address add eth1 10.1.1.2/24")]
    [InlineData("address add 10.1.1.2/32 dev eth1", "address add eth1 10.1.1.2/32")]
    [InlineData("address del fd00::2 dev eth1", "address remove eth1 fd00::2/64")]
    [InlineData("address del fd00::2/127 dev eth1", "address remove eth1 fd00::2/127")]
    [InlineData("int eth1 up", "interface eth1 up")]
    [InlineData("interface eth1 down", "interface eth1 down")]
    [InlineData("reload", "reload")]
    [InlineData("reload c.conf", "reload c.conf")]
    [InlineData("restart", "restart")]
    [InlineData("rest c.conf", "restart c.conf")]
    [InlineData("delete c.conf", "delete c.conf")]
    [InlineData("save", "save")]
    [InlineData("save c.conf", "save c.conf")]
    [InlineData("create c.conf", "create c.conf")]
    [InlineData("path add c interface_name=eth3 Weight_Out=2", "path add c interface_name=eth3 weight_out=2")]
    [InlineData("path set c 1 weight_out=2", "path set c 1 weight_out=2")]
    [InlineData("path del c 1", "path remove c 1")]
    [InlineData("rule add c protocol=udp dst_port=53,5060-5061", "rule add c protocol=udp dst_port=53,5060-5061")]
    [InlineData("ru add c Paths=0,1 strict=1 at 0", "rule add c paths=0,1 strict=1 at 0")]
    [InlineData("rule set c 1 spread=", "rule set c 1 spread=")]
    [InlineData("rule del c 0", "rule remove c 0")]
    [InlineData("conn set c reorder_window=5 auth_key=", "connection set c reorder_window=5 auth_key=")]
    [InlineData("net add c 10.0.0.0/8 0.0.0.0/0", "network add c 10.0.0.0/8 0.0.0.0/0")]
    [InlineData("network del c 10.0.0.0/8 0.0.0.0/0", "network remove c 10.0.0.0/8 0.0.0.0/0")]
    public void Each_command_does_what_it_says_and_repeats_itself(string line, string call)
    {
        MptCommandResult result = Execute(line.Split(' '));

        Assert.Equal(new MptCommandResult(0, $"mpt configuration:\n\tLocal cmd port: 50123\n\tcmd timeout: 5\nCMD_OK:{line}\n"), result);
        Assert.Equal([call], server.Calls);
    }

    [Theory]
    [InlineData("address add 10.1.1.2/33 dev eth1")]
    [InlineData("address add 10.1.1.2/x dev eth1")]
    [InlineData("address add 10.1.1.2/ dev eth1")]
    [InlineData("address add fd00::2/129 dev eth1")]
    [InlineData("address add eth1 dev 10.1.1.2")]
    [InlineData("address add 10.1.1.2 eth1")]
    [InlineData("address change 10.1.1.2 dev eth1")]
    [InlineData("address add 10.1.1.2 dev a/b")]
    [InlineData("address add 10.1.1.2 dev abcdefghijklmnop")]
    [InlineData("interface .. up")]
    [InlineData("interface eth1 sideways")]
    [InlineData("re c.conf")]
    [InlineData("de/lete c.conf")]
    [InlineData("save .")]
    [InlineData("create a/b.conf")]
    [InlineData("path add c")]
    [InlineData("path add c weight_out")]
    [InlineData("path add c =2")]
    [InlineData("path set c x weight_out=2")]
    [InlineData("path set c 1 weight_out=2 WEIGHT_OUT=3")]
    [InlineData("path del c")]
    [InlineData("path del c -1")]
    [InlineData("rule add c")]
    [InlineData("rule add c at 0")]
    [InlineData("rule add c at")]
    [InlineData("rule add c paths=1 at")]
    [InlineData("rule add c paths=1 at x")]
    [InlineData("rule add c paths=1 at 1 strict=1")]
    [InlineData("rule add c paths=0 1")]
    [InlineData("rule set c paths=1")]
    [InlineData("rule set c 0")]
    [InlineData("rule set c -1 paths=1")]
    [InlineData("rule del c")]
    [InlineData("rule del c all")]
    [InlineData("rule move c 1 0")]
    [InlineData("map 10.0.0.2")]
    [InlineData("map here there")]
    [InlineData("map 10.0.0.2 there")]
    [InlineData("map 10.0.0.2 10.0.0.3 udp 53")]
    [InlineData("map 10.0.0.2 10.0.0.3 udp sport")]
    [InlineData("map 10.0.0.2 10.0.0.3 sport http")]
    [InlineData("map 10.0.0.2 10.0.0.3 sport 1 sport 2")]
    [InlineData("map 10.0.0.2 10.0.0.3 dscp -1")]
    [InlineData("map 10.0.0.2 10.0.0.3 dscp 64")]
    [InlineData("map 10.0.0.2 10.0.0.3 dscp ef,af11")]
    [InlineData("map 10.0.0.2 10.0.0.3 udp tcp 5")]
    [InlineData("connection set c")]
    [InlineData("connection del c")]
    [InlineData("network add c 10.0.0.0/8")]
    public void What_cannot_be_understood_reaches_no_server(string line)
    {
        MptCommandResult result = Execute(line.Split(' '));

        Assert.Equal((2, "", MptErrorKind.BadRequest), (result.ExitCode, result.Output, result.ErrorKind));
        Assert.EndsWith(".", result.Error);
        Assert.Empty(server.Calls);
    }

    [Theory]
    [InlineData("map 10.0.0.2 10.0.0.3", "10.0.0.2|10.0.0.3")]
    [InlineData("ma fd00::2 fd00::3 17 label 5 conn c", "fd00::2|fd00::3|17||||5||c")]
    [InlineData("map 10.0.0.2 10.0.0.3 udp sport 1 dport 2 dscp 46 length 1400", "10.0.0.2|10.0.0.3|udp|1|2|46||1400")]
    [InlineData("map 10.0.0.2 10.0.0.3 dscp EF", "10.0.0.2|10.0.0.3||||46")]
    [InlineData("map 10.0.0.2 10.0.0.3 conn sport dport 53", "10.0.0.2|10.0.0.3|||53||||sport")]
    public void Map_asks_which_path_a_packet_would_take_and_prints_the_answer(string line, string asked)
    {
        string?[] words = [.. asked.Split('|').Select(word => word.Length > 0 ? word : null), .. new string?[9]];
        int?[] numbers = [.. words[3..8].Select(word => word is null ? (int?)null : int.Parse(word))];
        MappingQuestion question = new()
        {
            Source = words[0]!,
            Destination = words[1]!,
            Protocol = words[2],
            SourcePort = numbers[0],
            DestinationPort = numbers[1],
            Dscp = numbers[2],
            FlowLabel = numbers[3],
            Length = numbers[4],
            Connection = words[8],
        };

        MptCommandResult result = Execute(line.Split(' '));

        Assert.Equal([$"map {question}"], server.Calls);
        Assert.Equal(
            new MptCommandResult(0, "mpt configuration:\n\tLocal cmd port: 50123\n\tcmd timeout: 5\nCMD_OK:\n" + MappingText.Render(Samples.Mapping())), result);
    }

    [Fact]
    public void A_command_the_server_cannot_carry_out_is_an_error_with_its_reason()
    {
        server.OnCreate = () => Task.FromException(new MptCommandException("The peer did not answer.") { Kind = MptErrorKind.TimedOut });

        MptCommandResult result = Execute("create", "c.conf");

        Assert.Equal((1, "The peer did not answer.", MptErrorKind.TimedOut), (result.ExitCode, result.Error, result.ErrorKind));
        Assert.EndsWith("CMD-ERROR:create c.conf\n", result.Output);
    }

    [Fact]
    public void A_defect_of_the_server_is_an_error_of_that_command()
    {
        server.OnCreate = () => throw new InvalidOperationException("oops");

        MptCommandResult result = Execute("create", "c.conf");

        Assert.Equal((1, MptErrorKind.Internal), (result.ExitCode, result.ErrorKind));
        Assert.Contains("oops", result.Error);
    }

    [Fact]
    public void Server_that_is_not_there_is_an_error_without_an_answer()
    {
        MptCommandResult result = MptCommandLine.Execute(["show", "status"], "nobody", _ => true);

        Assert.Equal((1, "", MptErrorKind.NoServer), (result.ExitCode, result.Output, result.ErrorKind));
    }

    private MptCommandResult Execute(params string[] arguments) => MptCommandLine.Execute(arguments, server.Name, _ => true);
}
