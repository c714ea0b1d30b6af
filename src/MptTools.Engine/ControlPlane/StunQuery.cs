using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>One question to a STUN server, sent again until it is answered (RFC 8489 section 6.2.1). Pure: time is passed in.</summary>
internal sealed class StunQuery
{
    /// <summary>The RFC's Rc, Rm and the smallest RTO that it allows.</summary>
    private const int Sends = 7, LastWait = 16;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);

    private readonly byte[] transaction;
    private readonly byte[] request = new byte[Stun.HeaderLength];
    private TimeSpan wait = FirstWait;
    private int sent;

    /// <param name="transaction">Random, 12 bytes.</param>
    internal StunQuery(byte[] transaction, TimeSpan now)
    {
        this.transaction = transaction;
        Stun.WriteRequest(request, transaction);
        NextTick = now;
    }

    /// <summary>When <see cref="Tick"/> has something to do; null: it has ended.</summary>
    internal TimeSpan? NextTick { get; private set; }

    /// <summary>What the server has seen; null: it has not said so.</summary>
    internal ObservedEndpoint? Seen { get; private set; }

    /// <summary>Why it ended without an address, in a part of a sentence; null where it did not.</summary>
    internal string? Failure { get; private set; }

    /// <summary>Lets time pass.</summary>
    /// <returns>What to send to the server now; empty: nothing.</returns>
    internal ReadOnlySpan<byte> Tick(TimeSpan now)
    {
        if (!(NextTick <= now))
        {
            return default;
        }
        if (sent == Sends)
        {
            End("does not answer");
            return default;
        }
        sent++;
        NextTick = now + (sent == Sends ? FirstWait * LastWait : wait);
        wait *= 2;
        return request;
    }

    /// <summary>Takes what came from the server.</summary>
    internal void Receive(ReadOnlySpan<byte> datagram)
    {
        if (NextTick is null)
        {
            return;
        }
        switch (Stun.Read(datagram, transaction, out ObservedEndpoint seen, out int code))
        {
            case StunAnswer.Mapped:
                Seen = seen;
                NextTick = null;
                break;
            case StunAnswer.Refused:
                End(code == 0 ? "answers without an address" : $"refuses with error {code}");
                break;
        }
    }

    private void End(string failure)
    {
        Failure = failure;
        NextTick = null;
    }
}
