using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>The configuration directories of the two hosts of a lab: one connection over all links, named after the peer.</summary>
internal static class LabConfigFiles
{
    private const string TunnelIPv4 = "10.0.0.", TunnelIPv6 = "fd00::";

    // Quick to notice a cut: nobody wants to wait for seconds in a lab.
    private static readonly TimeSpan Keepalive = TimeSpan.FromSeconds(0.2), Dead = TimeSpan.FromSeconds(1);

    /// <summary>With two hosts it is clear who tunnels to whom; with more it is not.</summary>
    internal static bool CanDescribe(LabPlan plan) =>
        plan.Hosts.Count == 2 && plan.Links.Count is > 0 and <= LabLimits.MaximumLinks
        && plan.Links.All(link => link.A.Host != link.B.Host && Bare(link.A).AddressFamily == Bare(link.B).AddressFamily);

    /// <summary>Writes one directory for each host; a host that has an interface.conf there already keeps all its files.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="ArgumentException">There is no configuration for such hosts or links; the message says why.</exception>
    internal static void Write(string directory, LabPlan plan)
    {
        SiteSettings settings = new()
        {
            TunnelName = "tun0",
            Mtu = null,
            Port = 23456,
            CommandPort = 60456,
            Keepalive = Keepalive,
            Dead = Dead,
            ReorderWindow = 1000,
            Authentication = AuthenticationType.Sha256,
            Key = NewMptKeyCommand.Make(),
        };
        Site first = Describe(directory, plan.Hosts[0], 2), second = Describe(directory, plan.Hosts[1], 3);
        foreach ((Site here, Site there) in new[] { (first, second), (second, first) })
        {
            if (!File.Exists(Path.Combine(here.Directory, "interface.conf")))
            {
                Write(settings.Configure(here, there, plan.Links.Select(link => Ends(link, here.Name))));
            }
        }
    }

    private static void Write(ServerConfig config)
    {
        ConfigResult<IReadOnlyList<ConfigFileText>> files = ConfigWriter.Render(config);
        foreach (ConfigFileText file in files.Config ?? throw new ArgumentException(string.Join(' ', files.Diagnostics.Select(fault => fault.Message))))
        {
            file.Write();
        }
    }

    private static Site Describe(string directory, string host, int number) => new(
        host, Path.Combine(directory, host),
        [new InterfaceAddress(IPAddress.Parse($"{TunnelIPv4}{number}"), 24), new InterfaceAddress(IPAddress.Parse($"{TunnelIPv6}{number}"), 64)], []);

    private static (SiteLinkEnd Own, SiteLinkEnd Peer, int Weight) Ends(LabLinkPlan link, string host)
    {
        (LabEndPlan own, LabEndPlan peer) = link.A.Host == host ? (link.A, link.B) : (link.B, link.A);
        return (End(own), End(peer), 1);
    }

    private static SiteLinkEnd End(LabEndPlan end)
    {
        IPAddress address = Bare(end);
        return new SiteLinkEnd(end.Interface, address, address, address);
    }

    // Links are made before files, and their addresses were found good by then.
    private static IPAddress Bare(LabEndPlan end) => IPAddress.Parse(end.Address.Split('/')[0]);
}
