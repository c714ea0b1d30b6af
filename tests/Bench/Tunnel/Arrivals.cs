using System.Diagnostics;
using MptTools.Lab;

namespace MptTools.Bench.Tunnel;

/// <summary>What the far device has received at one moment, by the kernel's own counters.</summary>
internal readonly record struct ArrivalCount(long Timestamp, long Bytes, long Writes)
{
    internal static ArrivalCount Read(Subject subject, int address = 0)
    {
        DeviceCounters counters = subject.Far.Statistics.Read(subject.FarDevices[address]);
        return new ArrivalCount(Stopwatch.GetTimestamp(), counters.ReceivedBytes, counters.ReceivedPackets);
    }

    internal double SecondsSince(in ArrivalCount earlier) => Stopwatch.GetElapsedTime(earlier.Timestamp, Timestamp).TotalSeconds;

    /// <summary>
    /// UDP datagrams of one length that have arrived in between. A TUN device may be given many in one write, which it counts as one
    /// packet with one header; its bytes tell how many there were.
    /// </summary>
    internal double DatagramsSince(in ArrivalCount earlier, Subject subject, int payload)
    {
        long writes = Writes - earlier.Writes;
        int header = (subject.IsIPv6 ? 40 : 20) + 8;
        return subject.IsTun ? (double)(Bytes - earlier.Bytes - writes * header) / payload : writes;
    }

    /// <summary>Bytes of TCP payload that have arrived in between.</summary>
    internal long TcpPayloadSince(in ArrivalCount earlier, Subject subject)
    {
        const int tcpWithTimestamps = 32;
        return Bytes - earlier.Bytes - (Writes - earlier.Writes) * ((subject.IsIPv6 ? 40 : 20) + tcpWithTimestamps);
    }

    /// <summary>Waits until traffic flows.</summary>
    /// <exception cref="LabException">None comes.</exception>
    internal static void WaitForFlow(Subject subject, in ArrivalCount before, long bytes)
    {
        long start = Stopwatch.GetTimestamp();
        while (Read(subject).Bytes - before.Bytes < bytes)
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(5))
            {
                throw new LabException($"Nothing arrives at {subject.Far} by {subject.FarDevices[0]}.");
            }
            Thread.Sleep(10);
        }
    }
}
