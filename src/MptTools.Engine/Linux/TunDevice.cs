using System.Runtime.InteropServices;
using System.Text;

namespace MptTools.Engine.Linux;

/// <summary>A TUN device (tun(4)): IP packets without any frame. It disappears from the system when it is disposed or the process ends.</summary>
internal sealed unsafe class TunDevice : IDisposable
{
    internal const string ClonePath = "/dev/net/tun";

    private const Offloads NeedHeaders = Offloads.TunTcp | Offloads.TunUdp | Offloads.TunMerge;

    private int fd;

    private TunDevice(int fd, string name)
    {
        this.fd = fd;
        Name = name;
    }

    internal string Name { get; }

    internal int Descriptor => fd;

    /// <summary>What the device hands over and takes in one piece: of what was wanted, what the kernel has.</summary>
    internal Offloads Offloads { get; private init; }

    /// <summary>A virtio header stands before each packet, whichever way it goes.</summary>
    internal bool HasVirtioHeaders { get; private init; }

    /// <summary>Merged writes may be UDP, not TCP alone.</summary>
    internal bool TakesMergedUdp { get; private init; }

    /// <summary>Makes the device. It is still down and has no addresses.</summary>
    /// <param name="wanted">What to use as far as the kernel has it; without anything for TUN devices there are no virtio headers.</param>
    /// <exception cref="MptStartException">No privileges, no TUN support, or the name is taken.</exception>
    internal static TunDevice Create(string name, Offloads wanted)
    {
        int fd = Libc.open(ClonePath, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (fd < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new MptStartException(errno is Libc.ENOENT or Libc.ENODEV or Libc.ENXIO
                ? $"{ClonePath} does not exist, so no tunnel can be made: load the kernel's tun module (modprobe tun), or give the container the device."
                : $"{ClonePath} cannot be opened ({new SystemCallException("open", errno).Message}) Run the server as root or with CAP_NET_ADMIN.");
        }
        Libc.ifreq_flags request = default;
        Encoding.UTF8.GetBytes(name, new Span<byte>(request.ifr_name, 15));
        // IFF_TUN_EXCL: a device that somebody left persistent under this name is theirs, not ours to reuse.
        const int flags = Libc.IFF_TUN | Libc.IFF_NO_PI | Libc.IFF_TUN_EXCL;
        bool headers = (wanted & NeedHeaders) != Offloads.None;
        request.ifr_flags = unchecked((short)(headers ? flags | Libc.IFF_VNET_HDR : flags));
        int made = Libc.ioctl(fd, Libc.TUNSETIFF, &request);
        if (made < 0 && headers && Marshal.GetLastPInvokeError() == Libc.EINVAL)
        {
            headers = false;
            request.ifr_flags = unchecked((short)flags);
            made = Libc.ioctl(fd, Libc.TUNSETIFF, &request);
        }
        if (made < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            _ = Libc.close(fd);
            throw new MptStartException(errno switch
            {
                Libc.EBUSY => $"The interface name {name} is taken: another server uses it, or the interface is left from another program. Stop that server, choose another name in interface.conf, or remove it with: ip link delete {name}",
                Libc.EPERM or Libc.EACCES => $"Making the tunnel device {name} is not permitted. Run the server as root or with CAP_NET_ADMIN.",
                _ => $"The tunnel device {name} cannot be made: {new SystemCallException("TUNSETIFF", errno).Message}",
            });
        }
        return headers ? WithOffloads(fd, name, wanted) : new TunDevice(fd, name);
    }

    /// <summary>Finds out what the kernel has, and leaves switched on what of it is wanted.</summary>
    private static TunDevice WithOffloads(int fd, string name, Offloads wanted)
    {
        const nuint tcp = Libc.TUN_F_CSUM | Libc.TUN_F_TSO4 | Libc.TUN_F_TSO6 | Libc.TUN_F_TSO_ECN;
        const nuint udp = Libc.TUN_F_CSUM | Libc.TUN_F_USO4 | Libc.TUN_F_USO6;
        bool knowsUdp = TrySet(udp), knowsTcp = TrySet(tcp);
        Offloads offloads = wanted & (Offloads.TunMerge | (knowsTcp ? Offloads.TunTcp : 0) | (knowsUdp ? Offloads.TunUdp : 0));
        nuint flags = ((offloads & Offloads.TunTcp) != 0 ? tcp : 0) | ((offloads & Offloads.TunUdp) != 0 ? udp : 0);
        // Were it refused, the device would hand over more than is wanted, which whoever reads copes with.
        _ = TrySet(flags);
        return new TunDevice(fd, name) { HasVirtioHeaders = true, Offloads = offloads, TakesMergedUdp = knowsUdp };

        bool TrySet(nuint features) => Libc.ioctl(fd, Libc.TUNSETOFFLOAD, (void*)features) == 0;
    }

    /// <summary>Takes over a descriptor that keeps the boundaries of packets, as a TUN device does.</summary>
    /// <param name="fd">Not blocking; closed when the device is disposed.</param>
    internal static TunDevice FromDescriptor(int fd, string name) => new(fd, name);

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
                    throw new IOException($"The tunnel device {Name} was removed from the system.");
                default:
                    throw SystemCallException.Last($"Reading from {Name}");
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
