using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>One end of a link between two sites.</summary>
/// <param name="Interface">The interface the path leaves by.</param>
/// <param name="Address">The address on it.</param>
/// <param name="PublicAddress">The address that the other end sees.</param>
/// <param name="Gateway">The next hop; the own address where the peer is on the link, null for the one that the system knows.</param>
internal sealed record SiteLinkEnd(string Interface, IPAddress Address, IPAddress PublicAddress, IPAddress? Gateway);

/// <summary>A link between two sites: it becomes a path of the connection at each of them.</summary>
/// <param name="Local">The end of the first site.</param>
/// <param name="Remote">The end of the second site.</param>
/// <param name="Weight">1 to 10000: the path's share of the packets, in both directions.</param>
internal sealed record SiteLink(SiteLinkEnd Local, SiteLinkEnd Remote, int Weight)
{
    private static readonly string[] Keys =
    [
        "Interface", "LocalInterface", "RemoteInterface", "Network", "LocalAddress", "RemoteAddress", "LocalPublicAddress", "RemotePublicAddress",
        "Gateway", "LocalGateway", "RemoteGateway", "Weight",
    ];

    /// <summary>Reads a link from what a user wrote: a table, an object (a line of a CSV file), or the name of an interface.</summary>
    /// <param name="given">The link.</param>
    /// <param name="index">Its number, from 0.</param>
    /// <param name="linkNetwork">Where links without addresses get theirs from; null: nowhere.</param>
    /// <exception cref="ArgumentException">Something is wrong; the message says what, and what would be right.</exception>
    internal static SiteLink Read(object given, int index, IPNetwork? linkNetwork)
    {
        Dictionary<string, string> values = Values(given);
        string? Text(string key) => values.GetValueOrDefault(key);
        string? both = Text("Interface");
        string local = Text("LocalInterface") ?? both ?? throw Missing("Interface", "the interface at both ends, or LocalInterface and RemoteInterface");
        string remote = Text("RemoteInterface") ?? both ?? throw Missing("RemoteInterface", "the interface at the remote end");
        bool isOnLink = Text("LocalAddress") is null && Text("RemoteAddress") is null;
        (IPAddress Local, IPAddress Remote) addresses = (Text("Network"), isOnLink, linkNetwork) switch
        {
            ({ } network, true, _) => Subnets.Ends(Subnets.Parse(network)),
            ({ }, false, _) => throw new ArgumentException("It has Network and addresses. Leave Network out, or both LocalAddress and RemoteAddress."),
            (null, false, _) => (HostAddress(values, "LocalAddress"), HostAddress(values, "RemoteAddress")),
            (null, true, { } whole) => Subnets.Ends(Subnets.Nth(whole, index)),
            _ => throw Missing("LocalAddress", "LocalAddress and RemoteAddress, or a Network of its own, or give -LinkNetwork for all links"),
        };
        IPAddress localPublic = HostAddress(values, "LocalPublicAddress", addresses.Local);
        IPAddress remotePublic = HostAddress(values, "RemotePublicAddress", addresses.Remote);
        IPAddress[] all = [addresses.Local, addresses.Remote, localPublic, remotePublic];
        if (all.Select(AddressText.Version).Distinct().Count() > 1)
        {
            throw new ArgumentException($"Its addresses {string.Join(", ", all.Distinct())} are of both IP versions. A path has addresses of one version; make a link of each.");
        }
        if (localPublic.Equals(remotePublic))
        {
            throw new ArgumentException($"Both ends have the address {localPublic}. Give each end one of its own.");
        }
        isOnLink |= IsOneLink(addresses.Local, addresses.Remote);
        return new SiteLink(
            new(local, addresses.Local, localPublic, Gateway(values, "LocalGateway", addresses.Local, isOnLink)),
            new(remote, addresses.Remote, remotePublic, Gateway(values, "RemoteGateway", addresses.Remote, isOnLink)),
            ReadWeight(Text("Weight")));
    }

    private static Dictionary<string, string> Values(object given)
    {
        object value = given is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : given;
        if (value is string name)
        {
            return new() { ["Interface"] = name };
        }
        Dictionary<string, string> values = new(StringComparer.OrdinalIgnoreCase);
        IEnumerable<(string, object?)> pairs = value is IDictionary table
            ? table.Keys.Cast<object>().Select(key => (key.ToString() ?? "", table[key]))
            : PSObject.AsPSObject(value).Properties.Select(property => (property.Name, (object?)property.Value));
        foreach ((string key, object? item) in pairs)
        {
            if (!Keys.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                throw new ArgumentException($"It has '{key}', which is no part of a link. A link has {string.Join(", ", Keys)}.");
            }
            // An empty column of a CSV file is as if it were not there.
            if (Convert.ToString(item is PSObject inner ? inner.BaseObject : item, CultureInfo.InvariantCulture)?.Trim() is { Length: > 0 } text)
            {
                values.Add(key, text);
            }
        }
        return values;
    }

    private static IPAddress HostAddress(Dictionary<string, string> values, string key, IPAddress? fallback = null)
    {
        if (!values.TryGetValue(key, out string? text))
        {
            return fallback ?? throw Missing(key, "the address of each end");
        }
        IPAddress address = AddressText.Parse(text)
            ?? throw new ArgumentException($"{key} '{text}' is no address. Write one such as 10.1.1.2 or fd00:1::2, without a prefix length.");
        return AddressText.WhyNoHost(address) is { } why ? throw new ArgumentException($"{key} {address} {why}. Write the address of one host.") : address;
    }

    // What two sites write down does not say whether routers stand between them; addresses that differ in their network do.
    private static bool IsOneLink(IPAddress a, IPAddress b)
    {
        int length = AddressText.Version(a) == 4 ? 24 : 64;
        return AddressText.Network(a, length).Equals(AddressText.Network(b, length));
    }

    private static IPAddress? Gateway(Dictionary<string, string> values, string key, IPAddress own, bool isOnLink)
    {
        if ((values.GetValueOrDefault(key) ?? values.GetValueOrDefault("Gateway")) is not { } text)
        {
            return isOnLink ? own : null;
        }
        IPAddress address = AddressText.Parse(text)
            ?? throw new ArgumentException($"{key} '{text}' is no address. Write that of the next hop, or 0.0.0.0 (::) for the one that the system knows.");
        return AddressText.IsToBeFound(address) ? null : address;
    }

    private static int ReadWeight(string? text) => text is null
        ? 1
        : AddressText.ParseNumber(text) is >= 1 and <= 10000 and var weight
            ? (int)weight
            : throw new ArgumentException($"Weight '{text}' is none. Write a whole number from 1 to 10000.");

    private static ArgumentException Missing(string key, string wanted) => new($"It has no {key}. Write {wanted}.");
}
