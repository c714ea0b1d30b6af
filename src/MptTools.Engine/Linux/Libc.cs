using System.Runtime.InteropServices;

#pragma warning disable CS8981 // The kernel's type names are lower case.

namespace MptTools.Engine.Linux;

/// <summary>The system calls the product uses, declared once. Names and types follow the manual pages.</summary>
internal static unsafe partial class Libc
{
    private const string Lib = "libc";

    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint writev(int fd, iovec* pieces, int count);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int poll(pollfd* fds, nuint count, int timeoutMilliseconds);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int epoll_ctl(int epoll, int operation, int fd, void* change);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int epoll_pwait2(int epoll, void* events, int maxEvents, timespec* timeout, void* mask);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int socket(int family, int type, int protocol);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int socketpair(int family, int type, int protocol, int* descriptors);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int bind(int fd, void* address, uint length);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int connect(int fd, void* address, uint length);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int option, void* value, uint length);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int getsockopt(int fd, int level, int option, void* value, uint* length);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint send(int fd, void* buffer, nuint length, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint sendto(int fd, void* buffer, nuint length, int flags, void* address, uint addressLength);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint recv(int fd, void* buffer, nuint length, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint recvfrom(int fd, void* buffer, nuint length, int flags, void* address, uint* addressLength);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint sendmsg(int fd, msghdr* message, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint recvmsg(int fd, msghdr* message, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int sendmmsg(int fd, mmsghdr* messages, uint count, int flags);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int recvmmsg(int fd, mmsghdr* messages, uint count, int flags, timespec* timeout);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int setns(int fd, int type);

    [LibraryImport(Lib)]
    internal static partial uint geteuid();

    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint if_nametoindex(string name);

    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int kill(int processId, int signal);

    internal const int
        EINTR = 4, EAGAIN = 11, EBUSY = 16, EFAULT = 14, EPERM = 1, EACCES = 13, ENOENT = 2, EINVAL = 22, EBADF = 9, ENODEV = 19,
        EMSGSIZE = 90, EOPNOTSUPP = 95, EAFNOSUPPORT = 97, EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101, ENOBUFS = 105,
        ECONNREFUSED = 111, EHOSTUNREACH = 113, EIO = 5, EBADFD = 77, ENXIO = 6;

    internal const int O_RDONLY = 0, O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    internal const short POLLIN = 1;
    internal const int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3, EPOLL_CLOEXEC = 0x80000;
    internal const uint EPOLLIN = 1;
    internal const int EFD_NONBLOCK = 0x800, EFD_CLOEXEC = 0x80000;

    internal const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;
    internal const int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    internal const int MSG_DONTWAIT = 0x40, MSG_TRUNC = 0x20;

    internal const int SOL_IP = 0, SOL_SOCKET = 1, SOL_UDP = 17, SOL_IPV6 = 41;
    internal const int SO_REUSEADDR = 2, SO_PEERCRED = 17, SO_SNDBUFFORCE = 32,
        SO_RCVBUFFORCE = 33, SO_MARK = 36, SO_PEERGROUPS = 59, SO_RCVBUF = 8, SO_SNDBUF = 7, SO_NO_CHECK = 11;
    internal const int IP_TOS = 1, IP_PKTINFO = 8, IP_MTU_DISCOVER = 10, IP_RECVTOS = 13, IP_MTU = 14, IP_PMTUDISC_DO = 2;
    internal const int IPV6_MTU_DISCOVER = 23, IPV6_MTU = 24, IPV6_V6ONLY = 26, IPV6_RECVPKTINFO = 49, IPV6_PKTINFO = 50, IPV6_RECVTCLASS = 66, IPV6_TCLASS = 67, IPV6_PMTUDISC_DO = 2;

    internal const int UDP_NO_CHECK6_TX = 101, UDP_NO_CHECK6_RX = 102, UDP_SEGMENT = 103, UDP_GRO = 104;

    internal const int CLONE_NEWNET = 0x40000000;
    internal const nuint TUNSETIFF = 0x400454ca, TUNGETFEATURES = 0x800454cf, TUNSETOFFLOAD = 0x400454d0;
    internal const nuint TUN_F_CSUM = 0x01, TUN_F_TSO4 = 0x02, TUN_F_TSO6 = 0x04, TUN_F_TSO_ECN = 0x08, TUN_F_USO4 = 0x20, TUN_F_USO6 = 0x40;
    internal const int IFF_TUN = 1, IFF_NO_PI = 0x1000, IFF_TUN_EXCL = 0x8000, IFF_VNET_HDR = 0x4000, IFF_MULTI_QUEUE = 0x0100;

    [StructLayout(LayoutKind.Sequential)]
    internal struct pollfd
    {
        internal int fd;
        internal short events, revents;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct timespec
    {
        internal long tv_sec, tv_nsec;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct iovec
    {
        internal void* iov_base;
        internal nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct msghdr
    {
        internal void* msg_name;
        internal uint msg_namelen;
        internal iovec* msg_iov;
        internal nuint msg_iovlen;
        internal void* msg_control;
        internal nuint msg_controllen;
        internal int msg_flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct mmsghdr
    {
        internal msghdr msg_hdr;
        internal uint msg_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct cmsghdr
    {
        internal nuint cmsg_len;
        internal int cmsg_level, cmsg_type;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ifreq_flags
    {
        internal fixed byte ifr_name[16];
        internal short ifr_flags;
        internal fixed byte padding[22];
    }
}
