using System.Globalization;

namespace MptTools.Bench.Tunnel;

/// <summary>What the kernel says a process has taken (proc(5)).</summary>
/// <param name="CpuSeconds">Its own time and the kernel's on its behalf. The kernel counts what it does in interrupts, and so most of
/// what a packet costs behind the device it is sent to, nowhere here.</param>
/// <param name="ResidentBytes">VmRSS.</param>
/// <param name="PeakBytes">VmHWM.</param>
internal readonly record struct ProcessUsage(double CpuSeconds, long ResidentBytes, long PeakBytes)
{
    /// <summary>USER_HZ, the same on every machine Linux shows these files on.</summary>
    private const double TicksPerSecond = 100;

    internal static ProcessUsage Of(int pid) =>
        new(CpuSecondsOf(pid), Kilobytes(pid, "VmRSS:") * 1024, Kilobytes(pid, "VmHWM:") * 1024);

    internal static double CpuSecondsOf(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        // The second field is the program's name in parentheses and may hold blanks and parentheses itself.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return ticks / TicksPerSecond;
    }

    private static long Kilobytes(int pid, string key)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(key.Length).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }
}
