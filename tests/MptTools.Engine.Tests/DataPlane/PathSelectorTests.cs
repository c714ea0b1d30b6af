using MptTools.Engine.DataPlane;
using MptTools.Engine.Tests.Wire;

namespace MptTools.Engine.Tests.DataPlane;

public class PathSelectorTests
{
    private const uint AllUp = uint.MaxValue;
    private const int Seed = 1990;

    [Fact]
    public void WeightsThreeAndTwoGiveTheOrderOfTheProtocolsDescription() =>
        Assert.Equal([0, 1, 0, 0, 1, 0, 1, 0, 0, 1], Take(new PathSelector([3, 2]), 10));

    [Theory]
    [InlineData(new[] { 12, 18, 15 }, 15)]
    [InlineData(new[] { 7 }, 1)]
    [InlineData(new[] { 10000, 1 }, 10001)]
    [InlineData(new[] { 10000, 9999, 9998 }, 29997)]
    public void EachPathGetsItsShareOfEveryCycle(int[] weights, int cycle)
    {
        PathSelector selector = new(weights);
        for (int round = 0; round < 3; round++)
        {
            int[] counts = new int[weights.Length];
            Take(selector, cycle).ForEach(path => counts[path]++);
            Assert.Equal(weights.Select(weight => weight * cycle / weights.Sum()), counts);
        }
    }

    [Fact]
    public void FortyFivePacketsOfTheManualsExampleAreSplitAsItSays()
    {
        int[] counts = new int[3];
        Take(new PathSelector([12, 18, 15]), 45).ForEach(path => counts[path]++);
        Assert.Equal([12, 18, 15], counts);
    }

    [Theory]
    [InlineData("r0-none", "A", 3, 2)]
    [InlineData("r0-none", "B", 3, 2)]
    [InlineData("r100-none", "A", 3, 2)]
    [InlineData("r100-none", "B", 3, 2)]
    [InlineData("r100-rand", "A", 3, 2)]
    [InlineData("r100-rand", "B", 3, 2)]
    [InlineData("r100-sha256", "A", 3, 2)]
    [InlineData("r100-sha256", "B", 3, 2)]
    [InlineData("create", "A", 3, 2)]
    [InlineData("create", "B", 1, 1)] // weight_in of A: create crosses them over.
    [InlineData("v6", "A", 3, 2)]
    [InlineData("v6", "B", 3, 2)]
    public void ExistingServersSentInThisOrder(string scenario, string host, int first, int second)
    {
        int[] captured = [.. Captures.Data(scenario).Where(packet => packet.Host == host).Select(packet => packet.Path)];
        Assert.NotEmpty(captured);
        Assert.Equal(captured, Take(new PathSelector([first, second]), captured.Length));
    }

    [Theory]
    [InlineData(400, 20, 20)]
    [InlineData(100, 8, 300)]
    [InlineData(20, 3, 10000)]
    public void EveryPacketGoesWhereTheWrittenOutCycleSendsIt(int rounds, int mostPaths, int heaviest)
    {
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Seed + round);
            int[] weights = new int[random.Next(1, mostPaths + 1)];
            int factor = random.Next(4) == 0 ? random.Next(1, heaviest / 2 + 1) : 1;
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = factor * random.Next(1, heaviest / factor + 1);
            }
            WrittenOutCycle expected = new(weights);
            PathSelector selector = new(weights);
            uint all = (1u << weights.Length) - 1, up = all;
            int steps = Math.Min(2 * expected.Length + 100, 25_000);
            for (int step = 0; step < steps; step++)
            {
                if (random.Next(expected.Length / 4 + 3) == 0)
                {
                    up = random.Next(4) switch { 0 => all, 1 => 0, _ => (uint)random.Next() & all };
                }
                uint others = (uint)random.Next();
                int peeked = selector.Peek(up);
                _ = selector.Peek(others);
                int path = expected.Next(up), chosen = selector.Next(up);
                Assert.Equal(chosen, peeked);
                Assert.True(
                    path == chosen,
                    $"Packet {step} with paths {up:b} up goes to {chosen} instead of {path}: weights {string.Join(',', weights)}, seed {Seed + round}.");
            }
        }
    }

    [Fact]
    public void WithoutAPathThereIsNoneAndTheTurnsGoOnAfterwards()
    {
        PathSelector selector = new([3, 2]);
        Assert.Equal([0, 1, 0], Take(selector, 3));
        Assert.Equal(-1, selector.Next(0));
        Assert.Equal(-1, selector.Next(0xFFFFFFFC)); // Bits of paths that the connection does not have.
        Assert.Equal([0, 1, 0, 1, 0, 0, 1], Take(selector, 7));
    }

    [Fact]
    public void OnePathThatIsUpTakesAll() =>
        Assert.Equal(Enumerable.Repeat(1, 1000), Take(new PathSelector([10000, 1, 77]), 1000, up: 0b010));

    [Fact]
    public void ChoosingAllocatesNothing()
    {
        PathSelector selector = new([12, 18, 15, 1, 7]);
        selector.Next(AllUp);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (uint i = 0; i < 10_000; i++)
        {
            selector.Next(i);
            selector.Peek(i);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static List<int> Take(PathSelector selector, int count, uint up = AllUp) =>
        [.. Enumerable.Range(0, count).Select(_ => selector.Next(up))];
}
