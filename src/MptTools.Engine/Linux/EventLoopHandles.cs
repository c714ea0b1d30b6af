using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>epoll(7), level-triggered. Each descriptor is known by a number its owner chooses.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    /// <summary>How many descriptors one wait can report.</summary>
    internal const int MaximumEvents = 64;

    // The kernel packs struct epoll_event on x86-64 only.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventSize - sizeof(ulong);

    private readonly byte* events = (byte*)NativeMemory.AllocZeroed(MaximumEvents * 16);
    private int fd = SystemCallException.Check(Libc.epoll_create1(Libc.EPOLL_CLOEXEC), "Making an epoll instance");

    internal void Add(int descriptor, int id) => Control(Libc.EPOLL_CTL_ADD, descriptor, id, Libc.EPOLLIN, "Adding a descriptor to epoll");

    /// <summary>Whether a wait is to end when the descriptor can be read.</summary>
    internal void Watch(int descriptor, int id, bool reading) =>
        Control(Libc.EPOLL_CTL_MOD, descriptor, id, reading ? Libc.EPOLLIN : 0, "Changing a descriptor of epoll");

    private void Control(int operation, int descriptor, int id, uint watched, string what)
    {
        byte* change = stackalloc byte[16];
        *(uint*)change = watched;
        *(ulong*)(change + DataOffset) = (ulong)id;
        SystemCallException.Check(Libc.epoll_ctl(fd, operation, descriptor, change), what);
    }

    internal void Remove(int descriptor)
    {
        byte* ignored = stackalloc byte[16];
        SystemCallException.Check(Libc.epoll_ctl(fd, Libc.EPOLL_CTL_DEL, descriptor, ignored), "Removing a descriptor from epoll");
    }

    /// <summary>Waits until a descriptor can be read; null waits forever.</summary>
    /// <returns>How many are ready; their numbers are read with <see cref="this[int]"/>.</returns>
    internal int Wait(TimeSpan? timeout)
    {
        Libc.timespec time = default;
        if (timeout is TimeSpan span)
        {
            long ticks = Math.Max(span.Ticks, 0);
            time.tv_sec = ticks / TimeSpan.TicksPerSecond;
            time.tv_nsec = ticks % TimeSpan.TicksPerSecond * 100;
        }
        int count = Libc.epoll_pwait2(fd, events, MaximumEvents, timeout is null ? null : &time, null);
        if (count < 0)
        {
            return Marshal.GetLastPInvokeError() == Libc.EINTR ? 0 : throw SystemCallException.Last("Waiting for packets");
        }
        return count;
    }

    internal int this[int index] => (int)*(ulong*)(events + index * EventSize + DataOffset);

    public void Dispose()
    {
        if (fd >= 0)
        {
            _ = Libc.close(fd);
            fd = -1;
            NativeMemory.Free(events);
        }
    }
}

/// <summary>eventfd(2): wakes a thread that waits for descriptors.</summary>
internal sealed unsafe class EventFd : IDisposable
{
    private int fd = SystemCallException.Check(Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC), "Making an eventfd");

    internal int Descriptor => fd;

    internal void Signal()
    {
        ulong one = 1;
        // Fails only when the counter is full: then the other side has been signalled already.
        _ = Libc.write(fd, &one, sizeof(ulong));
    }

    internal void Clear()
    {
        ulong value;
        _ = Libc.read(fd, &value, sizeof(ulong));
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
