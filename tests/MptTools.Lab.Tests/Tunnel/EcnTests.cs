using System.Net;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>ECN between two servers of ours (RFC 6040): out to the outer header, and marks of the way in to the inner one.</summary>
public class EcnTests
{
    private const int NotEct = 0, Ect0 = 2, Ce = 3;

    private static readonly TunnelOptions OnePath = new() { PathVersions = [4] };

    [LabFact]
    public void The_inner_field_is_copied_out() => TunnelLab.Run(OnePath, lab =>
    {
        using Socket outer = RawUdp(lab.B, "10.1.1.3"), inner = RawUdp(lab.B, TunnelLab.AddressB);
        using Socket sender = Traffic.UdpSocket(lab.A, TunnelLab.AddressA);
        foreach (int field in new[] { Ect0, NotEct, Ce })
        {
            sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, field);
            sender.SendTo(new byte[500], new IPEndPoint(IPAddress.Parse(TunnelLab.AddressB), 9));
            Assert.Equal(field, NextField(outer, minimumLength: 500));
            Assert.Equal(field, NextField(inner, minimumLength: 500));
        }
    });

    [LabFact]
    public void A_mark_made_on_the_way_reaches_the_receiver_or_the_packet_is_dropped() => TunnelLab.Run(OnePath, lab =>
    {
        using Socket inner = RawUdp(lab.B, TunnelLab.AddressB);
        // What a router on the way would make of a packet of A's.
        using Socket sender = Traffic.UdpSocket(lab.A, "10.1.1.2");
        sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, Ce);
        void Send(byte innerField) => sender.SendTo(Encapsulated(innerField), new IPEndPoint(IPAddress.Parse("10.1.1.3"), 23456));
        Send(Ect0);
        Assert.Equal(Ce, NextField(inner, minimumLength: 28));
        Send(NotEct);
        lab.ServerB.WaitFor(status => status.Connections[0].Paths[0].Drops.GetValueOrDefault("EcnCongestionLost") == 1,
            "the packet that cannot carry the mark was dropped");
    });

    /// <summary>GRE, and in it an IPv4 packet with an empty UDP datagram from A's tunnel address to B's.</summary>
    private static byte[] Encapsulated(byte ecn)
    {
        byte[] ip =
        [
            0x45, ecn, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0,
            .. IPAddress.Parse(TunnelLab.AddressA).GetAddressBytes(), .. IPAddress.Parse(TunnelLab.AddressB).GetAddressBytes(),
        ];
        int sum = 0;
        for (int i = 0; i < ip.Length; i += 2)
        {
            sum += ip[i] << 8 | ip[i + 1];
        }
        int checksum = ~((sum & 0xFFFF) + (sum >> 16)) & 0xFFFF;
        (ip[10], ip[11]) = ((byte)(checksum >> 8), (byte)checksum);
        byte[] udp = [0x30, 0x39, 0, 9, 0, 8, 0, 0];
        return [0, 0, 8, 0, .. ip, .. udp];
    }

    /// <summary>Sees every UDP packet to the address, its IP header included.</summary>
    private static Socket RawUdp(LabHost host, string address) => host.Invoke(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        return socket;
    });

    /// <summary>The ECN field of the next packet that is long enough not to be a keepalive.</summary>
    private static int NextField(Socket socket, int minimumLength)
    {
        byte[] packet = new byte[2048];
        while (socket.Receive(packet) < minimumLength)
        {
        }
        return packet[1] & 3;
    }
}
