using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>Where a control message comes from or goes to, without an object for each.</summary>
/// <param name="Address">The address as a number (see <see cref="MappedAddress"/>).</param>
/// <param name="Port">The UDP port.</param>
/// <param name="Scope">The interface's number with an IPv6 link-local address, else 0.</param>
internal readonly record struct PeerEndpoint(UInt128 Address, ushort Port, long Scope = 0)
{
    /// <summary>Takes it over from the form the base class library uses.</summary>
    internal static PeerEndpoint Of(IPEndPoint endpoint) => new(
        MappedAddress.ToInteger(endpoint.Address), (ushort)endpoint.Port, ScopeOf(endpoint.Address));

    /// <summary>The form the base class library uses.</summary>
    internal IPEndPoint ToIPEndPoint()
    {
        IPAddress address = MappedAddress.ToIPAddress(Address);
        if (Scope != 0)
        {
            address.ScopeId = Scope;
        }
        return new IPEndPoint(address, Port);
    }

    /// <inheritdoc/>
    public override string ToString() => ToIPEndPoint().ToString();

    private static long ScopeOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv6LinkLocal ? address.ScopeId : 0;
}
