using System.Globalization;
using System.Text.RegularExpressions;

namespace MptTools.Bench.Report;

/// <summary>What <c>ping -q</c> says at its end.</summary>
/// <param name="MinimumMicroseconds">The shortest round trip.</param>
/// <param name="MeanMicroseconds">The mean of all.</param>
internal sealed partial record PingReport(double MinimumMicroseconds, double MeanMicroseconds)
{
    [GeneratedRegex(@"min/avg/max/[a-z]+ = (?<min>[\d.]+)/(?<mean>[\d.]+)/")]
    private static partial Regex Line { get; }

    /// <exception cref="FormatException">No echo came back, or this is not ping's output.</exception>
    internal static PingReport Parse(string output)
    {
        Match match = Line.Match(output);
        return match.Success
            ? new PingReport(Microseconds(match.Groups["min"].ValueSpan), Microseconds(match.Groups["mean"].ValueSpan))
            : throw new FormatException($"ping tells no round trip time: {output.Trim()}");
    }

    private static double Microseconds(ReadOnlySpan<char> milliseconds) =>
        double.Parse(milliseconds, CultureInfo.InvariantCulture) * 1000;
}
