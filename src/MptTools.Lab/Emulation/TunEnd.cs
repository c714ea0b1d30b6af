using System.Runtime.InteropServices;
using System.Text;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Emulation;

/// <summary>A TUN device in a host: what the host sends into it is read here, what is written here the host
/// receives.</summary>
internal sealed unsafe class TunEnd : IDisposable
{
    private int fd;

    internal TunEnd(LabHost host, string device)
    {
        if (Encoding.UTF8.GetByteCount(device) is 0 or > 15)
        {
            throw new ArgumentException($"'{device}' cannot be an interface's name: use 1 to 15 characters.", nameof(device));
        }
        fd = host.Invoke(() => Open(host, device));
    }

    internal int Descriptor => fd;

    /// <summary>Gives the interface its carrier or takes it away.</summary>
    internal void SetCarrier(bool present)
    {
        int value = present ? 1 : 0;
        SystemCallException.Check(Libc.ioctl(fd, Libc.TUNSETCARRIER, &value), "Changing the carrier of a TUN device");
    }

    public void Dispose()
    {
        if (fd >= 0)
        {
            Libc.close(fd);
            fd = -1;
        }
    }

    private static int Open(LabHost host, string device)
    {
        int fd = SystemCallException.Check(
            Libc.open("/dev/net/tun", Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC), "Opening /dev/net/tun");
        var request = new Libc.ifreq_flags { ifr_flags = Libc.IFF_TUN | Libc.IFF_NO_PI };
        Encoding.UTF8.GetBytes(device, new Span<byte>(request.ifr_name, 15));
        if (Libc.ioctl(fd, Libc.TUNSETIFF, &request) < 0)
        {
            var failure = SystemCallException.Last($"Making the TUN device {device}");
            Libc.close(fd);
            throw new LabException($"The interface {device} of host {host.Name} cannot be made. {failure.Message} " +
                "Errno 16 means that the name is taken.", failure);
        }
        return fd;
    }
}
