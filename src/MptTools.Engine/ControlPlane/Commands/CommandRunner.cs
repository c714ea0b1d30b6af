using System.Net;

namespace MptTools.Engine.ControlPlane.Commands;

/// <summary>What the server says of a command.</summary>
/// <param name="Text">What follows <c>CMD_OK:</c> or <c>CMD-ERROR:</c>, the last line end left out: the command itself, or what it gave.</param>
/// <param name="Error">Why it was not carried out, a whole sentence; null when it was.</param>
/// <param name="Kind">What kind of failure it was; null when there was none.</param>
internal sealed record CommandOutcome(string Text, string? Error = null, MptErrorKind? Kind = null)
{
    internal bool Done => Error is null;
}

/// <summary>Carries commands of the <c>mpt</c> syntax out on a server. Blocks until done, so it has no place on the control thread.</summary>
internal static class CommandRunner
{
    /// <summary>Carries a command out.</summary>
    /// <param name="text">The command as it was given, its words with blanks between.</param>
    internal static async Task<CommandOutcome> RunAsync(MptCommand command, string text, IServerControl server)
    {
        try
        {
            return new CommandOutcome(await CarryOutAsync(command, server).ConfigureAwait(false) ?? text);
        }
        catch (MptCommandException e)
        {
            return new CommandOutcome(text, e.Message, e.Kind);
        }
        catch (Exception e)
        {
            // A defect in one command must cost its client an answer, not everybody the server.
            return new CommandOutcome(text, $"The server failed at '{text}' ({e.GetType().Name}): {e.Message}", MptErrorKind.Internal);
        }
    }

    /// <returns>The command's own text; null where it is the command itself.</returns>
    private static async Task<string?> CarryOutAsync(MptCommand command, IServerControl server)
    {
        switch (command)
        {
            case ShowStatusCommand:
                return "\n" + StatusText.Render(server.GetStatus())[..^1];
            case MapCommand map:
                return "\n" + MappingText.Render(server.TestMapping(map.Packet))[..^1];
            case PathStatusCommand path:
                SetPaths(path, server);
                break;
            case AddressCommand address:
                if (address.Add)
                {
                    server.AddAddress(address.Interface, address.Address);
                }
                else
                {
                    server.RemoveAddress(address.Interface, address.Address);
                }
                break;
            case InterfaceCommand link:
                server.SetInterface(link.Interface, link.Up);
                break;
            case ReloadCommand reload:
                server.Reload(reload.File);
                break;
            case RestartCommand restart:
                server.Restart(restart.File);
                break;
            case DeleteCommand delete:
                server.Delete(delete.File);
                break;
            case SaveCommand save:
                server.Save(save.File);
                break;
            case CreateCommand create:
                await server.CreateAsync(create.File).ConfigureAwait(false);
                break;
            case PathAddCommand add:
                server.AddPath(add.Connection, add.Settings);
                break;
            case PathSetCommand set:
                server.SetPath(set.Connection, set.Path, set.Settings);
                break;
            case PathRemoveCommand remove:
                server.RemovePath(remove.Connection, remove.Path);
                break;
            case RuleAddCommand add:
                server.AddRule(add.Connection, add.Settings, add.Position);
                break;
            case RuleSetCommand set:
                server.SetRule(set.Connection, set.Rule, set.Settings);
                break;
            case RuleRemoveCommand remove:
                server.RemoveRule(remove.Connection, remove.Rule);
                break;
            case ConnectionSetCommand set:
                server.SetConnection(set.Connection, set.Settings);
                break;
            case NetworkCommand { Add: true } network:
                server.AddNetwork(network.Connection, network.Source, network.Destination);
                break;
            case NetworkCommand network:
                server.RemoveNetwork(network.Connection, network.Source, network.Destination);
                break;
            default:
                throw new InvalidOperationException($"Nobody carries out {command.GetType().Name}.");
        }
        return null;
    }

    private static void SetPaths(PathStatusCommand command, IServerControl server)
    {
        ServerStatus status = server.GetStatus();
        PathStatus[] paths = [.. Between(status, command.Local, command.Remote)];
        if (paths.Length == 0)
        {
            throw new MptCommandException($"There is no path from {command.Local} to {command.Remote}. The paths are: {PathList(status)}.")
            { Kind = MptErrorKind.NotFound };
        }
        // Connections may share a pair of addresses; who names the pair means the link, so all of them.
        foreach (PathStatus path in paths)
        {
            server.SetPathStatus(path.Connection, path.Index, command.Up);
        }
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
}
