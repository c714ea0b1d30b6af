using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>One of the two sites that a tunnel joins.</summary>
/// <param name="Name">Its directory, and the connection's name at the other site.</param>
/// <param name="Directory">Where its files belong.</param>
/// <param name="Tunnel">Its addresses inside the tunnel, the connection's own first.</param>
/// <param name="Networks">The networks behind it.</param>
internal sealed record Site(string Name, string Directory, IReadOnlyList<InterfaceAddress> Tunnel, IReadOnlyList<IPNetwork> Networks);

/// <summary>Settings that are the same at both sites.</summary>
internal sealed record SiteSettings
{
    internal required string TunnelName { get; init; }

    /// <summary>In bytes; null: as the paths allow.</summary>
    internal required int? Mtu { get; init; }

    internal required int Port { get; init; }
    internal required int CommandPort { get; init; }
    internal required TimeSpan Keepalive { get; init; }
    internal required TimeSpan Dead { get; init; }
    internal required int ReorderWindow { get; init; }
    internal required AuthenticationType Authentication { get; init; }

    /// <summary>Null where there is none.</summary>
    internal required string? Key { get; init; }

    /// <summary>The configuration of <paramref name="here"/>, with a connection to <paramref name="there"/>.</summary>
    /// <exception cref="ArgumentException">The networks of the two sites do not go together.</exception>
    internal ServerConfig Configure(Site here, Site there, IEnumerable<(SiteLinkEnd Own, SiteLinkEnd Peer, int Weight)> links) => new()
    {
        Directory = here.Directory,
        General = new GeneralConfig { CommandPort = CommandPort },
        Tunnels =
        [
            new TunnelConfig
            {
                Name = TunnelName,
                AutoMtu = Mtu is null,
                Mtu = Mtu ?? 1440,
                IPv4 = OfVersion(here, 4),
                IPv6 = OfVersion(here, 6),
            },
        ],
        Connections =
        [
            new ConnectionConfig
            {
                File = $"{there.Name}.conf",
                Name = there.Name,
                Permission = ConnectionPermission.Send | ConnectionPermission.Receive,
                IPVersion = AddressText.Version(here.Tunnel[0].Address),
                LocalAddress = here.Tunnel[0].Address,
                LocalPort = Port,
                RemoteAddress = there.Tunnel[0].Address,
                RemotePort = Port,
                RemoteCommandPort = CommandPort,
                ReorderWindow = ReorderWindow,
                AuthenticationType = Authentication,
                AuthenticationKey = Key,
                Paths = [.. links.Select((link, index) => Path(index, link.Own, link.Peer, link.Weight))],
                Networks = [.. Networks(here, there)],
            },
        ],
    };

    private PathConfig Path(int index, SiteLinkEnd own, SiteLinkEnd peer, int weight) => new()
    {
        Index = index,
        Interface = own.Interface,
        IPVersion = AddressText.Version(own.Address),
        PublicAddress = own.PublicAddress,
        LocalAddress = own.Address,
        Gateway = own.Gateway,
        RemoteAddress = peer.PublicAddress,
        KeepaliveTime = Keepalive,
        DeadTime = Dead,
        WeightOut = weight,
        WeightIn = weight,
        IsCommandDefault = index == 0,
    };

    private static IEnumerable<NetworkConfig> Networks(Site here, Site there)
    {
        int index = 0;
        foreach (int version in (int[])[4, 6])
        {
            IPNetwork[] own = [.. here.Networks.Where(IsOfVersion)], theirs = [.. there.Networks.Where(IsOfVersion)];
            if (own.Length + theirs.Length == 0)
            {
                continue;
            }
            foreach (IPNetwork source in own.Length > 0 ? own : [Host(here, version)])
            {
                foreach (IPNetwork destination in theirs.Length > 0 ? theirs : [Host(there, version)])
                {
                    yield return new NetworkConfig { Index = index++, Source = source, Destination = destination };
                }
            }

            bool IsOfVersion(IPNetwork network) => AddressText.Version(network.BaseAddress) == version;
        }
    }

    /// <summary>A site without networks is reached itself.</summary>
    private static IPNetwork Host(Site site, int version) => OfVersion(site, version) is { Address: var address }
        ? new IPNetwork(address, version == 4 ? 32 : 128)
        : throw new ArgumentException($"There are IPv{version} networks behind one site only, and the tunnel has no IPv{version} addresses. Add an IPv{version} network to -TunnelNetwork, or one behind {site.Name}.");

    private static InterfaceAddress? OfVersion(Site site, int version)
    {
        foreach (InterfaceAddress address in site.Tunnel)
        {
            if (AddressText.Version(address.Address) == version)
            {
                return address;
            }
        }
        return null;
    }
}
