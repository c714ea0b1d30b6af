using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>The words of the commands about which packet takes which path.</summary>
internal static class MappingSyntax
{
    internal static ParsedCommand ParseRule(ReadOnlySpan<string> words) => words switch
    {
        [] => default,
        ["add", var connection, _, .., "at", var number] => MptSyntax.TryParseNumber(number, out int position)
            ? MptSyntax.TakeSettings(words[2..^2], settings => new RuleAddCommand(connection, settings, position))
            : NoRule(number),
        ["add", var connection, var first, ..] when first != "at" =>
            MptSyntax.TakeSettings(words[2..], settings => new RuleAddCommand(connection, settings, null)),
        ["add", ..] => MptSyntax.Wrong("'mpt rule add' needs a connection's name and settings, as in protocol=udp spread=duplicate."),
        ["set", var connection, var number, _, ..] => MptSyntax.TryParseNumber(number, out int rule)
            ? MptSyntax.TakeSettings(words[3..], settings => new RuleSetCommand(connection, rule, settings))
            : NoRule(number),
        ["set", ..] => MptSyntax.Wrong("'mpt rule set' needs a connection's name, a rule's number and settings, as in paths=0,1."),
        ["del", var connection, var number] =>
            MptSyntax.TryParseNumber(number, out int rule) ? new(new RuleRemoveCommand(connection, rule)) : NoRule(number),
        ["del", ..] => MptSyntax.Wrong("'mpt rule del' needs a connection's name and a rule's number."),
        _ => MptSyntax.Wrong($"'mpt rule {words[0]}' is not known; there are add, set and del."),
    };

    internal static ParsedCommand ParseMap(ReadOnlySpan<string> words)
    {
        if (words.Length < 2)
        {
            return words.IsEmpty ? default : MptSyntax.Wrong("'mpt map' needs a packet's source and destination address.");
        }
        foreach (string address in words[..2])
        {
            if (!IPAddress.TryParse(address, out _))
            {
                return MptSyntax.NoAddress(address);
            }
        }
        MappingQuestion packet = new() { Source = words[0], Destination = words[1] };
        words = words[2..];
        if (!words.IsEmpty && !IsWord(words[0]))
        {
            packet = packet with { Protocol = words[0] };
            words = words[1..];
        }
        HashSet<string> said = [];
        for (; !words.IsEmpty; words = words[2..])
        {
            if (!IsWord(words[0]))
            {
                return MptSyntax.Wrong($"'mpt map' does not know '{words[0]}'; behind the protocol there are sport, dport, dscp, label, length and conn, each with its value.");
            }
            if (words.Length < 2)
            {
                return MptSyntax.Wrong($"'{words[0]}' needs a value behind it.");
            }
            if (!said.Add(words[0]))
            {
                return MptSyntax.Wrong($"'{words[0]}' is there twice; write it once.");
            }
            if (Take(ref packet, words[0], words[1]) is { } fault)
            {
                return MptSyntax.Wrong(fault);
            }
        }
        return new(new MapCommand(packet));
    }

    private static bool IsWord(string word) => word is "sport" or "dport" or "dscp" or "label" or "length" or "conn";

    /// <returns>What is wrong; null when nothing is.</returns>
    private static string? Take(ref MappingQuestion packet, string word, string value)
    {
        if (word == "conn")
        {
            packet = packet with { Connection = value };
            return null;
        }
        if (word == "dscp")
        {
            string? fault = DscpNames.Parse(value, out IReadOnlyList<int> codepoints);
            packet = packet with { Dscp = codepoints is [var codepoint] ? codepoint : null };
            return packet.Dscp is null || fault is not null ? $"'{value}' is no codepoint; write a number from 0 to 63, or a name such as ef." : null;
        }
        if (!MptSyntax.TryParseNumber(value, out int number))
        {
            return $"'{value}' is no value for {word}; write a number.";
        }
        packet = word switch
        {
            "sport" => packet with { SourcePort = number },
            "dport" => packet with { DestinationPort = number },
            "label" => packet with { FlowLabel = number },
            _ => packet with { Length = number },
        };
        return null;
    }

    private static ParsedCommand NoRule(string text) => MptSyntax.Wrong($"'{text}' is no number of a rule, as in [rule_n].");
}
