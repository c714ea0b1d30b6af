using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Small exchanges between two hosts.</summary>
internal static class Traffic
{
    /// <summary>One echo request is answered, with the same bytes.</summary>
    internal static void Ping(LabHost from, string address, int size = 56)
    {
        byte[] payload = new byte[size];
        new Random(size).NextBytes(payload);
        PingReply reply = from.Invoke(() =>
        {
            using var ping = new Ping();
            return ping.Send(IPAddress.Parse(address), 5000, payload, new PingOptions(64, dontFragment: false));
        });
        Assert.True(reply.Status == IPStatus.Success,
            $"A ping from {from.Name} to {address} with {size} bytes ended with: {reply.Status}.");
        Assert.Equal(payload, reply.Buffer);
    }

    /// <summary>A UDP socket of the host, bound to the address.</summary>
    internal static Socket UdpSocket(LabHost host, string address, int port = 0)
    {
        IPAddress ip = IPAddress.Parse(address);
        return host.Invoke(() =>
        {
            var socket = new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
            socket.Bind(new IPEndPoint(ip, port));
            return socket;
        });
    }
}
