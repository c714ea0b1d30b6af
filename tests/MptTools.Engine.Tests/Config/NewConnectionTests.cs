using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.Config;

/// <summary>A connection from parameters or from a file elsewhere, and the file that comes of it.</summary>
public class NewConnectionTests
{
    private static readonly string Secret = new('c', 64);

    private static readonly Dictionary<string, string> Path = new()
    {
        ["interface_name"] = "eth1", ["ip_ver"] = "4", ["public_ipaddr"] = "10.1.1.2", ["gw_ipaddr"] = "10.1.1.2",
        ["remote_ipaddr"] = "10.1.1.3", ["weight_out"] = "1", ["status"] = "0",
    };

    [Fact]
    public void SettingsBecomeAFileThatSaysThem()
    {
        using var directory = new TemporaryConfig();
        NewConnection made = Made(Connection(), [Path, Other("10.1.1.4")], [("11.1.1.0/24", "21.1.1.0/24")]);
        string file = made.Write(directory.Path, "toB.conf");
        ConnectionConfig read = ConfigLoader.LoadConnection(file).Config!;
        Assert.True(ConfigComparer.AreSame(made.Config, read));
        Assert.Equal(("toB", 2, 1), (read.Name, read.Paths.Count, read.Networks.Count));
        AssertMode(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, file);
    }

    [Fact]
    public void AFileWithAKeyIsForItsOwnerOnly()
    {
        using var directory = new TemporaryConfig();
        string file = Made(Connection(("auth_type", "2"), ("auth_key", Secret)), [Path], []).Write(directory.Path, "toB.conf");
        AssertMode(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
    }

    [Theory]
    [InlineData("reorder_window", "10001", "[connection] reorder_window: \"10001\" is out of range. Write a whole number from 0 to 10000.")]
    [InlineData("auth_type", "2", "[connection] auth_key: There is no key, but auth_type is 2. Write 64 hexadecimal digits, the same as at the peer.")]
    [InlineData("weight_out", "2", "[connection] weight_out: The key is not read here; weight_out belongs to [path_n].")]
    public void AWrongSettingIsNamed(string key, string value, string sentence)
    {
        Assert.Null(NewConnection.FromSettings("toB.conf", Connection((key, value)), [Path], [], out IReadOnlyList<string> faults));
        Assert.Equal([sentence], faults);
    }

    [Fact]
    public void FaultsOfPathsAndNetworksAreNamedWithTheirPlace()
    {
        Assert.Null(NewConnection.FromSettings(
            "toB.conf", Connection(), [Path, Path, Other("10.1.1.999")], [("11.1.1.0/24", "fd00::/64")], out IReadOnlyList<string> faults));
        Assert.Contains("[path_1] remote_ipaddr: [path_0] and [path_1] go from 10.1.1.2 to 10.1.1.3 both. Give one of them another address, or remove it.", faults);
        Assert.Contains(faults, fault => fault.StartsWith("[path_2] remote_ipaddr: \"10.1.1.999\" is no IP address.", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("[net_0] dst_addr: \"fd00::/64\" is an IPv6 address", StringComparison.Ordinal));
    }

    [Fact]
    public void APathIsCheckedByItself()
    {
        Assert.Empty(NewConnection.FaultsOfPath(Path));
        Assert.Equal(
            "[path] weight_out: \"0\" is out of range. Write a whole number from 1 to 10000.",
            Assert.Single(NewConnection.FaultsOfPath(new Dictionary<string, string>(Path) { ["weight_out"] = "0" })));
    }

    [Fact]
    public void AFileIsTakenAsItIs()
    {
        using var directory = new TemporaryConfig();
        string text = "; mine\n" + ConfText.Connection();
        directory.Write("mine.conf", text);
        NewConnection taken = NewConnection.FromFile(directory.File("mine.conf"), out _)!;
        Assert.Equal(text, File.ReadAllText(taken.Write(directory.Path, "toB.conf")));
    }

    [Fact]
    public void AFaultyFileIsRefusedWithItsLine()
    {
        using var directory = new TemporaryConfig();
        directory.Write("mine.conf", ConfText.Connection().Set("connection", "permission", "9"));
        Assert.Null(NewConnection.FromFile(directory.File("mine.conf"), out IReadOnlyList<string> faults));
        Assert.StartsWith($"{directory.File("mine.conf")}(3): error: [connection] permission: \"9\" is out of range.", Assert.Single(faults), StringComparison.Ordinal);
        Assert.Null(NewConnection.FromFile(directory.File("none.conf"), out faults));
        Assert.Contains("The file does not exist.", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsThereIsNeverWrittenOver()
    {
        using var directory = new TemporaryConfig();
        directory.Write("connections/toB.conf", "theirs");
        IOException e = Assert.Throws<IOException>(() => Made(Connection(), [Path], []).Write(directory.Path, "toB.conf"));
        Assert.Contains("is there already", e.Message, StringComparison.Ordinal);
        Assert.Equal("theirs", File.ReadAllText(directory.File("connections/toB.conf")));
        Assert.Equal(["toB.conf"], Directory.GetFiles(directory.File("connections")).Select(System.IO.Path.GetFileName));
    }

    private static void AssertMode(UnixFileMode mode, string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(mode, File.GetUnixFileMode(file));
        }
    }

    private static NewConnection Made(
        Dictionary<string, string> connection, IReadOnlyList<IReadOnlyDictionary<string, string>> paths, IReadOnlyList<(string, string)> networks)
    {
        NewConnection? made = NewConnection.FromSettings("toB.conf", connection, paths, networks, out IReadOnlyList<string> faults);
        Assert.Empty(faults);
        return made!;
    }

    private static Dictionary<string, string> Other(string remote) => new(Path) { ["remote_ipaddr"] = remote };

    private static Dictionary<string, string> Connection(params (string Key, string Value)[] changes)
    {
        Dictionary<string, string> settings = new()
        {
            ["name"] = "toB", ["permission"] = "3", ["ip_ver"] = "4", ["ip_local"] = "10.0.0.2", ["local_port"] = "23456",
            ["ip_remote"] = "10.0.0.3", ["remote_port"] = "23456", ["remote_cmd_port"] = "60456", ["status"] = "0", ["auth_type"] = "0",
        };
        foreach ((string key, string value) in changes)
        {
            settings[key] = value;
        }
        return settings;
    }
}
