using BenchmarkDotNet.Attributes;
using MptTools.Engine.Wire;

namespace MptTools.Bench.Micro;

/// <summary>The Internet checksum of a small packet's, a full packet's and a whole batch's bytes.</summary>
public class ChecksumBenchmarks
{
    private NativeBuffer buffer = null!;

    [Params(64, 1400, 65000)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        buffer = new NativeBuffer(Bytes);
        new Random(1).NextBytes(buffer.Span);
    }

    [GlobalCleanup]
    public void Cleanup() => buffer.Dispose();

    [Benchmark]
    public uint Add() => InternetChecksum.Add(buffer.Span, 0);
}
