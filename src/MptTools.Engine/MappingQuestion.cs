using MptTools.Engine.Config;

namespace MptTools.Engine;

/// <summary>A packet that is not sent: which path would it take?</summary>
public sealed record MappingQuestion
{
    /// <summary>The connection to ask; null: the one whose traffic such a packet is, by its tunnel addresses and networks.</summary>
    public string? Connection { get; init; }
    /// <summary>The source address, of either IP version.</summary>
    public required string Source { get; init; }
    /// <summary>The destination address, of the same version.</summary>
    public required string Destination { get; init; }
    /// <summary>The IP protocol by name, as in <c>udp</c>, or by number, 0 to 255; null: TCP.</summary>
    public string? Protocol { get; init; }
    /// <summary>The source port, 0 to 65535, of a protocol that has ports; null: 0.</summary>
    public int? SourcePort { get; init; }
    /// <summary>The destination port, likewise.</summary>
    public int? DestinationPort { get; init; }
    /// <summary>The codepoint, 0 to 63 (RFC 2474); null: 0.</summary>
    public int? Dscp { get; init; }
    /// <summary>The flow label of an IPv6 packet, 0 to 1048575; null: 0.</summary>
    public int? FlowLabel { get; init; }
    /// <summary>The packet's length in bytes, from its IP header to its end, 20 (IPv6: 40) to 65535; null: the tunnel's MTU.</summary>
    public int? Length { get; init; }
}

/// <summary>Which path a packet would take now, and why. With every spreading but Flow the next packet may take another one.</summary>
public sealed record MappingAnswer
{
    /// <summary>The name of the server (its first tunnel).</summary>
    public required string Server { get; init; }
    /// <summary>The connection the packet would go by.</summary>
    public required string Connection { get; init; }
    /// <summary>The connection's mapping.</summary>
    public required MappingMode Mapping { get; init; }
    /// <summary>n of the [rule_n] that decides; null where none does, or one that ports of a path say.</summary>
    public int? Rule { get; init; }
    /// <summary>The rule that decides, as in "rule 2 (voice)" or "tcp_dst of path 1"; null where none does.</summary>
    public string? RuleTitle { get; init; }
    /// <summary>How the packet is given to one of the paths it may take; never Combined.</summary>
    public required MappingMode Spread { get; init; }
    /// <summary>The indexes of the paths it may take now; none: it is dropped.</summary>
    public required IReadOnlyList<int> Candidates { get; init; }
    /// <summary>The index of the path it would take now, with Duplicate the first one; null: it is dropped.</summary>
    public int? Path { get; init; }
    /// <summary>It carries a number, so that the peer puts it in order, or with Duplicate recognises its other copies.</summary>
    public bool IsNumbered { get; init; }
    /// <summary>Which rule decides, how it spreads and why this path, in whole sentences.</summary>
    public required string Reason { get; init; }
}
