using System.Net;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.LabSelf;

/// <summary>Whether a datagram gets from one host to an address of another, told at once when it does.</summary>
internal static class Reach
{
    /// <summary>Sends ten datagrams a tenth of a second apart until one arrives.</summary>
    internal static bool Answers(LabHost from, LabHost to, string address)
    {
        IPAddress ip = IPAddress.Parse(address);
        using Socket receiver = to.Invoke(() => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        using Socket sender = from.Invoke(() => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        receiver.Bind(new IPEndPoint(ip, 0));
        for (int attempt = 0; attempt < 10; attempt++)
        {
            sender.SendTo(new byte[] { 1 }, receiver.LocalEndPoint!);
            if (receiver.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
            {
                return true;
            }
        }
        return false;
    }
}
