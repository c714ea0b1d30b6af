using System.Net;
using MptTools.Engine.Linux;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>Takes what comes in at the command port. Used by the control thread only.</summary>
internal interface ICommandPortUser
{
    /// <summary>A datagram came; it is valid during the call only.</summary>
    void Take(in DatagramOrigin origin, ReadOnlySpan<byte> datagram);
}

/// <summary>The UDP command port: existing clients on this host and servers of peers send there. Used by the control thread only.</summary>
internal sealed class CommandPort : IDisposable
{
    /// <summary>So many at a time, then timers and links have their turn: a flood must not keep them waiting.</summary>
    private const int DatagramsPerTurn = 64;

    private readonly byte[] buffer = new byte[ControlMessage.MaximumLength + 1];
    private readonly List<CommandSocket> sockets = [];

    /// <param name="port">cmdport_local.</param>
    /// <exception cref="MptStartException">Another program has the port.</exception>
    internal CommandPort(int port)
    {
        Port = port;
        try
        {
            Open(isIPv6: false);
            Open(isIPv6: true);
        }
        catch (SystemCallException e)
        {
            Dispose();
            throw new MptStartException(
                e.Errno == Libc.EADDRINUSE
                    ? $"UDP port {port} is in use by another program, so the server cannot take commands of its peers. Stop that program (ss -lunp shows it), or choose another cmdport_local in interface.conf."
                    : $"The command port cannot be opened: {e.Message}",
                e);
        }
    }

    internal int Port { get; }

    /// <summary>What to wait for.</summary>
    internal IEnumerable<int> Descriptors => sockets.Select(socket => socket.Descriptor);

    /// <summary>Passes on what has come.</summary>
    internal void Read(ICommandPortUser user)
    {
        foreach (CommandSocket socket in sockets)
        {
            for (int i = 0; i < DatagramsPerTurn && socket.Receive(buffer, out DatagramOrigin origin) is var length and >= 0; i++)
            {
                user.Take(origin, buffer.AsSpan(0, length));
            }
        }
    }

    /// <summary>Sends a datagram; one that cannot be sent is lost like any other.</summary>
    internal void Send(ReadOnlySpan<byte> datagram, IPEndPoint to, in DatagramWay way)
    {
        bool isIPv6 = to.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        foreach (CommandSocket socket in sockets)
        {
            if (socket.IsIPv6 == isIPv6)
            {
                socket.Send(datagram, to, way);
            }
        }
    }

    public void Dispose()
    {
        sockets.ForEach(socket => socket.Dispose());
        sockets.Clear();
    }

    private void Open(bool isIPv6)
    {
        if (CommandSocket.Open(isIPv6, Port) is { } socket)
        {
            sockets.Add(socket);
        }
    }
}
