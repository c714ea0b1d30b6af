using System.Runtime.InteropServices;

namespace MptTools.Bench.Report;

/// <summary>What one must know of a machine to compare its figures with those of another.</summary>
internal sealed record MachineFacts(int Cores, string Processor, string Kernel, string DotNet, int MemoryMiB)
{
    internal static MachineFacts OfThisMachine() => new(
        Environment.ProcessorCount,
        Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        RuntimeInformation.FrameworkDescription,
        int.Parse((Field("/proc/meminfo", "MemTotal") ?? "0 kB").Split(' ')[0]) / 1024);

    private static string? Field(string file, string name) => File.ReadLines(file)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':') + 1)..].Trim())
        .FirstOrDefault();

    public override string ToString() => $"{Cores} cores ({Processor}), {MemoryMiB / 1024.0:0.#} GiB, Linux {Kernel}, {DotNet}";
}
