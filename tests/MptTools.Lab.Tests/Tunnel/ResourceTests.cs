using System.Globalization;
using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What a server tells of its own process is what the kernel says of it.</summary>
public class ResourceTests
{
    [LabFact]
    public void The_status_tells_what_the_servers_process_has_taken() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        int pid = lab.ServerA.Process.Id;
        double cpuBefore = CpuSeconds(pid);
        ServerStatus status = lab.ServerA.Status();
        double cpuAfter = CpuSeconds(pid);
        // The kernel shows hundredths, cut off.
        Assert.InRange(status.ProcessorSeconds, cpuBefore, cpuAfter + 0.02);
        Assert.InRange(status.ResidentBytes, ResidentBytes(pid) / 2, ResidentBytes(pid) * 2);
        Assert.True(status.AllocatedBytes > 0);
        ServerStatus later = lab.ServerA.Status();
        Assert.True(later.AllocatedBytes > status.AllocatedBytes, "Asking for the status allocates.");
        Assert.True(later.ProcessorSeconds >= status.ProcessorSeconds);
        Assert.True(later.GarbageCollections >= status.GarbageCollections);
    });

    private static double CpuSeconds(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private static long ResidentBytes(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line["VmRSS:".Length..^2].Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
