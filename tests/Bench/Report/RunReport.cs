using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MptTools.Bench.Report;

/// <summary>Something that could not be measured.</summary>
/// <param name="What">Section, subject and load.</param>
/// <param name="Why">A sentence for who sits before this machine; it may hold paths.</param>
internal sealed record Fault(string What, string Why)
{
    public override string ToString() => $"{What}. {Why}";
}

/// <summary>All of a run: for people, as values, and as a chart.</summary>
internal sealed record RunReport(
    IReadOnlyList<ReportSection> Sections, Results Results, MachineFacts Machine, IReadOnlyList<Fault> Faults, TimeSpan Elapsed)
{
    internal const string TextFile = "benchmark.txt", ValuesFile = "benchmark.json", ChartFile = "benchmark.svg";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The tables.</summary>
    internal string Render()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"\n{Machine}\nMedians of the rounds with smallest and largest value; {Elapsed.TotalSeconds:0} s.\n");
        foreach (ReportSection section in Sections.Where(section => Results.Has(section.Name)))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{section.Title}\n\n").Append(Values(section));
            if (section.Subjects.Count > 1)
            {
                text.Append(CultureInfo.InvariantCulture, $"\nRatios within a round, to {section.Subjects[0].Title}\n\n").Append(Ratios(section));
            }
        }
        text.Append("\nBars\n\n").Append(BarTable());
        text.Append("\nCPU is that of the servers' processes; what the kernel does in interrupts is not in it.\n");
        if (Faults.Count > 0)
        {
            text.Append("\nNot measured:\n").AppendJoin('\n', Faults.Select(fault => $"  {fault}")).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Writes the three files.</summary>
    internal void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, TextFile), Render());
        File.WriteAllText(Path.Combine(directory, ValuesFile), ToJson());
        if (Charts.Throughput(Results) is { } chart)
        {
            File.WriteAllText(Path.Combine(directory, ChartFile), chart.Render());
        }
    }

    internal string ToJson() => JsonSerializer.Serialize(
        new
        {
            Machine,
            Seconds = Math.Round(Elapsed.TotalSeconds),
            Units = Metric.All.ToDictionary(metric => metric.Name, metric => metric.Unit),
            Bars = Bars.All.Select(bar => (Bar: bar, Figure: bar.Figure(Results))).Where(item => item.Figure is not null).Select(item => new
            {
                item.Bar.Text,
                item.Bar.Limit,
                item.Bar.AtLeast,
                item.Bar.Unit,
                item.Figure!.Value.Median,
                item.Figure.Value.Minimum,
                item.Figure.Value.Maximum,
                Passed = item.Bar.IsPassed(item.Figure.Value.Median),
            }),
            Results.Samples,
            NotMeasured = Faults.Select(fault => fault.What),
        }, Json) + "\n";

    private string Values(ReportSection section) => Table(section, section.Subjects, (subject, metric) =>
        Text(Results.Of(new SeriesKey(section.Name, subject, metric.Name)), metric.Decimals), metric => $"{metric.Title} {metric.Unit}".TrimEnd());

    private string Ratios(ReportSection section) => Table(section, section.Subjects.Skip(1), (subject, metric) => Text(
        Results.Ratio(new SeriesKey(section.Name, subject, metric.Name), new SeriesKey(section.Name, section.Subjects[0].Name, metric.Name)), 2),
        metric => metric.Title);

    private static string Table(ReportSection section, IEnumerable<(string Name, string Title)> subjects, Func<string, Metric, string> cell, Func<Metric, string> title)
    {
        List<IReadOnlyList<string>> rows = [["", .. subjects.Select(subject => subject.Title)]];
        rows.AddRange(Metric.All
            .Select(metric => (IReadOnlyList<string>)[title(metric), .. subjects.Select(subject => cell(subject.Name, metric))])
            .Where(row => row.Skip(1).Any(text => text.Length > 0)));
        return TextTable.Render(rows);
    }

    private string BarTable()
    {
        List<IReadOnlyList<string>> rows = [["", "bar", "median", "(range)", ""]];
        foreach (Bar bar in Bars.All)
        {
            if (bar.Figure(Results) is not { } figure)
            {
                continue;
            }
            string range = string.Create(CultureInfo.InvariantCulture, $"({figure.Minimum:0.###}-{figure.Maximum:0.###})");
            rows.Add([bar.Text, bar.LimitText, figure.Median.ToString("0.###", CultureInfo.InvariantCulture), range, bar.IsPassed(figure.Median) ? "pass" : "BELOW"]);
        }
        return TextTable.Render(rows);
    }

    private static string Text(Spread? spread, int decimals)
    {
        if (spread is not { } known)
        {
            return "";
        }
        string Number(double value) => value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
        return known.Count == 1 ? Number(known.Median) : $"{Number(known.Median)} ({Number(known.Minimum)}-{Number(known.Maximum)})";
    }
}
