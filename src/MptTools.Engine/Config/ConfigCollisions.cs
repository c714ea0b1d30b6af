using System.Net;

namespace MptTools.Engine.Config;

/// <summary>What is right in each file and wrong in all of them together.</summary>
internal static class ConfigCollisions
{
    public static void Report(InterfaceDraft? interfaces, IReadOnlyList<ConnectionDraft> connections, ConnectionDraft? template)
    {
        ReportShared(connections, "name", draft => draft.Name,
            (draft, other) => $"{ConfigText.Quote(draft.Name ?? "")} is also the name of the connection in {other}. Give each connection a name of its own.");
        ReportShared(connections, "local_port", draft => draft.LocalPort,
            (draft, other) => $"{draft.LocalPort} is also local_port in {other}. Give each connection a port of its own.");
        ReportShared(connections, "ip_remote",
            draft => draft.LocalAddress is { } local && draft.RemoteAddress is { } remote ? (local, remote) : null,
            (draft, other) => $"The connection in {other} joins {draft.LocalAddress} and {draft.RemoteAddress} as well. There is one connection between two tunnel addresses; put all paths into one file, or change an address.");
        if (interfaces is null)
        {
            return;
        }

        foreach (ConnectionDraft draft in template is null ? connections : [.. connections, template])
        {
            if (draft.Section is { } section)
            {
                ReportAddresses(interfaces, draft, section);
                ReportCommandPort(interfaces, draft, section);
            }
        }
    }

    private static void ReportShared(
        IReadOnlyList<ConnectionDraft> connections, string key, Func<ConnectionDraft, object?> valueOf, Func<ConnectionDraft, string, string> message)
    {
        Dictionary<object, ConnectionDraft> first = [];
        foreach (ConnectionDraft draft in connections)
        {
            if (draft.Section is not null && valueOf(draft) is { } value && !first.TryAdd(value, draft))
            {
                ConnectionDraft other = first[value];
                draft.Section.Error(key, message(draft, ConfigText.Place(other.Path, other.Section?.LineOf(key) ?? 0)));
            }
        }
    }

    private static void ReportAddresses(InterfaceDraft interfaces, ConnectionDraft draft, SectionReader section)
    {
        TunnelConfig? own = draft.LocalAddress is { } local ? TunnelWith(interfaces, local) : null;
        if (draft.LocalAddress is { } address && own is null && interfaces.AreTunnelsWhole)
        {
            string existing = string.Join(", ", interfaces.Tunnels.SelectMany(AddressesOf));
            section.Error("ip_local", $"No tunnel in {interfaces.Path} has the address {address}. There are {existing}. Write one of them, or give the address to a tunnel.");
        }

        if (draft.RemoteAddress is { } remote && !remote.Equals(draft.LocalAddress) && TunnelWith(interfaces, remote) is { } mine)
        {
            section.Error("ip_remote", $"{remote} is the address of this server's own tunnel {mine.Name}. Write the tunnel address of the peer.");
        }

        foreach (PathDraft path in draft.Paths)
        {
            if (own is not null && path.Interface == own.Name)
            {
                path.Section.Error("interface_name", $"{own.Name} is the tunnel this connection belongs to, so the path would lead into itself. Write the name of the interface the path leaves by, such as eth1.");
            }
        }
    }

    private static void ReportCommandPort(InterfaceDraft interfaces, ConnectionDraft draft, SectionReader section)
    {
        if (interfaces.CommandPort is not var (port, line))
        {
            return;
        }

        if (draft.LocalPort == port)
        {
            section.Error("local_port", $"{port} is also cmdport_local in {ConfigText.Place(interfaces.Path, line)}. Give data and commands a port each.");
        }

        if (draft.LocalCommandPort is { } told && told != port)
        {
            section.Warning("local_cmd_port", $"The peer is told to send commands to port {told}, but cmdport_local in {ConfigText.Place(interfaces.Path, line)} is {port}. Write {port}, or remove the line.");
        }
    }

    private static TunnelConfig? TunnelWith(InterfaceDraft interfaces, IPAddress address) =>
        interfaces.Tunnels.FirstOrDefault(tunnel => address.Equals(tunnel.IPv4?.Address) || address.Equals(tunnel.IPv6?.Address));

    private static IEnumerable<string> AddressesOf(TunnelConfig tunnel)
    {
        if (tunnel.IPv4 is { } ipv4)
        {
            yield return $"{ipv4.Address} ({tunnel.Name})";
        }

        if (tunnel.IPv6 is { } ipv6)
        {
            yield return $"{ipv6.Address} ({tunnel.Name})";
        }
    }
}
