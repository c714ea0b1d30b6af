using System.Net;

namespace MptTools.Engine.Wire;

/// <summary>A network as a number, for matching.</summary>
/// <param name="IPVersion">4 or 6.</param>
/// <param name="Address">The network's address as a big-endian number; IPv4 in the low 32 bits.</param>
/// <param name="PrefixLength">0 to 32 or 128.</param>
internal readonly record struct Prefix(int IPVersion, UInt128 Address, int PrefixLength)
{
    internal static Prefix Any(int ipVersion) => new(ipVersion, 0, 0);

    internal static Prefix Of(IPNetwork network) => Of(network.BaseAddress, network.PrefixLength);

    internal static Prefix Of(IPAddress address) => Of(address, VersionOf(address) == 4 ? 32 : 128);

    internal static Prefix Of(IPAddress address, int prefixLength)
    {
        int version = VersionOf(address);
        return new Prefix(version, IPHeader.AddressAsInteger(address) & Mask(version, prefixLength), prefixLength);
    }

    internal static UInt128 Mask(int ipVersion, int prefixLength)
    {
        int bits = ipVersion == 4 ? 32 : 128;
        UInt128 all = ipVersion == 4 ? uint.MaxValue : UInt128.MaxValue;
        return prefixLength == 0 ? 0 : all & ~((UInt128.One << (bits - prefixLength)) - 1);
    }

    private static int VersionOf(IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 6 : 4;
}
