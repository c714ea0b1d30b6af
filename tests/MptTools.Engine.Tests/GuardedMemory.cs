using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MptTools.Engine.Tests;

/// <summary>
/// Slots of native memory with a page between them that nobody may touch: whoever reads or writes past what was placed
/// ends the process.
/// </summary>
public sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int Page = 4096;
    private const int NoAccess = 0, ReadAndWrite = 3, PrivateAndAnonymous = 0x22;

    private readonly byte* memory;
    private readonly int slots, slotSize;
    private readonly nuint size;

    public GuardedMemory(int slots, int slotSize)
    {
        this.slots = slots;
        this.slotSize = (slotSize + Page - 1) / Page * Page;
        size = (nuint)(Page + (long)slots * (this.slotSize + Page));
        memory = Mmap(null, size, NoAccess, PrivateAndAnonymous, -1, 0);
        if ((nint)memory == -1)
        {
            throw new Win32Exception();
        }

        for (int i = 0; i < slots; i++)
        {
            if (Mprotect(Start(i), (nuint)this.slotSize, ReadAndWrite) != 0)
            {
                throw new Win32Exception();
            }
        }
    }

    /// <summary>Places bytes at the end of a slot with an even number, at the start of another.</summary>
    public byte* Place(int slot, ReadOnlySpan<byte> bytes)
    {
        byte* place = Room(slot, bytes.Length);
        bytes.CopyTo(new Span<byte>(place, bytes.Length));
        return place;
    }

    /// <summary>The same without writing.</summary>
    public byte* Room(int slot, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, slots);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, slotSize);
        return slot % 2 == 0 ? Start(slot) + slotSize - length : Start(slot);
    }

    public void Dispose() => _ = Munmap(memory, size);

    private byte* Start(int slot) => memory + Page + (long)slot * (slotSize + Page);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial byte* Mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Mprotect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Munmap(void* address, nuint length);
}
