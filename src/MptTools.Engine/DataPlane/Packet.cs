using System.Runtime.InteropServices;

namespace MptTools.Engine.DataPlane;

/// <summary>An inner packet somewhere in native memory.</summary>
internal unsafe struct PacketRef
{
    /// <summary>The first byte of the inner IP header.</summary>
    internal byte* Data;
    /// <summary>Its length in bytes.</summary>
    internal int Length;
    /// <summary>The GRE sequence number; only of use where packets are ordered.</summary>
    internal uint Sequence;
    /// <summary><see cref="Data"/> is a chunk of the <see cref="ChunkPool"/> and goes back there; otherwise it lies in a receive buffer.</summary>
    internal bool OwnsChunk;
    /// <summary>The path it came by.</summary>
    internal byte Path;
}

/// <summary>A list of packets that keeps its memory when it is cleared.</summary>
internal sealed class PacketList
{
    private PacketRef[] items = new PacketRef[256];

    internal int Count { get; private set; }

    internal ref PacketRef this[int index] => ref items[index];

    internal void Add(in PacketRef packet)
    {
        if (Count == items.Length)
        {
            Array.Resize(ref items, Count * 2);
        }
        items[Count++] = packet;
    }

    internal void Clear() => Count = 0;
}

/// <summary>
/// Native memory for packets that wait beyond the batch they came in: taken from the system once, kept for the next.
/// Owned by the thread that receives.
/// </summary>
internal sealed unsafe class ChunkPool : IDisposable
{
    /// <summary>Fits any packet of an Ethernet-sized tunnel; what is larger takes a chunk of <see cref="LargeSize"/>.</summary>
    internal const int SmallSize = 2048 - HeaderSize;
    private const int HeaderSize = 32;
    /// <summary>Fits any packet, behind what <see cref="FairQueue"/> keeps with it.</summary>
    internal const int LargeSize = 65536 + 128;

    // One list of free chunks for each size, small first.
    private readonly Chunk*[] free = new Chunk*[2];
    private Chunk* all;

    [StructLayout(LayoutKind.Sequential, Size = HeaderSize)]
    private struct Chunk
    {
        internal Chunk* Next;
        internal Chunk* NextOfAll;
        internal nuint SizeClass;
    }

    /// <summary>Chunks handed out and not returned.</summary>
    internal int InUse { get; private set; }

    internal byte* Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LargeSize);
        nuint sizeClass = length <= SmallSize ? 0u : 1u;
        Chunk* chunk = free[sizeClass];
        if (chunk != null)
        {
            free[sizeClass] = chunk->Next;
        }
        else
        {
            chunk = (Chunk*)NativeMemory.Alloc((nuint)((sizeClass == 0 ? SmallSize : LargeSize) + sizeof(Chunk)));
            chunk->SizeClass = sizeClass;
            chunk->NextOfAll = all;
            all = chunk;
        }
        InUse++;
        return (byte*)(chunk + 1);
    }

    internal void Return(byte* data)
    {
        Chunk* chunk = (Chunk*)data - 1;
        chunk->Next = free[chunk->SizeClass];
        free[chunk->SizeClass] = chunk;
        InUse--;
    }

    public void Dispose()
    {
        while (all != null)
        {
            Chunk* next = all->NextOfAll;
            NativeMemory.Free(all);
            all = next;
        }
        Array.Clear(free);
    }
}
