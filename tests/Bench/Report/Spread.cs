namespace MptTools.Bench.Report;

/// <summary>The smallest, the middle and the largest of some values.</summary>
internal readonly record struct Spread(double Minimum, double Median, double Maximum, int Count)
{
    internal Spread Times(double factor) => new(Minimum * factor, Median * factor, Maximum * factor, Count);

    /// <summary>Null where there are no values.</summary>
    internal static Spread? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
        {
            return null;
        }
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(sorted[0], median, sorted[^1], sorted.Length);
    }
}

/// <summary>All that was measured in one run.</summary>
internal sealed class Results
{
    private readonly List<Sample> samples = [];

    internal IReadOnlyList<Sample> Samples => samples;

    internal void Add(Sample sample) => samples.Add(sample);

    internal bool Has(string section) => samples.Exists(sample => sample.Section == section);

    internal Spread? Of(SeriesKey key) => Spread.Of(Series(key).Values);

    /// <summary>All values of a series together, where a single one that is too many counts.</summary>
    internal Spread? Total(SeriesKey key) =>
        Series(key) is { Count: > 0 } series && series.Values.Sum() is var sum ? new Spread(sum, sum, sum, series.Count) : null;

    /// <summary>
    /// One series divided by another. The machine drifts from minute to minute, so values are divided within their round, and
    /// only then is the middle one taken.
    /// </summary>
    internal Spread? Ratio(SeriesKey key, SeriesKey reference) =>
        PerRound(key, reference, (value, other) => other == 0 ? null : value / other);

    /// <summary>One series less another, round by round.</summary>
    internal Spread? Difference(SeriesKey key, SeriesKey reference) => PerRound(key, reference, (value, other) => value - other);

    private Spread? PerRound(SeriesKey key, SeriesKey reference, Func<double, double, double?> combine)
    {
        Dictionary<int, double> references = Series(reference);
        return Spread.Of(
            from item in Series(key)
            where references.ContainsKey(item.Key)
            let combined = combine(item.Value, references[item.Key])
            where combined is not null
            select combined.Value);
    }

    private Dictionary<int, double> Series(SeriesKey key) => samples
        .Where(sample => sample.Section == key.Section && sample.Subject == key.Subject && sample.Metric == key.Metric)
        .ToDictionary(sample => sample.Round, sample => sample.Value);
}
