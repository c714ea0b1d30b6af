using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Traffic;

/// <summary>Makes the sockets of traffic inside the hosts.</summary>
internal static unsafe class TrafficSockets
{
    /// <summary>A UDP socket in the receiving host, on a port of the system's choice.</summary>
    internal static Socket Receiver(LabHost host, IPAddress destination) => Make(host, SocketType.Dgram, destination, socket =>
        socket.Bind(new IPEndPoint(AnyLike(destination), 0)), $"Host {host} cannot receive from {destination}");

    /// <summary>A UDP socket in the sending host that sends to one address.</summary>
    internal static Socket Sender(LabHost host, IPAddress? source, IPAddress destination, int port) =>
        Make(host, SocketType.Dgram, destination, socket =>
        {
            BindSource(socket, source);
            socket.Connect(new IPEndPoint(destination, port));
        }, $"Host {host} cannot send to {destination}");

    internal static Socket Make(LabHost host, SocketType type, IPAddress like, Action<Socket> prepare, string whatFails) =>
        host.Invoke(() =>
        {
            var socket = new Socket(like.AddressFamily, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp);
            try
            {
                prepare(socket);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                throw new LabException($"{whatFails}: {e.Message}. Look at 'ip address' and 'ip route' there " +
                    $"(ip netns exec {host.Namespace} ...).", e);
            }
        });

    internal static void BindSource(Socket socket, IPAddress? source)
    {
        if (source is not null)
        {
            socket.Bind(new IPEndPoint(source, 0));
        }
    }

    internal static IPAddress AnyLike(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;

    internal static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>Waits until there is something to receive; exact to microseconds, where Socket.Poll rounds to
    /// milliseconds.</summary>
    internal static bool WaitReadable(Socket socket, long nanoseconds) => Wait(socket, Libc.POLLIN, nanoseconds);

    /// <summary>Waits until there is room to send.</summary>
    internal static bool WaitWritable(Socket socket, long nanoseconds) => Wait(socket, Libc.POLLOUT, nanoseconds);

    /// <summary>Sets a buffer's size beyond what the system allows others than root.</summary>
    internal static void Enlarge(Socket socket, int option, int bytes) => SystemCallException.Check(
        Libc.setsockopt((int)socket.Handle, Libc.SOL_SOCKET, option, &bytes, sizeof(int)), "Enlarging a socket's buffer");

    private static bool Wait(Socket socket, short events, long nanoseconds)
    {
        var wait = new Libc.pollfd { fd = (int)socket.Handle, events = events };
        var time = new Libc.timespec { tv_sec = nanoseconds / 1_000_000_000, tv_nsec = nanoseconds % 1_000_000_000 };
        return Libc.ppoll(&wait, 1, &time, null) > 0;
    }
}
