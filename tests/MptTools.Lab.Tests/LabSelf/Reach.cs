using System.Net;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.LabSelf;

/// <summary>Whether datagrams get from one host to an address of another.</summary>
internal static class Reach
{
    /// <summary>Sends a datagram every 50 ms until one arrives, for 5 seconds: after a cut the kernel asks for the
    /// neighbour's address only once a second.</summary>
    internal static bool Answers(LabHost from, LabHost to, string address) => Send(from, to, address, attempts: 100);

    /// <summary>Sends ten datagrams within half a second; whether none arrived.</summary>
    internal static bool IsSilent(LabHost from, LabHost to, string address) => !Send(from, to, address, attempts: 10);

    private static bool Send(LabHost from, LabHost to, string address, int attempts)
    {
        IPAddress ip = IPAddress.Parse(address);
        using Socket receiver = to.Invoke(() => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        using Socket sender = from.Invoke(() => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        receiver.Bind(new IPEndPoint(ip, 0));
        for (int attempt = 0; attempt < attempts; attempt++)
        {
            sender.SendTo(new byte[] { 1 }, receiver.LocalEndPoint!);
            if (receiver.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead))
            {
                return true;
            }
        }
        return false;
    }
}
