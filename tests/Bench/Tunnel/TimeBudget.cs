using System.Diagnostics;

namespace MptTools.Bench.Tunnel;

/// <summary>The time a run has promised to stay within: on a machine where everything takes longer it has fewer rounds.</summary>
internal sealed class TimeBudget(double seconds)
{
    /// <summary>What a run promises, in seconds, with some left for the report.</summary>
    internal const double Whole = 585, Quick = 55;

    private readonly Stopwatch clock = Stopwatch.StartNew();

    internal TimeSpan Elapsed => clock.Elapsed;

    /// <summary>That of a plan. One that was asked to do more than fits takes the time that needs.</summary>
    internal static TimeBudget For(Plan plan, bool quick)
    {
        double promised = quick ? Quick : Whole;
        return new TimeBudget(plan.ExpectedSeconds <= promised ? promised : double.PositiveInfinity);
    }

    internal bool Has(double secondsMore) => clock.Elapsed.TotalSeconds + secondsMore <= seconds;
}
