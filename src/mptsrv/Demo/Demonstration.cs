using System.Diagnostics;
using MptTools.Engine;
using MptTools.Lab;
using MptTools.Lab.Traffic;

namespace MptTools.Mptsrv.Demo;

/// <summary>
/// <c>mptsrv demo</c>: the main job on one machine. Each link alone, both together, one cut under load and healed; it
/// measures with its own traffic and says whether what it saw is what should happen.
/// </summary>
internal sealed class Demonstration(TextWriter output)
{
    // Slow start is not what is to be shown.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AloneTime = TimeSpan.FromSeconds(3.5);
    private static readonly TimeSpan TogetherTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BeforeCut = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan CutTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AfterHeal = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PathTime = TimeSpan.FromSeconds(5);

    private readonly List<(string What, string Measured, string Expected, bool Holds)> results = [];

    internal static int Run(TextWriter output)
    {
        if (LabNetwork.WhyUnavailable() is { } reason)
        {
            Console.Error.WriteLine($"mptsrv: The demo needs network namespaces of its own. {reason}");
            return ExitCode.Failed;
        }
        try
        {
            return new Demonstration(output).Run() ? ExitCode.Done : ExitCode.Failed;
        }
        catch (Exception e) when (e is LabException or MptStartException or Engine.ControlPlane.MptCommandException or IOException)
        {
            Console.Error.WriteLine($"mptsrv: The demo could not be carried out: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private bool Run()
    {
        Stopwatch whole = Stopwatch.StartNew();
        output.WriteLine("Two hosts, two links of 100 Mbit/s: link 1 with 10 ms of delay, link 2 with 20 ms.");
        output.WriteLine("All of it is in network namespaces; nothing else on this machine is touched.");
        output.WriteLine();
        Say("Building the hosts and the links, starting a server on each host");
        using (DemoNetwork network = new())
        {
            using Timeline timeline = new(network.Links);
            double[] alone = [MeasureAlone(network, timeline, 0), MeasureAlone(network, timeline, 1)];
            MeasureTogether(network, timeline, alone.Sum());
            CutUnderLoad(network, timeline);
            output.WriteLine();
            output.WriteLine(Picture.Draw(timeline.Moments, timeline.Marks, ["link 1", "link 2"], DemoNetwork.LinkRate));
            Say("Stopping the servers and removing hosts and links");
        }
        PrintTable();
        bool allHold = results.TrueForAll(result => result.Holds);
        output.WriteLine();
        output.WriteLine(allHold
            ? $"All of it is as it should be ({whole.Elapsed.TotalSeconds:0} s)."
            : "Not all of it is as it should be: see the lines marked NO. A machine that is busy with other work may be the reason; try again.");
        return allHold;
    }

    private double MeasureAlone(DemoNetwork network, Timeline timeline, int path)
    {
        Say($"Link {path + 1} alone: one TCP stream through the tunnel");
        network.SetPath(1 - path, up: false);
        timeline.Mark($"link {path + 1} alone");
        TcpStreamReport report = Stream(network, timeline, AloneTime);
        network.SetPath(1 - path, up: true);
        double rate = Rate(report, WarmUp, AloneTime);
        Add($"link {path + 1} alone", Mbit(rate), "80 to 100 Mbit/s", rate is > 80e6 and < 100e6);
        return rate;
    }

    private void MeasureTogether(DemoNetwork network, Timeline timeline, double sum)
    {
        Say("Both links together: one TCP stream through the tunnel");
        WaitForPath(network, 0);
        WaitForPath(network, 1);
        timeline.Mark("both");
        TcpStreamReport report = Stream(network, timeline, TogetherTime);
        double rate = Rate(report, WarmUp, TogetherTime);
        // A loss at the end of slow start costs TCP three tenths of its window for a while; the mean feels it.
        Add("both together", Mbit(rate), $"more than 0.75 of the sum, {Mbit(0.75 * sum)}", rate > 0.75 * sum);
    }

    private void CutUnderLoad(DemoNetwork network, Timeline timeline)
    {
        Say("Cutting link 2 under load, without loss of carrier, and healing it");
        TimeSpan duration = BeforeCut + CutTime + AfterHeal;
        using TcpStream stream = Start(network, timeline, duration);
        Stopwatch clock = Stopwatch.StartNew();
        Wait(clock, BeforeCut);
        TimeSpan cutAt = clock.Elapsed;
        network.Links[1].Cut(CarrierLoss.No);
        timeline.Mark("cut 2");
        Wait(clock, BeforeCut + CutTime);
        bool noticed = network.Paths()[1].Status == PathState.Down;
        TimeSpan healedAt = clock.Elapsed;
        network.Links[1].Heal();
        timeline.Mark("heal");
        TcpStreamReport report = stream.Wait();
        TimeSpan stutter = LongestSilence(report, cutAt - Timeline.Step, healedAt);
        double during = Rate(report, cutAt + TimeSpan.FromSeconds(1), healedAt);
        double after = Rate(report, healedAt + TimeSpan.FromSeconds(1.5), duration);
        Add("path 2 after the cut", noticed ? "down" : "still up", "down", noticed);
        Add("stutter at the cut", $"{stutter.TotalMilliseconds:0} ms", "less than 1500 ms", stutter < TimeSpan.FromSeconds(1.5));
        Add("traffic while cut", Mbit(during), "more than 60 Mbit/s", during > 60e6);
        Add("traffic after healing", Mbit(after), "more than 110 Mbit/s", after > 110e6);
    }

    private static TcpStreamReport Stream(DemoNetwork network, Timeline timeline, TimeSpan duration)
    {
        using TcpStream stream = Start(network, timeline, duration);
        return stream.Wait();
    }

    private static TcpStream Start(DemoNetwork network, Timeline timeline, TimeSpan duration)
    {
        TcpStream stream = TcpStream.Start(
            network.Near, network.Far, DemoNetwork.FarTunnelAddress, new TcpStreamOptions { Duration = duration, BucketLength = TimeSpan.FromMilliseconds(20) });
        timeline.Watch(() => stream.Snapshot().Bytes);
        return stream;
    }

    private static void WaitForPath(DemoNetwork network, int path)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (network.Paths()[path].Status != PathState.Up && clock.Elapsed < PathTime)
        {
            Thread.Sleep(20);
        }
    }

    private static void Wait(Stopwatch clock, TimeSpan until)
    {
        TimeSpan rest = until - clock.Elapsed;
        if (rest > TimeSpan.Zero)
        {
            Thread.Sleep(rest);
        }
    }

    private static double Rate(TcpStreamReport report, TimeSpan from, TimeSpan until)
    {
        long bytes = report.Buckets.Where(bucket => bucket.Start >= from && bucket.Start < until).Sum(bucket => bucket.Bytes);
        return bytes * 8 / (until - from).TotalSeconds;
    }

    private static TimeSpan LongestSilence(TcpStreamReport report, TimeSpan from, TimeSpan until)
    {
        TimeSpan longest = TimeSpan.Zero, lastHeard = from;
        foreach (ThroughputBucket bucket in report.Buckets.Where(bucket => bucket.Start >= from && bucket.Start < until && bucket.Bytes > 0))
        {
            longest = bucket.Start - lastHeard > longest ? bucket.Start - lastHeard : longest;
            lastHeard = bucket.Start + bucket.Length;
        }
        return until - lastHeard > longest ? until - lastHeard : longest;
    }

    private void Say(string what) => output.WriteLine($"  {what} ...");

    private void Add(string what, string measured, string expected, bool holds)
    {
        results.Add((what, measured, expected, holds));
        output.WriteLine($"    {what}: {measured}");
    }

    private void PrintTable()
    {
        output.WriteLine();
        output.WriteLine($"  {"",-24}{"measured",-16}{"should be",-42}and is");
        foreach ((string what, string measured, string expected, bool holds) in results)
        {
            output.WriteLine($"  {what,-24}{measured,-16}{expected,-42}{(holds ? "yes" : "NO")}");
        }
    }

    private static string Mbit(double rate) => $"{rate / 1e6:0} Mbit/s";
}
