using System.Runtime.InteropServices;

namespace MptTools.Bench.Micro;

/// <summary>Native memory with contents, as the data plane has it.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    internal NativeBuffer(int length)
    {
        Data = (byte*)NativeMemory.AlignedAlloc((nuint)length, 64);
        Length = length;
        Span.Clear();
    }

    internal NativeBuffer(ReadOnlySpan<byte> contents) : this(contents.Length) => contents.CopyTo(Span);

    internal byte* Data { get; }

    internal int Length { get; }

    internal Span<byte> Span => new(Data, Length);

    public void Dispose() => NativeMemory.AlignedFree(Data);
}
