using System.Globalization;

namespace MptTools.Engine.Config;

/// <summary>Rates in bit/s as files, command lines and texts write them: <c>800k</c>, <c>20M</c>, <c>1.5G</c>, powers of 1000.</summary>
public static class BitRate
{
    /// <summary>What a rate may be, for messages.</summary>
    internal const string Wanted = "0 for no limit, or a rate in bit/s from 8k to 1000G, such as 20M, 1.5G, 800k or 20000000";

    private static readonly (char Letter, long Factor)[] Units = [('G', 1_000_000_000), ('M', 1_000_000), ('k', 1000)];

    /// <summary>Reads a number with or without k, M or G behind it; upper and lower case are one.</summary>
    /// <param name="text">The rate.</param>
    /// <param name="bitsPerSecond">The rate in bit/s: 0, or from <see cref="ConfigRanges.MinRateLimit"/> to <see cref="ConfigRanges.MaxRateLimit"/>.</param>
    /// <returns>What is wrong, as the end of a sentence about the rate; null when nothing is.</returns>
    public static string? Parse(string text, out long bitsPerSecond)
    {
        ArgumentNullException.ThrowIfNull(text);
        bitsPerSecond = 0;
        long factor = text.Length == 0 ? 0 : Array.Find(Units, unit => char.ToUpperInvariant(unit.Letter) == char.ToUpperInvariant(text[^1])).Factor;
        string number = factor > 0 ? text[..^1] : text;
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value))
        {
            return "is no rate";
        }

        // A number of many digits must not overflow in the product.
        if (value != 0 && (value > ConfigRanges.MaxRateLimit || value * Math.Max(factor, 1) is < ConfigRanges.MinRateLimit or > ConfigRanges.MaxRateLimit))
        {
            return "is out of range";
        }

        value *= Math.Max(factor, 1);
        if (value != decimal.Truncate(value))
        {
            return "is no whole number of bit/s";
        }

        bitsPerSecond = (long)value;
        return null;
    }

    /// <summary>The rate with the largest unit that divides it, as <see cref="Parse"/> reads it.</summary>
    /// <param name="bitsPerSecond">The rate in bit/s.</param>
    public static string Of(long bitsPerSecond)
    {
        foreach ((char letter, long factor) in Units)
        {
            if (bitsPerSecond != 0 && bitsPerSecond % factor == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{bitsPerSecond / factor}{letter}");
            }
        }

        return bitsPerSecond.ToString(CultureInfo.InvariantCulture);
    }
}
