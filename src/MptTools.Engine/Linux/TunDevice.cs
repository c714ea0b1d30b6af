using System.Runtime.InteropServices;
using System.Text;

namespace MptTools.Engine.Linux;

/// <summary>
/// A TUN device (tun(4)): IP packets without any frame, in one or several queues. It disappears from the system when it is
/// disposed or the process ends.
/// </summary>
internal sealed unsafe class TunDevice : IDisposable
{
    internal const string ClonePath = "/dev/net/tun";

    private const Offloads NeedHeaders = Offloads.TunTcp | Offloads.TunUdp | Offloads.TunMerge;

    private TunDevice(TunQueue[] queues, string name)
    {
        Queues = queues;
        Name = name;
    }

    internal string Name { get; }

    /// <summary>At least one. The kernel puts each flow into one of them, so each must be read.</summary>
    internal IReadOnlyList<TunQueue> Queues { get; }

    /// <summary>What the device hands over and takes in one piece: of what was wanted, what the kernel has.</summary>
    internal Offloads Offloads { get; private init; }

    /// <summary>A virtio header stands before each packet, whichever way it goes.</summary>
    internal bool HasVirtioHeaders { get; private init; }

    /// <summary>Why a flow may change its queue (<see cref="TunSteering"/>): the error's number; 0 where none does.</summary>
    internal int SteeringError { get; private set; }

    /// <summary>Merged writes may be UDP, not TCP alone.</summary>
    internal bool TakesMergedUdp { get; private init; }

    /// <summary>Makes the device. It is still down and has no addresses.</summary>
    /// <param name="wanted">What to use as far as the kernel has it; without anything for TUN devices there are no virtio headers.</param>
    /// <param name="queues">1 to 256.</param>
    /// <exception cref="MptStartException">No privileges, no TUN support, or the name is taken.</exception>
    internal static TunDevice Create(string name, Offloads wanted, int queues = 1)
    {
        bool headers = (wanted & NeedHeaders) != Offloads.None && KernelHasHeaders();
        int flags = Libc.IFF_TUN | Libc.IFF_NO_PI | (queues == 1 ? 0 : Libc.IFF_MULTI_QUEUE) | (headers ? Libc.IFF_VNET_HDR : 0);
        List<TunQueue> opened = [];
        try
        {
            // The first queue makes the device: one that somebody left persistent under this name is theirs, not ours to reuse.
            opened.Add(Attach(name, flags | Libc.IFF_TUN_EXCL));
            while (opened.Count < queues)
            {
                opened.Add(Attach(name, flags));
            }
            TunDevice device = headers ? WithOffloads([.. opened], name, wanted) : new TunDevice([.. opened], name);
            device.SteeringError = queues == 1 ? 0 : TunSteering.TryAttach(opened[0].Descriptor);
            return device;
        }
        catch
        {
            opened.ForEach(queue => queue.Dispose());
            throw;
        }
    }

    /// <summary>Takes over descriptors that keep the boundaries of packets, as those of a TUN device do, one a queue.</summary>
    /// <param name="virtioHeaders">A virtio header stands before each packet, whichever way it goes.</param>
    /// <param name="descriptors">Not blocking; closed when the device is disposed.</param>
    internal static TunDevice FromDescriptors(string name, bool virtioHeaders, params ReadOnlySpan<int> descriptors)
    {
        TunQueue[] queues = new TunQueue[descriptors.Length];
        for (int i = 0; i < queues.Length; i++)
        {
            queues[i] = new TunQueue(descriptors[i], name);
        }
        return new TunDevice(queues, name) { HasVirtioHeaders = virtioHeaders };
    }

    private static bool KernelHasHeaders()
    {
        int fd = Libc.open(ClonePath, Libc.O_RDWR | Libc.O_CLOEXEC);
        int features;
        bool has = Libc.ioctl(fd, Libc.TUNGETFEATURES, &features) == 0 && (features & Libc.IFF_VNET_HDR) != 0;
        _ = Libc.close(fd);
        return has;
    }

    private static TunQueue Attach(string name, int flags)
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
        request.ifr_flags = unchecked((short)flags);
        if (Libc.ioctl(fd, Libc.TUNSETIFF, &request) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            _ = Libc.close(fd);
            throw CannotMake(name, errno);
        }
        return new TunQueue(fd, name);
    }

    private static MptStartException CannotMake(string name, int errno) => new(errno switch
    {
        Libc.EBUSY => $"The interface name {name} is taken: another server uses it, or the interface is left from another program. Stop that server, choose another name in interface.conf, or remove it with: ip link delete {name}",
        Libc.EPERM or Libc.EACCES => $"Making the tunnel device {name} is not permitted. Run the server as root or with CAP_NET_ADMIN.",
        _ => $"The tunnel device {name} cannot be made: {new SystemCallException("TUNSETIFF", errno).Message}",
    });

    /// <summary>Finds out what the kernel has, and leaves switched on what of it is wanted.</summary>
    private static TunDevice WithOffloads(TunQueue[] queues, string name, Offloads wanted)
    {
        const nuint tcp = Libc.TUN_F_CSUM | Libc.TUN_F_TSO4 | Libc.TUN_F_TSO6 | Libc.TUN_F_TSO_ECN;
        const nuint udp = Libc.TUN_F_CSUM | Libc.TUN_F_USO4 | Libc.TUN_F_USO6;
        bool knowsUdp = TrySet(udp), knowsTcp = TrySet(tcp);
        Offloads offloads = wanted & (Offloads.TunMerge | (knowsTcp ? Offloads.TunTcp : 0) | (knowsUdp ? Offloads.TunUdp : 0));
        nuint flags = ((offloads & Offloads.TunTcp) != 0 ? tcp : 0) | ((offloads & Offloads.TunUdp) != 0 ? udp : 0);
        // Were it refused, the device would hand over more than is wanted, which whoever reads copes with.
        _ = TrySet(flags);
        return new TunDevice(queues, name) { HasVirtioHeaders = true, Offloads = offloads, TakesMergedUdp = knowsUdp };

        // The device's, whichever queue it is asked by.
        bool TrySet(nuint features) => Libc.ioctl(queues[0].Descriptor, Libc.TUNSETOFFLOAD, (void*)features) == 0;
    }

    public void Dispose()
    {
        foreach (TunQueue queue in Queues)
        {
            queue.Dispose();
        }
    }
}
