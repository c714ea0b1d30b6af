using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.Config;

/// <summary>Files that others wrote must load; so must the samples of this product, without a word.</summary>
public class ConfigSampleTests
{
    private static readonly string Data = Path.Combine(AppContext.BaseDirectory, "data");

    [Fact]
    public void TwoHostsOfTheManualLoad()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", Manual("interface.conf")).Write("connections/connection.conf", Manual("connection.conf"));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Empty(result.Diagnostics);
        TunnelConfig? tunnel = result.Config?.Tunnels.Single();
        Assert.Equal(("tun0", 1440, "10.0.0.2/24", "fec0::2/64"), (tunnel?.Name, tunnel?.Mtu, tunnel?.IPv4.ToString(), tunnel?.IPv6.ToString()));
        ConnectionConfig? connection = result.Config?.Connections.Single();
        Assert.Equal("MPT_connection_10.0.0.2", connection?.Name);
        Assert.Null(connection?.AuthenticationKey);
        Assert.Equal(TimeSpan.FromMilliseconds(200), connection?.MaxBufferDelay);
        Assert.Equal(["10.1.1.3", "10.2.2.3"], connection?.Paths.Select(path => path.RemoteAddress?.ToString()));
        Assert.Equal([1, 1], connection?.Paths.Select(path => path.WeightIn) ?? []);
        Assert.Equal([true, false], connection?.Paths.Select(path => path.IsCommandDefault) ?? []);
        Assert.Equal(["11.1.1.0/24 21.1.1.0/24", "12.1.1.0/24 22.1.1.0/24"], connection?.Networks.Select(network => $"{network.Source} {network.Destination}"));
        Assert.True(connection?.IsComplete);
    }

    [Fact]
    public void CreateClientOfTheManualLoads()
    {
        ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("create.conf", Manual("create-client.conf"));

        Assert.Empty(result.Diagnostics);
        Assert.False(result.Config?.IsComplete);
        Assert.Null(result.Config?.RemotePort);
        Assert.NotNull(result.Config?.AuthenticationKey);
        Assert.Equal(["10.1.1.2", "10.2.2.2"], result.Config?.Paths.Select(path => path.PublicAddress?.ToString()));
        Assert.All(result.Config?.Paths ?? [], path => Assert.Null(path.LocalAddress));
        Assert.Equal([true, false], result.Config?.Paths.Select(path => path.IsCommandDefault) ?? []);
        Assert.Equal([100, 80], result.Config?.Paths.Select(path => path.WeightOut) ?? []);
    }

    [Fact]
    public void TemplateOfTheManualLoads()
    {
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", Manual("interface.conf").Replace("10.0.0.2", "10.0.0.3", StringComparison.Ordinal)).Write("conf.template", Manual("conf.template"));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Empty(result.Diagnostics);
        Assert.Equal("Template", result.Config?.Template?.Name);
        Assert.Equal([PathStatusCode.Down, PathStatusCode.Down], result.Config?.Template?.Paths.Select(path => path.Status) ?? []);
    }

    [Theory]
    [InlineData("r0-none", "A")]
    [InlineData("r0-none", "B")]
    [InlineData("r100-none", "A")]
    [InlineData("r100-none", "B")]
    [InlineData("r100-rand", "A")]
    [InlineData("r100-rand", "B")]
    [InlineData("r100-sha256", "A")]
    [InlineData("r100-sha256", "B")]
    [InlineData("create", "A")]
    [InlineData("create", "B")]
    [InlineData("v6", "A")]
    public void FilesOfTheCapturesLoad(string scenario, string host)
    {
        string captures = Path.Combine(Data, "captures");
        // The folder of the IPv6 scenario has no interface.conf; its tunnel is that of the others.
        string interfaceFile = Path.Combine(captures, scenario == "v6" ? "r100-sha256" : scenario, $"{host}.interface.conf");
        using var directory = new TemporaryConfig();
        directory.Write("interface.conf", File.ReadAllText(interfaceFile));
        bool isTemplate = scenario == "create" && host == "B";
        string source = Path.Combine(captures, scenario, isTemplate ? "B.conf.template" : $"{host}.connection.conf");
        directory.Write(isTemplate ? "connections/conf.template" : "connections/connection.conf", File.ReadAllText(source));

        ConfigResult<ServerConfig> result = directory.Load();

        Assert.Empty(result.Diagnostics);
        ConnectionConfig? connection = isTemplate ? result.Config?.Template : result.Config?.Connections.Single();
        Assert.Equal(2, connection?.Paths.Count);
        Assert.Equal(!isTemplate, connection?.IsComplete);
        Assert.Equal(scenario == "v6" ? 6 : 4, connection?.IPVersion);
        Assert.Equal(scenario == "r0-none" ? 0 : 100, connection?.ReorderWindow);
    }

    [Fact]
    public void TextThatServersSendWithCreateLoads()
    {
        // The second is the answer, whose end existing servers cut off within a closing comment.
        string[] texts = [.. Captures.Datagrams("create").Select(datagram => Encoding.Latin1.GetString(datagram.Payload))
            .Where(text => text.Contains("[connection]", StringComparison.Ordinal))
            .Select(text => text[text.IndexOf(";;;", StringComparison.Ordinal)..]).Distinct()];

        Assert.NotEmpty(texts);
        Assert.All(texts, text =>
        {
            ConfigResult<ConnectionConfig> result = ConfigLoader.ParseConnection("create", text.TrimEnd('\0'));
            Assert.Empty(result.Diagnostics);
            Assert.Equal(60456, result.Config?.LocalCommandPort);
            Assert.True(result.Config?.IsComplete);
        });
    }

    [Theory]
    [InlineData("hostA", "hostB")]
    [InlineData("hostB", "hostA")]
    public void OwnSamplesLoadWithoutAWord(string host, string peer)
    {
        ConfigResult<ServerConfig> result = ConfigLoader.Load(Path.Combine(Data, "conf", host));
        ConfigResult<ServerConfig> other = ConfigLoader.Load(Path.Combine(Data, "conf", peer));

        Assert.Empty(result.Diagnostics);
        ServerConfig? mine = result.Config;
        ConnectionConfig? connection = mine?.Connections.Single();
        ConnectionConfig? mirror = other.Config?.Connections.Single();
        Assert.True(connection?.IsComplete);
        Assert.Equal(peer, connection?.Name);
        Assert.Equal(1000, connection?.ReorderWindow);
        Assert.Equal(mirror?.LocalAddress, connection?.RemoteAddress);
        Assert.Equal(mirror?.LocalPort, connection?.RemotePort);
        Assert.Equal(other.Config?.General.CommandPort, connection?.RemoteCommandPort);
        Assert.Equal(mirror?.Paths.Select(path => path.LocalAddress), connection?.Paths.Select(path => path.RemoteAddress));
        Assert.Equal(mirror?.Paths.Select(path => path.WeightIn), connection?.Paths.Select(path => path.WeightOut));
        Assert.All(connection?.Paths ?? [], path => Assert.True(path.KeepaliveTime > TimeSpan.Zero));
    }

    [Fact]
    public void EveryKeyIsInTheDocumentation()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Data, "docs", "configuration.md"));
        foreach ((SectionKind kind, string heading) in new[]
        {
            (KnownKeys.General, "### [general]"), (KnownKeys.Tunnel, "### [tun_n]"), (KnownKeys.Connection, "### [connection]"),
            (KnownKeys.Path, "### [path_n]"), (KnownKeys.Network, "### [net_n]"), (KnownKeys.Rule, "### [rule_n]"),
        })
        {
            IEnumerable<string> table = lines.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith('#'));
            string[] documented = [.. table.Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => line.Split('|')[1].Split(" or ")).Select(name => name.Trim(' ', '`'))];
            Assert.Equal(KnownKeys.SpellingsOf(kind).Order(), documented.Order());
        }
    }

    private static string Manual(string name) => File.ReadAllText(Path.Combine(Data, "manual", name));
}
