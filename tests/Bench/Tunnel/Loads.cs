using System.Globalization;
using MptTools.Bench.Report;
using MptTools.Lab;

namespace MptTools.Bench.Tunnel;

/// <summary>How long each measurement goes.</summary>
internal sealed record Durations(int TcpSeconds, int UdpSeconds, int Pings)
{
    /// <summary>iperf3 takes whole seconds only.</summary>
    internal const int WarmUpSeconds = 1;

    internal static readonly Durations Whole = new(TcpSeconds: 2, UdpSeconds: 2, Pings: 500);
    internal static readonly Durations Short = new(TcpSeconds: 1, UdpSeconds: 2, Pings: 500);
    internal static readonly Durations Quick = new(TcpSeconds: 1, UdpSeconds: 1, Pings: 250);
}

/// <summary>A kind of traffic, and what is measured of it.</summary>
internal abstract record Load(string Name)
{
    /// <summary>What starting, ending and reading take on top.</summary>
    protected const double Overhead = 0.25;

    /// <summary>Seconds that one measurement is expected to take.</summary>
    internal abstract double ExpectedSeconds(Durations durations);

    internal virtual bool AppliesTo(bool hasServers) => true;

    /// <summary>Measures once.</summary>
    /// <exception cref="LabException">The traffic did not get through, or a program failed.</exception>
    internal abstract IEnumerable<(Metric Metric, double Value)> Measure(Subject subject, Durations durations);
}

/// <summary>TCP with cubic, the first second left out; with one stream also what the servers' processors do for it.</summary>
internal sealed record TcpLoad(Metric Rate, int Streams, bool MeasuresCpu = false) : Load(Rate.Name)
{
    internal override double ExpectedSeconds(Durations durations) => durations.TcpSeconds + Durations.WarmUpSeconds + Overhead;

    internal override IEnumerable<(Metric, double)> Measure(Subject subject, Durations durations)
    {
        ArrivalCount idle = ArrivalCount.Read(subject);
        IperfClient client = IperfClient.Start(subject, 0, "-C", "cubic", "-P", $"{Streams}", "-O", $"{Durations.WarmUpSeconds}", "-t", $"{durations.TcpSeconds}");
        ArrivalCount.WaitForFlow(subject, idle, bytes: 100_000);
        Thread.Sleep(TimeSpan.FromSeconds(Durations.WarmUpSeconds));
        (ArrivalCount before, double cpuBefore) = (ArrivalCount.Read(subject), subject.CpuSeconds());
        IperfReport report = client.WaitForReport(durations.TcpSeconds + Durations.WarmUpSeconds);
        yield return (Rate, report.BitsPerSecond / 1e9);
        if (MeasuresCpu && subject.Servers.Count > 0)
        {
            double gigabytes = ArrivalCount.Read(subject).TcpPayloadSince(before, subject) / 1e9;
            yield return (Metric.CpuPerGigabyte, (subject.CpuSeconds() - cpuBefore) / gigabytes);
        }
    }
}

/// <summary>One TCP stream on each of ten connections at the same time, or ten on one.</summary>
internal sealed record TenStreamsLoad() : Load(Metric.Tcp10.Name)
{
    private const int Streams = 10;

    internal override double ExpectedSeconds(Durations durations) => durations.TcpSeconds + Durations.WarmUpSeconds + 3 * Overhead;

    internal override IEnumerable<(Metric, double)> Measure(Subject subject, Durations durations)
    {
        IperfClient[] clients = [.. Enumerable.Range(0, Streams).Select(i => IperfClient.Start(
            subject, i, "-C", "cubic", "-O", $"{Durations.WarmUpSeconds}", "-t", $"{durations.TcpSeconds}"))];
        IperfReport[] reports = [.. clients.Select(client =>
            client.WaitForReport(durations.TcpSeconds + Durations.WarmUpSeconds))];
        yield return (Metric.Tcp10, reports.Sum(report => report.BitsPerSecond) / 1e9);
    }
}

/// <summary>UDP as fast as iperf3 can, counted where it arrives: what iperf3 itself then fails to read does not count as lost.</summary>
internal sealed record UdpLoad(Metric Received, Metric Loss, int Payload) : Load(Received.Name)
{
    internal override double ExpectedSeconds(Durations durations) => durations.UdpSeconds + Overhead;

    internal override IEnumerable<(Metric, double)> Measure(Subject subject, Durations durations)
    {
        UdpRun run = UdpRun.Measure(subject, durations, Payload, "0");
        double perSecond = run.Datagrams / run.Seconds;
        yield return (Received, Received == Metric.Udp64 ? perSecond / 1e3 : perSecond * Payload * 8 / 1e6);
        yield return (Loss, Math.Max(0, 100 * (1 - run.AllDatagrams / run.Sent)));
    }
}

/// <summary>200 Mbit/s of UDP in packets of 1000 bytes, at which nothing is at its limit: what a packet costs then.</summary>
internal sealed record SteadyLoad() : Load("steady")
{
    private const int Payload = 1000;

    internal override double ExpectedSeconds(Durations durations) => durations.UdpSeconds + Overhead;

    internal override bool AppliesTo(bool hasServers) => hasServers;

    internal override IEnumerable<(Metric, double)> Measure(Subject subject, Durations durations)
    {
        UdpRun run = UdpRun.Measure(subject, durations, Payload, "200M");
        yield return (Metric.CpuPerMillionPackets, run.CpuSeconds / (run.Datagrams / 1e6));
    }
}

/// <summary>Echoes with 2 ms between them, so that each travels alone.</summary>
internal sealed record PingLoad() : Load(Metric.PingAverage.Name)
{
    private const double Interval = 0.002;

    internal override double ExpectedSeconds(Durations durations) => durations.Pings * Interval + Overhead;

    internal override IEnumerable<(Metric, double)> Measure(Subject subject, Durations durations)
    {
        (string near, string far) = subject.Addresses[0];
        CommandResult result = subject.Near.Run(
            TimeSpan.FromSeconds(durations.Pings * Interval + 10), "ping", "-q", "-I", near,
            "-i", Interval.ToString(CultureInfo.InvariantCulture), "-c", $"{durations.Pings}", far).EnsureSuccess();
        PingReport report = PingReport.Parse(result.Output);
        yield return (Metric.PingMinimum, report.MinimumMicroseconds);
        yield return (Metric.PingAverage, report.MeanMicroseconds);
    }
}
