using System.Collections;
using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Completes the numbers of the rules of a server, or of those of the connections that were given.</summary>
public sealed class RuleIndexCompleter : MptCompleter
{
    private protected override IEnumerable<string> NamesFor(IDictionary bound) => RulesFor(bound, rule => rule.Index is { } index ? $"{index}" : null);

    private protected override IEnumerable<string> Names(string? server) => [];

    internal static IEnumerable<string> RulesFor(IDictionary bound, Func<RuleStatus, string?> text) => FromStatus(bound["Server"] as string, status =>
        (from connection in new NamePatterns(LanguagePrimitives.ConvertTo<string[]>(bound["Connection"])).Choose(status.Connections, connection => connection.Name)
         from rule in connection.Rules
         select text(rule)).OfType<string>());
}

/// <summary>Completes the names of rules, likewise.</summary>
public sealed class RuleNameCompleter : MptCompleter
{
    private protected override IEnumerable<string> NamesFor(IDictionary bound) => RuleIndexCompleter.RulesFor(bound, rule => rule.Name);

    private protected override IEnumerable<string> Names(string? server) => [];
}

/// <summary>Completes the names of IP protocols that are asked for most.</summary>
public sealed class ProtocolCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) => ["tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp"];
}

/// <summary>Completes the names of codepoints of differentiated services.</summary>
public sealed class DscpCompleter : MptCompleter
{
    private protected override IEnumerable<string> Names(string? server) =>
    [
        "ef", "va", "le", .. from level in Enumerable.Range(1, 4) from drop in Enumerable.Range(1, 3) select $"af{level}{drop}",
        .. Enumerable.Range(0, 8).Select(level => $"cs{level}"),
    ];
}
