using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>One queue of a <see cref="TunDevice"/>: a descriptor that packets are read from and written to. Any thread may write.</summary>
/// <param name="descriptor">Not blocking; closed when the queue is disposed.</param>
/// <param name="device">The device's name.</param>
internal sealed unsafe class TunQueue(int descriptor, string device) : IDisposable
{
    private int fd = descriptor;

    internal int Descriptor => fd;

    /// <summary>Reads one packet, behind its virtio header where the device has them.</summary>
    /// <returns>Its length; 0 when there is none now (or the device is down).</returns>
    internal int Read(byte* buffer, int capacity)
    {
        while (true)
        {
            nint length = Libc.read(fd, buffer, (nuint)capacity);
            if (length >= 0)
            {
                return (int)length;
            }
            switch (Marshal.GetLastPInvokeError())
            {
                case Libc.EINTR:
                    continue;
                case Libc.EAGAIN or Libc.EIO:
                    return 0;
                case Libc.EBADFD or Libc.EFAULT:
                    throw new IOException($"The tunnel device {device} was removed from the system.");
                default:
                    throw SystemCallException.Last($"Reading from {device}");
            }
        }
    }

    /// <summary>Writes one packet, the virtio header first where the device has them.</summary>
    /// <returns>0, or the error's number.</returns>
    internal int Write(Libc.iovec* pieces, int count)
    {
        while (Libc.writev(fd, pieces, count) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.EINTR)
            {
                return errno;
            }
        }
        return 0;
    }

    public void Dispose()
    {
        if (fd >= 0)
        {
            _ = Libc.close(fd);
            fd = -1;
        }
    }
}
