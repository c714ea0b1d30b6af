using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>Addresses and routes of the tunnel devices. All of it goes when the device goes.</summary>
internal static class TunnelSetup
{
    /// <summary>
    /// Packets that wait for the server before the device drops some. With the kernel's 500 a burst of small packets overflows it while
    /// the server's thread waits for a processor: of a flood two in five were lost, with 2000 one in four.
    /// </summary>
    private const int QueueLength = 2000;

    /// <summary>Makes the device, gives it MTU and addresses and sets it up.</summary>
    /// <param name="offloads">What to use as far as the kernel has it.</param>
    /// <exception cref="MptStartException">With the cure.</exception>
    internal static TunnelRuntime Create(TunnelConfig config, ThreadPlan threads, Offloads offloads, OffloadNotice notice)
    {
        TunDevice device = TunDevice.Create(config.Name, offloads, threads.Uplinks);
        try
        {
            // No address of the kernel's own choice, so that an idle tunnel is silent.
            List<string> lines = [$"link set dev {config.Name} addrgenmode none txqueuelen {QueueLength} mtu {config.Mtu}"];
            if (config.IPv4 is { } ipv4)
            {
                lines.Add($"address add {ipv4} dev {config.Name}");
            }
            if (config.IPv6 is { } ipv6)
            {
                lines.Add($"address add {ipv6} dev {config.Name} nodad");
            }
            lines.Add($"link set dev {config.Name} up");
            ProgramRun.Result result = IpCommand.RunBatch(IpCommand.AnyFamily, lines);
            if (!result.Succeeded)
            {
                throw new MptStartException($"The tunnel device {config.Name} cannot be configured: {result.Error} Check [tun_n] in interface.conf.");
            }
            return new TunnelRuntime(config, device, threads, notice);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>What hooks are told of a tunnel device.</summary>
    internal static HookFacts FactsOf(TunnelConfig config, string change) => new(change)
    {
        Interface = config.Name,
        Address = string.Join(' ', ((InterfaceAddress?[])[config.IPv4, config.IPv6]).Where(address => address is not null)),
        Mtu = config.Mtu,
    };

    /// <summary>Gives a device its addresses again: the kernel takes those of IPv6 away when it is set down.</summary>
    internal static void RenewAddresses(TunnelConfig config)
    {
        List<string> lines = [];
        if (config.IPv4 is { } ipv4)
        {
            lines.Add($"address replace {ipv4} dev {config.Name}");
        }
        if (config.IPv6 is { } ipv6)
        {
            lines.Add($"address replace {ipv6} dev {config.Name} nodad");
        }
        // A device that somebody has removed cannot be had back without a restart of the server.
        IpCommand.RunBatch(IpCommand.AnyFamily, lines);
    }

    /// <summary>
    /// The route to a network behind the peer. A default route is laid as two halves: they win over the host's own default
    /// route without replacing it, so nothing has to be put back. The paths' own packets go by their marks and do not see it.
    /// </summary>
    internal static IEnumerable<string> RoutesTo(NetworkConfig network)
    {
        if (network.Destination.PrefixLength > 0)
        {
            return [network.Destination.ToString()];
        }
        return network.Destination.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? ["::/1", "8000::/1"]
            : ["0.0.0.0/1", "128.0.0.0/1"];
    }

    /// <summary>Which connection of a tunnel takes which packets.</summary>
    /// <param name="connections">Those of this tunnel, in file order.</param>
    internal static ForwardingTable<ConnectionRuntime> MakeForwarding(TunnelConfig tunnel, IReadOnlyList<ConnectionRuntime> connections)
    {
        List<ForwardingEntry<ConnectionRuntime>> entries = [];
        foreach (ConnectionRuntime connection in connections)
        {
            ConnectionConfig config = connection.Config;
            Prefix peer = Prefix.Of(config.RemoteAddress!);
            entries.Add(new(peer, Prefix.Of(config.LocalAddress), connection));
            entries.Add(new(peer, Prefix.Any(peer.IPVersion), connection));
            foreach (NetworkConfig network in config.Networks)
            {
                Prefix destination = Prefix.Of(network.Destination);
                entries.Add(new(destination, Prefix.Of(network.Source), connection));
                // What the host itself sends into a network of the peer has the tunnel's address, not one of the source network.
                if ((destination.IPVersion == 4 ? tunnel.IPv4 : tunnel.IPv6) is { } own)
                {
                    entries.Add(new(destination, Prefix.Of(own.Address), connection));
                }
            }
        }
        if (connections is [var only] && OtherVersion(tunnel, only.Config.IPVersion) is { } other)
        {
            // A file names the peer's address of one IP version only; with one connection there is no doubt whose the other version's network is.
            entries.Add(new(Prefix.Of(other.Address, other.PrefixLength), Prefix.Any(10 - only.Config.IPVersion), only));
        }
        return new ForwardingTable<ConnectionRuntime>(entries);
    }

    private static InterfaceAddress? OtherVersion(TunnelConfig tunnel, int ipVersion) => ipVersion == 4 ? tunnel.IPv6 : tunnel.IPv4;
}
