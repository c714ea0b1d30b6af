using System.Globalization;
using MptTools.Engine.ControlPlane.Commands;

namespace MptTools.Engine.ControlPlane;

/// <summary>What a command of the <c>mpt</c> syntax gave.</summary>
/// <param name="ExitCode">0: done; 1: it could not be done; 2: it could not be understood.</param>
/// <param name="Output">What the existing client prints, lines ending in "\n"; empty where no server answered.</param>
/// <param name="Error">What went wrong, a whole sentence; null when done, and where the output is the usage.</param>
/// <param name="ErrorKind">What kind of failure it was; null where there is no <paramref name="Error"/>.</param>
public sealed record MptCommandResult(int ExitCode, string Output, string? Error = null, MptErrorKind? ErrorKind = null);

/// <summary>
/// The command syntax of the existing servers' <c>mpt</c> client, for the program and for the alias of that name in
/// PowerShell. A server of ours is reached by its control socket; where there is none, an existing server by its UDP command
/// port. Words may be shortened as long as they stay unmistakable.
/// </summary>
public static class MptCommandLine
{
    /// <summary>The exit codes of <see cref="MptCommandResult.ExitCode"/>.</summary>
    public const int Done = 0, Failed = 1, Misused = 2;

    /// <summary>The syntax, all commands.</summary>
    public static string Usage => MptSyntax.Usage;

    /// <summary>The commands, each with the words that may come next: what it is told to do. None where it goes on with a name.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Words => MptSyntax.Words;

    /// <summary>Carries a command out.</summary>
    /// <param name="arguments">The words after <c>mpt</c>.</param>
    /// <param name="serverName">The server; null for the one of the given port, or the only one.</param>
    /// <param name="cancellation">Ends the wait for the server, which carries out what it has begun.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static MptCommandResult Execute(
        IReadOnlyList<string> arguments, string? serverName = null, CancellationToken cancellation = default) =>
        Execute(arguments, serverName, ControlAccess.IsRoot, cancellation);

    internal static MptCommandResult Execute(
        IReadOnlyList<string> arguments, string? serverName, Func<PeerCredentials, bool> isTrusted, CancellationToken cancellation = default)
    {
        int first = 0;
        int? port = null;
        bool useIPv6 = false;
        for (; first < arguments.Count && arguments[first].StartsWith('-') && arguments[first] is not ("-h" or "--help"); first++)
        {
            if (arguments[first] == "-6")
            {
                useIPv6 = true;
            }
            else if (ParsePort(arguments[first]) is int number)
            {
                port = number;
            }
            else
            {
                return Misuse($"'{arguments[first]}' is no option.");
            }
        }
        string[] words = new string[arguments.Count - first];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = arguments[first + i];
        }
        ParsedCommand parsed = MptSyntax.Parse(words);
        if (parsed.Fault is { } fault)
        {
            return Misuse(fault);
        }
        if (parsed.Command is null)
        {
            return new(words is [] or not ["help" or "-h" or "--help", ..] ? Misused : Done, parsed.Usage!);
        }
        try
        {
            return OverControlSocket(words, serverName, port, isTrusted, cancellation);
        }
        catch (MptCommandException e)
        {
            // An existing server has no control socket; and who may not use ours may still ask what the command port tells everybody.
            bool mayAnother = serverName is null && e.Kind is MptErrorKind.NoServer or MptErrorKind.AccessDenied;
            return (mayAnother ? CommandPortClient.TryExecute(words, port, useIPv6, cancellation) : null) ?? new(Failed, "", e.Message, e.Kind);
        }
    }

    private static MptCommandResult OverControlSocket(
        string[] words, string? serverName, int? port, Func<PeerCredentials, bool> isTrusted, CancellationToken cancellation)
    {
        string name = port is int number ? OfPort(number, serverName, isTrusted, cancellation)
            : serverName ?? MptClient.TheOnlyOne(MptClient.ListServers(isTrusted));
        MptCommandResult result = new ControlChannel(name, MptClient.DefaultTimeout, isTrusted, cancellation).Command(words);
        return result is { Output: "", ErrorKind: MptErrorKind kind } ? throw new MptCommandException(result.Error!) { Kind = kind } : result;
    }

    /// <summary>The name of the server with a command port.</summary>
    private static string OfPort(int port, string? serverName, Func<PeerCredentials, bool> isTrusted, CancellationToken cancellation)
    {
        var ports = new List<string>();
        foreach (string name in serverName is null ? MptClient.ListServers(isTrusted) : [serverName])
        {
            try
            {
                MptClient client = MptClient.Connect(name, MptClient.DefaultTimeout, isTrusted, cancellation);
                if (client.CommandPort == port)
                {
                    return name;
                }
                ports.Add($"{client.CommandPort} ({name})");
            }
            catch (MptCommandException e) when (e.Kind != MptErrorKind.AccessDenied)
            {
                // One server that does not answer must not hide another.
                ports.Add($"an unknown one ({name}: {e.Message})");
            }
        }
        string others = ports.Count == 0 ? "no server runs there" : $"there are: {string.Join(", ", ports)}";
        throw new MptCommandException($"No server with command port {port} runs in this network namespace ({others}).")
        { Kind = MptErrorKind.NoServer };
    }

    private static int? ParsePort(string option) =>
        int.TryParse(option.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= ushort.MaxValue
            ? port
            : null;

    private static MptCommandResult Misuse(string why) => new(Misused, "", why, MptErrorKind.BadRequest);
}
