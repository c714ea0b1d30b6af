using MptTools.Bench.Report;

namespace MptTools.Bench.Tunnel;

/// <summary>One run of UDP, counted at the far device.</summary>
/// <param name="Datagrams">Those that arrived in the middle of the run.</param>
/// <param name="Seconds">How long that middle was.</param>
/// <param name="CpuSeconds">What the servers took in it.</param>
/// <param name="AllDatagrams">Those that arrived from the beginning to the end.</param>
/// <param name="Sent">Those the sender sent from the beginning to the end.</param>
internal readonly record struct UdpRun(double Datagrams, double Seconds, double CpuSeconds, double AllDatagrams, long Sent)
{
    private static readonly TimeSpan LeftOutAtBeginning = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan LeftOutAtEnd = TimeSpan.FromMilliseconds(100);

    internal static UdpRun Measure(Subject subject, Durations durations, int payload, string rate)
    {
        ArrivalCount idle = ArrivalCount.Read(subject);
        IperfClient client = IperfClient.Start(subject, 0, "-u", "-b", rate, "-l", $"{payload}", "-w", "4M", "-t", $"{durations.UdpSeconds}");
        ArrivalCount.WaitForFlow(subject, idle, bytes: 20_000);
        Thread.Sleep(LeftOutAtBeginning);
        (ArrivalCount first, double cpuFirst) = (ArrivalCount.Read(subject), subject.CpuSeconds());
        Thread.Sleep(TimeSpan.FromSeconds(durations.UdpSeconds) - LeftOutAtBeginning - LeftOutAtEnd);
        (ArrivalCount last, double cpuLast) = (ArrivalCount.Read(subject), subject.CpuSeconds());
        IperfReport report = client.WaitForReport(durations.UdpSeconds);
        double all = ArrivalCount.Read(subject).DatagramsSince(idle, subject, payload);
        return new UdpRun(last.DatagramsSince(first, subject, payload), last.SecondsSince(first), cpuLast - cpuFirst, all, report.PacketsSent);
    }
}
