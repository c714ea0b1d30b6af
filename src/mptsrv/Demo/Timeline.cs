using System.Diagnostics;
using MptTools.Lab;

namespace MptTools.Mptsrv.Demo;

/// <summary>What one moment looked like: bits per second over each link and out of the tunnel.</summary>
internal readonly record struct Moment(TimeSpan Time, double[] Links, double Tunnel);

/// <summary>Looks at the links' counters and at the tunnel's traffic in regular steps, on a thread of its own.</summary>
internal sealed class Timeline : IDisposable
{
    internal static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly IReadOnlyList<EmulatedLink> links;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly List<Moment> moments = [];
    private readonly List<(TimeSpan Time, string Text)> marks = [];
    private readonly Lock gate = new();
    private readonly PeriodicTimer timer = new(Step);
    private readonly Task sampling;
    private Func<long> delivered = () => 0;

    internal Timeline(IReadOnlyList<EmulatedLink> links)
    {
        this.links = links;
        sampling = Task.Run(SampleAsync);
    }

    internal TimeSpan Now => clock.Elapsed;

    /// <summary>Where the number of bytes that have come out of the tunnel is read from now on.</summary>
    internal void Watch(Func<long> bytesDelivered)
    {
        lock (gate)
        {
            delivered = bytesDelivered;
        }
    }

    internal void Mark(string text)
    {
        lock (gate)
        {
            marks.Add((clock.Elapsed, text));
        }
    }

    internal IReadOnlyList<Moment> Moments
    {
        get
        {
            lock (gate)
            {
                return [.. moments];
            }
        }
    }

    internal IReadOnlyList<(TimeSpan Time, string Text)> Marks
    {
        get
        {
            lock (gate)
            {
                return [.. marks];
            }
        }
    }

    private async Task SampleAsync()
    {
        long[] before = new long[links.Count];
        long deliveredBefore = 0;
        TimeSpan timeBefore = clock.Elapsed;
        while (await timer.WaitForNextTickAsync().ConfigureAwait(false))
        {
            lock (gate)
            {
                TimeSpan now = clock.Elapsed;
                double seconds = (now - timeBefore).TotalSeconds;
                timeBefore = now;
                double[] rates = new double[links.Count];
                for (int i = 0; i < rates.Length; i++)
                {
                    long bytes = links[i].Counters(LinkDirection.AToB).Bytes;
                    rates[i] = (bytes - before[i]) * 8 / seconds;
                    before[i] = bytes;
                }
                long total = delivered();
                // Each stream counts from zero.
                double tunnel = Math.Max(total - deliveredBefore, 0) * 8 / seconds;
                deliveredBefore = total;
                moments.Add(new Moment(now, rates, tunnel));
            }
        }
    }

    public void Dispose()
    {
        timer.Dispose();
        sampling.Wait();
    }
}
