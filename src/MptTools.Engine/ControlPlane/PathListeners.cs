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
    private readonly Dictionary<(IPAddress Address, int Port), ReceiveSource> open = [];

    /// <summary>Opens the socket for an address if there is none yet. It must be there before any path's socket on that address.</summary>
    /// <param name="checksum">False: it takes IPv6 datagrams without a UDP checksum as well, for one of the address's paths does.</param>
    /// <param name="port">The connection's port, or the one it is about to have.</param>
    /// <returns>The address's socket.</returns>
    /// <exception cref="SystemCallException">As the kernel says; EADDRINUSE when another program has the port.</exception>
    internal ReceiveSource Open(IPAddress local, uint scope, uint mark, bool checksum, int port)
    {
        if (open.TryGetValue((local, port), out ReceiveSource? there))
        {
            if (!checksum)
            {
                there.Socket.AcceptZeroChecksums();
            }
            return there;
        }
        UdpSocket socket = UdpSocket.Bind(new IPEndPoint(local, port), scope, mark, share: false, context.Offloads, checksum);
        ReceiveSource source = new(socket, connection, null);
        open[(local, port)] = source;
        context.Forwarder.Add(source);
        return source;
    }

    /// <summary>Closes the sockets that no open path has, by its address and the connection's port.</summary>
    internal void CloseExcept(IEnumerable<IPAddress> inUse)
    {
        foreach ((IPAddress, int) place in open.Keys.Except(inUse.Select(address => (address, connection.Config.LocalPort))).ToArray())
        {
            ReceiveSource source = open[place];
            open.Remove(place);
            context.Forwarder.Remove(source);
            source.Socket.Dispose();
        }
    }
}
