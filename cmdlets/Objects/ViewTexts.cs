using System.Globalization;

namespace MptTools;

/// <summary>Numbers of bytes for people, as the views show them.</summary>
public static class ByteText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>At most four digits and a unit, as in "12.3 MiB".</summary>
    /// <param name="bytes">0 or more.</param>
    public static string Of(long bytes)
    {
        double value = bytes;
        int unit = 0;
        // What would be rounded to 1024 already belongs to the next unit.
        while (value >= 1023.5 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        string format = unit == 0 || value >= 99.95 ? "0" : "0.0";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}

/// <summary>How long ago something was, for people, as the views show it.</summary>
public static class AgeText
{
    /// <summary>As in "0.4 s", "12 s", "5 min", "3 h" or "2 d".</summary>
    /// <param name="time">In local time.</param>
    public static string Since(DateTime time) => Of(DateTime.Now - time);

    /// <summary>Likewise from how long it is.</summary>
    /// <param name="age">Below zero counts as zero: clocks are set back.</param>
    public static string Of(TimeSpan age) => age switch
    {
        { TotalSeconds: < 0 } => "0.0 s",
        { TotalSeconds: < 9.95 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0.0} s"),
        { TotalSeconds: < 120 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalSeconds)} s"),
        { TotalMinutes: < 120 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalMinutes)} min"),
        { TotalHours: < 48 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalHours)} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalDays)} d"),
    };
}

/// <summary>Bit rates for people, as the views show them.</summary>
public static class RateText
{
    private static readonly string[] Units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];

    /// <summary>At most three digits before the point and a decimal unit, as in "94.1 Mbit/s".</summary>
    /// <param name="bitsPerSecond">0 or more.</param>
    public static string Of(double bitsPerSecond)
    {
        int unit = 0;
        double value = bitsPerSecond;
        // What would be rounded to 1000 already belongs to the next unit.
        while (value >= 999.5 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }
        string format = unit == 0 || value >= 99.95 ? "0" : "0.0";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}
