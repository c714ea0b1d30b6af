using MptTools.Lab.Emulation;

namespace MptTools.Lab.Tests.LabSelf;

public class PacketPoolTests
{
    [Fact]
    public unsafe void Slots_do_not_overlap_and_come_back()
    {
        using var pool = new PacketPool(1500, 1 << 20);
        var slots = new List<int>();
        while (pool.TryRent(out int slot))
        {
            new Span<byte>(pool[slot], pool.SlotSize).Fill((byte)slot);
            slots.Add(slot);
        }
        Assert.Equal(slots.Count, slots.Distinct().Count());
        Assert.Equal(slots.Count, pool.Rented);
        Assert.InRange(slots.Count, 256, (1 << 20) / 1500);
        Assert.All(slots, slot => Assert.Equal(-1,
            new ReadOnlySpan<byte>(pool[slot], pool.SlotSize).IndexOfAnyExcept((byte)slot)));
        slots.ForEach(pool.Return);
        Assert.Equal(0, pool.Rented);
        Assert.True(pool.TryRent(out _));
    }
}
