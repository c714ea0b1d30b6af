using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Configurations as the loader would make them; A of the captures where nothing else is said.</summary>
internal static class Configs
{
    internal const int Port = 23456;

    internal static readonly TunnelConfig Tunnel = new()
    {
        Name = "tun0",
        IPv4 = Interface("10.0.0.2/24"),
        IPv6 = Interface("fec0::2/64"),
    };

    internal static ConnectionConfig Connection(params ReadOnlySpan<PathConfig> paths) => new()
    {
        File = "connection.conf",
        Name = "to_B",
        LocalAddress = IPAddress.Parse("10.0.0.2"),
        LocalPort = Port,
        RemoteAddress = IPAddress.Parse("10.0.0.3"),
        RemotePort = Port,
        RemoteCommandPort = 60456,
        Paths = paths.ToArray(),
    };

    internal static PathConfig Path(int index, int weight = 1) => new()
    {
        Index = index,
        Interface = $"eth{index + 1}",
        LocalAddress = IPAddress.Parse($"10.{index + 1}.0.2"),
        PublicAddress = IPAddress.Parse($"10.{index + 1}.0.2"),
        RemoteAddress = IPAddress.Parse($"10.{index + 1}.0.3"),
        KeepaliveTime = TimeSpan.FromSeconds(1),
        DeadTime = TimeSpan.FromSeconds(3),
        WeightOut = weight,
    };

    internal static NetworkConfig Network(string source, string destination) => new()
    {
        Index = 0,
        Source = IPNetwork.Parse(source),
        Destination = IPNetwork.Parse(destination),
    };

    internal static InterfaceAddress Interface(string text)
    {
        string[] parts = text.Split('/');
        return new InterfaceAddress(IPAddress.Parse(parts[0]), int.Parse(parts[1]));
    }
}
