using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools;

/// <summary>A rule of a running connection. Its properties are named as the parameters of Add-MptRule.</summary>
public sealed class MptRuleInfo
{
    internal MptRuleInfo(RuleStatus status)
    {
        Server = status.Server;
        Connection = status.Connection;
        Index = status.Index;
        Name = status.Name;
        Title = status.Title;
        Dictionary<string, string> keys = new(
            $"{status.Conditions} {status.Action}".Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => word.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[^1])));
        TextList List(string key) => new(keys.GetValueOrDefault(key, ""));
        Protocol = List("protocol");
        SourcePort = List("src_port");
        DestinationPort = List("dst_port");
        SourceAddress = List("src_addr");
        DestinationAddress = List("dst_addr");
        Dscp = List("dscp");
        Path = List("paths");
        Prefer = keys.TryGetValue("prefer", out string? prefer) && int.TryParse(prefer, out int path) ? path : null;
        Spread = keys.TryGetValue("spread", out string? spread) ? MappingNames.Find(spread)?.ToString() : null;
        Strict = keys.GetValueOrDefault("strict") == "1";
        Conditions = status.Conditions;
        Action = status.Action;
        Packets = status.Packets;
        Bytes = status.Bytes;
    }

    /// <summary>The name of the server (its first tunnel).</summary>
    public string Server { get; }
    /// <summary>The connection's name.</summary>
    public string Connection { get; }
    /// <summary>n of [rule_n]; null for a rule that ports of a path say.</summary>
    public int? Index { get; }
    /// <summary>Its own name; null where it has none.</summary>
    public string? Name { get; }
    /// <summary>As in "rule 2 (voice)" or "tcp_dst of path 1".</summary>
    public string Title { get; }
    /// <summary>IP protocols by name, or by number where there is none; empty: any.</summary>
    public TextList Protocol { get; }
    /// <summary>Source ports, and ranges as in "8000-8099"; empty: any, and packets without ports.</summary>
    public TextList SourcePort { get; }
    /// <summary>Destination ports, likewise.</summary>
    public TextList DestinationPort { get; }
    /// <summary>Networks of which one has the source address; empty: any.</summary>
    public TextList SourceAddress { get; }
    /// <summary>Networks of which one has the destination address; empty: any.</summary>
    public TextList DestinationAddress { get; }
    /// <summary>Codepoints by name, or by number where there is none; empty: any.</summary>
    public TextList Dscp { get; }
    /// <summary>Numbers of the only paths its packets may take; empty: all that are no backup.</summary>
    public TextList Path { get; }
    /// <summary>The number of the path that comes first; null: none.</summary>
    public int? Prefer { get; }
    /// <summary>How its packets are given to its paths: Packet, Bytes, Flow or Duplicate; null: as the rest of the connection's.</summary>
    public string? Spread { get; }
    /// <summary>Where all its paths are down its packets are dropped.</summary>
    public bool Strict { get; }
    /// <summary>What a packet must be, as in "protocol=udp dst_port=5060-5061"; empty: every packet is.</summary>
    public string Conditions { get; }
    /// <summary>Where it goes then, as in "paths=0,1 spread=duplicate".</summary>
    public string Action { get; }
    /// <summary>Packets that it decided.</summary>
    public long Packets { get; }
    /// <summary>Bytes of these packets.</summary>
    public long Bytes { get; }

    /// <summary>Connection and title, as in "hostB rule 2 (voice)".</summary>
    public override string ToString() => $"{Connection} {Title}";
}

/// <summary>How a rule gives its packets to its paths.</summary>
public enum RuleSpread
{
    /// <summary>By weight, packet by packet.</summary>
    Packet,
    /// <summary>By weight, counted in bytes.</summary>
    Bytes,
    /// <summary>All packets of a flow take one path.</summary>
    Flow,
    /// <summary>On every path; the first copy to arrive counts.</summary>
    Duplicate,
}
