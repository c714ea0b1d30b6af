using System.Collections;
using System.Net.NetworkInformation;

namespace MptTools.Cmdlets;

/// <summary>Completes an argument with what this host has, whether a server runs or not. A server's host is where it is asked from.</summary>
public abstract class HostCompleter : MptCompleter
{
    private protected sealed override IEnumerable<string> Names(string? server) => [];

    private protected static IEnumerable<NetworkInterface> Interfaces() =>
        NetworkInterface.GetAllNetworkInterfaces().Where(link => link.NetworkInterfaceType != NetworkInterfaceType.Loopback);

    private protected static IEnumerable<UnicastIPAddressInformation> Addresses(IDictionary bound) =>
        from link in Interfaces()
        where bound["Interface"] is not { } name || link.Name == $"{name}"
        from address in link.GetIPProperties().UnicastAddresses
        select address;

    // Of a link-local address .NET tells the interface as well.
    private protected static string TextOf(UnicastIPAddressInformation address) => address.Address.ToString().Split('%')[0];
}

/// <summary>Completes the interfaces of this host.</summary>
public sealed class HostInterfaceCompleter : HostCompleter
{
    private protected override IEnumerable<string> NamesFor(IDictionary bound) => Interfaces().Select(link => link.Name);
}

/// <summary>Completes the addresses of this host, or those of the interface that was given.</summary>
public sealed class HostAddressCompleter : HostCompleter
{
    private protected override IEnumerable<string> NamesFor(IDictionary bound) => Addresses(bound).Select(TextOf);
}

/// <summary>Completes the addresses of this host, or those of the interface that was given, with their prefix lengths.</summary>
public sealed class HostPrefixCompleter : HostCompleter
{
    private protected override IEnumerable<string> NamesFor(IDictionary bound) =>
        Addresses(bound).Select(address => $"{TextOf(address)}/{address.PrefixLength}");
}
