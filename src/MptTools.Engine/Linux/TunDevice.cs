using System.Runtime.InteropServices;
using System.Text;

namespace MptTools.Engine.Linux;

/// <summary>The offloads of a TUN device, as TUNSETOFFLOAD has them.</summary>
[Flags]
internal enum TunOffloads : uint
{
    None = 0,
    /// <summary>TUN_F_CSUM: checksums may be left to the reader.</summary>
    Checksum = 0x01,
    /// <summary>TUN_F_TSO4, TUN_F_TSO6, TUN_F_TSO_ECN.</summary>
    Tcp = 0x02 | 0x04 | 0x08,
    /// <summary>TUN_F_USO4, TUN_F_USO6.</summary>
    Udp = 0x20 | 0x40,
    All = Checksum | Tcp | Udp,
    /// <summary>Virtio headers, but the kernel knows no offload; no bit of the kernel's.</summary>
    HeadersOnly = 0x8000_0000,
}

/// <summary>A TUN device (tun(4)): IP packets without any frame. It disappears from the system when it is disposed or the process ends.</summary>
internal sealed unsafe class TunDevice : IDisposable
{
    internal const string ClonePath = "/dev/net/tun";

    private int fd;

    private TunDevice(int fd, string name, TunOffloads offloads)
    {
        this.fd = fd;
        Name = name;
        Offloads = offloads;
    }

    internal string Name { get; }

    internal int Descriptor => fd;

    /// <summary>What the device hands over and takes in one piece; with anything but None a virtio header stands before each packet.</summary>
    internal TunOffloads Offloads { get; }

    internal bool HasVirtioHeaders => Offloads != TunOffloads.None;

    /// <summary>Makes the device. It is still down and has no addresses.</summary>
    /// <param name="wanted">Offloads to be used as far as the kernel has them.</param>
    /// <exception cref="MptStartException">No privileges, no TUN support, or the name is taken.</exception>
    internal static TunDevice Create(string name, TunOffloads wanted)
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
        int headers = wanted == TunOffloads.None ? 0 : Libc.IFF_VNET_HDR;
        request.ifr_flags = unchecked((short)(Libc.IFF_TUN | Libc.IFF_NO_PI | Libc.IFF_TUN_EXCL | headers));
        if (Libc.ioctl(fd, Libc.TUNSETIFF, &request) < 0)
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
        return new TunDevice(fd, name, SetOffloads(fd, wanted));
    }

    /// <summary>Switches on as much as the kernel takes: UDP segmentation came with Linux 6.2.</summary>
    private static TunOffloads SetOffloads(int fd, TunOffloads wanted)
    {
        foreach (TunOffloads tried in (TunOffloads[])[wanted, wanted & ~TunOffloads.Udp, wanted & TunOffloads.Checksum])
        {
            if (tried != TunOffloads.None && Libc.ioctl(fd, Libc.TUNSETOFFLOAD, (void*)(nuint)(uint)tried) == 0)
            {
                return tried;
            }
        }
        return wanted == TunOffloads.None ? TunOffloads.None : TunOffloads.HeadersOnly;
    }

    /// <summary>Takes over a descriptor that keeps the boundaries of packets, as a TUN device does.</summary>
    /// <param name="fd">Not blocking; closed when the device is disposed.</param>
    internal static TunDevice FromDescriptor(int fd, string name) => new(fd, name, TunOffloads.None);

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
    /// <returns>False when the kernel did not take it.</returns>
    internal bool Write(Libc.iovec* pieces, int count)
    {
        while (Libc.writev(fd, pieces, count) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.EINTR)
            {
                return false;
            }
        }
        return true;
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
