using System.Globalization;
using System.Xml.Linq;
using MptTools.Bench.Report;

namespace MptTools.Engine.Tests.Benchmarks;

public class BarChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void TheChartHoldsItsTextAsText()
    {
        XDocument chart = Render(Chart("TCP & <UDP>", "\"quoted\"", [new ChartBar("a < b", 0.5, "0.50 & more", 0)]));
        Assert.Equal(["TCP & <UDP>", "mark", "group", "a < b", "0.50 & more", "\"quoted\""], Texts(chart));
    }

    [Fact]
    public void BarsAreAsLongAsTheirValues()
    {
        XDocument chart = Render(Chart("", "", [new ChartBar("", 0.5, "", 0), new ChartBar("", 1, "", 1), new ChartBar("", 0, "", 2)]));
        double[] widths = [.. chart.Descendants(Svg + "rect").Select(bar => double.Parse(bar.Attribute("width")!.Value, CultureInfo.InvariantCulture))];
        Assert.Equal(3, widths.Length);
        Assert.Equal(2, widths[1] / widths[0], precision: 2);
        Assert.Equal(1, widths[2]);
    }

    [Fact]
    public void WhateverTheLabelsTheChartIsWellFormed() => PropertyCheck.Holds(PropertyCheck.AnyUInt32, seed =>
    {
        Random random = new((int)seed);
        string Any() => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => (char)random.Next(random.Next(2) == 0 ? 128 : 65536)));
        string title = Any(), label = Any();
        XDocument chart = Render(Chart(title, Any(), [new ChartBar(label, random.NextDouble() * 3, Any(), random.Next(4))]));
        return Texts(chart).Contains(Readable(title)) && Texts(chart).Contains(Readable(label));
    });

    [Fact]
    public void ItNeedsNothingButItself()
    {
        string text = Chart("t", "f", [new ChartBar("a", 1, "", 0)]).Render();
        Assert.DoesNotContain("href", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", text, StringComparison.Ordinal);
    }

    [Fact]
    public void TheChartOfARunShowsRatiosToBareVeth()
    {
        Results results = new();
        void Add(string subject, double value) => results.Add(new Sample(Names.Main, 1, subject, Metric.Tcp1.Name, value));
        Add(Names.Veth, 40);
        Add(Names.Vxlan, 20);
        Add(Names.OnePath, 16);
        BarChart chart = Charts.Throughput(results)!;
        Assert.Equal([0.5, 0.4], chart.Groups.Single().Bars.Select(bar => bar.Value));
        Assert.Null(Charts.Throughput(new Results()));
    }

    private static BarChart Chart(string title, string footnote, ChartBar[] bars) =>
        new(title, footnote, Maximum: 2, Mark: 1, "mark", [new ChartGroup("group", bars)]);

    private static XDocument Render(BarChart chart) => XDocument.Parse(chart.Render(), LoadOptions.PreserveWhitespace);

    private static List<string> Texts(XDocument chart) => [.. chart.Descendants(Svg + "text").Select(text => text.Value)];

    /// <summary>Without what XML cannot hold; half of a pair stands for nothing.</summary>
    private static string Readable(string text) => string.Concat(text.EnumerateRunes()
        .Where(rune => rune.Value is 9 or 10 or 13 or >= 32 and not (0xFFFE or 0xFFFF)).Select(rune => rune.ToString()))
        .Replace("\r\n", "\n").Replace('\r', '\n');
}
