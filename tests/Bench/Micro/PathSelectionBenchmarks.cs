using BenchmarkDotNet.Attributes;
using MptTools.Engine.DataPlane;

namespace MptTools.Bench.Micro;

/// <summary>The choice of a packet's path, with weights that differ.</summary>
public class PathSelectionBenchmarks
{
    private PathSelector selector = null!;

    [Params(1, 2, 20)]
    public int Paths { get; set; }

    [GlobalSetup]
    public void Setup() => selector = new PathSelector([.. Enumerable.Range(0, Paths).Select(path => 3 + 7 * path)]);

    [Benchmark]
    public int Next() => selector.Next(uint.MaxValue);
}
