using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>What became of the messages of handshakes. Each message counts once, under what came of it.</summary>
internal sealed class HandshakeCounters
{
    private readonly long[] malformed = new long[Enum.GetValues<ControlError>().Length];
    private readonly long[] refused = new long[Enum.GetValues<HandshakeRefusal>().Length];

    /// <summary>Messages that opened a handshake.</summary>
    internal long Opened { get; set; }
    /// <summary>Messages that were carried out.</summary>
    internal long Executed { get; set; }
    /// <summary>Messages that had come before and got the same answer again, or none because it is not ready yet.</summary>
    internal long Repeated { get; set; }
    /// <summary>Handshakes that had to be forgotten before their time to make room. These are not messages.</summary>
    internal long Displaced { get; set; }

    /// <summary>All messages so far.</summary>
    internal long Messages => Opened + Executed + Repeated + refused.Sum();

    /// <summary>Messages that were refused for a reason.</summary>
    internal long this[HandshakeRefusal reason] => refused[(int)reason];

    /// <summary>Messages that could not be read for a reason.</summary>
    internal long this[ControlError error] => malformed[(int)error];

    internal void Add(HandshakeRefusal reason) => refused[(int)reason]++;

    internal void Add(ControlError error)
    {
        malformed[(int)error]++;
        refused[(int)HandshakeRefusal.Malformed]++;
    }
}
