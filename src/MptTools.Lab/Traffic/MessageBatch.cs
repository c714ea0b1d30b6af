using System.Runtime.InteropServices;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Traffic;

/// <summary>Native buffers and headers for sendmmsg and recvmmsg without addresses.</summary>
internal sealed unsafe class MessageBatch : IDisposable
{
    private readonly int size;
    private readonly byte* buffers;
    private readonly Libc.iovec* vectors;

    internal MessageBatch(int count, int size)
    {
        this.size = size;
        buffers = (byte*)NativeMemory.AllocZeroed((nuint)(count * size));
        vectors = (Libc.iovec*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(Libc.iovec));
        Messages = (Libc.mmsghdr*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(Libc.mmsghdr));
        for (int message = 0; message < count; message++)
        {
            vectors[message] = new Libc.iovec { iov_base = this[message], iov_len = (nuint)size };
            Messages[message].msg_hdr.msg_iov = &vectors[message];
            Messages[message].msg_hdr.msg_iovlen = 1;
        }
    }

    internal Libc.mmsghdr* Messages { get; private set; }

    internal byte* this[int message] => buffers + ((nint)message * size);

    public void Dispose()
    {
        NativeMemory.Free(buffers);
        NativeMemory.Free(vectors);
        NativeMemory.Free(Messages);
    }
}
