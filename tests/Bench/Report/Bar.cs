using System.Globalization;

namespace MptTools.Bench.Report;

/// <summary>A figure that a run should reach.</summary>
/// <param name="Text">What it is, in words.</param>
/// <param name="Section">The section it is measured in.</param>
/// <param name="Figure">Finds it among the results; null where it was not measured.</param>
/// <param name="Limit">What it should reach, or with <paramref name="AtLeast"/> false not exceed.</param>
/// <param name="Unit">Empty for a ratio.</param>
internal sealed record Bar(string Text, string Section, Func<Results, Spread?> Figure, double Limit, bool AtLeast = true, string Unit = "")
{
    internal bool IsPassed(double value) => AtLeast ? value >= Limit : value <= Limit;

    internal string LimitText => $"{(AtLeast ? ">=" : "<=")} {Limit.ToString("0.####", CultureInfo.InvariantCulture)}{(Unit.Length > 0 ? " " + Unit : "")}";
}
