using System.Net;
using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>A UDP socket of the data plane: not blocking, with large buffers, marked for its path's own routes.</summary>
internal sealed unsafe class UdpSocket : IDisposable
{
    /// <summary>
    /// One lost burst costs more than the memory: with the system's default of 208 KiB packets are lost at speed
    /// (half of the throughput in our measurements).
    /// </summary>
    private const int BufferBytes = 8 << 20;

    internal const int AddressSize = 28;

    /// <summary>Kernels before Linux 6.9 refuse longer runs.</summary>
    private const int ShortRun = 64;

    private int fd;
    private volatile int longestSegment, runsRefused;
    private bool receivesRuns;

    private UdpSocket(int fd, bool isIPv6)
    {
        this.fd = fd;
        IsIPv6 = isIPv6;
    }

    internal int Descriptor => fd;

    internal bool IsIPv6 { get; }

    /// <summary>
    /// The length of datagrams up to which a run of them may go in one message (UDP_SEGMENT); 0 where none may. Lowered when the
    /// kernel refuses a run, so that what fits of it goes by itself.
    /// </summary>
    internal int LongestSegment => longestSegment;

    /// <summary>How many datagrams may go in one message.</summary>
    internal int LongestRun { get; private set; } = SendBatch.MaximumRun;

    /// <summary>What is in use now. Read by any thread.</summary>
    internal Offloads Offloads =>
        (longestSegment > 0 ? Offloads.UdpSegment : Offloads.None) | (receivesRuns ? Offloads.UdpGro : Offloads.None);

    /// <summary>The error that has ended the sending of runs; 0 for none. Read by any thread.</summary>
    internal int RunsRefused => runsRefused;

    /// <summary>What of it the kernel has for UDP sockets.</summary>
    internal static Offloads FindOffloads()
    {
        using UdpSocket socket = Open(isIPv6: false);
        return socket.SetOffloads(Offloads.All);
    }

    /// <summary>
    /// The largest outer packet in bytes, IP header included, that gets to the connected peer as far as the kernel knows: by the
    /// route, by its interface, and by what routers on the way have said (RFC 1191, RFC 8201). Null while not connected.
    /// </summary>
    internal int? PathMtu
    {
        get
        {
            int mtu;
            uint size = sizeof(int);
            (int level, int option) = IsIPv6 ? (Libc.SOL_IPV6, Libc.IPV6_MTU) : (Libc.SOL_IP, Libc.IP_MTU);
            return Libc.getsockopt(fd, level, option, &mtu, &size) == 0 ? mtu : null;
        }
    }

    /// <summary>A router has said that something was too big for it. Set and cleared by the receiving side.</summary>
    internal bool WasToldOfMtu { get; set; }

    /// <summary>Opens a socket that is bound to <paramref name="local"/>.</summary>
    /// <param name="local">Address and port on this host.</param>
    /// <param name="scope">The interface's index, for link-local addresses.</param>
    /// <param name="mark">The mark that leads to the path's routing table; 0 for none.</param>
    /// <param name="share">
    /// Join sockets that this server has opened on the same address and port. Without it the call fails when any program,
    /// another of our servers included, is there already.
    /// </param>
    /// <param name="offloads">What to use as far as the kernel has it.</param>
    /// <param name="checksum">
    /// False: what is sent has a UDP checksum of zero, and IPv6 datagrams that have one are taken. Such datagrams go one by one,
    /// for the kernel cuts no run without checksums.
    /// </param>
    /// <exception cref="SystemCallException">As the kernel says: address not there, port taken, not permitted.</exception>
    internal static UdpSocket Bind(IPEndPoint local, uint scope, uint mark, bool share, Offloads offloads, bool checksum = true)
    {
        bool isIPv6 = local.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        UdpSocket socket = Open(isIPv6);
        try
        {
            if (share)
            {
                socket.Set(Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1, "Sharing the port");
            }
            socket.SetBuffer(Libc.SO_RCVBUFFORCE, Libc.SO_RCVBUF, "Setting the receive buffer");
            socket.SetBuffer(Libc.SO_SNDBUFFORCE, Libc.SO_SNDBUF, "Setting the send buffer");
            if (mark != 0)
            {
                socket.Set(Libc.SOL_SOCKET, Libc.SO_MARK, (int)mark, "Marking the socket");
            }
            if (isIPv6)
            {
                socket.Set(Libc.SOL_IPV6, Libc.IPV6_V6ONLY, 1, "Setting IPV6_V6ONLY");
                socket.Set(Libc.SOL_IPV6, Libc.IPV6_RECVTCLASS, 1, "Asking for traffic classes");
                socket.Set(Libc.SOL_IPV6, Libc.IPV6_MTU_DISCOVER, Libc.IPV6_PMTUDISC_DO, "Asking for no fragments");
            }
            else
            {
                socket.Set(Libc.SOL_IP, Libc.IP_RECVTOS, 1, "Asking for type-of-service bytes");
                socket.Set(Libc.SOL_IP, Libc.IP_MTU_DISCOVER, Libc.IP_PMTUDISC_DO, "Asking for no fragments");
            }
            if (!checksum)
            {
                (int level, int option) = isIPv6 ? (Libc.SOL_UDP, Libc.UDP_NO_CHECK6_TX) : (Libc.SOL_SOCKET, Libc.SO_NO_CHECK);
                socket.Set(level, option, 1, "Switching UDP checksums off");
                socket.AcceptZeroChecksums();
            }
            byte* address = stackalloc byte[AddressSize];
            uint length = WriteAddress(address, local, scope);
            SystemCallException.Check(Libc.bind(socket.fd, address, length), $"Binding UDP {local}");
            socket.SetOffloads(checksum ? offloads : offloads & ~Offloads.UdpSegment);
            // From here on those who ask to share may join.
            socket.Set(Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1, "Sharing the port");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes packets from, and sends to, <paramref name="remote"/> only, from now on. Where it was connected before, what has
    /// come from there can still be read, and packets may be sent meanwhile: they go one way or the other.
    /// </summary>
    /// <exception cref="SystemCallException">As the kernel says; it stays connected as it was.</exception>
    internal void Reconnect(IPEndPoint remote, uint scope)
    {
        byte* address = stackalloc byte[AddressSize];
        uint length = WriteAddress(address, remote, scope);
        SystemCallException.Check(Libc.connect(fd, address, length), $"Connecting UDP to {remote}");
    }

    /// <summary>Takes packets from, and sends to, <paramref name="remote"/> only.</summary>
    internal void Connect(IPEndPoint remote, uint scope)
    {
        Reconnect(remote, scope);
        // What came before the connect was not checked by the kernel.
        byte* nothing = stackalloc byte[1];
        while (Libc.recv(fd, nothing, 1, Libc.MSG_DONTWAIT | Libc.MSG_TRUNC) >= 0)
        {
        }
    }

    /// <summary>The kernel has refused to send a run: the next one is such that it may be taken, or there are no more runs.</summary>
    /// <param name="errno">The error's number.</param>
    /// <param name="datagrams">How many the run had.</param>
    /// <param name="length">Their length in bytes; the last may have been shorter.</param>
    /// <returns>False where the error has another reason, and shorter runs would not help.</returns>
    internal bool TryShortenRuns(int errno, int datagrams, int length)
    {
        switch (errno)
        {
            case Libc.EINVAL when datagrams > ShortRun:
                LongestRun = ShortRun;
                return true;
            // Before Linux 6.14 EINVAL says both: too wide for the path, and not possible at all.
            case Libc.EMSGSIZE:
            case Libc.EINVAL when length > PathMtu - HeaderLength:
                // What of it fits goes by itself.
                longestSegment = length - 1;
                return true;
            case Libc.EINVAL or Libc.EIO or Libc.EOPNOTSUPP:
                longestSegment = 0;
                runsRefused = errno;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Takes datagrams without a UDP checksum from now on; over IPv4 it does so anyway (RFC 8086 section 6.1).</summary>
    internal void AcceptZeroChecksums()
    {
        if (IsIPv6)
        {
            Set(Libc.SOL_UDP, Libc.UDP_NO_CHECK6_RX, 1, "Accepting UDP checksums of zero");
        }
    }

    /// <summary>The path has another MTU, so what was learned of the runs it takes is worth nothing any more.</summary>
    internal void ForgetRefusedRuns()
    {
        if (longestSegment > 0)
        {
            longestSegment = int.MaxValue;
        }
    }

    /// <summary>Sends one datagram to the connected peer.</summary>
    /// <returns>0, or the error's number.</returns>
    internal int Send(ReadOnlySpan<byte> datagram)
    {
        fixed (byte* data = datagram)
        {
            // What routers and the peer said of earlier datagrams is told once, on the next send; it says nothing about this one.
            for (int tries = 0; ; tries++)
            {
                if (Libc.send(fd, data, (nuint)datagram.Length, 0) >= 0)
                {
                    return 0;
                }
                int errno = Marshal.GetLastPInvokeError();
                if (tries > 0 || errno is Libc.EAGAIN or Libc.ENOBUFS)
                {
                    return errno;
                }
            }
        }
    }

    /// <summary>Sends one datagram to another end than the connected one, by the same way out of the host.</summary>
    internal void SendTo(ReadOnlySpan<byte> datagram, IPEndPoint remote, uint scope)
    {
        byte* address = stackalloc byte[AddressSize];
        uint length = WriteAddress(address, remote, scope);
        fixed (byte* data = datagram)
        {
            _ = Libc.sendto(fd, data, (nuint)datagram.Length, 0, address, length);
        }
    }

    /// <summary>Takes the next datagram.</summary>
    /// <param name="buffer">A longer datagram is cut.</param>
    /// <returns>Its length in bytes; negative: there is none now.</returns>
    internal int Receive(Span<byte> buffer)
    {
        fixed (byte* data = buffer)
        {
            return (int)Libc.recv(fd, data, (nuint)buffer.Length, Libc.MSG_DONTWAIT);
        }
    }

    /// <summary>Writes a socket address.</summary>
    /// <returns>Its length.</returns>
    internal static uint WriteAddress(byte* destination, IPEndPoint endPoint, uint scope)
    {
        new Span<byte>(destination, AddressSize).Clear();
        bool isIPv6 = endPoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        *(ushort*)destination = (ushort)(isIPv6 ? Libc.AF_INET6 : Libc.AF_INET);
        destination[2] = (byte)(endPoint.Port >> 8);
        destination[3] = (byte)endPoint.Port;
        endPoint.Address.TryWriteBytes(new Span<byte>(destination + (isIPv6 ? 8 : 4), 16), out _);
        if (isIPv6 && endPoint.Address.IsIPv6LinkLocal)
        {
            *(uint*)(destination + 24) = endPoint.Address.ScopeId != 0 ? (uint)endPoint.Address.ScopeId : scope;
        }
        return isIPv6 ? 28u : 16u;
    }

    public void Dispose()
    {
        if (fd >= 0)
        {
            _ = Libc.close(fd);
            fd = -1;
        }
    }

    private static UdpSocket Open(bool isIPv6) => new(
        SystemCallException.Check(
            Libc.socket(isIPv6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0),
            "Opening a UDP socket"),
        isIPv6);

    /// <summary>IP and UDP.</summary>
    private int HeaderLength => IsIPv6 ? 48 : 28;

    private Offloads SetOffloads(Offloads wanted)
    {
        if ((wanted & Offloads.UdpSegment) != 0 && TrySet(Libc.SOL_UDP, Libc.UDP_SEGMENT, 0))
        {
            longestSegment = int.MaxValue;
        }
        // Without it each datagram comes by itself, which reading does not have to know.
        receivesRuns = (wanted & Offloads.UdpGro) != 0 && TrySet(Libc.SOL_UDP, Libc.UDP_GRO, 1);
        return Offloads;
    }

    /// <summary>Beyond the system's limit where that is permitted, else up to it.</summary>
    private void SetBuffer(int forced, int limited, string what)
    {
        int bytes = BufferBytes;
        if (Libc.setsockopt(fd, Libc.SOL_SOCKET, forced, &bytes, sizeof(int)) < 0)
        {
            Set(Libc.SOL_SOCKET, limited, bytes, what);
        }
    }

    private bool TrySet(int level, int option, int value) => Libc.setsockopt(fd, level, option, &value, sizeof(int)) == 0;

    private void Set(int level, int option, int value, string what) =>
        SystemCallException.Check(Libc.setsockopt(fd, level, option, &value, sizeof(int)), what);
}
