using System.Globalization;
using MptTools.Bench.Report;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;
using MptTools.Lab;

namespace MptTools.Bench.Tunnel;

/// <summary>
/// Measures a section: in each round each load goes to each subject in turn, so that a machine that gets slower or faster is so for all
/// alike.
/// </summary>
internal sealed class SectionRun(Section section, Results results, TextWriter output)
{
    private readonly List<Fault> faults = [];

    /// <summary>What could not be measured, and why.</summary>
    internal IReadOnlyList<Fault> Faults => faults;

    /// <summary>Measures round after round, as many as there are and as there is time for.</summary>
    /// <param name="reserved">Seconds that are to be left for what comes later.</param>
    internal void Run(TimeBudget budget, double reserved)
    {
        output.WriteLine($"{section.Title}: {section.Subjects.Count} subject(s), {section.Rounds} round(s)");
        using LabNetwork lab = new("bench");
        List<Subject> subjects = Build(lab);
        for (int round = 1; round <= section.Rounds; round++)
        {
            if (round > 1 && !budget.Has(section.ExpectedSecondsOfRound + reserved))
            {
                output.WriteLine($"  There is no time for round {round} and more.");
                return;
            }
            Measure(subjects, round);
        }
    }

    private List<Subject> Build(LabNetwork lab)
    {
        List<Subject> subjects = [];
        foreach (SubjectSpec spec in section.Subjects)
        {
            try
            {
                Subject subject = spec.Build(lab);
                if (spec.WarmUpSeconds > 0)
                {
                    IperfClient.Start(subject, 0, "-C", "cubic", "-t", $"{spec.WarmUpSeconds}").WaitForReport(spec.WarmUpSeconds);
                }
                subject.Pause();
                subjects.Add(subject);
            }
            catch (Exception e) when (e is LabException or MptCommandException)
            {
                Report($"{section.Name}, {spec.Name}", e);
            }
        }
        return subjects;
    }

    private void Measure(List<Subject> subjects, int round)
    {
        Dictionary<Subject, CollectorReading> before = subjects.Where(subject => subject.Servers.Count > 0)
            .ToDictionary(subject => subject, ReadCollector);
        foreach (Load load in section.Loads)
        {
            // Whoever comes first is not always the same one: what was before it, and what the processors have done since, is not the same for all.
            int first = (round - 1) % subjects.Count;
            foreach (Subject subject in subjects.Skip(first).Concat(subjects.Take(first)).Where(subject => load.AppliesTo(subject.Servers.Count > 0)))
            {
                subject.Resume();
                Measure(load, subject, round);
                subject.Pause();
            }
        }
        foreach ((Subject subject, CollectorReading reading) in before)
        {
            ReadCosts(subject, reading, round);
        }
    }

    private void Measure(Load load, Subject subject, int round)
    {
        try
        {
            List<string> said = [];
            foreach ((Metric metric, double value) in load.Measure(subject, section.Durations))
            {
                Add(subject, metric, value, round);
                said.Add($"{metric.Title} {value.ToString($"F{metric.Decimals}", CultureInfo.InvariantCulture)} {metric.Unit}".TrimEnd());
            }
            output.WriteLine($"  {round}/{section.Rounds}  {subject.Name,-12} {string.Join(", ", said)}");
        }
        catch (Exception e) when (e is LabException or FormatException or IOException)
        {
            Report($"{section.Name}, {subject.Name}, {load.Name}, round {round}", e);
        }
    }

    /// <summary>What a round has cost the servers beside processor time.</summary>
    private void ReadCosts(Subject subject, CollectorReading before, int round)
    {
        try
        {
            ProcessUsage[] usages = [.. subject.MemoryOf.Select(server => server.Usage())];
            CollectorReading after = ReadCollector(subject);
            // Asking allocates as well: what one question takes is known from the two asked before.
            Add(subject, Metric.Collections, after.Collections - before.Collections, round);
            Add(subject, Metric.Allocated, Math.Max(0, after.AllocatedFirst - before.AllocatedSecond - before.OneQuestion) / 1024.0, round);
            Add(subject, Metric.Resident, usages.Max(usage => usage.ResidentBytes) / 1048576.0, round);
            Add(subject, Metric.ResidentPeak, usages.Max(usage => usage.PeakBytes) / 1048576.0, round);
        }
        catch (Exception e) when (e is MptCommandException or IOException)
        {
            Report($"{section.Name}, {subject.Name}, costs, round {round}", e);
        }
    }

    private static CollectorReading ReadCollector(Subject subject)
    {
        subject.Resume();
        try
        {
            ServerStatus[] first = [.. subject.Servers.Select(server => server.Status())];
            ServerStatus[] second = [.. subject.Servers.Select(server => server.Status())];
            return new CollectorReading(
                second.Sum(status => status.GarbageCollections), first.Sum(status => status.AllocatedBytes), second.Sum(status => status.AllocatedBytes));
        }
        finally
        {
            subject.Pause();
        }
    }

    private void Add(Subject subject, Metric metric, double value, int round) =>
        results.Add(new Sample(section.Name, round, subject.Name, metric.Name, value));

    private void Report(string what, Exception why)
    {
        Fault fault = new(what, why.Message.Split('\n')[0]);
        faults.Add(fault);
        output.WriteLine($"  not measured: {fault}");
    }

    private readonly record struct CollectorReading(long Collections, long AllocatedFirst, long AllocatedSecond)
    {
        internal long OneQuestion => AllocatedSecond - AllocatedFirst;
    }
}
