using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace MptTools.Bench.Micro;

/// <summary>The parts of a packet's way, each by itself.</summary>
internal static class MicroBenchmarks
{
    /// <summary>
    /// Everything runs in this process. A process of its own for each benchmark, as BenchmarkDotNet has it otherwise, takes the SDK, the
    /// sources and half a minute to build; its version 0.14 also knows .NET up to 9 only, and goes by luck from there.
    /// </summary>
    private static IConfig Configuration => ManualConfig.CreateEmpty()
        // Bounded, so that a busy machine's scatter does not make it go on for ever.
        .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
            .WithIterationTime(TimeInterval.FromMilliseconds(250)).WithMaxIterationCount(20))
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddLogger(ConsoleLogger.Default)
        .WithArtifactsPath(Path.Combine("artifacts", "bench", "micro"));

    internal static int Run(string[] arguments)
    {
        BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(arguments, Configuration);
        return Program.Done;
    }
}
