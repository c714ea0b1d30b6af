namespace MptTools.Engine.Config;

/// <summary>Offloads as files, command lines and texts name them.</summary>
internal static class OffloadNames
{
    /// <summary>What a list may be, for messages.</summary>
    internal const string Wanted = "tun_tcp, tun_udp, tun_merge, udp_segment, udp_gro or several of them, or all, or none";

    private const string All = "all", None = "none";

    private static readonly (string Name, Offloads Offload)[] Names =
    [
        ("tun_tcp", Offloads.TunTcp), ("tun_udp", Offloads.TunUdp), ("tun_merge", Offloads.TunMerge),
        ("udp_segment", Offloads.UdpSegment), ("udp_gro", Offloads.UdpGro),
    ];

    /// <summary>Reads names with commas or blanks between them; upper and lower case are one.</summary>
    /// <returns>What is wrong, as the end of a sentence about the list; null when nothing is.</returns>
    internal static string? Parse(string text, out Offloads offloads)
    {
        offloads = Offloads.None;
        string[] words = text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        foreach (string word in words)
        {
            if (Find(word) is not { } offload)
            {
                return $"names {ConfigText.Quote(word)}, which is no offload";
            }
            if (offload == Offloads.None && words.Length > 1)
            {
                return $"has {None} beside other names";
            }
            offloads |= offload;
        }
        return words.Length == 0 ? "has no name" : null;
    }

    /// <summary>The names of all that are in it, or none.</summary>
    internal static string Of(Offloads offloads)
    {
        string names = string.Join(", ", Names.Where(item => (offloads & item.Offload) != 0).Select(item => item.Name));
        return names.Length == 0 ? None : names;
    }

    private static Offloads? Find(string word)
    {
        foreach ((string name, Offloads offload) in Names)
        {
            if (word.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return offload;
            }
        }
        return word.Equals(All, StringComparison.OrdinalIgnoreCase) ? Offloads.All
            : word.Equals(None, StringComparison.OrdinalIgnoreCase) ? Offloads.None
            : null;
    }
}
