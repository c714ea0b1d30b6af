namespace MptTools.Engine;

/// <summary>
/// Ways to move many packets across the kernel's border in one piece. Without one of them packets cross by the next plainer
/// way; on the wire nothing changes by a bit. In files and on command lines each has the name that stands first in its line.
/// </summary>
[Flags]
public enum Offloads
{
    /// <summary>none: every packet crosses by itself, though many in a call where a call takes many.</summary>
    None = 0,
    /// <summary>tun_tcp: the TUN device hands over TCP packets of up to 64 KiB, and they are cut here (TSO).</summary>
    TunTcp = 1,
    /// <summary>tun_udp: it hands over trains of UDP datagrams of one size in one piece (USO; Linux 6.2).</summary>
    TunUdp = 2,
    /// <summary>tun_merge: neighbours of a TCP or UDP flow are written to the TUN device in one piece.</summary>
    TunMerge = 4,
    /// <summary>udp_segment: runs of datagrams are sent in one piece that the kernel cuts (UDP_SEGMENT; Linux 4.18).</summary>
    UdpSegment = 8,
    /// <summary>udp_gro: the kernel puts runs of datagrams together before they are received (UDP_GRO; Linux 5.0).</summary>
    UdpGro = 16,
    /// <summary>all of them.</summary>
    All = TunTcp | TunUdp | TunMerge | UdpSegment | UdpGro,
}
