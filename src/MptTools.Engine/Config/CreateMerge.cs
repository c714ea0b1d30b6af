using System.Net;

namespace MptTools.Engine.Config;

/// <summary>The key a created connection goes on with. The text of a create carries none.</summary>
internal enum KeyAfterCreate
{
    /// <summary>auth_key of conf.template and of the requester's file, which are the same: between two of ours.</summary>
    Configured,
    /// <summary>With auth_type 2 the <see cref="BuiltInKey"/>, else none: what an existing server goes on with.</summary>
    BuiltIn,
}

/// <summary>A create as it came in.</summary>
/// <param name="Offer">The text of round 3, read.</param>
/// <param name="Requester">The requester's tunnel address by the message's header.</param>
/// <param name="Responder">The responder's tunnel address by the message's header.</param>
/// <param name="TextLength">The length of the text, in bytes; the answer is no longer.</param>
/// <param name="AuthenticationLength">The length of the message's authentication data, in bytes.</param>
internal sealed record CreateRequest(CreateOffer Offer, IPAddress Requester, IPAddress Responder, int TextLength, int AuthenticationLength);

/// <summary>What a server knows of itself when a create comes in.</summary>
internal sealed record CreateFacts
{
    /// <summary>conf.template.</summary>
    public required ConnectionConfig Template { get; init; }

    /// <summary>The addresses of all tunnels.</summary>
    public required IReadOnlyList<IPAddress> TunnelAddresses { get; init; }

    /// <summary>The command port, 1 to 65535.</summary>
    public required int CommandPort { get; init; }

    /// <summary>The connections there are.</summary>
    public required IReadOnlyList<ConnectionConfig> Connections { get; init; }

    /// <summary>Nobody else on this host has the UDP port.</summary>
    public Func<int, bool> IsPortFree { get; init; } = _ => true;

    /// <summary>The key to go on with.</summary>
    public KeyAfterCreate Key { get; init; }
}

/// <summary>How a create ended.</summary>
internal enum CreateOutcome
{
    /// <summary>There is a connection.</summary>
    Created,
    /// <summary>Nothing can be made of the text and the template.</summary>
    Unreadable,
    /// <summary>There is a connection between the two tunnel addresses already.</summary>
    Exists,
}

/// <summary>What the responder makes of a create.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Connection">The responder's connection; null where there is none.</param>
/// <param name="Answer">The payload of round 4; empty where there is no connection.</param>
/// <param name="Reason">Why there is no connection, in whole sentences; empty where there is one.</param>
internal sealed record CreateResult(CreateOutcome Outcome, ConnectionConfig? Connection, byte[] Answer, string Reason);

/// <summary>The responder's side of a create: the requester's text and conf.template become a connection.</summary>
internal static class CreateMerge
{
    private const int LargestPort = 65535;

    /// <summary>Merges the two; changes nothing and starts nothing.</summary>
    public static CreateResult Merge(CreateRequest request, CreateFacts facts)
    {
        CreateOffer offer = request.Offer;
        if (!offer.LocalAddress.Equals(request.Requester))
        {
            return Unreadable($"The message comes from {request.Requester}, but its text is that of {offer.LocalAddress}.");
        }

        if (facts.TunnelAddresses.Contains(offer.LocalAddress))
        {
            return Unreadable($"The peer calls itself {offer.LocalAddress}, which is the address of a tunnel of this server. Give each host a tunnel address of its own.");
        }

        if (LocalAddress(request, facts) is not { } local)
        {
            return Unreadable($"The peer wants an IPv{offer.IPVersion} tunnel, but no tunnel here has an IPv{offer.IPVersion} address. Add one to interface.conf, or change ip_ver at the peer.");
        }

        if (facts.Connections.FirstOrDefault(c => c.LocalAddress.Equals(local) && offer.LocalAddress.Equals(c.RemoteAddress)) is { } existing)
        {
            return new CreateResult(CreateOutcome.Exists, null, [], $"{existing.Name} ({existing.File}) joins {local} and {offer.LocalAddress} already.");
        }

        if (FreePort(facts) is not { } port)
        {
            return Unreadable($"No UDP port from {facts.Template.LocalPort} (local_port of conf.template) to {LargestPort} is free. Lower local_port, or delete connections that nobody needs.");
        }

        int count = Math.Min(offer.Paths.Count, facts.Template.Paths.Count);
        for (int index = 0; index < count; index++)
        {
            if (offer.Paths[index].IPVersion != facts.Template.Paths[index].IPVersion)
            {
                return Unreadable($"[path_{index}] of the peer is IPv{offer.Paths[index].IPVersion}, and that of conf.template is IPv{facts.Template.Paths[index].IPVersion}. Put the paths into the same order in both files.");
            }
        }

        return Finish(request, facts, Connection(request, facts, local, port));
    }

    private static CreateResult Finish(CreateRequest request, CreateFacts facts, ConnectionConfig connection)
    {
        // What the loader would refuse later is refused now.
        ConfigWriteResult file = ConnectionWriter.Create(connection.File, connection);
        if (file.Content is null)
        {
            return Unreadable($"The connection would have a fault: {file.Reason}");
        }

        byte[]? answer = CreateText.RenderAnswer(
            connection with { Name = request.Offer.Name }, facts.CommandPort, request.Offer.IsOurs, request.TextLength, request.AuthenticationLength);
        return answer is null
            ? Unreadable($"The answer would be longer than the request of {request.TextLength} bytes, which existing servers cannot receive.")
            : new CreateResult(CreateOutcome.Created, connection, answer, "");
    }

    private static ConnectionConfig Connection(CreateRequest request, CreateFacts facts, IPAddress local, int port)
    {
        CreateOffer offer = request.Offer;
        ConnectionConfig template = facts.Template;
        string file = "peer_" + offer.LocalAddress.ToString().Replace('.', '_').Replace(':', '_');
        return template with
        {
            // The same peer may have connections to two tunnels of this server, and two peers the same name.
            File = Unique(file, facts.Connections.Select(c => Path.GetFileNameWithoutExtension(c.File))) + ".conf",
            Name = Unique(offer.Name, facts.Connections.Select(c => c.Name)),
            IPVersion = offer.IPVersion,
            LocalAddress = local,
            LocalPort = port,
            LocalCommandPort = facts.CommandPort,
            RemoteAddress = offer.LocalAddress,
            RemotePort = offer.LocalPort,
            RemoteCommandPort = offer.LocalCommandPort,
            ReorderWindow = Math.Max(offer.ReorderWindow, template.ReorderWindow),
            AuthenticationType = offer.AuthenticationType,
            AuthenticationKey = KeyFor(offer.AuthenticationType, template.AuthenticationKey, facts.Key),
            Paths = [.. template.Paths.Zip(offer.Paths, Merge)],
            Rules = RulePaths.OfFirst(offer.Paths.Count, template.Rules),
            Networks = offer.HasNetworks ? [NetworkTo(offer.LocalAddress)] : [],
        };
    }

    /// <summary>The key that a created connection goes on with.</summary>
    public static string? KeyFor(AuthenticationType type, string? configured, KeyAfterCreate key) => key switch
    {
        KeyAfterCreate.Configured => configured,
        _ => type == AuthenticationType.Sha256 ? BuiltInKey.Digits : null,
    };

    private static PathConfig Merge(PathConfig path, CreatePathOffer offer) => path with
    {
        RemoteAddress = offer.PublicAddress,
        KeepaliveTime = offer.KeepaliveTime,
        DeadTime = offer.DeadTime,
        WeightOut = offer.WeightIn,
        WeightIn = offer.WeightOut,
    };

    private static NetworkConfig NetworkTo(IPAddress peer)
    {
        bool isIPv4 = AddressText.Version(peer) == 4;
        return new NetworkConfig
        {
            Index = 0,
            Source = new IPNetwork(isIPv4 ? IPAddress.Any : IPAddress.IPv6Any, 0),
            Destination = new IPNetwork(peer, isIPv4 ? 32 : 128),
        };
    }

    // The one the peer asked for; where this server has none such, that of the template.
    private static IPAddress? LocalAddress(CreateRequest request, CreateFacts facts) =>
        facts.TunnelAddresses.Where(address => AddressText.Version(address) == request.Offer.IPVersion)
            .OrderByDescending(address => address.Equals(request.Responder))
            .ThenByDescending(address => address.Equals(facts.Template.LocalAddress))
            .FirstOrDefault();

    private static int? FreePort(CreateFacts facts)
    {
        HashSet<int> taken = [facts.CommandPort, .. facts.Connections.Select(connection => connection.LocalPort)];
        for (int port = facts.Template.LocalPort; port <= LargestPort; port++)
        {
            if (!taken.Contains(port) && facts.IsPortFree(port))
            {
                return port;
            }
        }

        return null;
    }

    private static string Unique(string name, IEnumerable<string> taken)
    {
        HashSet<string> others = [.. taken];
        string unique = name;
        for (int number = 2; others.Contains(unique); number++)
        {
            unique = $"{name}_{number}";
        }

        return unique;
    }

    private static CreateResult Unreadable(string reason) => new(CreateOutcome.Unreadable, null, [], reason);
}
