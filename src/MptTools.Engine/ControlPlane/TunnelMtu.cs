using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Follows what the paths of a tunnel's connections take: with <c>mtu = auto</c> the device gets it, otherwise the admin is told
/// when the configured MTU is more. Used by the control thread only.
/// </summary>
internal sealed class TunnelMtu
{
    private const int SmallestIPv4 = 68, Largest = 65535;

    private readonly ServerContext context;
    private readonly TunnelRuntime tunnel;
    private readonly Func<string, int, string?> setMtu;
    private int? known;

    /// <param name="setMtu">Gives a device an MTU and returns why that failed, or null; the system's own way unless given.</param>
    internal TunnelMtu(ServerContext context, TunnelRuntime tunnel, Func<string, int, string?>? setMtu = null)
    {
        this.context = context;
        this.tunnel = tunnel;
        this.setMtu = setMtu ?? SetDevice;
    }

    /// <summary>Looks at all connections of the tunnel; does something only when what fits has changed.</summary>
    internal void Follow(IEnumerable<ConnectionController> connections)
    {
        // Without an open path there is nothing to learn; what was right goes on.
        if (FindNarrowest(connections) is { } narrowest)
        {
            Take(
                narrowest.LargestInner!.Value,
                $"path {narrowest.Config.Index} of {narrowest.Runtime.Connection.Config.Name}, whose path MTU is {narrowest.PathMtu}");
        }
    }

    /// <summary>The open path that takes least, of those that are in use; null when there is none.</summary>
    internal PathController? FindNarrowest(IEnumerable<ConnectionController> connections)
    {
        PathController? narrowest = null;
        foreach (ConnectionController connection in connections)
        {
            if (connection.Runtime.Tunnel != tunnel)
            {
                continue;
            }
            foreach (PathController path in connection.Paths)
            {
                if (path.LargestInner < (narrowest?.LargestInner ?? int.MaxValue))
                {
                    narrowest = path;
                }
            }
        }
        return narrowest;
    }

    /// <summary>Takes in how many bytes fit.</summary>
    /// <param name="fits">The longest inner packet in bytes.</param>
    /// <param name="narrowest">Why, to be told.</param>
    internal void Take(int fits, string narrowest)
    {
        if (fits == known)
        {
            return;
        }
        known = fits;
        TunnelConfig config = tunnel.Config;
        int smallest = config.IPv6 is null ? SmallestIPv4 : PacketTooBig.SmallestMtuIPv6;
        if (config.AutoMtu)
        {
            ChangeTo(Math.Clamp(fits, smallest, Largest), narrowest);
        }
        if (fits < smallest && config.IPv6 is not null)
        {
            context.Warn($"IPv6 needs packets of {smallest} bytes (RFC 8200), but only {fits} fit through {narrowest}: longer IPv6 packets in {config.Name} are lost. Raise the MTU on the way of that path, take the path out of use, or remove ipv6_addr.");
        }
        else if (!config.AutoMtu && config.Mtu > fits)
        {
            context.Warn($"The mtu of {config.Name} is {config.Mtu}, but only {fits} bytes fit through {narrowest}: longer packets are cut in two or sent back, which costs speed. Write mtu = {fits} or mtu = auto in interface.conf.");
        }
    }

    private void ChangeTo(int mtu, string narrowest)
    {
        int before = tunnel.Mtu;
        if (mtu == before)
        {
            return;
        }
        if (setMtu(tunnel.Config.Name, mtu) is { } error)
        {
            context.Warn($"The MTU of {tunnel.Config.Name} cannot be changed from {before} to {mtu}: {error} Packets that do not fit are cut or sent back.");
            return;
        }
        tunnel.Mtu = mtu;
        context.Raise(MptEventKind.MtuChanged, $"The MTU of {tunnel.Config.Name} is {mtu} now (it was {before}), for {narrowest}.", before: $"{before}", after: $"{mtu}");
    }

    private static string? SetDevice(string device, int mtu)
    {
        ProgramRun.Result result = IpCommand.Run("link", "set", "dev", device, "mtu", $"{mtu}");
        return result.Succeeded ? null : result.Error;
    }
}
