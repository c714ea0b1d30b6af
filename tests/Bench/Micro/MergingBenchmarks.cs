using BenchmarkDotNet.Attributes;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Bench.Micro;

/// <summary>What arrives in one batch, merged for the TUN device. The time is that of a packet.</summary>
public unsafe class MergingBenchmarks
{
    private const int Packets = 45, PayloadLength = 1400, Flows = 16;

    private readonly Sink sink = new();
    private readonly NativeBuffer[] oneFlow = Make(_ => 1);
    private readonly NativeBuffer[] manyFlows = Make(index => index % Flows);
    private readonly NativeBuffer[] unmergeable = Make(_ => 1, spec => spec with { Flags = PacketSpec.Ack | PacketSpec.Urg });
    private PacketMerger merger = null!;

    [GlobalSetup]
    public void Setup()
    {
        merger = new PacketMerger(sink, MergeKinds.All);
        Check(OneFlow, writes: 1);
        Check(SixteenFlowsInTurn, writes: Flows);
        Check(Unmergeable, writes: Packets);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        merger.Dispose();
        foreach (NativeBuffer packet in (NativeBuffer[])[.. oneFlow, .. manyFlows, .. unmergeable])
        {
            packet.Dispose();
        }
    }

    [Benchmark(OperationsPerInvoke = Packets)]
    public void OneFlow() => Merge(oneFlow);

    [Benchmark(OperationsPerInvoke = Packets)]
    public void SixteenFlowsInTurn() => Merge(manyFlows);

    [Benchmark(OperationsPerInvoke = Packets)]
    public void Unmergeable() => Merge(unmergeable);

    private void Merge(NativeBuffer[] packets)
    {
        foreach (NativeBuffer packet in packets)
        {
            merger.Add(packet.Data, packet.Length);
        }
        merger.Flush();
    }

    private void Check(Action merge, int writes)
    {
        sink.Writes = 0;
        merge();
        if (sink.Writes != writes)
        {
            throw new InvalidOperationException($"{Packets} packets became {sink.Writes} writes instead of {writes}.");
        }
    }

    private static NativeBuffer[] Make(Func<int, int> flowOf, Func<PacketSpec, PacketSpec>? change = null)
    {
        uint[] sequences = new uint[Flows];
        return [.. Enumerable.Range(0, Packets).Select(index =>
        {
            int flow = flowOf(index);
            byte[] payload = new byte[PayloadLength];
            new Random(index).NextBytes(payload);
            PacketSpec spec = new() { SourcePort = (ushort)(40000 + flow), Sequence = sequences[flow], Id = (ushort)(sequences[flow] / PayloadLength), Payload = payload };
            sequences[flow] += PayloadLength;
            return new NativeBuffer((change is null ? spec : change(spec)).Build());
        })];
    }

    private sealed class Sink : ITunWriter
    {
        internal int Writes { get; set; }

        public void Write(in TunWrite write) => Writes++;
    }
}
