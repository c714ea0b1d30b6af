using MptTools.Engine;

namespace MptTools;

/// <summary>A TUN device of a running server.</summary>
public sealed class MptTunnelInfo
{
    internal MptTunnelInfo(string server, TunnelStatus status)
    {
        Server = server;
        Name = status.Name;
        IPv4 = status.IPv4;
        IPv6 = status.IPv6;
        Mtu = status.Mtu;
        MtuIsAutomatic = status.MtuIsAutomatic;
        Offloads = OffloadText.Of(status.Offloads);
        PacketsRead = status.PacketsRead;
        PacketsWritten = status.PacketsWritten;
        Drops = new(status.Drops);
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The device's name.</summary>
    public string Name { get; }
    /// <summary>The IPv4 address with its prefix length, or null.</summary>
    public string? IPv4 { get; }
    /// <summary>The IPv6 address with its prefix length, or null.</summary>
    public string? IPv6 { get; }
    /// <summary>The MTU it has now, in bytes.</summary>
    public int Mtu { get; }
    /// <summary>The MTU follows the narrowest path (mtu = auto).</summary>
    public bool MtuIsAutomatic { get; }
    /// <summary>Of the offloads of TUN devices, what is in use now.</summary>
    public TextList Offloads { get; }
    /// <summary>Packets the system sent into the device.</summary>
    public long PacketsRead { get; }
    /// <summary>Packets written to the device.</summary>
    public long PacketsWritten { get; }
    /// <summary>Packets dropped, by reason.</summary>
    public CountTable Drops { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
