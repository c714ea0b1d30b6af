using MptTools.Engine.ControlPlane.Handshakes;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// Tells the admin of commands that were refused, without letting a flood of them fill the log: each sender and reason once a minute, and only so
/// many in all. What is merely broken is counted and not told. Used by the control thread only.
/// </summary>
internal sealed class RefusalReports(ServerContext context)
{
    private const int Limit = 128;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly HandshakeTable<(UInt128 Source, HandshakeRefusal Reason), object> told = new(Limit, Interval);

    /// <summary>A peer's message was refused.</summary>
    internal void Add(PeerEndpoint source, HandshakeRefusal reason, TimeSpan now)
    {
        string? why = reason switch
        {
            HandshakeRefusal.UnknownConnection => "there is no connection between the two tunnel addresses that it names",
            HandshakeRefusal.CreateNotAccepted => "no peer may create a connection here. That takes accept_remote = 1 in interface.conf and a conf.template with permission 2 or 3",
            HandshakeRefusal.NotPermitted => "permission of the connection does not let its peer change anything",
            HandshakeRefusal.AuthenticationType => "its auth_type is not that of the connection. Write the same at both ends",
            HandshakeRefusal.NoKey => "the connection or conf.template has no auth_key to check it with",
            HandshakeRefusal.AuthenticationFailed => "it does not fit the key. Check that auth_key is the same at both ends",
            HandshakeRefusal.RandomNumber or HandshakeRefusal.RandomNumberUsed => "its random number is not the one that was given out. Somebody may repeat what he has overheard",
            _ => null,
        };
        if (why is null || told.Find((source.Address, reason), now) is not null || (told.Count == Limit && told.NextExpiry > now))
        {
            return;
        }
        told.Add((source.Address, reason), told, now);
        context.Raise(MptEventKind.CommandRefused, $"A command of {MappedAddress.ToIPAddress(source.Address)} was refused: {why}.");
    }

    /// <summary>A command of somebody on this host was refused.</summary>
    internal void AddLocal(string command, TimeSpan now)
    {
        if (told.Find((UInt128.Zero, HandshakeRefusal.NotPermitted), now) is null)
        {
            told.Add((UInt128.Zero, HandshakeRefusal.NotPermitted), told, now);
            context.Raise(MptEventKind.CommandRefused, $"The command '{command}' came over the UDP command port from somebody on this host who is not root, and was refused.");
        }
    }
}
