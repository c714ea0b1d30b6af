using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public class ByteSelectorTests
{
    private const uint AllUp = uint.MaxValue;
    private const int Seed = 1996;

    [Fact]
    public void EqualPacketsGoInTheOrderOfTheRule() =>
        Assert.Equal([0, 1, 0, 1, 0, 0, 1, 0, 1, 0], Take(new ByteSelector([3, 2]), 10, 1000));

    [Fact]
    public void TheHeaviestGoesFirstAndTheLowerNumberOnATie() =>
        Assert.Equal([1, 2, 0], Take(new ByteSelector([1, 2, 2]), 3, 100));

    [Theory]
    [InlineData(400, 20, 10000)]
    [InlineData(400, 4, 20)]
    [InlineData(200, 20, 2)]
    public void EachPathIsWithinOnePacketOfItsShareAtEveryMoment(int rounds, int mostPaths, int heaviest)
    {
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Seed + round);
            int[] weights = Weights(random, mostPaths, heaviest);
            ByteSelector selector = new(weights);
            Ledger ledger = new(weights);
            int kind = random.Next(7);
            for (int step = 0; step < 3000; step++)
            {
                int length = Length(random, kind, step);
                int path = selector.Next(AllUp, length);
                Assert.True(ledger.Add(path, length), $"Packet {step} of {length} bytes on path {path}: {ledger}, seed {Seed + round}.");
            }
        }
    }

    /// <summary>
    /// Looks for lengths that bring a path out of its bounds: of those on offer it takes the one after which the paths that
    /// are behind are furthest behind, as they have to be served one after the other.
    /// </summary>
    [Theory]
    [InlineData(100, 20, 10000)]
    [InlineData(200, 5, 30)]
    [InlineData(100, 12, 3)]
    public void NoChoiceOfLengthsBringsAPathOutOfBounds(int rounds, int mostPaths, int heaviest)
    {
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Seed + round);
            int[] weights = Weights(random, mostPaths, heaviest);
            ByteSelector selector = new(weights);
            Ledger ledger = new(weights);
            int most = random.Next(2, 60), growth = random.Next(200, 2000), power = random.Next(1, 3);
            for (int step = 0; step < 1500; step++)
            {
                if (step % growth == growth - 1)
                {
                    most += random.Next(1, most);
                }
                int worst = 1;
                double worstOutlook = double.NegativeInfinity;
                foreach (int length in (int[])[1, most, most - 1, most / 2 + 1, random.Next(1, most + 1), random.Next(1, most + 1)])
                {
                    double outlook = ledger.Outlook(selector.PeekNext(AllUp, length), length, power);
                    if (outlook > worstOutlook)
                    {
                        (worst, worstOutlook) = (length, outlook);
                    }
                }
                int chosen = random.Next(30) == 0 ? random.Next(1, most + 1) : worst;
                int path = selector.Next(AllUp, chosen);
                Assert.True(ledger.Add(path, chosen), $"Packet {step} of {chosen} bytes on path {path}: {ledger}, seed {Seed + round}.");
            }
        }
    }

    [Fact]
    public void TheSharesAreExactInTheLongRun()
    {
        int[] weights = [12, 18, 15];
        ByteSelector selector = new(weights);
        long[] bytes = new long[3];
        Random random = new(Seed);
        for (int i = 0; i < 100_000; i++)
        {
            int length = i % 2 == 0 ? 40 : random.Next(40, 1500);
            bytes[selector.Next(AllUp, length)] += length;
        }
        double all = bytes.Sum();
        for (int i = 0; i < 3; i++)
        {
            Assert.InRange(bytes[i] - all * weights[i] / 45, -1500, 1500);
        }
    }

    [Fact]
    public void PeekingTellsWhatComesAndChangesNothing() => PropertyCheck.Holds(
        from weights in Gen.NonEmptyListOf(Gen.Choose(1, 50))
        from steps in Gen.ListOf(
            from up in PropertyCheck.AnyUInt32
            from keepUp in Gen.Choose(0, 4)
            from length in Gen.Choose(0, 3000)
            select (up, keepUp > 0, length))
        select (weights, steps),
        input =>
        {
            int[] weights = [.. input.weights.Take(20)];
            ByteSelector selector = new(weights), untouched = new(weights);
            uint up = AllUp;
            foreach ((uint newUp, bool keep, int length) in input.steps)
            {
                up = keep ? up : newUp;
                _ = selector.PeekNext(newUp, length * 7);
                int peeked = selector.PeekNext(up, length), chosen = selector.Next(up, length);
                if (peeked != chosen || chosen != untouched.Next(up, length))
                {
                    return false;
                }
            }
            return true;
        });

    [Fact]
    public void AnotherSetOfPathsStartsOver()
    {
        ByteSelector selector = new([1, 1, 1]);
        Assert.Equal(0, selector.Next(AllUp, 1500)); // Path 0 is ahead by 1000 bytes now.
        Assert.Equal(0, selector.Next(0b011, 100));
        Assert.Equal(1, selector.Next(0b011, 100));
        Assert.Equal(2, selector.Next(0b100, 100));
        Assert.Equal([0, 1, 2, 0, 1, 2], Take(selector, 6, 100)); // Path 2 has nothing to make up for, and owes nothing.
    }

    [Fact]
    public void TheLargestPacketIsThatOfTheSetInUse()
    {
        Random random = new(Seed);
        for (int round = 0; round < 50; round++)
        {
            int[] weights = [.. Weights(random, 10, 100), 1, 1, 1];
            ByteSelector selector = new(weights);
            selector.Next(0b011, 1_000_000);
            Assert.Equal(Take(new ByteSelector(weights), 200, 10), Take(selector, 200, 10));
        }
    }

    [Fact]
    public void APathWithoutRoomPassesItsTurnAndGetsLittleBack()
    {
        ByteSelector selector = new([1, 1]);
        int[] counts = new int[2];
        for (int i = 0; i < 1000; i++)
        {
            counts[selector.Next(0b11, 100, room: i % 10 == 0 ? 0b10u : 0b11u)]++;
        }
        // Its turns are only put off.
        Assert.InRange(counts[0], 498, 502);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(1, selector.Next(0b11, 100, room: 0b10));
        }
        int[] after = [.. Enumerable.Range(0, 100).Select(_ => selector.Next(0b11, 100))];
        Assert.InRange(after.Count(path => path == 0), 50, 54);
    }

    [Fact]
    public void WithoutAPathThereIsNoneAndTheCountGoesOnAfterwards()
    {
        ByteSelector selector = new([3, 2]);
        Assert.Equal([0, 1, 0], Take(selector, 3, 1000));
        Assert.Equal(-1, selector.Next(0, 1000));
        Assert.Equal(-1, selector.Next(0xFFFFFFFC, 1000)); // Bits of paths that the connection does not have.
        Assert.Equal(-1, selector.PeekNext(0xFFFFFFFC, 1000));
        Assert.Equal([1, 0], Take(selector, 2, 1000));
    }

    [Fact]
    public void OnePathThatIsUpTakesAll()
    {
        ByteSelector selector = new([10000, 1, 77]);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(1, selector.PeekNext(0b010, i));
            Assert.Equal(1, selector.Next(0b010, i));
        }
    }

    [Fact]
    public void NumbersAreWideEnoughForTheLargestWeightsAndLengths()
    {
        int[] weights = [.. Enumerable.Range(0, 20).Select(i => 10000 - i % 3 * 4999)];
        ByteSelector selector = new(weights);
        Ledger ledger = new(weights);
        for (int step = 0; step < 1000; step++)
        {
            int length = step % 5 == 0 ? 1 : int.MaxValue;
            Assert.True(ledger.Add(selector.Next(AllUp, length), length), $"Packet {step}: {ledger}");
        }
    }

    [Fact]
    public void ChoosingAllocatesNothing()
    {
        ByteSelector selector = new([12, 18, 15, 1, 7]);
        selector.Next(AllUp, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            selector.Next((uint)i / 100, i);
            selector.PeekNext((uint)i, i);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static List<int> Take(ByteSelector selector, int count, int length) =>
        [.. Enumerable.Range(0, count).Select(_ => selector.Next(AllUp, length))];

    private static int[] Weights(Random random, int mostPaths, int heaviest)
    {
        int[] weights = new int[random.Next(1, mostPaths + 1)];
        bool isSteep = random.Next(3) == 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = isSteep && i > 0 ? random.Next(1, heaviest / 100 + 2) : random.Next(1, heaviest + 1);
        }
        return weights;
    }

    private static int Length(Random random, int kind, int step) => kind switch
    {
        0 => 1500,
        1 => random.Next(40, 1501),
        2 => random.Next(2) == 0 ? 40 : 1500,
        3 => step % 7 == 0 ? 65535 : 1,
        4 => 1 + step * random.Next(3), // Ever longer.
        5 => random.Next(100) == 0 ? random.Next(1, 65536) : 52,
        _ => (int)Math.Exp(random.NextDouble() * 11),
    };

    /// <summary>Who has got what, in whole numbers of any size.</summary>
    private sealed class Ledger(int[] weights)
    {
        private readonly Int128 sum = weights.Sum();
        private readonly Int128[] bytes = new Int128[weights.Length];
        private Int128 total, largest;

        /// <returns>False: a path is further from its share than the largest packet.</returns>
        internal bool Add(int path, int length)
        {
            bytes[path] += length;
            total += length;
            largest = Int128.Max(largest, length);
            for (int i = 0; i < weights.Length; i++)
            {
                if (Int128.Abs(Lag(i)) > largest * sum)
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>How bad things would look after a packet.</summary>
        internal double Outlook(int path, int length, int power)
        {
            double outlook = 0;
            for (int i = 0; i < weights.Length; i++)
            {
                double lag = (double)(Lag(i) + (Int128)length * weights[i] - (i == path ? length * sum : 0));
                outlook += lag > 0 ? Math.Pow(lag / (double)sum, power) : 0;
            }
            return outlook;
        }

        public override string ToString() =>
            $"weights {string.Join(',', weights)}, bytes {string.Join(',', bytes)}, largest packet {largest}";

        private Int128 Lag(int i) => total * weights[i] - bytes[i] * sum;
    }
}
