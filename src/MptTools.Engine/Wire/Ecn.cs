namespace MptTools.Engine.Wire;

/// <summary>What becomes of a packet's ECN field when it leaves the tunnel.</summary>
/// <param name="Codepoint">The inner packet's new codepoint.</param>
/// <param name="Drop">The packet must be dropped: it met congestion and its sender could not be told by a mark.</param>
/// <param name="Anomaly">Whether the combination is one nobody should send.</param>
internal readonly record struct EcnResult(byte Codepoint, bool Drop, EcnAnomaly Anomaly);

/// <summary>How RFC 6040 figure 4 marks a combination of inner and outer codepoint that is currently unused.</summary>
internal enum EcnAnomaly : byte
{
    /// <summary>An ordinary combination.</summary>
    None,
    /// <summary>"(!)": unused, harmless; counted, no alarm.</summary>
    Unused,
    /// <summary>"(!!!)": unused and potentially dangerous; worth a log line.</summary>
    Dangerous,
}

/// <summary>Explicit Congestion Notification through the tunnel (RFC 6040).</summary>
internal static class Ecn
{
    /// <summary>Not ECN-capable.</summary>
    internal const byte NotEct = 0;
    /// <summary>ECN-capable, ECT(1).</summary>
    internal const byte Ect1 = 1;
    /// <summary>ECN-capable, ECT(0).</summary>
    internal const byte Ect0 = 2;
    /// <summary>Congestion experienced.</summary>
    internal const byte Ce = 3;

    /// <summary>The outer codepoint in compatibility mode: until the peer is known to follow RFC 6040.</summary>
    internal const byte OuterForCompatibilityMode = NotEct;

    private const byte Dropped = 4, Harmless = (byte)EcnAnomaly.Unused << 3, Alarming = (byte)EcnAnomaly.Dangerous << 3;

    // Index: inner codepoint * 4 + outer codepoint, both in numerical order (Not-ECT, ECT(1), ECT(0), CE).
    private static ReadOnlySpan<byte> Figure4 =>
    [
        NotEct, NotEct | Alarming, NotEct | Alarming, NotEct | Dropped | Alarming,
        Ect1, Ect1, Ect1 | Harmless, Ce,
        Ect0, Ect1, Ect0, Ce,
        Ce, Ce | Alarming, Ce, Ce,
    ];

    /// <summary>The outer codepoint in normal mode (RFC 6040 section 4.1): the inner one, CE included.</summary>
    internal static byte OuterForNormalMode(byte inner) => (byte)(inner & 3);

    /// <summary>The inner codepoint on leaving the tunnel (RFC 6040 section 4.2, figure 4).</summary>
    /// <param name="inner">The inner packet's codepoint; higher bits are ignored.</param>
    /// <param name="outer">The outer packet's codepoint; higher bits are ignored: the whole TOS byte will do.</param>
    internal static EcnResult Decapsulate(byte inner, byte outer)
    {
        byte entry = Figure4[(inner & 3) << 2 | outer & 3];
        return new EcnResult((byte)(entry & 3), (entry & Dropped) != 0, (EcnAnomaly)(entry >> 3));
    }
}
