using System.Globalization;
using MptTools.Engine;

namespace MptTools;

/// <summary>Which path a packet would take, and why.</summary>
public sealed class MptMappingInfo
{
    internal MptMappingInfo(MappingQuestion question, MappingAnswer answer)
    {
        Server = answer.Server;
        Connection = answer.Connection;
        Source = question.Source;
        Destination = question.Destination;
        Protocol = question.Protocol ?? "tcp";
        SourcePort = question.SourcePort;
        DestinationPort = question.DestinationPort;
        Dscp = question.Dscp;
        FlowLabel = question.FlowLabel;
        Length = question.Length;
        Mapping = answer.Mapping.ToString();
        Rule = answer.RuleTitle;
        RuleIndex = answer.Rule;
        Spread = answer.Spread.ToString();
        Path = answer.Path;
        PossiblePath = new(answer.Candidates.Select(path => path.ToString(CultureInfo.InvariantCulture)));
        Numbered = answer.IsNumbered;
        Reason = answer.Reason;
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection the packet would go by.</summary>
    public string Connection { get; }
    /// <summary>The packet's source address.</summary>
    public string Source { get; }
    /// <summary>The packet's destination address.</summary>
    public string Destination { get; }
    /// <summary>Its IP protocol, as it was given; tcp where it was not.</summary>
    public string Protocol { get; }
    /// <summary>Its source port; null: 0, or none.</summary>
    public int? SourcePort { get; }
    /// <summary>Its destination port; null: 0, or none.</summary>
    public int? DestinationPort { get; }
    /// <summary>Its codepoint, 0 to 63; null: 0.</summary>
    public int? Dscp { get; }
    /// <summary>Its flow label; null: 0, or none.</summary>
    public int? FlowLabel { get; }
    /// <summary>Its length in bytes; null: the tunnel's MTU.</summary>
    public int? Length { get; }
    /// <summary>The connection's mapping.</summary>
    public string Mapping { get; }
    /// <summary>The rule that decides, as in "rule 2 (voice)" or "tcp_dst of path 1"; null where none does.</summary>
    public string? Rule { get; }
    /// <summary>n of its [rule_n]; null where none decides, or one that ports of a path say.</summary>
    public int? RuleIndex { get; }
    /// <summary>How it is given to one of the paths it may take: Packet, Bytes, Flow, Duplicate or Priority.</summary>
    public string Spread { get; }
    /// <summary>The number of the path it would take now, with Duplicate the first one; null: it is dropped.</summary>
    public int? Path { get; }
    /// <summary>The numbers of the paths it may take now; none: it is dropped.</summary>
    public TextList PossiblePath { get; }
    /// <summary>It carries a number, by which the peer puts it in order, or with Duplicate recognises its other copies.</summary>
    public bool Numbered { get; }
    /// <summary>Which rule decides, how it spreads and why this path, in whole sentences.</summary>
    public string Reason { get; }

    /// <summary>What the table shows: with Duplicate all paths, and a word where there is none.</summary>
    public string PathText() => Path switch
    {
        null => "dropped",
        _ when Spread == nameof(Engine.Config.MappingMode.Duplicate) => PossiblePath.ToString(),
        var path => path.Value.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>As in "udp 10.0.0.2 > 10.0.0.3:5060 by path 0".</summary>
    public override string ToString() =>
        $"{Protocol} {EndOf(Source, SourcePort)} > {EndOf(Destination, DestinationPort)} {(Path is null ? "dropped" : $"by path {PathText()}")}";

    private static string EndOf(string address, int? port) => port is null ? address : address.Contains(':') ? $"[{address}]:{port}" : $"{address}:{port}";
}
