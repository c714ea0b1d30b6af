using System.Globalization;

namespace MptTools.Engine.Config;

/// <summary>IP protocols by name or number, as files, command lines and texts write them: <c>tcp udp 47</c>.</summary>
public static class ProtocolNames
{
    /// <summary>What a list may be, for messages.</summary>
    internal const string Wanted = $"names of protocols or their numbers from 0 to 255, such as tcp, udp, icmp or 50, {ListText.Separated}";

    private const int Largest = 255;

    // The first name of a number is the one that is written. The names are those of /etc/protocols.
    private static readonly (string Name, int Number)[] Names =
    [
        ("icmp", 1), ("igmp", 2), ("ipip", 4), ("ipencap", 4), ("tcp", 6), ("udp", 17), ("dccp", 33), ("ipv6", 41), ("gre", 47), ("esp", 50),
        ("ah", 51), ("icmpv6", 58), ("ipv6-icmp", 58), ("ospf", 89), ("pim", 103), ("vrrp", 112), ("l2tp", 115), ("sctp", 132), ("udplite", 136),
    ];

    private static readonly int[] WithPorts = [6, 17, 33, 132, 136];

    /// <summary>What has ports, for messages.</summary>
    internal static string NamesWithPorts { get; } = string.Join(", ", WithPorts.Select(Of));

    /// <summary>Packets of the protocol begin with a source and a destination port.</summary>
    /// <param name="protocol">The IP protocol's number.</param>
    public static bool HasPorts(int protocol) => WithPorts.Contains(protocol);

    /// <summary>Reads names and numbers with blanks or commas between them; upper and lower case are one.</summary>
    /// <param name="text">The list.</param>
    /// <param name="protocols">The numbers in their order, 0 to 255.</param>
    /// <returns>What is wrong, as the end of a sentence about the list; null when nothing is.</returns>
    public static string? Parse(string text, out IReadOnlyList<int> protocols)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> found = [];
        string? fault = ListText.Parse(text, item => Add(item, found));
        protocols = fault is null ? found : [];
        return fault;
    }

    /// <summary>The list as <see cref="Parse"/> reads it; empty for none.</summary>
    /// <param name="protocols">The numbers.</param>
    public static string Of(IReadOnlyList<int> protocols)
    {
        ArgumentNullException.ThrowIfNull(protocols);
        return ListText.Of(protocols, Of) ?? "";
    }

    /// <summary>The name, or the number where there is none.</summary>
    /// <param name="protocol">The IP protocol's number.</param>
    public static string Of(int protocol) =>
        Array.Find(Names, item => item.Number == protocol).Name ?? protocol.ToString(CultureInfo.InvariantCulture);

    private static string? Add(string item, List<int> found)
    {
        (string? name, int number) = Array.Find(Names, known => item.Equals(known.Name, StringComparison.OrdinalIgnoreCase));
        if (name is null && AddressText.ParseNumber(item) is not ({ } given and <= Largest))
        {
            return char.IsAsciiDigit(item[0])
                ? $"names {ConfigText.Quote(item)}, which is no protocol number"
                : $"names {ConfigText.Quote(item)}, which is no protocol known here; the nearest name is {NearestName.Of(item, [.. Names.Select(known => known.Name)])}";
        }
        else
        {
            number = name is null ? (int)AddressText.ParseNumber(item)!.Value : number;
        }

        found.Add(number);
        return null;
    }
}
