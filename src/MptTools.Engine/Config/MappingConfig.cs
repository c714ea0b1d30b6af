using System.Net;

namespace MptTools.Engine.Config;

/// <summary>How packets are given to paths: the values of <c>mapping</c>, <c>mapping_rest</c> and of <c>spread</c> in a rule.</summary>
public enum MappingMode
{
    /// <summary>By weight, packet by packet, in the order existing servers use.</summary>
    Packet,
    /// <summary>By weight, counted in bytes: each path is within one packet of its share at every moment.</summary>
    Bytes,
    /// <summary>All packets of a flow take one path; flows are spread by weight.</summary>
    Flow,
    /// <summary>Rules decide first; what none of them matches is spread as <c>mapping_rest</c> says. Only as <c>mapping</c>.</summary>
    Combined,
    /// <summary>On every path; the first copy to arrive counts. Only towards a peer that recognises the others.</summary>
    Duplicate,
    /// <summary>In the order of <c>path_priority</c>: a path is used when those before it are full or down. Not as <c>spread</c>.</summary>
    Priority,
}

/// <summary>A range of ports, both ends included.</summary>
/// <param name="First">0 to 65535.</param>
/// <param name="Last">Not below <paramref name="First"/>.</param>
public readonly record struct PortRange(int First, int Last)
{
    /// <inheritdoc/>
    public override string ToString() =>
        First == Last ? $"{First}" : $"{First}-{Last}";
}

/// <summary>
/// [rule_n] of a connection: what a packet must be, and where it goes then. A list that is empty asks for nothing; a packet must
/// satisfy all that is asked for. The first rule that matches decides.
/// </summary>
public sealed record RuleConfig
{
    /// <summary>n of [rule_n].</summary>
    public required int Index { get; init; }

    /// <summary>name: a word to recognise it by; null where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>protocol: IP protocol numbers, 0 to 255.</summary>
    public IReadOnlyList<int> Protocols { get; init; } = [];

    /// <summary>src_port. Packets without ports, fragments among them, match no rule that asks for one.</summary>
    public IReadOnlyList<PortRange> SourcePorts { get; init; } = [];

    /// <summary>dst_port.</summary>
    public IReadOnlyList<PortRange> DestinationPorts { get; init; } = [];

    /// <summary>src_addr: networks of either IP version.</summary>
    public IReadOnlyList<IPNetwork> Sources { get; init; } = [];

    /// <summary>dst_addr.</summary>
    public IReadOnlyList<IPNetwork> Destinations { get; init; } = [];

    /// <summary>dscp: codepoints, 0 to 63 (RFC 2474).</summary>
    public IReadOnlyList<int> Dscp { get; init; } = [];

    /// <summary>paths: indexes of the only paths it may take; empty: all that are no backup.</summary>
    public IReadOnlyList<int> Paths { get; init; } = [];

    /// <summary>prefer: the index of the path it takes as long as that is up and has room; the others take the rest.</summary>
    public int? Prefer { get; init; }

    /// <summary>spread: Packet, Bytes, Flow or Duplicate; null: as the rest of the connection is (<see cref="ConnectionConfig.MappingRest"/>).</summary>
    public MappingMode? Spread { get; init; }

    /// <summary>strict: where all its paths are down the packet is dropped instead of taking another one.</summary>
    public bool IsStrict { get; init; }
}
