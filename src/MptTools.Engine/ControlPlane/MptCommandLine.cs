using System.Globalization;
using System.Net;

namespace MptTools.Engine.ControlPlane;

/// <summary>What a command of the <c>mpt</c> syntax gave.</summary>
/// <param name="ExitCode">0: done; 1: it could not be done; 2: it could not be understood.</param>
/// <param name="Output">What the existing client prints, lines ending in "\n"; empty where no server answered.</param>
/// <param name="Error">What went wrong, a whole sentence; null when done, and where the output is the usage.</param>
/// <param name="ErrorKind">What kind of failure it was; null where there is no <paramref name="Error"/>.</param>
public sealed record MptCommandResult(int ExitCode, string Output, string? Error = null, MptErrorKind? ErrorKind = null);

/// <summary>
/// The command syntax of the existing servers' <c>mpt</c> client, for the program and for the alias of that name in
/// PowerShell. Words may be shortened as long as they stay unmistakable.
/// </summary>
public static class MptCommandLine
{
    /// <summary>The exit codes of <see cref="MptCommandResult.ExitCode"/>.</summary>
    public const int Done = 0, Failed = 1, Misused = 2;

    /// <summary>The syntax, one command a line.</summary>
    public const string Usage =
        """
        Usage: mpt [-6] [-port_number] mpt_command mpt_args
            -6            Taken for the sake of existing scripts: the server is reached without any IP.
            -port_number  The command port of the server, where several run (as in -60456).

        Commands:
            mpt show status
                Shows tunnels, connections and paths.
            mpt path {up | down} LOCAL_IP REMOTE_IP
                Takes the path between two addresses (IPv4 or IPv6) down, or up again.

        """;

    private static readonly string[] Commands = ["path", "show"];

    /// <summary>Carries a command out by way of the control socket of the server it means.</summary>
    /// <param name="arguments">The words after <c>mpt</c>.</param>
    /// <param name="serverName">The server; null for the one of the given port, or the only one.</param>
    public static MptCommandResult Execute(IReadOnlyList<string> arguments, string? serverName = null) =>
        Execute(arguments, serverName, ControlAccess.IsRoot);

    internal static MptCommandResult Execute(
        IReadOnlyList<string> arguments, string? serverName, Func<PeerCredentials, bool> isTrusted)
    {
        int first = 0;
        int? port = null;
        for (; first < arguments.Count && arguments[first].StartsWith('-'); first++)
        {
            switch (arguments[first])
            {
                case "-6":
                    break;
                case "-h" or "--help":
                    return new(Done, Usage);
                case var option when ParsePort(option) is int number:
                    port = number;
                    break;
                default:
                    return Misuse($"'{arguments[first]}' is no option.");
            }
        }
        string[] words = [.. arguments.Skip(first)];
        if (words.Length == 0)
        {
            return new(Misused, Usage);
        }
        return Complete(words[0], Commands) switch
        {
            "show" when words.Length == 2 && Complete(words[1], ["status"]) is not null =>
                Run(words, serverName, port, isTrusted, (_, status) => "\n" + StatusText.Render(status)),
            "show" => Misuse("'mpt show' shows 'status' and nothing else."),
            "path" => Path(words, serverName, port, isTrusted),
            _ => Misuse($"'{words[0]}' is no command of this version."),
        };
    }

    private static MptCommandResult Path(string[] words, string? serverName, int? port, Func<PeerCredentials, bool> isTrusted)
    {
        if (words.Length != 4 || words[1] is not ("up" or "down"))
        {
            return Misuse("'mpt path' needs 'up' or 'down', a local and a remote address.");
        }
        if (!IPAddress.TryParse(words[2], out IPAddress? local))
        {
            return Misuse($"'{words[2]}' is no IP address.");
        }
        if (!IPAddress.TryParse(words[3], out IPAddress? remote))
        {
            return Misuse($"'{words[3]}' is no IP address.");
        }
        return Run(words, serverName, port, isTrusted, (client, status) =>
        {
            PathStatus[] paths = [.. Between(status, local, remote)];
            if (paths.Length == 0)
            {
                throw new MptCommandException($"There is no path from {local} to {remote}. The paths are: {PathList(status)}.")
                { Kind = MptErrorKind.NotFound };
            }
            // Connections may share a pair of addresses; who names the pair means the link, so all of them.
            foreach (PathStatus path in paths)
            {
                client.SetPathStatus(path.Connection, path.Index, words[1] == "up");
            }
            return $"path {words[1]} {words[2]} {words[3]}\n";
        });
    }

    private static MptCommandResult Run(
        string[] words, string? serverName, int? port, Func<PeerCredentials, bool> isTrusted, Func<MptClient, ServerStatus, string> command)
    {
        string head = "";
        try
        {
            MptClient client = port is int number ? OfPort(number, serverName, isTrusted) : Connect(serverName, isTrusted);
            ServerStatus status = client.GetStatus();
            head = string.Create(CultureInfo.InvariantCulture,
                $"mpt configuration:\n\tLocal cmd port: {status.CommandPort}\n\tcmd timeout: {status.CommandTimeoutSeconds:0.###}\n");
            return new(Done, $"{head}CMD_OK:{command(client, status)}");
        }
        catch (MptCommandException e)
        {
            string output = head.Length == 0 ? "" : $"{head}CMD-ERROR:{string.Join(' ', words)}\n";
            return new(Failed, output, e.Message, e.Kind);
        }
    }

    private static MptClient Connect(string? serverName, Func<PeerCredentials, bool> isTrusted) =>
        MptClient.Connect(serverName, MptClient.DefaultTimeout, isTrusted);

    private static MptClient OfPort(int port, string? serverName, Func<PeerCredentials, bool> isTrusted)
    {
        var ports = new List<string>();
        foreach (string name in serverName is null ? MptClient.ListServers(isTrusted) : [serverName])
        {
            try
            {
                MptClient client = Connect(name, isTrusted);
                if (client.CommandPort == port)
                {
                    return client;
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

    private static IEnumerable<PathStatus> Between(ServerStatus status, IPAddress local, IPAddress remote) =>
        from connection in status.Connections
        from path in connection.Paths
        where IsAddress(path.RemoteAddress, remote)
            && (IsAddress(path.LocalAddress, local) || IsAddress(path.PublicAddress, local))
        select path;

    private static bool IsAddress(string text, IPAddress wanted)
    {
        if (!IPAddress.TryParse(text, out IPAddress? address))
        {
            return false;
        }
        // fe80::1 means fe80::1%eth1 too, as long as only one of the two names the link.
        if (address.IsIPv6LinkLocal && wanted.IsIPv6LinkLocal && (address.ScopeId == 0 || wanted.ScopeId == 0))
        {
            return address.GetAddressBytes().AsSpan().SequenceEqual(wanted.GetAddressBytes());
        }
        return address.Equals(wanted);
    }

    private static string PathList(ServerStatus status)
    {
        IEnumerable<string> paths = status.Connections.SelectMany(connection => connection.Paths)
            .Select(path => $"{(path.LocalAddress.Length > 0 ? path.LocalAddress : path.PublicAddress)} {path.RemoteAddress}")
            .Distinct();
        string list = string.Join(", ", paths);
        return list.Length > 0 ? list : "none";
    }

    private static string? Complete(string word, string[] words)
    {
        string[] candidates = [.. words.Where(candidate => candidate.StartsWith(word, StringComparison.Ordinal))];
        return candidates.Length == 1 && word.Length >= 2 ? candidates[0] : null;
    }

    private static int? ParsePort(string option) =>
        int.TryParse(option.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= ushort.MaxValue
            ? port
            : null;

    private static MptCommandResult Misuse(string why) => new(Misused, "", why, MptErrorKind.BadRequest);
}
