using System.Text;

namespace MptTools.Mptsrv.Demo;

/// <summary>Draws a timeline as text: a lane for each link and one for the tunnel, time from left to right.</summary>
internal static class Picture
{
    private const string Bars = " ▁▂▃▄▅▆▇█";
    private const int Columns = 68;
    private const int LaneHeight = 2;

    internal static string Draw(
        IReadOnlyList<Moment> moments, IReadOnlyList<(TimeSpan Time, string Text)> marks, IReadOnlyList<string> linkNames, double linkRate)
    {
        StringBuilder text = new();
        if (moments.Count == 0)
        {
            return "";
        }
        TimeSpan end = moments[^1].Time;
        for (int link = 0; link < linkNames.Count; link++)
        {
            int lane = link;
            DrawLane(text, linkNames[link], Average(moments, end, moment => moment.Links[lane]), linkRate);
        }
        DrawLane(text, "tunnel", Average(moments, end, moment => moment.Tunnel), linkRate * linkNames.Count);
        DrawMarks(text, marks, end);
        return text.ToString();
    }

    private static double[] Average(IReadOnlyList<Moment> moments, TimeSpan end, Func<Moment, double> value)
    {
        double[] sums = new double[Columns];
        int[] counts = new int[Columns];
        foreach (Moment moment in moments)
        {
            int column = Math.Min((int)(moment.Time / end * Columns), Columns - 1);
            sums[column] += value(moment);
            counts[column]++;
        }
        double[] averages = new double[Columns];
        for (int i = 0; i < Columns; i++)
        {
            // A column without a sample of its own (the machine was busy) goes on with the one before.
            averages[i] = counts[i] > 0 ? sums[i] / counts[i] : i > 0 ? averages[i - 1] : 0;
        }
        return averages;
    }

    private static void DrawLane(StringBuilder text, string name, double[] rates, double full)
    {
        for (int row = LaneHeight - 1; row >= 0; row--)
        {
            text.Append(row == LaneHeight - 1 ? $"{name,8} " : "         ");
            foreach (double rate in rates)
            {
                double eighths = rate / full * LaneHeight * (Bars.Length - 1) - row * (Bars.Length - 1);
                text.Append(Bars[(int)Math.Clamp(Math.Round(eighths), 0, Bars.Length - 1)]);
            }
            text.AppendLine(row == LaneHeight - 1 ? $" {full / 1e6:0} Mbit/s" : "");
        }
    }

    private static void DrawMarks(StringBuilder text, IReadOnlyList<(TimeSpan Time, string Text)> marks, TimeSpan end)
    {
        StringBuilder pointers = new(new string(' ', Columns));
        StringBuilder labels = new();
        foreach ((TimeSpan time, string label) in marks)
        {
            int column = Math.Min((int)(time / end * Columns), Columns - 1);
            pointers[column] = '│';
            int start = Math.Max(column, labels.Length == 0 ? 0 : labels.Length + 1);
            labels.Append(' ', start - labels.Length).Append(label);
        }
        text.Append("         ").AppendLine(pointers.ToString().TrimEnd());
        text.Append("         ").AppendLine(labels.ToString());
    }
}
