using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>What the responder of handshakes needs to know of the server, and what it asks it to do. No member throws.</summary>
internal interface IHandshakeServer
{
    /// <summary>The connection between two tunnel addresses.</summary>
    /// <param name="ipVersion">4 or 6, the version of both.</param>
    /// <param name="local">This server's tunnel address as a number (see <see cref="MappedAddress"/>).</param>
    /// <param name="remote">The peer's, likewise.</param>
    /// <returns>Null where there is none.</returns>
    HandshakeParty? FindConnection(int ipVersion, UInt128 local, UInt128 remote);

    /// <summary>The template for a connection between two tunnel addresses that have none.</summary>
    /// <inheritdoc cref="FindConnection"/>
    /// <returns>Null where no peer may create one: <c>accept_remote</c> is 0, there is no <c>conf.template</c>, its
    /// <c>permission</c> forbids it, or the local address is not this server's.</returns>
    HandshakeParty? FindTemplate(int ipVersion, UInt128 local, UInt128 remote);

    /// <summary>
    /// Carries out what a peer has asked and proved to be allowed to ask. Called once for each handshake.
    /// </summary>
    /// <returns>What to answer; null where that is not known yet: <see cref="HandshakeResponder.Complete"/> then says it.</returns>
    HandshakeResult? Execute(HandshakeCommand command);
}

/// <summary>The connection or template that a peer's request is about.</summary>
internal sealed record HandshakeParty
{
    /// <summary>How the connection's commands are authenticated. A create is always authenticated by SHA-256.</summary>
    internal required ControlAuthentication Authentication { get; init; }

    /// <summary>The key (<see cref="ControlHash.KeyOf"/>); empty: there is none, and nothing that needs one is taken.</summary>
    internal ReadOnlyMemory<byte> Key { get; init; }

    /// <summary><c>permission</c> lets the peer change something.</summary>
    internal bool MayReceive { get; init; } = true;

    /// <summary>Whatever the server wants to find again in <see cref="HandshakeCommand.Party"/>.</summary>
    internal object? Tag { get; init; }

    /// <summary>What it is, so that printing it never prints its key.</summary>
    public override string ToString() => $"{Tag} ({Authentication})";
}

/// <summary>A request that was found to be authentic and allowed.</summary>
internal sealed record HandshakeCommand
{
    /// <summary>Who asks.</summary>
    internal required PeerEndpoint Source { get; init; }

    /// <summary>What is asked.</summary>
    internal required ControlKind Kind { get; init; }

    /// <summary>The path's new status, 0 or 128; 0 in a create.</summary>
    internal required byte NewStatus { get; init; }

    /// <summary>4 or 6, the version of both tunnel addresses.</summary>
    internal required int IPVersion { get; init; }

    /// <summary>The peer's tunnel address as a number (see <see cref="MappedAddress"/>).</summary>
    internal required UInt128 RequesterTunnel { get; init; }

    /// <summary>This server's tunnel address, likewise.</summary>
    internal required UInt128 ResponderTunnel { get; init; }

    /// <summary>The path of a status change, as the peer sees it; empty in a create.</summary>
    internal PathStatusData Path { get; init; }

    /// <summary>
    /// The payload of a create: the peer's connection as text, the characters to be skipped included. An answer with a longer text
    /// is not sent, so such a create must not be carried out. Empty in a status change.
    /// </summary>
    internal ReadOnlyMemory<byte> Text { get; init; }

    /// <summary>What the server found for it when the handshake began.</summary>
    internal required HandshakeParty Party { get; init; }
}

/// <summary>What came of a request.</summary>
/// <param name="Result">Goes to the peer.</param>
/// <param name="Text">The payload of a create's answer, for one that was done.</param>
internal readonly record struct HandshakeResult(ControlResult Result, ReadOnlyMemory<byte> Text = default);
