using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;
using static MptTools.Engine.Tests.DataPlane.InnerPackets;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>Which packet takes which path, from the tunnel to the wire.</summary>
public class MappingTests
{
    private const int Flows = 400;

    [Fact]
    public void BytesAreSharedByWeightWhateverTheSizes()
    {
        using TunnelBench bench = BenchOf(MappingMode.Bytes, Configs.Path(0, 3), Configs.Path(1, 1));
        Random random = new(1);
        for (int round = 0; round < 50; round++)
        {
            bench.SendIntoTunnel([.. Enumerable.Range(0, 20).Select(mark => ToB((uint)mark, random.Next(60, 1400)))]);
            long first = bench.Connection.Paths[0].Sent.Bytes, second = bench.Connection.Paths[1].Sent.Bytes;
            Assert.InRange(first - (first + second) * 3 / 4, -1400, 1400);
        }
        Assert.Equal(1000u, bench.Connection.NextSequence);
    }

    [Fact]
    public void WhatFragmentsTakeOfAPathIsMadeUpForByTheOthers()
    {
        using TunnelBench bench = BenchOf(MappingMode.Bytes, Configs.Path(0), Configs.Path(1) with { UdpChecksum = false });
        bench.Connection.Size.LargestInner = 500;
        for (int i = 0; i < 20; i++)
        {
            bench.SendIntoTunnel(ToB(length: 900), ToB(length: 400));
        }
        // Fragments take none but the first path, and are more bytes than the rest.
        Assert.Equal([40, 20], SentBy(bench));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    public void WhetherAPacketOfPriorityCarriesANumberIsKnownBefore(int first, int second)
    {
        using TunnelBench bench = BenchOf(
            MappingMode.Priority, Configs.Path(0) with { Priority = first }, Configs.Path(1) with { Priority = second });
        Assert.True(PacketFields.TryRead(ToB(), out PacketFields fields));
        bool isNumbered = bench.Connection.Mapping.Explain(fields, 60, bench.Connection, bench.Now).IsNumbered;
        bench.SendIntoTunnel(ToB());
        Assert.Equal(isNumbered, bench.Connection.NextSequence == 1);
        Assert.Equal(first == second, isNumbered);
    }

    [Fact]
    public void AFlowStaysOnItsPathAndNeedsNoNumber()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, [.. Enumerable.Range(0, 4).Select(index => Configs.Path(index))]);
        int[] before = PathsOfFlows(bench);
        Assert.Equal(before, PathsOfFlows(bench));
        Assert.All(Enumerable.Range(0, 4), path => Assert.InRange(before.Count(of => of == path), Flows / 4 - 60, Flows / 4 + 60));
        Assert.Equal(0u, bench.Connection.NextSequence);

        bench.Connection.UpPaths = 0b1011;
        int[] during = PathsOfFlows(bench);
        for (int flow = 0; flow < Flows; flow++)
        {
            Assert.True(before[flow] == 2 ? during[flow] != 2 : during[flow] == before[flow]);
        }
        Assert.Equal(3, during.Distinct().Count());

        bench.Connection.UpPaths = 0b1111;
        Assert.Equal(before, PathsOfFlows(bench));
    }

    [Fact]
    public void AllFragmentsThatAreMadeHereGoWithTheirFlow()
    {
        using TunnelBench bench = BenchOf(MappingMode.Flow, Configs.Path(0), Configs.Path(1), Configs.Path(2));
        bench.Connection.Size.LargestInner = 500;
        int[] small = [.. Enumerable.Range(0, 30).Select(flow => PathOf(bench, UdpToB(1000 + flow, 7)))];
        for (int flow = 0; flow < small.Length; flow++)
        {
            // 20 + 480, 20 + 480 and 20 + 420 bytes.
            Assert.Equal(small[flow], PathOf(bench, UdpToB(1000 + flow, 7, length: 1400), datagrams: 3));
        }
        Assert.Equal(3, small.Distinct().Count());
    }

    [Fact]
    public void FragmentsTakeTheirTurnTogetherWhateverPacketTheyAreOf()
    {
        Flow first = FlowOf(Fragment(1)), second = FlowOf(Fragment(2)), whole = FlowOf(UdpToB(1, 2));
        Assert.NotEqual(first.OnPath, second.OnPath);
        Assert.Equal(first.InQueue, second.InQueue);
        Assert.Equal(whole.OnPath, whole.InQueue);

        static Flow FlowOf(byte[] packet) => PacketFields.TryRead(packet, out PacketFields fields) ? Flow.Of(fields) : default;

        static byte[] Fragment(byte identification)
        {
            byte[] packet = UdpToB(1, 2);
            (packet[5], packet[6]) = (identification, 0x20);
            return packet;
        }
    }

    [Fact]
    public void RulesDecideFirstAndTheRestIsSpread()
    {
        using TunnelBench bench = Combined(
            MappingMode.Packet,
            [
                new() { Index = 0, Protocols = [17], DestinationPorts = [new(5060, 5061)], Paths = [2] },
                new() { Index = 1, Protocols = [17], DestinationPorts = [new(53, 53)], Paths = [1], IsStrict = true },
                new() { Index = 2, Dscp = [46], Paths = [0, 1], Spread = MappingMode.Packet },
            ],
            Configs.Path(0), Configs.Path(1), Configs.Path(2));
        bench.SendIntoTunnel(UdpToB(1, 5060), UdpToB(1, 5061), UdpToB(2, 53));
        Assert.Equal([0, 1, 2], SentBy(bench));
        // By one path packets are in order by themselves.
        Assert.Equal(0u, bench.Connection.NextSequence);
        bench.SendIntoTunnel(Repeat(UdpToB(3, 5062), 6));
        Assert.Equal([2, 3, 4], SentBy(bench));
        bench.SendIntoTunnel(Repeat(UdpToB(4, 5062, tos: 46 << 2), 6));
        Assert.Equal([5, 6, 4], SentBy(bench));
        Assert.Equal(12u, bench.Connection.NextSequence);
        Assert.Equal([2, 1, 6], bench.Connection.Mapping.Rules.Select(rule => rule.Decided.Packets));
        Assert.Equal(6 * 60, bench.Connection.Mapping.Rest.Decided.Bytes);
    }

    [Fact]
    public void ARuleWhosePathsAreDownFallsToTheOthersUnlessItIsStrict()
    {
        using TunnelBench bench = Combined(
            MappingMode.Packet,
            [
                new() { Index = 0, Protocols = [17], DestinationPorts = [new(80, 80)], Paths = [0] },
                new() { Index = 1, Protocols = [17], DestinationPorts = [new(81, 81)], Paths = [0], IsStrict = true },
            ],
            Configs.Path(0), Configs.Path(1), Configs.Path(2));
        bench.Connection.UpPaths = 0b110;
        bench.SendIntoTunnel(Repeat(UdpToB(1, 80), 4));
        Assert.Equal([0, 2, 2], SentBy(bench));
        Assert.Equal(4u, bench.Connection.NextSequence);
        bench.SendIntoTunnel(Repeat(UdpToB(1, 81), 4));
        Assert.Equal([0, 2, 2], SentBy(bench));
        Assert.Equal(4, bench.Connection.SendDrops[DropReason.NoPathUp]);
        bench.Connection.UpPaths = 0b111;
        bench.SendIntoTunnel(UdpToB(1, 80), UdpToB(1, 81));
        Assert.Equal([2, 2, 2], SentBy(bench));
    }

    [Fact]
    public void PortsOfPathsAreRulesBehindTheOthers()
    {
        using TunnelBench bench = Combined(
            MappingMode.Packet,
            [new() { Index = 0, Protocols = [17], DestinationPorts = [new(54, 54)], Paths = [0] }],
            Configs.Path(0) with { UdpDestinationPorts = [new(53, 53)], UdpSourcePorts = [new(1568, 1568), new(10000, 10009)] },
            Configs.Path(1) with { UdpDestinationPorts = [new(54, 55)], TcpDestinationPorts = [new(53, 53)] });
        bench.SendIntoTunnel(UdpToB(1, 53), UdpToB(1568, 1), UdpToB(10004, 54), UdpToB(1, 54));
        Assert.Equal([4, 0], SentBy(bench));
        bench.SendIntoTunnel(Repeat(UdpToB(1, 55), 3));
        Assert.Equal([4, 3], SentBy(bench));
    }

    [Fact]
    public void ABackupIsUsedWhenNothingElseIsUpOrARuleNamesIt()
    {
        using TunnelBench bench = Combined(
            MappingMode.Packet,
            [new() { Index = 0, Protocols = [17], DestinationPorts = [new(7, 7)], Paths = [1] }],
            Configs.Path(0), Configs.Path(1) with { IsBackup = true }, Configs.Path(2));
        bench.SendIntoTunnel(Repeat(ToB(), 4));
        Assert.Equal([2, 0, 2], SentBy(bench));
        Assert.Equal(0b101u, Numbered(bench));
        bench.SendIntoTunnel(UdpToB(1, 7));
        Assert.Equal([2, 1, 2], SentBy(bench));
        bench.Connection.UpPaths = 0b010;
        bench.SendIntoTunnel(Repeat(ToB(), 4));
        Assert.Equal([2, 5, 2], SentBy(bench));
        // The others would, as soon as they are up.
        Assert.Equal(0b111u, Numbered(bench));
    }

    [Fact]
    public void ADuplicateGoesByEveryPathWithOneNumber()
    {
        using TunnelBench bench = BenchOf(MappingMode.Duplicate, Configs.Path(0), Configs.Path(1), Configs.Path(2));
        bench.Connection.PeerTakesDuplicates = true;
        bench.Connection.UpPaths = 0b101;
        bench.SendIntoTunnel(ToB(1), ToB(2));
        uint key = bench.Connection.DuplicateKey;
        foreach (int path in (int[])[0, 2])
        {
            Assert.Equal([Duplicate(ToB(1), key, 0), Duplicate(ToB(2), key, 1)], bench.Peers[path].Receive(2).Select(datagram => datagram.Payload));
        }
        Assert.Equal([2, 0, 2], SentBy(bench));
        Assert.Equal(0u, bench.Connection.NextSequence);
    }

    [Fact]
    public void NothingIsSentTwiceToAPeerThatWouldDeliverBoth()
    {
        using TunnelBench bench = BenchOf(MappingMode.Duplicate, Configs.Path(0), Configs.Path(1));
        for (int i = 0; i < 10; i++)
        {
            PathOf(bench, UdpToB(i, 7));
        }
        Assert.Equal(0u, bench.Connection.NextDuplicate);
        // Each flow stays on its path, and waits for none of the other one.
        Assert.Equal(0u, bench.Connection.NextSequence);
    }

    [Fact]
    public void TheFirstCopyIsDeliveredAtOnceAndTheOthersAreNot()
    {
        using TunnelBench bench = TunnelBench.With(paths: 2, window: 100);
        byte[] call = ToA(11), download = ToA(12);
        Assert.Equal([ToA(0), ToA(1)], bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1))));
        Assert.Empty(bench.Deliver((0, Gre(download, 3))));
        // Number 2 is missing, and the call does not wait for it.
        Assert.Equal([call], bench.Deliver((1, Duplicate(call, 9, 0)), (0, Duplicate(call, 9, 0))));
        Assert.Equal([ToA(4), ToA(3)], bench.Deliver((1, Duplicate(ToA(4), 9, 2)), (1, Duplicate(ToA(3), 9, 1))));
        Assert.Empty(bench.Deliver((0, Duplicate(ToA(3), 9, 1)), (0, Duplicate(ToA(4), 9, 2))));
        Assert.Equal(3, bench.Connection.DuplicatesDiscarded);
        // The peer has started anew.
        Assert.Equal([ToA(5)], bench.Deliver((0, Duplicate(ToA(5), 10, 0))));
        Assert.Equal([ToA(6), download], bench.Deliver((1, Gre(ToA(6), 2))));
    }

    [Fact]
    public void APathWithoutNumbersHoldsUpNoGap()
    {
        using TunnelBench bench = TunnelBench.With(paths: 3, window: 100);
        bench.Connection.PeerIsOurs = true;
        bench.Connection.Paths[2].PeerSendsNoNumbers = true;
        bench.Deliver((0, Gre(ToA(0), 0)), (1, Gre(ToA(1), 1)), (2, Gre(ToA(100))));
        // Number 2 is lost: the two paths that carry numbers have brought newer ones.
        Assert.Equal([ToA(3), ToA(4)], bench.Deliver((0, Gre(ToA(3), 3)), (1, Gre(ToA(4), 4))));
        Assert.Equal(1, bench.Connection.Order!.LostByGap);

        bench.Connection.Paths[2].PeerSendsNoNumbers = false;
        Assert.Empty(bench.Deliver((0, Gre(ToA(6), 6)), (1, Gre(ToA(7), 7))));
    }

    [Fact]
    public void TheMappingChangesWhileTrafficRuns()
    {
        using TunnelBench bench = BenchOf(MappingMode.Packet, Configs.Path(0), Configs.Path(1));
        ConnectionRuntime connection = bench.Connection;
        bench.SendIntoTunnel(Repeat(UdpToB(1, 2), 4));
        Assert.Equal([2, 2], SentBy(bench));
        connection.Become(connection.Config with { Mapping = MappingMode.Flow }, connection.Paths, connection.Order, bench.Now);
        bench.SendIntoTunnel(Repeat(UdpToB(1, 2), 4));
        Assert.Contains(SentBy(bench), sent => sent == 6);
        connection.Become(connection.Config with { Mapping = MappingMode.Packet }, connection.Paths, connection.Order, bench.Now);
        bench.SendIntoTunnel(Repeat(UdpToB(1, 2), 4));
        Assert.Contains(SentBy(bench), sent => sent == 8);
        Assert.Equal(8u, connection.NextSequence);
    }

    [Fact]
    public void RulesThatStayGoOnCounting()
    {
        RuleConfig first = new() { Index = 0, Protocols = [17], DestinationPorts = [new(1, 1)], Paths = [0] };
        RuleConfig second = first with { Index = 1, DestinationPorts = [new(2, 2)] };
        using TunnelBench bench = Combined(MappingMode.Packet, [first, second], Configs.Path(0), Configs.Path(1));
        ConnectionRuntime connection = bench.Connection;
        bench.SendIntoTunnel(UdpToB(9, 1), UdpToB(9, 2), UdpToB(9, 2));
        RuleConfig added = first with { DestinationPorts = [new(3, 3)] };
        connection.Become(
            connection.Config with { Rules = [added, second with { Index = 1 }, second with { Index = 2, Paths = [1] }] }, connection.Paths, connection.Order, bench.Now);
        Assert.Equal([0, 2, 0], connection.Mapping.Rules.Select(rule => rule.Decided.Packets));
    }

    [Theory]
    [InlineData(MappingMode.Packet, 0, 4)]
    [InlineData(MappingMode.Packet, 100, 8)]
    [InlineData(MappingMode.Flow, 100, 8)]
    [InlineData(MappingMode.Duplicate, 0, 12)]
    [InlineData(MappingMode.Duplicate, 100, 12)]
    public void TheLongestHeaderIsKnownBefore(MappingMode mode, int window, int length) =>
        Assert.Equal(length, ConnectionRuntime.HeaderLengthOf(Configs.Connection(Configs.Path(0)) with { Mapping = mode, ReorderWindow = window }));

    internal static TunnelBench BenchOf(MappingMode mode, params PathConfig[] paths) =>
        new(Configs.Connection(paths) with { Mapping = mode, ReorderWindow = 1000 });

    internal static TunnelBench Combined(MappingMode rest, RuleConfig[] rules, params PathConfig[] paths) =>
        new(Configs.Connection(paths) with { Mapping = MappingMode.Combined, MappingRest = rest, Rules = rules, ReorderWindow = 1000 });

    internal static byte[][] Repeat(byte[] packet, int count) => [.. Enumerable.Repeat(packet, count)];

    internal static long[] SentBy(TunnelBench bench) => [.. bench.Connection.Paths.Select(path => path.Sent.Packets)];

    /// <summary>Bit i: the peer must reckon with numbers on path i.</summary>
    internal static uint Numbered(TunnelBench bench) =>
        (uint)bench.Connection.Paths.Where(path => bench.Connection.NumbersOn(path.Index)).Sum(path => 1 << path.Index);

    private static int[] PathsOfFlows(TunnelBench bench) => [.. Enumerable.Range(0, Flows).Select(flow => PathOf(bench, UdpToB(1000 + flow, 80)))];

    /// <summary>The one path that a packet takes.</summary>
    private static int PathOf(TunnelBench bench, byte[] packet, int datagrams = 1)
    {
        long[] before = SentBy(bench);
        bench.SendIntoTunnel(packet);
        (long Sent, int Path) taken = Assert.Single(SentBy(bench).Select((sent, path) => (sent - before[path], path)), path => path.Item1 > 0);
        Assert.Equal(datagrams, taken.Sent);
        return taken.Path;
    }
}
