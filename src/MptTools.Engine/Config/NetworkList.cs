using System.Net;

namespace MptTools.Engine.Config;

/// <summary>Networks and addresses of both IP versions as files, command lines and texts write them: <c>10.0.0.0/8 fd00::/8</c>.</summary>
public static class NetworkList
{
    /// <summary>What a list may be, for messages.</summary>
    internal const string Wanted = $"networks or addresses such as 10.1.0.0/16, 192.0.2.7 or fd00:1::/64, {ListText.Separated}";

    /// <summary>Reads networks and addresses with blanks or commas between them.</summary>
    /// <param name="text">The list.</param>
    /// <param name="networks">The networks in their order; an address is the network of this host alone.</param>
    /// <returns>What is wrong, as the end of a sentence about the list; null when nothing is.</returns>
    public static string? Parse(string text, out IReadOnlyList<IPNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<IPNetwork> found = [];
        string? fault = ListText.Parse(text, item => Add(item, found));
        networks = fault is null ? found : [];
        return fault;
    }

    /// <summary>The list as <see cref="Parse"/> reads it; empty for none.</summary>
    /// <param name="networks">The networks.</param>
    public static string Of(IReadOnlyList<IPNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        return ListText.Of(networks, network => network.ToString()) ?? "";
    }

    private static string? Add(string item, List<IPNetwork> found)
    {
        if (AddressText.ParsePrefix(item) is not var (address, length))
        {
            return $"names {ConfigText.Quote(item)}, which is neither a network nor an address";
        }

        IPNetwork network = AddressText.Network(address, length < 0 ? AddressText.Version(address) == 4 ? 32 : 128 : length);
        if (!network.BaseAddress.Equals(address))
        {
            return $"names {ConfigText.Quote(item)}, which has bits behind its prefix, unlike {network}";
        }

        found.Add(network);
        return null;
    }
}
