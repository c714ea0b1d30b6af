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

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int execve(byte* path, byte** arguments, byte** environment);

    // By number, which is the same on every architecture: glibc has had the first two by name only since 2.36, the last not at all.
    internal static int pidfd_open(int processId) => (int)syscall(434, processId, 0, 0, 0);

    internal static int pidfd_send_signal(int pidfd, int signal) => (int)syscall(424, pidfd, signal, 0, 0);

    internal static int pidfd_getfd(int pidfd, int descriptor) => (int)syscall(438, pidfd, descriptor, 0, 0);

    internal const short POLLOUT = 4;
    internal const int PR_SET_SECCOMP = 22, SECCOMP_MODE_FILTER = 2, PR_SET_NO_NEW_PRIVS = 38;
    internal const int ENOPROTOOPT = 92;
    internal const int PR_SET_TIMERSLACK = 29, PRIO_PROCESS = 0;
    internal const int CLOCK_MONOTONIC = 1, TIMER_ABSTIME = 1;
    internal const nuint TUNSETCARRIER = 0x400454e2;
    internal const int IPPROTO_TCP = 6, TCP_INFO = 11, TCP_CONGESTION = 13;

    /// <summary>An instruction of a filter on system calls (seccomp(2)).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sock_filter
    {
        internal ushort code;
        internal byte jt, jf;
        internal uint k;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct sock_fprog
    {
        internal ushort len;
        internal sock_filter* filter;
    }
}
