using System.Runtime.InteropServices;

namespace MptTools.Lab.Emulation;

/// <summary>Native memory for packets, in slots of equal size; grows while packets are held and is kept. Not
/// thread-safe.</summary>
internal sealed unsafe class PacketPool : IDisposable
{
    private const int SlotsPerChunk = 256;

    private readonly int slotSize, maximumSlots;
    private readonly List<nint> chunks = [];
    private readonly Stack<int> free = new();

    /// <param name="slotSize">Bytes of one slot.</param>
    /// <param name="maximumBytes">Memory the pool may take.</param>
    internal PacketPool(int slotSize, long maximumBytes)
    {
        this.slotSize = (slotSize + 63) & ~63;
        maximumSlots = (int)(maximumBytes / this.slotSize);
    }

    /// <summary>Slots in use.</summary>
    internal int Rented => (chunks.Count * SlotsPerChunk) - free.Count;

    internal int SlotSize => slotSize;

    internal byte* this[int slot] => (byte*)chunks[slot / SlotsPerChunk] + ((nint)(slot % SlotsPerChunk) * slotSize);

    /// <summary>Takes a free slot; false when the pool may not grow further.</summary>
    internal bool TryRent(out int slot)
    {
        if (free.TryPop(out slot))
        {
            return true;
        }
        int first = chunks.Count * SlotsPerChunk;
        if (first + SlotsPerChunk > maximumSlots)
        {
            return false;
        }
        chunks.Add((nint)NativeMemory.AlignedAlloc((nuint)(SlotsPerChunk * slotSize), 64));
        for (int next = first + SlotsPerChunk - 1; next > first; next--)
        {
            free.Push(next);
        }
        slot = first;
        return true;
    }

    internal void Return(int slot) => free.Push(slot);

    public void Dispose()
    {
        foreach (nint chunk in chunks)
        {
            NativeMemory.AlignedFree((void*)chunk);
        }
        chunks.Clear();
        free.Clear();
    }
}
