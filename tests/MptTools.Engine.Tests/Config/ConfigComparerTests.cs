using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.Tests.DataPlane;

namespace MptTools.Engine.Tests.Config;

public class ConfigComparerTests
{
    public static TheoryData<string> Differences => [.. Changes.Keys];

    private static readonly Dictionary<string, Func<ConnectionConfig, ConnectionConfig>> Changes = new()
    {
        ["a path's weight"] = config => config with { Paths = [config.Paths[0] with { WeightOut = 7 }, config.Paths[1]] },
        ["a path less"] = config => config with { Paths = [config.Paths[0]] },
        ["the paths' order"] = config => config with { Paths = [config.Paths[1], config.Paths[0]] },
        ["a path's gateway"] = config => config with { Paths = [config.Paths[0], config.Paths[1] with { Gateway = IPAddress.Any }] },
        ["no network"] = config => config with { Networks = [] },
        ["another network"] = config => config with { Networks = [Configs.Network("192.168.1.0/24", "192.168.3.0/24")] },
        ["the reorder window"] = config => config with { ReorderWindow = 5 },
        ["the key"] = config => config with { AuthenticationKey = "A0" },
        ["the mapping"] = config => config with { Mapping = MappingMode.Flow },
        ["a path's ports"] = config => config with { Paths = [config.Paths[0] with { TcpDestinationPorts = [new(80, 81)] }, config.Paths[1]] },
        ["a path's other ports"] = config => config with { Paths = [config.Paths[0] with { UdpSourcePorts = [new(80, 81)] }, config.Paths[1]] },
        ["a rate"] = config => config with { Paths = [config.Paths[0], config.Paths[1] with { RateLimit = 8000 }] },
        ["no rule"] = config => config with { Rules = [] },
        ["a rule's ports"] = config => config with { Rules = [config.Rules[0] with { DestinationPorts = [new(80, 81)] }] },
        ["a rule's codepoints"] = config => config with { Rules = [config.Rules[0] with { Dscp = [10, 46] }] },
        ["a rule's paths"] = config => config with { Rules = [config.Rules[0] with { Paths = [1] }] },
        ["a rule's networks"] = config => config with { Rules = [config.Rules[0] with { Sources = [IPNetwork.Parse("10.0.0.0/9")] }] },
        ["a rule's strictness"] = config => config with { Rules = [config.Rules[0] with { IsStrict = true }] },
        ["the peer"] = config => config with { RemoteAddress = IPAddress.Parse("10.0.0.4") },
    };

    [Fact]
    public void TwoReadingsOfOneFileAreTheSame() => Assert.True(ConfigComparer.AreSame(Read(), Read()));

    [Theory, MemberData(nameof(Differences))]
    public void ADifferenceIsSeen(string difference)
    {
        Assert.False(ConfigComparer.AreSame(Read(), Changes[difference](Read())));
        Assert.False(ConfigComparer.AreSame(Changes[difference](Read()), Read()));
    }

    private static ConnectionConfig Read() => Configs.Connection(Configs.Path(0, 3), Configs.Path(1, 2)) with
    {
        Networks = [Configs.Network("192.168.1.0/24", "192.168.2.0/24")],
        Rules = [new RuleConfig { Index = 0, Dscp = [46, 10], DestinationPorts = [new(80, 80)], Paths = [0, 1], Sources = [IPNetwork.Parse("10.0.0.0/8")] }],
    };
}
