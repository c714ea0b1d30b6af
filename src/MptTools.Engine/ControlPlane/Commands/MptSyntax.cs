using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MptTools.Engine.Config;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>What became of the words of a command: it, or the usage of what was begun, or a sentence.</summary>
/// <param name="Command">Null where the words are none.</param>
/// <param name="Usage">What to print where the words ask for it, or say too little: that of one command, or the whole.</param>
/// <param name="Fault">What is wrong, a whole sentence; null where nothing is, or nothing but the usage is to be said.</param>
internal readonly record struct ParsedCommand(MptCommand? Command, string? Usage = null, string? Fault = null);

/// <summary>
/// The words of the existing servers' <c>mpt</c> client, and ours beside them. Words may be shortened to two letters or more as
/// long as they stay unmistakable. Addresses and names are parsed here, on both sides of the command port.
/// </summary>
internal static class MptSyntax
{
    private const string SecretSetting = "auth_key=";

    private static readonly Form[] Forms =
    [
        new("address", ParseAddress,
            """
            mpt addr[ess] {add | del} IP_ADDRESS[/PREFIX_LENGTH] dev INTERFACE
                Adds an address to an interface, or removes it.
                IP_ADDRESS:    IPv4 or IPv6.
                PREFIX_LENGTH: Without it 24 for IPv4, 64 for IPv6.
                INTERFACE:     The interface's name, as in eth1.

            """, "add", "del"),
        new("interface", ParseInterface,
            """
            mpt int[erface] INTERFACE {up | down}
                Sets an interface up or down.
                INTERFACE:     The interface's name, as in eth1.

            """),
        new("path", ParsePath,
            """
            mpt path {up | down} LOCAL_IP REMOTE_IP
                Takes the path between two addresses (IPv4 or IPv6) down, or up again,
                here and at the peer.
            mpt path add CONNECTION KEY=VALUE...                                  (new)
                Adds a path to a running connection. The keys are those of [path_n].
            mpt path set CONNECTION NUMBER KEY=VALUE...                           (new)
                Changes a path: weights, timers, addresses.
            mpt path del CONNECTION NUMBER                                        (new)
                Removes a path from a running connection.

            """, "up", "down", "add", "set", "del"),
        new("rule", MappingSyntax.ParseRule,
            """
            mpt rule add CONNECTION KEY=VALUE... [at NUMBER]                      (new)
                Adds a rule to a running connection, behind the others or as the
                one of a number. The keys are those of [rule_n], as in
                protocol=udp dst_port=5060,5061 spread=duplicate.
            mpt rule set CONNECTION NUMBER KEY=VALUE...                           (new)
                Changes a rule.
            mpt rule del CONNECTION NUMBER                                        (new)
                Removes a rule.

            """, "add", "set", "del"),
        new("map", MappingSyntax.ParseMap,
            """
            mpt map SOURCE DESTINATION [PROTOCOL] [sport N] [dport N] [dscp N]
                    [label N] [length N] [conn NAME]                              (new)
                Shows which path a packet would take now, and by which rule.
                PROTOCOL:      By name or number, as in udp; without it tcp.
                dscp:          The codepoint, as in ef or 46.
                label:         The flow label of an IPv6 packet.
                length:        In bytes; without it the MTU of the tunnel.
                conn:          The connection; without it the one whose traffic it is.

            """),
        new("connection", ParseConnection,
            """
            mpt conn[ection] set CONNECTION KEY=VALUE...                          (new)
                Changes a running connection. The keys are those of [connection],
                as in reorder_window=500.

            """, "set"),
        new("network", ParseNetwork,
            """
            mpt net[work] {add | del} CONNECTION SOURCE DESTINATION               (new)
                Adds a network behind the peer, or removes it.
                SOURCE, DESTINATION: Networks as in 192.168.1.0/24.

            """, "add", "del"),
        new("reload", words => OptionalFile(words, file => new ReloadCommand(file)),
            """
            mpt reload [FILE]
                Reads the configuration again, or one file of connections/, and applies
                what has changed. A file with a fault changes nothing.

            """),
        new("restart", words => OptionalFile(words, file => new RestartCommand(file)),
            """
            mpt restart [FILE]
                Stops and starts all connections, or one; counters and configuration stay.

            """),
        new("delete", words => File(words, file => new DeleteCommand(file)),
            """
            mpt delete FILE
                Removes the connection of a file; the file becomes FILE.disabled.

            """),
        new("save", words => OptionalFile(words, file => new SaveCommand(file)),
            """
            mpt save [FILE]
                Writes what was changed while the server ran back into the files,
                or into one.

            """),
        new("create", words => File(words, file => new CreateCommand(file)),
            """
            mpt create FILE
                Has the peer create the other end of a connection, and starts it.

            """),
        new("show", ParseShow,
            """
            mpt show status
                Shows tunnels, connections and paths.

            """, "status"),
    ];

    private const string Head =
        """
        Usage: mpt [-6] [-port_number] mpt_command mpt_args
            -6            Use IPv6 where the server is reached by UDP.
            -port_number  The command port of the server (without it 60456, or that of
                          the only server that runs).

        Commands (FILE is a name in connections/, without directory; those marked
        'new' are not known to the existing servers):


        """;

    private delegate ParsedCommand Parser(ReadOnlySpan<string> words);

    private sealed record Form(string Name, Parser Parse, string Usage, params string[] Verbs);

    /// <summary>The commands with what each can be told to do; nothing where it goes on with a name.</summary>
    /// <remarks>Made for who asks: the program mpt, which starts for a single command, does not.</remarks>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Words =>
        Forms.ToDictionary(form => form.Name, IReadOnlyList<string> (form) => form.Verbs);

    /// <summary>The whole syntax.</summary>
    internal static string Usage
    {
        get
        {
            var text = new StringBuilder(Head);
            foreach (Form form in Forms)
            {
                text.Append(form.Usage);
            }
            return text.ToString();
        }
    }

    /// <summary>The words of a command for answers and logs, which keys have no place in.</summary>
    internal static string Shown(ReadOnlySpan<string> words)
    {
        var text = new StringBuilder();
        foreach (string word in words)
        {
            text.Append(text.Length > 0 ? " " : "").Append(word.Length > SecretSetting.Length && word.StartsWith(SecretSetting, StringComparison.OrdinalIgnoreCase) ? $"{SecretSetting}***" : word);
        }
        return text.ToString();
    }

    /// <summary>Parses a command, options left out.</summary>
    internal static ParsedCommand Parse(ReadOnlySpan<string> words)
    {
        if (words.IsEmpty)
        {
            return new(null, Usage);
        }
        if (words[0] is "help" or "-h" or "--help")
        {
            return new(null, words.Length > 1 && FindForm(words[1]) is { } asked ? asked.Usage : Usage);
        }
        if (FindForm(words[0]) is not { } form)
        {
            return new(null, null, $"'{words[0]}' is no command of mpt. 'mpt help' lists those there are.");
        }
        ParsedCommand parsed = form.Parse(words[1..]);
        return parsed is { Command: null, Fault: null } ? new(null, form.Usage) : parsed;
    }

    private static Form? FindForm(string word)
    {
        Form? found = null;
        foreach (Form form in Forms)
        {
            if (Means(word, form.Name))
            {
                // Two that it could mean.
                if (found is not null)
                {
                    return null;
                }
                found = form;
            }
        }
        return found;
    }

    private static bool Means(string word, string whole) => word.Length >= 2 && whole.StartsWith(word, StringComparison.Ordinal);

    private static ParsedCommand ParseShow(ReadOnlySpan<string> words) => words switch
    {
        [] => default,
        [var what] when Means(what, "status") => new(new ShowStatusCommand()),
        _ => Wrong("'mpt show' shows 'status' and nothing else."),
    };

    private static ParsedCommand ParseAddress(ReadOnlySpan<string> words)
    {
        if (words.IsEmpty)
        {
            return default;
        }
        if (words is not [("add" or "del") and var action, var text, "dev", var device])
        {
            return Wrong("'mpt address' needs 'add' or 'del', an address, 'dev' and an interface.");
        }
        return TryParseAddress(text, out InterfaceAddress address) is { } fault ? Wrong(fault)
            : IsInterface(device) ? new(new AddressCommand(action == "add", address, device))
            : NoInterface(device);
    }

    /// <summary>Parses an address with or without its prefix length.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    internal static string? TryParseAddress(string text, out InterfaceAddress address) =>
        InterfaceAddress.TryParse(text, out address, out string? fault) ? null : fault;

    private static ParsedCommand ParseInterface(ReadOnlySpan<string> words) => words switch
    {
        [] => default,
        [var name, ("up" or "down") and var state] => IsInterface(name) ? new(new InterfaceCommand(name, state == "up")) : NoInterface(name),
        _ => Wrong("'mpt interface' needs an interface and 'up' or 'down'."),
    };

    private static ParsedCommand ParsePath(ReadOnlySpan<string> words) => words switch
    {
        [] => default,
        [("up" or "down") and var state, var from, var to] =>
            !IPAddress.TryParse(from, out IPAddress? local) ? NoAddress(from)
            : !IPAddress.TryParse(to, out IPAddress? remote) ? NoAddress(to)
            : new(new PathStatusCommand(state == "up", local, remote)),
        ["up" or "down", ..] => Wrong("'mpt path up' and 'mpt path down' need a local and a remote address."),
        ["add", var connection, _, ..] => TakeSettings(words[2..], settings => new PathAddCommand(connection, settings)),
        ["add", ..] => Wrong("'mpt path add' needs a connection's name and settings, as in interface_name=eth2."),
        ["set", var connection, var number, _, ..] => TryParseNumber(number, out int path)
            ? TakeSettings(words[3..], settings => new PathSetCommand(connection, path, settings))
            : NoPath(number),
        ["set", ..] => Wrong("'mpt path set' needs a connection's name, a path's number and settings, as in weight_out=3."),
        ["del", var connection, var number] => TryParseNumber(number, out int path) ? new(new PathRemoveCommand(connection, path)) : NoPath(number),
        ["del", ..] => Wrong("'mpt path del' needs a connection's name and a path's number."),
        _ => Wrong($"'mpt path {words[0]}' is not known; there are up, down, add, set and del."),
    };

    private static ParsedCommand ParseConnection(ReadOnlySpan<string> words) => words switch
    {
        [] => default,
        ["set", var connection, _, ..] => TakeSettings(words[2..], settings => new ConnectionSetCommand(connection, settings)),
        _ => Wrong("'mpt connection set' needs a connection's name and settings, as in reorder_window=500."),
    };

    private static ParsedCommand ParseNetwork(ReadOnlySpan<string> words) => words switch
    {
        [] => default,
        [("add" or "del") and var action, var connection, var source, var destination] =>
            new(new NetworkCommand(action == "add", connection, source, destination)),
        _ => Wrong("'mpt network' needs 'add' or 'del', a connection's name and two networks, as in 192.168.1.0/24."),
    };

    private static ParsedCommand OptionalFile(ReadOnlySpan<string> words, Func<string?, MptCommand> make) =>
        words.IsEmpty ? new(make(null)) : File(words, make);

    private static ParsedCommand File(ReadOnlySpan<string> words, Func<string, MptCommand> make) => words switch
    {
        [] => default,
        [var file] => file.Length > 0 && !file.Contains('/') && file is not ("." or "..")
            ? new(make(file))
            : Wrong($"'{file}' is no name of a file in connections/; write it without directory."),
        _ => Wrong("One file at a time: there are more words than one name."),
    };

    internal static ParsedCommand TakeSettings(ReadOnlySpan<string> words, Func<IReadOnlyDictionary<string, string>, MptCommand> make)
    {
        Dictionary<string, string> settings = [];
        foreach (string word in words)
        {
            int equals = word.IndexOf('=');
            if (equals <= 0)
            {
                return Wrong($"'{word}' is no setting; write KEY=VALUE without blanks, as in weight_out=3.");
            }
            if (!settings.TryAdd(word[..equals].ToLowerInvariant(), word[(equals + 1)..]))
            {
                return Wrong($"'{word[..equals]}' is set twice; write it once.");
            }
        }
        return new(make(settings));
    }

    internal static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>Whether an interface can have this name, by the rule that files are checked by.</summary>
    internal static bool IsInterface(string name) => name.Length > 0 && InterfaceConfReader.WhyNoInterfaceName(name) is null;

    internal static ParsedCommand NoAddress(string text) => Wrong(NoAddressSentence(text));

    private static string NoAddressSentence(string text) => $"'{text}' is no IP address.";

    private static ParsedCommand NoInterface(string text) =>
        Wrong($"'{text}' cannot be an interface's name: that has 1 to 15 bytes, without '/', ':', '%' and blanks.");

    private static ParsedCommand NoPath(string text) => Wrong($"'{text}' is no number of a path, as in [path_n].");

    internal static ParsedCommand Wrong(string fault) => new(null, null, fault);
}
