using FsCheck;
using FsCheck.Fluent;
using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public class DuplicateFilterTests
{
    private const uint Key = 0xC0FFEE;

    [Fact]
    public void TheFirstCopyIsNewAndTheOthersAreNot()
    {
        DuplicateFilter filter = new();
        for (uint sequence = 1; sequence < 200_000; sequence++)
        {
            Assert.True(filter.IsNew(Key, sequence));
            Assert.False(filter.IsNew(Key, sequence));
        }
    }

    [Theory]
    [InlineData(1_000_000u)]
    [InlineData(100u)] // The window lies across the wrap.
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void TheWindowEndsWhereItShould(uint newest)
    {
        DuplicateFilter filter = new();
        Assert.True(filter.IsNew(Key, newest));
        Assert.True(filter.IsNew(Key, newest - DuplicateFilter.Window));
        Assert.False(filter.IsNew(Key, newest - DuplicateFilter.Window));
        Assert.False(filter.IsNew(Key, newest - DuplicateFilter.Window - 1));
        Assert.True(filter.IsNew(Key, newest + 1));
        Assert.False(filter.IsNew(Key, newest));
        Assert.False(filter.IsNew(Key, newest - DuplicateFilter.Window));
        Assert.True(filter.IsNew(Key, newest - DuplicateFilter.Window + 2));
    }

    [Fact]
    public void WhatIsFarBehindIsOldUpToHalfTheNumbers()
    {
        DuplicateFilter filter = new();
        Assert.True(filter.IsNew(Key, 0));
        Assert.False(filter.IsNew(Key, 0x8000_0000));
        Assert.False(filter.IsNew(Key, 0x8000_0001));
        Assert.True(filter.IsNew(Key, 0x7FFF_FFFF));
    }

    [Fact]
    public void ANumberThatWasNeverTheSendersIsForgottenInTheEnd()
    {
        DuplicateFilter filter = new();
        Assert.True(filter.IsNew(Key, 1000));
        Assert.True(filter.IsNew(Key, 0x7000_0000));
        uint next = 1001;
        for (int i = 1; i < DuplicateFilter.OldPacketsBeforeRestart; i++)
        {
            Assert.False(filter.IsNew(Key, next++));
        }
        Assert.True(filter.IsNew(Key, next));
        Assert.False(filter.IsNew(Key, next));
        Assert.True(filter.IsNew(Key, next + 1));
    }

    [Fact]
    public void OldPacketsAmongNewOnesStayOld()
    {
        DuplicateFilter filter = new();
        for (uint i = 0; i < 2 * DuplicateFilter.OldPacketsBeforeRestart; i++)
        {
            Assert.True(filter.IsNew(Key, 1_000_000 + i));
            Assert.False(filter.IsNew(Key, i));
        }
    }

    [Fact]
    public void AnotherKeyStartsOver()
    {
        DuplicateFilter filter = new();
        Assert.True(filter.IsNew(Key, 1000));
        Assert.True(filter.IsNew(Key, 999));
        Assert.True(filter.IsNew(0, 1));
        Assert.False(filter.IsNew(0, 1));
        Assert.True(filter.IsNew(0, 999));
        Assert.True(filter.IsNew(0, 1000));
        Assert.True(filter.IsNew(Key, 1000));
    }

    [Fact]
    public void ItAnswersAsOneThatRemembersEverything() => PropertyCheck.Holds(
        from start in Gen.OneOf(PropertyCheck.AnyUInt32, Gen.Choose(-70_000, 70_000).Select(number => (uint)number))
        from steps in Gen.ListOf(Step, 300)
        select (start, steps),
        input =>
        {
            DuplicateFilter filter = new();
            HashSet<uint> seen = [];
            uint key = 1, newest = input.start;
            bool started = false;
            foreach ((int distance, bool restart) in input.steps)
            {
                uint sequence = newest + (uint)distance;
                if (restart)
                {
                    key++;
                    started = false;
                }
                if (!started)
                {
                    started = true;
                    seen.Clear();
                    newest = sequence;
                }
                bool isNew = (int)(sequence - newest) >= -DuplicateFilter.Window && seen.Add(sequence);
                if (filter.IsNew(key, sequence) != isNew)
                {
                    return false;
                }
                newest = (int)(sequence - newest) > 0 ? sequence : newest;
                seen.RemoveWhere(number => newest - number > DuplicateFilter.Window);
            }
            return true;
        });

    [Fact]
    public void NothingIsAllocatedAfterTheFirst()
    {
        DuplicateFilter filter = new();
        filter.IsNew(Key, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (uint i = 0; i < 1000; i++)
        {
            filter.IsNew(i / 100, i * 1000);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>How far from the newest number the next one is; often where words, the ring and the window begin and end.</summary>
    private static Gen<(int Distance, bool Restart)> Step =>
        from near in Gen.Choose(-3, 3)
        from far in Gen.Choose(-140_000, 140_000)
        from further in Gen.Choose(1, int.MaxValue)
        from edge in Gen.Elements(0, 0, 64, -64, 65536, -65536, 131072 - 64, 131072, -131072, int.MaxValue - 10)
        from kind in Gen.Frequency((10, Gen.Constant(0)), (3, Gen.Constant(1)), (3, Gen.Constant(2)), (1, Gen.Constant(3)))
        from restart in Gen.Choose(0, 99)
        select (kind switch { 0 => near, 1 => edge + near, 2 => far, _ => further }, restart == 0);
}
