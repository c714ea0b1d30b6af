namespace MptTools.Engine.Config;

/// <summary>Ports and ranges of ports as files, command lines and texts write them: <c>80 443 8000-8010</c>.</summary>
public static class PortList
{
    /// <summary>What a list may be, for messages.</summary>
    internal const string Wanted = $"ports from 0 to 65535 and ranges of them, such as 80 443 8000-8010, {ListText.Separated}";

    /// <summary>Reads ports and ranges with blanks or commas between them.</summary>
    /// <param name="text">The list.</param>
    /// <param name="ports">The ranges in their order; a single port is a range of one.</param>
    /// <returns>What is wrong, as the end of a sentence about the list; null when nothing is.</returns>
    public static string? Parse(string text, out IReadOnlyList<PortRange> ports)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<PortRange> found = [];
        string? fault = ListText.Parse(text, item => Add(item, found));
        ports = fault is null ? found : [];
        return fault;
    }

    /// <summary>The list as <see cref="Parse"/> reads it; empty for none.</summary>
    /// <param name="ports">The ranges.</param>
    public static string Of(IReadOnlyList<PortRange> ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        return ListText.Of(ports, range => range.ToString()) ?? "";
    }

    private static string? Add(string item, List<PortRange> found)
    {
        int dash = item.IndexOf('-');
        string first = dash < 0 ? item : item[..dash];
        string last = dash < 0 ? item : item[(dash + 1)..];
        if (AddressText.ParseNumber(first) is not { } from || AddressText.ParseNumber(last) is not { } to)
        {
            return $"names {ConfigText.Quote(item)}, which is neither a port nor a range of ports";
        }

        if (from > ConfigRanges.MaxPort || to > ConfigRanges.MaxPort)
        {
            return $"names {ConfigText.Quote(item)}, which is above {ConfigRanges.MaxPort}";
        }

        if (from > to)
        {
            return $"names {ConfigText.Quote(item)}, a range that ends before it begins";
        }

        found.Add(new PortRange((int)from, (int)to));
        return null;
    }
}
