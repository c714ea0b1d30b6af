using System.Globalization;

namespace MptTools.Lab;

/// <summary>What the kernel counted at one interface.</summary>
internal readonly record struct DeviceCounters(
    long ReceivedBytes, long ReceivedPackets, long ReceiveDropped, long SentBytes, long SentPackets, long SendDropped);

/// <summary>
/// The interface counters of a host. The file shows the namespace of the thread that opened it, whoever reads it later.
/// </summary>
internal sealed class DeviceStatistics(LabHost host) : IDisposable
{
    // Without a buffer of the stream's own, which would give the same answer again after going back to the beginning.
    private readonly StreamReader reader = new(host.Invoke(() =>
        new FileStream("/proc/thread-self/net/dev", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0)));
    private readonly Lock gate = new();

    /// <summary>The counters of an interface; all 0 when there is none of that name.</summary>
    internal DeviceCounters Read(string device)
    {
        lock (gate)
        {
            reader.BaseStream.Position = 0;
            reader.DiscardBufferedData();
            while (reader.ReadLine() is string line)
            {
                int colon = line.LastIndexOf(':');
                if (colon > 0 && line.AsSpan(0, colon).Trim().SequenceEqual(device))
                {
                    return Parse(line[(colon + 1)..]);
                }
            }
            return default;
        }
    }

    public void Dispose() => reader.Dispose();

    private static DeviceCounters Parse(string line)
    {
        long[] numbers = [.. line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
        return new DeviceCounters(numbers[0], numbers[1], numbers[3], numbers[8], numbers[9], numbers[11]);
    }
}
