using System.Net;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>
/// For each local address of a connection one socket beside the paths' connected ones. It holds the port against other
/// programs, and takes what comes from other ports of the peers: existing servers look at no source port, so their
/// clients behind a NAT may have any.
/// </summary>
internal sealed class PathListeners(ServerContext context, ConnectionRuntime connection)
{
    private readonly Dictionary<IPAddress, ReceiveSource> open = [];

    /// <summary>Opens the socket for an address if there is none yet. It must be there before any path's socket on that address.</summary>
    /// <param name="checksum">False: it takes IPv6 datagrams without a UDP checksum as well, for one of the address's paths does.</param>
    /// <returns>The address's socket.</returns>
    /// <exception cref="SystemCallException">As the kernel says; EADDRINUSE when another program has the port.</exception>
    internal ReceiveSource Open(IPAddress local, uint scope, uint mark, bool checksum)
    {
        if (open.TryGetValue(local, out ReceiveSource? there))
        {
            if (!checksum)
            {
                there.Socket.AcceptZeroChecksums();
            }
            return there;
        }
        UdpSocket socket = UdpSocket.Bind(
            new IPEndPoint(local, connection.Config.LocalPort), scope, mark, share: false, context.Offloads, checksum);
        ReceiveSource source = new(socket, connection, null);
        open[local] = source;
        context.Forwarder.Add(source);
        return source;
    }

    /// <summary>Closes the sockets whose address no open path has.</summary>
    internal void CloseExcept(IEnumerable<IPAddress> inUse)
    {
        foreach (IPAddress address in open.Keys.Except(inUse).ToArray())
        {
            ReceiveSource source = open[address];
            open.Remove(address);
            context.Forwarder.Remove(source);
            source.Socket.Dispose();
        }
    }
}
