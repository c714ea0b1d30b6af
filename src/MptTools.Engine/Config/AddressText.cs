using System.Net;
using System.Net.Sockets;

namespace MptTools.Engine.Config;

/// <summary>
/// Addresses and prefixes as files write them. Stricter than <see cref="IPAddress.Parse(string)"/>, which takes
/// <c>10.1</c>, <c>0x0a.1.1.2</c> and <c>[::1]:80</c> and would turn a slip of the pen into another address.
/// </summary>
public static class AddressText
{
    private const int LongestIPv6 = 45;

    /// <summary>4, 6, or 0 when the text is no address.</summary>
    public static int Version(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => 4,
        AddressFamily.InterNetworkV6 => 6,
        _ => 0,
    };

    /// <summary>Not an address but the wish to have one found: 0.0.0.0 or ::.</summary>
    public static bool IsToBeFound(IPAddress? address) => IPAddress.Any.Equals(address) || IPAddress.IPv6Any.Equals(address);

    /// <summary>The address, or null where the text is none.</summary>
    public static IPAddress? Parse(string text) => text.Contains(':') ? ParseIPv6(text) : ParseIPv4(text);

    /// <summary>Splits <c>address/length</c>; the length is -1 where there is none, and null stands for no address or no length.</summary>
    public static (IPAddress Address, int PrefixLength)? ParsePrefix(string text)
    {
        int slash = text.IndexOf('/');
        IPAddress? address = Parse(slash < 0 ? text : text[..slash].TrimEnd());
        if (address is null || slash < 0)
        {
            return address is null ? null : (address, -1);
        }

        int longest = Version(address) == 4 ? 32 : 128;
        return ParseNumber(text[(slash + 1)..].TrimStart()) is { } length && length <= longest ? (address, (int)length) : null;
    }

    /// <summary>Digits only, so that neither signs nor blanks nor hexadecimal slip through; <see cref="long.MaxValue"/> when there are too many.</summary>
    public static long? ParseNumber(string text)
    {
        if (text.Length == 0 || text.Any(c => !char.IsAsciiDigit(c)))
        {
            return null;
        }

        string digits = text.TrimStart('0');
        return digits.Length > 18 ? long.MaxValue : digits.Length == 0 ? 0 : long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The network of an address: its host bits cleared.</summary>
    public static IPNetwork Network(IPAddress address, int prefixLength)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefixLength - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }

        return new IPNetwork(new IPAddress(bytes), prefixLength);
    }

    /// <summary>Why no single host can have this address; null when one can.</summary>
    public static string? WhyNoHost(IPAddress address)
    {
        ReadOnlySpan<byte> bytes = address.GetAddressBytes();
        return bytes.Length == 4
            ? bytes[0] switch
            {
                0 => "is no address of a host",
                >= 224 and <= 239 => "is a multicast address",
                >= 240 => "is a reserved address",
                _ => null,
            }
            : address switch
            {
                { IsIPv4MappedToIPv6: true } => "is an IPv4 address written as IPv6",
                { IsIPv6Multicast: true } => "is a multicast address",
                _ when address.Equals(IPAddress.IPv6Any) => "is no address of a host",
                _ => null,
            };
    }

    private static IPAddress? ParseIPv4(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length != 4)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < 4; i++)
        {
            // 010 means eight to some readers and ten to others.
            bool isAmbiguous = parts[i].Length > 1 && parts[i][0] == '0';
            if (isAmbiguous || ParseNumber(parts[i]) is not { } value || value > 255)
            {
                return null;
            }

            bytes[i] = (byte)value;
        }

        return new IPAddress(bytes);
    }

    private static IPAddress? ParseIPv6(string text)
    {
        bool isPlain = text.Length <= LongestIPv6 && text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.');
        return isPlain && IPAddress.TryParse(text, out IPAddress? address) && Version(address) == 6 ? address : null;
    }
}
