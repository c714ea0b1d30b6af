using System.Globalization;
using System.Text;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>
/// The picture that Show-MptStatus draws of a server: a head line, and of each connection a line and one a path. Pure: from readings to lines.
/// </summary>
/// <param name="width">Columns of the terminal.</param>
/// <param name="coloured">Lines may hold colours.</param>
internal sealed class StatusScreen(int width, bool coloured)
{
    private const string Red = "\e[91m", Dim = "\e[2m", Bold = "\e[1m", Reset = "\e[0m";
    private const int RateWidth = 11, LossWidth = 9, RoundTripWidth = 8, HeardWidth = 7, StatusWidth = 4;
    private const int LeastBar = 4, LongestBar = 20;
    private static readonly string[] Eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

    /// <summary>The highest rate of any path so far, in bits a second: a whole bar.</summary>
    private double peak = 1;

    internal IEnumerable<string> Draw(StatusSeries series, DateTime now)
    {
        ServerStatus status = series.Last;
        List<PathStatus> paths = [.. status.Connections.SelectMany(connection => connection.Paths)];
        int up = paths.Count(path => path.Status == PathState.Up);
        string upText = $"{up} of {paths.Count} paths up";
        string head = $"{status.Name}  since {AgeText.Of(now - status.StartedAt.LocalDateTime)}  ";
        yield return Fit(Paint(Bold, head) + (up == paths.Count ? upText : Paint(Red, upText)), head.Length + upText.Length, now.ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        int nameWidth = Math.Clamp(paths.Select(path => path.Interface.Length).DefaultIfEmpty(0).Max(), 4, 15);
        // The last column stays free, and nine blanks stand between the others.
        int others = 3 + nameWidth + StatusWidth + (2 * RateWidth) + LossWidth + RoundTripWidth + HeardWidth + 9;
        int bar = Math.Clamp((width - 1 - others) / 2, LeastBar, LongestBar);
        Dictionary<(string, int), MptPathMeasurement> measured = paths
            .Select(path => series.MeasurePath(path.Connection, path.Index)).OfType<MptPathMeasurement>()
            .ToDictionary(path => (path.Connection, path.Index));
        peak = measured.Values.SelectMany(path => new[] { path.SentBitsPerSecond, path.ReceivedBitsPerSecond }).Append(peak).Max();
        foreach (ConnectionStatus connection in status.Connections)
        {
            yield return "";
            yield return Cut(DescribeConnection(connection, series.MeasureConnection(connection.Name)));
            yield return Paint(Dim, Cut(
                $"{"#",3} {"path".PadRight(nameWidth)} {"".PadRight(StatusWidth)} {"sent".PadRight(bar + RateWidth + 1)} {"received".PadRight(bar + RateWidth + 1)} "
                + $"{"loss o/i",LossWidth} {"rtt",RoundTripWidth} {"heard",HeardWidth}"));
            foreach (PathStatus path in connection.Paths)
            {
                yield return DescribePath(path, measured.GetValueOrDefault((path.Connection, path.Index)), nameWidth, bar, now);
            }
        }
    }

    private static string DescribeConnection(ConnectionStatus connection, MptConnectionMeasurement? measured)
    {
        var line = new StringBuilder($"{connection.Name}  {connection.LocalAddress} > {connection.RemoteAddress}");
        if (measured is not null)
        {
            line.Append(CultureInfo.InvariantCulture, $"  out {RateText.Of(measured.SentBitsPerSecond)}, in {RateText.Of(measured.ReceivedBitsPerSecond)}");
            if (measured.PacketsLost > 0)
            {
                line.Append(CultureInfo.InvariantCulture, $", {measured.PacketsLost} packets lost ({measured.LostPercent:0.0} %)");
            }
        }
        return line.ToString();
    }

    private string DescribePath(PathStatus path, MptPathMeasurement? measured, int nameWidth, int bar, DateTime now)
    {
        string name = path.Interface.Length > nameWidth ? path.Interface[..nameWidth] : path.Interface.PadRight(nameWidth);
        string start = $"{path.Index,3} {name} {path.Status.ToString().PadRight(StatusWidth)} ";
        string heard = path.LastKeepalive is { } last ? AgeText.Of(now - last.LocalDateTime) : "never";
        if (path.Status == PathState.Down)
        {
            string why = $"{path.Detail} for {AgeText.Of(now - path.Since.LocalDateTime)}";
            int free = width - start.Length - why.Length - 1;
            return Paint(Red, Cut(start + why + (free >= HeardWidth ? heard.PadLeft(free) : "")));
        }
        string rates = $"{Rate(measured?.SentBitsPerSecond ?? 0, bar)} {Rate(measured?.ReceivedBitsPerSecond ?? 0, bar)} ";
        string loss = $"{Percent(measured?.LossOutPercent)}/{Percent(measured?.LossInPercent)}";
        string roundTrip = path.Line.RoundTripMilliseconds is { } time ? RoundTrip(time) : "-";
        return Cut($"{start}{rates}{loss,LossWidth} {roundTrip,RoundTripWidth} {heard,HeardWidth}");
    }

    private string Rate(double bitsPerSecond, int bar)
    {
        int eighths = (int)Math.Round(bitsPerSecond / peak * bar * 8);
        // What flows at all is seen to.
        eighths = bitsPerSecond > 0 ? Math.Max(1, eighths) : 0;
        string drawn = new string('█', eighths / 8) + Eighths[eighths % 8];
        return $"{drawn.PadRight(bar)} {RateText.Of(bitsPerSecond),RateWidth}";
    }

    private static string Percent(double? percent) => percent is { } value ? value.ToString(value >= 9.95 ? "0" : "0.0", CultureInfo.InvariantCulture) : "-";

    private static string RoundTrip(double milliseconds) =>
        milliseconds.ToString(milliseconds >= 99.95 ? "0" : milliseconds >= 0.95 ? "0.0" : "0.00", CultureInfo.InvariantCulture) + " ms";

    private string Fit(string text, int length, string right) =>
        width - length - right.Length - 1 is > 0 and int free ? text + new string(' ', free) + right : text;

    // The last column stays free: some terminals wrap when it is written.
    private string Cut(string line) => line.Length < width ? line.TrimEnd() : line[..(width - 1)];

    private string Paint(string colour, string text) => coloured ? $"{colour}{text}{Reset}" : text;
}
