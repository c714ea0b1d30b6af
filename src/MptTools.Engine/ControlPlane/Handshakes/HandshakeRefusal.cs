using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>Why a message of a handshake was not taken, of which its sender is not told, or why a request was given up.</summary>
internal enum HandshakeRefusal
{
    /// <summary>It was taken.</summary>
    None,
    /// <summary>It cannot be read; a <see cref="ControlError"/> says why.</summary>
    Malformed,
    /// <summary>An answer came where only requests are taken, or a request where only answers are.</summary>
    WrongDirection,
    /// <summary>Its source sends more than it may.</summary>
    RateLimited,
    /// <summary>There is no connection between these tunnel addresses, or it has another IP version.</summary>
    UnknownConnection,
    /// <summary>A create without a connection, and none may be created (<c>accept_remote</c>, or no template).</summary>
    CreateNotAccepted,
    /// <summary><c>permission</c> does not allow it.</summary>
    NotPermitted,
    /// <summary>It is authenticated in another way than the connection demands.</summary>
    AuthenticationType,
    /// <summary>There is no key to check it with.</summary>
    NoKey,
    /// <summary>Its hash does not fit the key.</summary>
    AuthenticationFailed,
    /// <summary>Its random number is not the one that was given out.</summary>
    RandomNumber,
    /// <summary>Round 3 without a round 1 that is remembered.</summary>
    UnknownHandshake,
    /// <summary>Round 3 with a random number that another round 3 has used up.</summary>
    RandomNumberUsed,
    /// <summary>The data are not as long as they were said to be, or may not have that length.</summary>
    LengthMismatch,
    /// <summary>It comes from somewhere else than the peer, or belongs to another handshake.</summary>
    Foreign,
    /// <summary>An answer that has come already, or one to an earlier round.</summary>
    Repeated,
    /// <summary>Too much is waiting to be asked already.</summary>
    Busy,
    /// <summary>Something newer is to be asked about the same path or connection.</summary>
    Superseded,
}
