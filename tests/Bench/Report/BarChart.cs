using System.Globalization;
using System.Text;
using System.Xml;

namespace MptTools.Bench.Report;

/// <summary>One bar.</summary>
/// <param name="Label">What was measured.</param>
/// <param name="Value">Its length, 0 or more.</param>
/// <param name="Note">What stands behind it.</param>
/// <param name="Color">Which of the chart's colours, from 0.</param>
internal readonly record struct ChartBar(string Label, double Value, string Note, int Color);

/// <summary>Bars that belong together.</summary>
internal sealed record ChartGroup(string Title, IReadOnlyList<ChartBar> Bars);

/// <summary>
/// A chart of horizontal bars as SVG, with its text as text. It follows the reader's light or dark mode and needs nothing but
/// itself: no script, no font, no other file.
/// </summary>
internal sealed record BarChart(string Title, string Footnote, double Maximum, double Mark, string MarkLabel, IReadOnlyList<ChartGroup> Groups)
{
    private const int Width = 760, Left = 150, BarAreaRight = 560, RowHeight = 22, BarHeight = 14, GroupGap = 30, Top = 62, LineHeight = 16;

    private const string Style =
        """
        text { font: 13px system-ui, sans-serif; fill: #1f2328; }
        .title { font-size: 16px; font-weight: 600; }
        .group { font-weight: 600; }
        .quiet { fill: #59636e; font-size: 12px; }
        .mark { stroke: #59636e; stroke-dasharray: 4 3; }
        .c0 { fill: #8c959f; } .c1 { fill: #0969da; } .c2 { fill: #1a7f37; } .c3 { fill: #9a6700; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; }
          .quiet { fill: #9198a1; }
          .mark { stroke: #9198a1; }
          .c0 { fill: #6e7681; } .c1 { fill: #4493f8; } .c2 { fill: #3fb950; } .c3 { fill: #d29922; }
        }
        """;

    /// <summary>The whole file.</summary>
    internal string Render()
    {
        string[] footnotes = Footnote.Split('\n');
        int rows = Groups.Sum(group => group.Bars.Count);
        int bottom = Top + rows * RowHeight + Groups.Count * GroupGap;
        int height = bottom + footnotes.Length * LineHeight + 16;
        StringBuilder text = new();
        using (XmlWriter svg = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true }))
        {
            svg.WriteStartElement("svg", "http://www.w3.org/2000/svg");
            svg.WriteAttributeString("viewBox", $"0 0 {Width} {height}");
            svg.WriteAttributeString("width", $"{Width}");
            svg.WriteAttributeString("role", "img");
            Element(svg, "title", Title);
            Element(svg, "style", $"\n{Style}\n");
            Text(svg, 12, 26, "title", Title);
            // First, so that it goes behind the bars.
            DrawMark(svg, bottom);
            int y = Top;
            foreach (ChartGroup group in Groups)
            {
                y = Draw(svg, group, y);
            }
            for (int i = 0; i < footnotes.Length; i++)
            {
                Text(svg, 12, bottom + 12 + i * LineHeight, "quiet", footnotes[i]);
            }
            svg.WriteEndElement();
        }
        return text.Append('\n').ToString();
    }

    private int Draw(XmlWriter svg, ChartGroup group, int y)
    {
        Text(svg, 12, y + 12, "group", group.Title);
        y += RowHeight;
        foreach (ChartBar bar in group.Bars)
        {
            double length = Math.Clamp(bar.Value / Maximum, 0, 1) * (BarAreaRight - Left);
            Text(svg, 24, y + 11, "", bar.Label);
            svg.WriteStartElement("rect");
            svg.WriteAttributeString("class", $"c{bar.Color}");
            Position(svg, Left, y);
            svg.WriteAttributeString("width", Number(Math.Max(length, 1)));
            svg.WriteAttributeString("height", $"{BarHeight}");
            svg.WriteAttributeString("rx", "2");
            svg.WriteEndElement();
            Text(svg, Left + length + 8, y + 11, "", bar.Note);
            y += RowHeight;
        }
        return y + GroupGap - RowHeight;
    }

    private void DrawMark(XmlWriter svg, int bottom)
    {
        double x = Left + Mark / Maximum * (BarAreaRight - Left);
        svg.WriteStartElement("line");
        svg.WriteAttributeString("class", "mark");
        svg.WriteAttributeString("x1", Number(x));
        svg.WriteAttributeString("x2", Number(x));
        svg.WriteAttributeString("y1", $"{Top - 8}");
        svg.WriteAttributeString("y2", $"{bottom - 8}");
        svg.WriteEndElement();
        svg.WriteStartElement("text");
        svg.WriteAttributeString("class", "quiet");
        svg.WriteAttributeString("text-anchor", "middle");
        Position(svg, x, Top - 14);
        svg.WriteString(Clean(MarkLabel));
        svg.WriteEndElement();
    }

    private static void Text(XmlWriter svg, double x, double y, string style, string text)
    {
        svg.WriteStartElement("text");
        if (style.Length > 0)
        {
            svg.WriteAttributeString("class", style);
        }
        Position(svg, x, y);
        svg.WriteString(Clean(text));
        svg.WriteEndElement();
    }

    private static void Element(XmlWriter svg, string name, string text)
    {
        svg.WriteStartElement(name);
        svg.WriteString(Clean(text));
        svg.WriteEndElement();
    }

    private static void Position(XmlWriter svg, double x, double y)
    {
        svg.WriteAttributeString("x", Number(x));
        svg.WriteAttributeString("y", Number(y));
    }

    /// <summary>No XML document can hold control characters, in any spelling.</summary>
    private static string Clean(string text) => string.Concat(
        text.EnumerateRunes().Where(rune => !rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value)));

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
