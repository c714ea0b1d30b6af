using System.Net;
using System.Runtime.InteropServices;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Linux;

/// <summary>Where a datagram came from, and which way.</summary>
/// <param name="Source">The sender's address as a number (see <see cref="MappedAddress"/>).</param>
/// <param name="Port">The sender's port.</param>
/// <param name="Destination">The address of this host that it was sent to, likewise.</param>
/// <param name="Interface">The number of the interface it came in by.</param>
internal readonly record struct DatagramOrigin(UInt128 Source, ushort Port, UInt128 Destination, int Interface)
{
    /// <summary>Both ends are this host's loopback addresses. The kernel takes such packets from no other interface.</summary>
    internal bool IsLoopback => IPAddress.IsLoopback(MappedAddress.ToIPAddress(Source)) && IPAddress.IsLoopback(MappedAddress.ToIPAddress(Destination));
}

/// <summary>The way a datagram is to leave.</summary>
/// <param name="Source">The address of this host that it is to come from, as a number; 0: the kernel's choice.</param>
/// <param name="Interface">The number of the interface it is to leave by; 0: the kernel's choice.</param>
/// <param name="Mark">The mark that leads to a path's routing table; 0: none.</param>
internal readonly record struct DatagramWay(UInt128 Source, int Interface = 0, uint Mark = 0);

/// <summary>
/// The UDP socket of the command port for one IP version, on all addresses: each datagram tells where it came in, and each
/// one sent says which way it leaves. Not blocking.
/// </summary>
internal sealed unsafe class CommandSocket : IDisposable
{
    private const int ControlLength = 128;
    private const int HeaderLength = 16;

    private readonly bool isIPv6;
    private int fd;

    private CommandSocket(int fd, bool isIPv6) => (this.fd, this.isIPv6) = (fd, isIPv6);

    internal int Descriptor => fd;

    internal bool IsIPv6 => isIPv6;

    /// <summary>Opens it.</summary>
    /// <returns>Null where the kernel does not have this IP version.</returns>
    /// <exception cref="SystemCallException">EADDRINUSE when another program has the port.</exception>
    internal static CommandSocket? Open(bool isIPv6, int port)
    {
        int fd = Libc.socket(isIPv6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0 && Marshal.GetLastPInvokeError() == Libc.EAFNOSUPPORT)
        {
            return null;
        }
        CommandSocket socket = new(SystemCallException.Check(fd, "Opening the command port"), isIPv6);
        try
        {
            if (isIPv6)
            {
                socket.Set(Libc.SOL_IPV6, Libc.IPV6_V6ONLY, 1);
                socket.Set(Libc.SOL_IPV6, Libc.IPV6_RECVPKTINFO, 1);
            }
            else
            {
                socket.Set(Libc.SOL_IP, Libc.IP_PKTINFO, 1);
            }
            byte* address = stackalloc byte[UdpSocket.AddressSize];
            uint length = UdpSocket.WriteAddress(address, new IPEndPoint(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port), 0);
            SystemCallException.Check(Libc.bind(fd, address, length), $"Binding UDP port {port}");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether nobody on this host has a UDP port, on any address of either IP version.</summary>
    internal static bool IsPortFree(int port)
    {
        try
        {
            Open(isIPv6: false, port)?.Dispose();
            Open(isIPv6: true, port)?.Dispose();
            return true;
        }
        catch (SystemCallException)
        {
            return false;
        }
    }

    /// <summary>Takes the next datagram.</summary>
    /// <param name="buffer">A longer datagram is cut.</param>
    /// <param name="origin">Where it came from.</param>
    /// <returns>Its length in bytes; negative: there is none now.</returns>
    internal int Receive(Span<byte> buffer, out DatagramOrigin origin)
    {
        byte* address = stackalloc byte[UdpSocket.AddressSize];
        byte* control = stackalloc byte[ControlLength];
        origin = default;
        fixed (byte* data = buffer)
        {
            Libc.iovec piece = new() { iov_base = data, iov_len = (nuint)buffer.Length };
            Libc.msghdr message = new()
            {
                msg_name = address,
                msg_namelen = UdpSocket.AddressSize,
                msg_iov = &piece,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = ControlLength,
            };
            nint length = Libc.recvmsg(fd, &message, 0);
            if (length < 0)
            {
                return -1;
            }
            (UInt128 destination, int device) = ReadWay(message);
            var port = (ushort)(address[2] << 8 | address[3]);
            origin = new DatagramOrigin(ReadAddress(address + (isIPv6 ? 8 : 4)), port, destination, device);
            return (int)length;
        }
    }

    /// <summary>Sends one datagram; one that the kernel refuses is lost like any other.</summary>
    internal void Send(ReadOnlySpan<byte> datagram, IPEndPoint to, in DatagramWay way)
    {
        byte* address = stackalloc byte[UdpSocket.AddressSize];
        byte* control = stackalloc byte[ControlLength];
        new Span<byte>(control, ControlLength).Clear();
        fixed (byte* data = datagram)
        {
            Libc.iovec piece = new() { iov_base = data, iov_len = (nuint)datagram.Length };
            Libc.msghdr message = new()
            {
                msg_name = address,
                msg_namelen = UdpSocket.WriteAddress(address, to, (uint)way.Interface),
                msg_iov = &piece,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = WriteWay(control, way),
            };
            // What a peer said of an earlier datagram is told once, on the next send; it says nothing about this one.
            if (Libc.sendmsg(fd, &message, 0) < 0)
            {
                _ = Libc.sendmsg(fd, &message, 0);
            }
        }
    }

    public void Dispose()
    {
        if (fd >= 0)
        {
            _ = Libc.close(fd);
            fd = -1;
        }
    }

    private (UInt128 Destination, int Interface) ReadWay(in Libc.msghdr message)
    {
        byte* position = (byte*)message.msg_control;
        byte* end = position + message.msg_controllen;
        while (position + HeaderLength <= end)
        {
            var header = (Libc.cmsghdr*)position;
            byte* data = position + HeaderLength;
            if (isIPv6 && header->cmsg_level == Libc.SOL_IPV6 && header->cmsg_type == Libc.IPV6_PKTINFO)
            {
                return (ReadAddress(data), *(int*)(data + 16));
            }
            if (!isIPv6 && header->cmsg_level == Libc.SOL_IP && header->cmsg_type == Libc.IP_PKTINFO)
            {
                return (ReadAddress(data + 8), *(int*)data);
            }
            position += Align((int)header->cmsg_len);
        }
        return default;
    }

    private nuint WriteWay(byte* control, in DatagramWay way)
    {
        int length = 0;
        if (way.Source != 0 || way.Interface != 0)
        {
            byte* data = isIPv6
                ? Append(Libc.SOL_IPV6, Libc.IPV6_PKTINFO, 20)
                : Append(Libc.SOL_IP, Libc.IP_PKTINFO, 12);
            if (isIPv6)
            {
                MappedAddress.Write(new Span<byte>(data, 16), way.Source);
                *(int*)(data + 16) = way.Interface;
            }
            else
            {
                *(int*)data = way.Interface;
                *(uint*)(data + 4) = (uint)IPAddress.HostToNetworkOrder((int)(uint)way.Source);
            }
        }
        if (way.Mark != 0)
        {
            *(uint*)Append(Libc.SOL_SOCKET, Libc.SO_MARK, sizeof(uint)) = way.Mark;
        }
        return (nuint)length;

        byte* Append(int level, int type, int size)
        {
            var header = (Libc.cmsghdr*)(control + length);
            header->cmsg_len = (nuint)(HeaderLength + size);
            header->cmsg_level = level;
            header->cmsg_type = type;
            length += Align(HeaderLength + size);
            return (byte*)header + HeaderLength;
        }
    }

    private UInt128 ReadAddress(byte* bytes) => MappedAddress.ToInteger(new IPAddress(new ReadOnlySpan<byte>(bytes, isIPv6 ? 16 : 4)));

    private static int Align(int length) => (length + 7) & ~7;

    private void Set(int level, int option, int value) =>
        SystemCallException.Check(Libc.setsockopt(fd, level, option, &value, sizeof(int)), "Setting up the command port");
}
