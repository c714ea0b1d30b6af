using BenchmarkDotNet.Attributes;
using MptTools.Engine.Tests.Wire;
using MptTools.Engine.Wire;

namespace MptTools.Bench.Micro;

/// <summary>A packet of 64 KB from the TUN device, planned and cut into all of its segments.</summary>
public unsafe class SegmentationBenchmarks
{
    private const int Mtu = 1440, LongestPacket = 65535;

    private readonly NativeBuffer header = new(Segmentation.MaximumHeaderLength);
    private NativeBuffer packet = null!;
    private VirtioHeader virtio;

    [Params("TCP", "UDP")]
    public string Protocol { get; set; } = "";

    [Params(4, 6)]
    public int IPVersion { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        PacketSpec empty = new() { IsIPv6 = IPVersion == 6, IsUdp = Protocol == "UDP" };
        int segment = Mtu - empty.HeaderLength;
        int segments = (LongestPacket - empty.HeaderLength) / segment;
        byte[] payload = new byte[segments * segment];
        new Random(1).NextBytes(payload);
        packet = new NativeBuffer((empty with { Payload = payload }).BuildForOffload());
        virtio = new VirtioHeader
        {
            Flags = VirtioHeader.NeedsChecksum,
            SegmentationType = empty.IsUdp ? VirtioHeader.UdpDatagrams : empty.IsIPv6 ? VirtioHeader.TcpIPv6 : VirtioHeader.TcpIPv4,
            HeaderLength = (ushort)empty.HeaderLength,
            SegmentSize = (ushort)segment,
            ChecksumStart = (ushort)empty.TransportOffset,
            ChecksumOffset = (ushort)empty.ChecksumOffset,
        };
        if (PlanAndWriteAll() != segments)
        {
            throw new InvalidOperationException("The packet is not cut as it should be.");
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        packet.Dispose();
        header.Dispose();
    }

    [Benchmark]
    public int PlanAndWriteAll()
    {
        if (Segmentation.TryPlan(packet.Span, virtio, out SegmentPlan plan) != SegmentError.None)
        {
            return 0;
        }
        for (int i = 0; i < plan.Count; i++)
        {
            Segmentation.WriteSegment(plan, packet.Data, i, header.Data, out _, out _);
        }
        return plan.Count;
    }
}
