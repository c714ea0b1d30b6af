using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>Something to ask of a peer.</summary>
internal sealed record HandshakeRequest
{
    /// <summary>Where it goes: an address of the peer and its <c>remote_cmd_port</c>. Answers are taken from nowhere else.</summary>
    internal required PeerEndpoint Peer { get; init; }

    /// <summary>What is asked.</summary>
    internal required ControlKind Kind { get; init; }

    /// <summary>The path's new status, 0 or 128; 0 in a create.</summary>
    internal byte NewStatus { get; init; }

    /// <summary>The connection's; a create is authenticated by SHA-256 whatever stands here.</summary>
    internal ControlAuthentication Authentication { get; init; }

    /// <summary>The connection's key (<see cref="ControlHash.KeyOf"/>); for a create that of the peer's template.</summary>
    internal ReadOnlyMemory<byte> Key { get; init; }

    /// <summary><c>permission</c> lets this server ask.</summary>
    internal bool MaySend { get; init; } = true;

    /// <summary>The connection's ip_ver, 4 or 6.</summary>
    internal required int IPVersion { get; init; }

    /// <summary>This server's tunnel address as a number (see <see cref="MappedAddress"/>).</summary>
    internal required UInt128 LocalTunnel { get; init; }

    /// <summary>The peer's, likewise.</summary>
    internal required UInt128 RemoteTunnel { get; init; }

    /// <summary>Round 3's payload: <see cref="PathStatusData"/> or the connection as text, the characters to be skipped
    /// included.</summary>
    internal required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Whatever the caller wants to find again when it has ended.</summary>
    internal object? Tag { get; init; }

    /// <summary>The authentication that goes over the wire.</summary>
    internal ControlAuthentication EffectiveAuthentication =>
        Kind == ControlKind.Create ? ControlAuthentication.Sha256 : Authentication;

    /// <summary>What it is, so that printing it never prints its key.</summary>
    public override string ToString() => $"{Kind} to {Peer}";
}

/// <summary>How a handshake of ours ended.</summary>
internal enum HandshakeEnd
{
    /// <summary>The peer gave its result.</summary>
    Done,
    /// <summary>Nothing that could be an answer came. A peer that does not know the connection, or whose key is another, says
    /// nothing.</summary>
    TimedOut,
    /// <summary>It was not sent at all, or what came from the peer could not be taken for an answer.</summary>
    Refused,
}

/// <summary>How a handshake of ours ended, and with what.</summary>
/// <param name="End">How.</param>
/// <param name="Round">The round whose answer ended it or did not come, 2 or 4; 0: it was not sent.</param>
/// <param name="Result">With <see cref="HandshakeEnd.Done"/>, what the peer says.</param>
/// <param name="Reason">With <see cref="HandshakeEnd.Refused"/>, why.</param>
/// <param name="Payload">With <see cref="HandshakeEnd.Done"/> of a create, the peer's merged connection as text; an
/// existing peer has cut it in a closing comment.</param>
internal sealed record HandshakeOutcome(
    HandshakeEnd End, int Round, ControlResult Result, HandshakeRefusal Reason, ReadOnlyMemory<byte> Payload);
