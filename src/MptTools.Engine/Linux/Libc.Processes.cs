using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>Namespaces, processes and clocks: what test networks need of the kernel.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int unshare(int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int setpriority(int which, uint who, int niceness);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int ppoll(pollfd* fds, nuint count, timespec* timeout, void* mask);

    [LibraryImport(Lib)]
    internal static partial int clock_nanosleep(int clock, int flags, timespec* time, timespec* remaining);

    [LibraryImport(Lib, SetLastError = true)]
    private static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth);

    // By number, which is the same on every architecture: glibc has had these two by name only since 2.36.
    internal static int pidfd_open(int processId) => (int)syscall(434, processId, 0, 0, 0);

    internal static int pidfd_send_signal(int pidfd, int signal) => (int)syscall(424, pidfd, signal, 0, 0);

    internal const short POLLOUT = 4;
    internal const int PR_SET_TIMERSLACK = 29, PRIO_PROCESS = 0;
    internal const int CLOCK_MONOTONIC = 1, TIMER_ABSTIME = 1;
    internal const nuint TUNSETCARRIER = 0x400454e2;
    internal const int IPPROTO_TCP = 6, TCP_INFO = 11, TCP_CONGESTION = 13;
}
