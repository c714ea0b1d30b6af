namespace MptTools.Engine.Wire;

/// <summary>What stands around an inner packet on a path.</summary>
internal static class Overhead
{
    private const int LargestPacket = 65535;

    /// <summary>
    /// Headers in bytes: IPv4 (20) or IPv6 (40), UDP (8) and GRE (4, 8 with a sequence number, 12 with a key as well); 32 to 60 in all.
    /// </summary>
    /// <param name="pathVersion">The IP version of the path's addresses, 4 or 6.</param>
    /// <param name="greLength">Length in bytes of the GRE header.</param>
    internal static int Of(int pathVersion, int greLength) =>
        (pathVersion == 4 ? IPHeader.MinimumLengthIPv4 : IPHeader.LengthIPv6) + TransportHeader.LengthUdp + greLength;

    /// <summary>The longest inner packet in bytes that a path takes; 0 or less where the headers alone do not fit.</summary>
    /// <param name="pathMtu">The path MTU in bytes.</param>
    /// <param name="pathVersion">The IP version of the path's addresses, 4 or 6.</param>
    /// <param name="greLength">Length in bytes of the longest GRE header.</param>
    internal static int LargestInner(int pathMtu, int pathVersion, int greLength)
    {
        // The length field bounds an IPv4 packet with its header, an IPv6 packet without.
        int longest = pathVersion == 4 ? LargestPacket : LargestPacket + IPHeader.LengthIPv6;
        return Math.Min(pathMtu, longest) - Of(pathVersion, greLength);
    }
}
