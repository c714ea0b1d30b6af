using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.DataPlane;

public class FlowSelectorTests
{
    private const uint AllUp = uint.MaxValue;
    private const int Flows = 10_000;

    public static TheoryData<string> Kinds =>
    [
        "source ports", "destination ports", "addresses", "both addresses", "IPv6 addresses", "IPv6 networks", "identifications",
        "flow labels", "random",
    ];

    [Theory, MemberData(nameof(Kinds))]
    public void TenThousandFlowsAreWithinTwoPointsOfTheWeights(string kind)
    {
        int[][] weightSets = [[1, 1], [3, 2], [10000, 1], [1, 1, 1, 1], [12, 18, 15], [7, 1, 1, 1], [100, 1, 50, 1, 10], [.. Enumerable.Range(1, 20)]];
        foreach (int[] weights in weightSets)
        {
            FlowSelector selector = Selector(weights);
            int[] counts = new int[weights.Length];
            foreach (ulong flow in Hashes(kind))
            {
                counts[selector.Select(flow, AllUp)]++;
            }
            for (int i = 0; i < weights.Length; i++)
            {
                Assert.InRange(counts[i] / (double)Flows - Share(weights, i), -0.02, 0.02);
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(10000, 7, 500)]
    [InlineData(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)]
    public void FourMillionFlowsAreWithinTheirScatterOfTheWeights(params int[] weights)
    {
        const int flows = 4_000_000, deviations = 5;
        FlowSelector selector = Selector(weights);
        int[] counts = new int[weights.Length];
        PacketFields fields = Fields(0);
        for (uint i = 0; i < flows; i++)
        {
            fields.Source = 0x0A00_0000 + i / 1000;
            fields.SourcePort = (ushort)(30_000 + i % 1000);
            counts[selector.Select(FlowSelector.HashOf(fields), AllUp)]++;
        }
        for (int i = 0; i < weights.Length; i++)
        {
            double share = Share(weights, i), scatter = Math.Sqrt(share * (1 - share) * flows);
            Assert.InRange((counts[i] - share * flows) / scatter, -deviations, deviations);
        }
    }

    [Fact]
    public void AFlowsPathDoesNotTellThePathItMovesTo()
    {
        // Of the flows of path 0, those that leave it go to the others by weight.
        int[] weights = [1, 3, 2];
        FlowSelector selector = Selector(weights);
        int[] counts = new int[3];
        foreach (ulong flow in Hashes("source ports").Concat(Hashes("random")).Where(flow => selector.Select(flow, AllUp) == 0))
        {
            counts[selector.Select(flow, 0b110)]++;
        }
        Assert.InRange(counts[1] / (double)(counts[1] + counts[2]), 0.57, 0.63);
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(40, 30, 20, 10)]
    [InlineData(1, 10000, 10, 100)]
    public void WhenAPathGoesOnlyItsFlowsMoveAndItGetsThemBack(params int[] weights)
    {
        FlowSelector selector = Selector(weights);
        for (int gone = 0; gone < weights.Length; gone++)
        {
            uint rest = AllUp & ~(1u << gone);
            int moved = 0;
            foreach (ulong flow in Hashes("source ports"))
            {
                int before = selector.Select(flow, AllUp), after = selector.Select(flow, rest);
                Assert.NotEqual(gone, after);
                Assert.True(before == after || before == gone, $"A flow moved from {before} to {after} when path {gone} went.");
                moved += before == after ? 0 : 1;
            }
            Assert.InRange(moved / (double)Flows - Share(weights, gone), -0.02, 0.02);
        }
    }

    [Fact]
    public void ANewPathTakesFlowsOnlyForItself()
    {
        FlowSelector before = Selector([40, 30, 20]), after = Selector([40, 30, 20, 10]);
        int moved = 0;
        foreach (ulong flow in Hashes("addresses"))
        {
            int from = before.Select(flow, AllUp), to = after.Select(flow, AllUp);
            Assert.True(from == to || to == 3);
            moved += from == to ? 0 : 1;
        }
        Assert.InRange(moved / (double)Flows, 0.08, 0.12);
    }

    [Theory]
    [InlineData(20, 60)]
    [InlineData(60, 20)]
    [InlineData(1, 10000)]
    public void AnotherWeightMovesFlowsOnlyToItsPathOrFromIt(int oldWeight, int newWeight)
    {
        int[] old = [40, 30, oldWeight, 10], changed = [40, 30, newWeight, 10];
        FlowSelector before = Selector(old), after = Selector(changed);
        int moved = 0;
        foreach (ulong flow in Hashes("random"))
        {
            int from = before.Select(flow, AllUp), to = after.Select(flow, AllUp);
            Assert.True(from == to || (newWeight > oldWeight ? to : from) == 2);
            moved += from == to ? 0 : 1;
        }
        double expected = Math.Abs(Share(changed, 2) - Share(old, 2));
        Assert.InRange(moved / (double)Flows - expected, -0.02, 0.02);
    }

    [Fact]
    public void AnotherOrderOfThePathsMovesNoFlow()
    {
        int[] weights = [3, 1, 2];
        ulong[] identities = [.. Enumerable.Range(0, 3).Select(Identity)];
        FlowSelector selector = new(weights, identities);
        FlowSelector turned = new([.. weights.Reverse()], [.. identities.Reverse()]);
        Assert.All(Hashes("random"), flow => Assert.Equal(selector.Select(flow, AllUp), 2 - turned.Select(flow, AllUp)));
    }

    [Fact]
    public void PathsOfTheSameIdentityShareAsWell()
    {
        FlowSelector selector = new([3, 2, 1], [7, 7, 7]);
        int[] counts = new int[3];
        foreach (ulong flow in Hashes("random"))
        {
            counts[selector.Select(flow, AllUp)]++;
        }
        Assert.InRange(counts[2] / (double)Flows, 0.146, 0.187);
        Assert.InRange(counts[1] / (double)Flows, 0.313, 0.353);
    }

    [Fact]
    public void WithoutAPathThereIsNoneAndOneTakesAll()
    {
        FlowSelector selector = Selector([3, 2, 1]);
        foreach (ulong flow in Hashes("random").Take(100))
        {
            Assert.Equal(-1, selector.Select(flow, 0));
            Assert.Equal(-1, selector.Select(flow, 0xFFFF_FFF8)); // Bits of paths that the connection does not have.
            Assert.Equal(2, selector.Select(flow, 0b100));
            Assert.NotEqual(0, selector.Select(flow, 0b110));
        }
    }

    [Fact]
    public void APathKeepsItsIdentityOverRestartsAndUnderAnotherNumber()
    {
        PathConfig path = Configs.Path(0);
        Assert.Equal(0x5F9A_ED3F_9137_D374ul, FlowSelector.IdentityOf(path));
        Assert.Equal(FlowSelector.IdentityOf(path), FlowSelector.IdentityOf(path with { Index = 7, WeightOut = 5, Priority = 3, RateLimit = 1000 }));
    }

    [Fact]
    public void WhatMakesAnotherPathMakesAnotherIdentity()
    {
        PathConfig path = Configs.Path(0);
        PathConfig[] others =
        [
            path,
            path with { Interface = "eth2" },
            path with { Interface = "eth" },
            path with { LocalAddress = null },
            path with { LocalAddress = IPAddress.Parse("10.1.0.9") },
            path with { RemoteAddress = null },
            path with { RemoteAddress = IPAddress.Parse("10.1.0.9") },
            path with { LocalAddress = path.RemoteAddress, RemoteAddress = path.LocalAddress },
            path with { IPVersion = 6 },
        ];
        Assert.Equal(others.Length, others.Select(FlowSelector.IdentityOf).Distinct().Count());
    }

    [Fact]
    public void TheHashIsOfTheFlowAndOfNothingElse()
    {
        PacketFields fields = Fields(1234);
        PacketFields marked = fields;
        marked.Dscp = 46;
        Assert.Equal(FlowSelector.HashOf(fields), FlowSelector.HashOf(marked));

        List<PacketFields> others = [];
        for (int bit = 0; bit < 128; bit++)
        {
            PacketFields version6 = fields;
            version6.Version = 6;
            others.Add(version6 with { Source = fields.Source ^ UInt128.One << bit });
            others.Add(version6 with { Destination = fields.Destination ^ UInt128.One << bit });
        }
        for (int bit = 0; bit < 32; bit++)
        {
            others.Add(fields with { Source = fields.Source ^ UInt128.One << bit });
            others.Add(fields with { Destination = fields.Destination ^ UInt128.One << bit });
            others.Add(fields with { Label = 1u << bit });
            others.Add(fields with { Label = 1u << bit, IsFragment = true });
        }
        for (int bit = 0; bit < 16; bit++)
        {
            others.Add(fields with { SourcePort = (ushort)(fields.SourcePort ^ 1 << bit) });
            others.Add(fields with { DestinationPort = (ushort)(fields.DestinationPort ^ 1 << bit) });
        }
        for (int bit = 0; bit < 8; bit++)
        {
            others.Add(fields with { Protocol = (byte)(fields.Protocol ^ 1 << bit) });
        }
        others.Add(fields with { Source = fields.Destination, Destination = fields.Source });
        others.Add(fields with { SourcePort = fields.DestinationPort, DestinationPort = fields.SourcePort });
        others.Add(fields);
        Assert.Equal(others.Count, others.Select(other => FlowSelector.HashOf(other)).Distinct().Count());
    }

    [Fact]
    public void TheDrawIsTheLogarithm()
    {
        Random random = new(1998);
        for (int i = 0; i < 200_000; i++)
        {
            ulong bits = (ulong)random.NextInt64() << 1 | (uint)random.Next(2);
            Check((i % 4) switch { 0 => bits >> random.Next(64), 1 => ~(bits >> random.Next(52)), _ => bits });
        }
        Check(1ul << 63);
        Check((1ul << 63) - 1);
        Check(1);
        Assert.Equal(0, FlowSelector.Exponential(ulong.MaxValue), 1e-18);
        Assert.Equal(64, FlowSelector.Exponential(0));

        static void Check(ulong bits)
        {
            // Where u is near 1 a double has room for 1 - u only, and the logarithm is the beginning of its series.
            double below = (0 - bits) * Math.Pow(2, -64);
            double exact = bits != 0 && below < 1e-5 ? (below + below * below / 2) / Math.Log(2) : 64 - Math.Log2(bits);
            double draw = FlowSelector.Exponential(bits);
            Assert.True(Math.Abs(draw - exact) <= 1e-4 * exact + 1e-18, $"{bits:x}: {draw} instead of {exact}");
        }
    }

    [Fact]
    public void ChoosingAllocatesNothing()
    {
        FlowSelector selector = Selector([12, 18, 15, 1, 7]);
        PacketFields fields = Fields(0);
        selector.Select(FlowSelector.HashOf(fields), AllUp);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (uint i = 0; i < 10_000; i++)
        {
            fields.SourcePort = (ushort)i;
            selector.Select(FlowSelector.HashOf(fields), i);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static FlowSelector Selector(params int[] weights) =>
        new(weights, [.. Enumerable.Range(0, weights.Length).Select(Identity)]);

    private static ulong Identity(int index) => FlowSelector.IdentityOf(Configs.Path(index));

    private static double Share(int[] weights, int i) => weights[i] / (double)weights.Sum();

    private static PacketFields Fields(int sourcePort) => new()
    {
        Version = 4,
        Source = 0x0A00_0001,
        Destination = 0xC0A8_0102,
        Protocol = 6,
        HasPorts = true,
        SourcePort = (ushort)sourcePort,
        DestinationPort = 443,
    };

    private static IEnumerable<ulong> Hashes(string kind)
    {
        Random random = new(Flows);
        UInt128 network = new(0x2001_0DB8_0000_0000, 1);
        for (int i = 0; i < Flows; i++)
        {
            PacketFields fields = kind switch
            {
                "source ports" => Fields(32768 + i),
                "destination ports" => Fields(50000) with { DestinationPort = (ushort)i },
                "addresses" => Fields(40000) with { Source = 0x0A00_0000u + (uint)i },
                "both addresses" => Fields(40000) with { Source = 0x0A00_0000u + (uint)i / 100, Destination = 0x0A01_0000u + (uint)i % 100 },
                "IPv6 addresses" => Fields(40000) with { Version = 6, Source = network + (uint)i, Destination = network },
                "IPv6 networks" => Fields(40000) with { Version = 6, Source = network + ((UInt128)(uint)i << 64), Destination = network },
                "identifications" => Fields(0) with { HasPorts = false, IsFragment = true, DestinationPort = 0, Label = (uint)i },
                "flow labels" => Fields(0) with { Version = 6, HasPorts = false, DestinationPort = 0, Label = (uint)i },
                _ => Fields(random.Next(65536)) with { Source = (uint)random.Next(), Destination = (uint)random.Next(), DestinationPort = (ushort)random.Next(65536) },
            };
            yield return FlowSelector.HashOf(fields);
        }
    }
}
