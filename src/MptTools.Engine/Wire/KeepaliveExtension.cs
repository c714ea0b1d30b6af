using System.Net;

namespace MptTools.Engine.Wire;

/// <summary>What the sender of a keepalive can take (docs/wire-extension.md). Bits not known are ignored.</summary>
[Flags]
internal enum PeerCapabilities : uint
{
    /// <summary>Nothing beyond what existing servers do.</summary>
    None = 0,
    /// <summary>Decapsulates by RFC 6040: outer headers may carry ECN in normal mode.</summary>
    EcnNormalMode = 1 << 0,
    /// <summary>Recognises packets with GRE key and sequence number as duplicates: they may be sent on several paths.</summary>
    Duplicates = 1 << 1,
    /// <summary>Tells paths apart that share one pair of addresses.</summary>
    SharedAddressPair = 1 << 2,
    /// <summary>Follows a path whose sender's address changes.</summary>
    RoamingAddress = 1 << 3,
}

/// <summary>Which start of a connection a keepalive belongs to, and its place in it; against replay.</summary>
/// <param name="Id">Random, chosen when the sender's connection starts.</param>
/// <param name="Counter">Strictly increasing over all keepalives of the connection, on whichever path.</param>
internal readonly record struct KeepaliveInstance(ulong Id, ulong Counter);

/// <summary>An address and UDP port as seen from the other end.</summary>
/// <param name="Address">The address, IPv4 mapped, as a number (see <see cref="MappedAddress"/>).</param>
/// <param name="Port">The UDP port.</param>
internal readonly record struct ObservedEndpoint(UInt128 Address, ushort Port)
{
    /// <summary>4 or 6.</summary>
    internal int IPVersion => MappedAddress.IsIPv4(Address) ? 4 : 6;

    /// <summary>The endpoint in the form the base class library uses.</summary>
    internal IPEndPoint ToIPEndPoint() => new(MappedAddress.ToIPAddress(Address), Port);
}

/// <summary>A path as the sender of a keepalive has it.</summary>
/// <param name="Sender">The path's number at the sender.</param>
/// <param name="Receiver">Its number at the receiver, as the sender has heard it; null: not yet.</param>
/// <param name="IsHeard">The sender hears the receiver on this path: within its dead time.</param>
internal readonly record struct KeepalivePath(byte Sender, byte? Receiver, bool IsHeard);

/// <summary>When a keepalive was sent, and when the last one of the other end; in microseconds.</summary>
/// <param name="Sent">By the sender's clock, whose origin nobody knows; above 0.</param>
/// <param name="Echo">What the receiver said last on this path; 0: nothing yet.</param>
/// <param name="Held">How long ago that came.</param>
internal readonly record struct KeepaliveTiming(ulong Sent, ulong Echo, uint Held);

/// <summary>Data packets of a path, each number since the path was made.</summary>
/// <param name="Sent">Sent by the sender before this keepalive.</param>
/// <param name="PeerSent">What the receiver's last keepalive had as Sent; <see cref="Unheard"/>: none came yet.</param>
/// <param name="PeerReceived">How many had arrived at the sender when that one came.</param>
internal readonly record struct KeepaliveCounts(ulong Sent, ulong PeerSent, ulong PeerReceived)
{
    /// <summary>In place of <see cref="PeerSent"/>.</summary>
    internal const ulong Unheard = ulong.MaxValue;
}

/// <summary>
/// The extension behind the fortieth byte of a keepalive (docs/wire-extension.md); null: the field is absent.
/// </summary>
internal readonly record struct KeepaliveExtension
{
    /// <summary>What the sender can take.</summary>
    internal PeerCapabilities? Capabilities { get; init; }
    /// <summary>The sequence number the connection's next data packet will get; all that the sender put on this path
    /// before this keepalive have smaller ones.</summary>
    internal uint? NextSequence { get; init; }
    /// <summary>The sender's instance and this keepalive's number in it.</summary>
    internal KeepaliveInstance? Instance { get; init; }
    /// <summary>The receiver's instance as the sender last heard it.</summary>
    internal ulong? PeerInstance { get; init; }
    /// <summary>Where the sender sees the receiver on this path.</summary>
    internal ObservedEndpoint? Observed { get; init; }
    /// <summary>Which path this is, and whether it is heard.</summary>
    internal KeepalivePath? Path { get; init; }
    /// <summary>Where the receiver sees the sender on this path, as the receiver has said last.</summary>
    internal ObservedEndpoint? Source { get; init; }
    /// <summary>For the round trip of this path.</summary>
    internal KeepaliveTiming? Timing { get; init; }
    /// <summary>For the loss on this path.</summary>
    internal KeepaliveCounts? Counts { get; init; }
    /// <summary>At present the sender puts no packets with a number of the connection on this path.</summary>
    internal bool IsUnnumbered { get; init; }
}

/// <summary>What a keepalive turned out to be.</summary>
internal enum KeepaliveStatus
{
    /// <summary>Not a keepalive, or shorter than one.</summary>
    NotKeepalive,
    /// <summary>Without an extension that is known here: an existing server.</summary>
    Plain,
    /// <summary>With a valid extension, authenticated where a key is set.</summary>
    Extended,
    /// <summary>The extension cannot be read; it is ignored as a whole.</summary>
    ExtendedInvalid,
    /// <summary>A key is set here and the extension carries no authentication; it is ignored.</summary>
    AuthenticationMissing,
    /// <summary>The authentication does not fit the key, or no key is set here; the extension is ignored.</summary>
    AuthenticationFailed,
}

/// <summary>What a keepalive says.</summary>
internal readonly record struct KeepaliveInfo
{
    /// <summary>The connection's ip_ver at the sender.</summary>
    internal int IPVersion { get; init; }
    /// <summary>The sender's tunnel address as a number (see <see cref="MappedAddress"/>).</summary>
    internal UInt128 SenderTunnel { get; init; }
    /// <summary>The receiver's tunnel address, likewise.</summary>
    internal UInt128 ReceiverTunnel { get; init; }
    /// <summary>The extension; empty unless the status is <see cref="KeepaliveStatus.Extended"/>.</summary>
    internal KeepaliveExtension Extension { get; init; }
}
