using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>Which connection takes which packet, and which routes lead into the tunnel.</summary>
public class TunnelSetupTests
{
    [Fact]
    public void APacketToAPeerGoesToItsConnectionWhateverItsSource()
    {
        ForwardingTable<ConnectionRuntime> table = Forward(To("B", "10.0.0.3"), To("C", "10.0.0.4"), To("D", "fec0::4"));
        Assert.Equal("B", Find(table, "10.0.0.2", "10.0.0.3"));
        Assert.Equal("C", Find(table, "10.0.0.2", "10.0.0.4"));
        Assert.Equal("C", Find(table, "192.168.1.7", "10.0.0.4"));
        Assert.Equal("D", Find(table, "fec0::2", "fec0::4"));
        Assert.Null(Find(table, "10.0.0.2", "10.0.0.5"));
        Assert.Null(Find(table, "fec0::2", "fec0::3"));
    }

    [Fact]
    public void NetworksAreFoundByDestinationAndSource()
    {
        ForwardingTable<ConnectionRuntime> table = Forward(
            To("B", "10.0.0.3", ("192.168.1.0/24", "192.168.2.0/24"), ("fd01::/64", "fd02::/64")),
            To("C", "10.0.0.4", ("192.168.1.128/25", "192.168.2.0/24"), ("0.0.0.0/0", "192.168.2.99/32")));
        Assert.Equal("B", Find(table, "192.168.1.1", "192.168.2.1"));
        Assert.Equal("C", Find(table, "192.168.1.200", "192.168.2.1"));
        Assert.Equal("C", Find(table, "192.168.1.1", "192.168.2.99"));
        Assert.Equal("B", Find(table, "fd01::1", "fd02::1"));
        Assert.Null(Find(table, "192.168.3.1", "192.168.2.1"));
        Assert.Null(Find(table, "fd03::1", "fd02::1"));
    }

    [Fact]
    public void TheHostItselfReachesTheNetworksBehindThePeer()
    {
        ForwardingTable<ConnectionRuntime> table = Forward(
            To("B", "10.0.0.3", ("192.168.1.0/24", "192.168.2.0/24"), ("fd01::/64", "fd02::/64")), To("C", "10.0.0.4"));
        Assert.Equal("B", Find(table, "10.0.0.2", "192.168.2.1"));
        Assert.Equal("B", Find(table, "fec0::2", "fd02::1"));
        Assert.Null(Find(table, "10.0.0.7", "192.168.2.1"));
    }

    [Fact]
    public void ADefaultRouteTakesWhatHasNoBetterConnection()
    {
        ForwardingTable<ConnectionRuntime> table = Forward(
            To("B", "10.0.0.3", ("192.168.1.0/24", "192.168.2.0/24")), To("Internet", "10.0.0.4", ("0.0.0.0/0", "0.0.0.0/0")));
        Assert.Equal("Internet", Find(table, "192.168.1.1", "9.9.9.9"));
        Assert.Equal("Internet", Find(table, "10.0.0.2", "9.9.9.9"));
        Assert.Equal("B", Find(table, "192.168.1.1", "192.168.2.1"));
        Assert.Equal("B", Find(table, "10.0.0.2", "10.0.0.3"));
        Assert.Null(Find(table, "fd01::1", "fd02::1"));
    }

    [Fact]
    public void OfTwoConnectionsThatSayTheSameTheFirstFileCounts()
    {
        ForwardingTable<ConnectionRuntime> table = Forward(
            To("B", "10.0.0.3", ("192.168.1.0/24", "192.168.2.0/24")), To("C", "10.0.0.4", ("192.168.1.0/24", "192.168.2.0/24")));
        Assert.Equal("B", Find(table, "192.168.1.1", "192.168.2.1"));
        Assert.Equal("B", Find(table, "10.0.0.2", "192.168.2.1"));
    }

    [Theory]
    [InlineData("10.0.0.3", "fec0::2", "fec0::3")]
    [InlineData("fec0::3", "10.0.0.2", "10.0.0.3")]
    public void WithOneConnectionTheOtherVersionsNetworkIsItsOwn(string peer, string source, string destination)
    {
        Assert.Equal("B", Find(Forward(To("B", peer)), source, destination));
        Assert.Null(Find(Forward(To("B", peer)), source, destination.Contains(':') ? "fec1::3" : "10.0.1.3"));
        Assert.Null(Find(Forward(To("B", peer), To("C", "10.0.0.9")), source, destination.Replace('3', '7')));
    }

    [Theory]
    [InlineData("192.168.2.0/24", "192.168.2.0/24")]
    [InlineData("10.9.9.9/32", "10.9.9.9/32")]
    [InlineData("fd02::/64", "fd02::/64")]
    [InlineData("0.0.0.0/0", "0.0.0.0/1 128.0.0.0/1")]
    [InlineData("::/0", "::/1 8000::/1")]
    public void RoutesLeadIntoTheTunnel(string destination, string routes) =>
        Assert.Equal(routes, string.Join(' ', TunnelSetup.RoutesTo(Configs.Network(destination, destination))));

    private static ConnectionConfig To(string name, string peer, params ReadOnlySpan<(string Source, string Destination)> networks)
    {
        List<NetworkConfig> list = [];
        foreach ((string source, string destination) in networks)
        {
            list.Add(Configs.Network(source, destination));
        }
        return Configs.Connection(Configs.Path(0)) with
        {
            Name = name,
            IPVersion = peer.Contains(':') ? 6 : 4,
            LocalAddress = IPAddress.Parse(peer.Contains(':') ? "fec0::2" : "10.0.0.2"),
            RemoteAddress = IPAddress.Parse(peer),
            Networks = list,
        };
    }

    private static ForwardingTable<ConnectionRuntime> Forward(params ReadOnlySpan<ConnectionConfig> configs)
    {
        List<ConnectionRuntime> connections = [];
        foreach (ConnectionConfig config in configs)
        {
            // Forwarding looks at no device and no buffer.
            connections.Add(new ConnectionRuntime(config, null!, null!));
        }
        return TunnelSetup.MakeForwarding(Configs.Tunnel, connections);
    }

    private static string? Find(ForwardingTable<ConnectionRuntime> table, string source, string destination) => table.Find(
        destination.Contains(':') ? 6 : 4,
        IPHeader.AddressAsInteger(IPAddress.Parse(source)), IPHeader.AddressAsInteger(IPAddress.Parse(destination)))?.Config.Name;
}
