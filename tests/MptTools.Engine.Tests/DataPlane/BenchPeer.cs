using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>A datagram as it came from the wire.</summary>
internal sealed record PeerDatagram(byte[] Payload, byte Ecn);

/// <summary>The far end of a path.</summary>
internal sealed unsafe class BenchPeer : IDisposable
{
    private const int Forever = 30_000;

    private readonly UdpSocket socket;
    private readonly ReceiveBatch batch = new();
    private readonly Queue<PeerDatagram> received = new();
    private int handedOut;

    internal BenchPeer(IPAddress address, int port = 0)
    {
        socket = UdpSocket.Bind(new IPEndPoint(address, port), scope: 0, mark: 0, share: false, Offloads.All);
        EndPoint = EndPointOf(socket);
    }

    internal IPEndPoint EndPoint { get; }

    /// <summary>The engine's end.</summary>
    internal IPEndPoint? Remote { get; set; }

    internal void Send(byte[] datagram)
    {
        byte* address = stackalloc byte[UdpSocket.AddressSize];
        uint length = UdpSocket.WriteAddress(address, Remote!, scope: 0);
        fixed (byte* data = datagram)
        {
            Assert.Equal(datagram.Length, Libc.sendto(socket.Descriptor, data, (nuint)datagram.Length, 0, address, length));
        }
    }

    /// <summary>The ECN bits of what is sent from now on.</summary>
    internal void SetEcn(int ecn)
    {
        if (socket.IsIPv6)
        {
            SystemCallException.Check(Libc.setsockopt(socket.Descriptor, Libc.SOL_IPV6, Libc.IPV6_TCLASS, &ecn, sizeof(int)), "Setting the traffic class");
        }
        else
        {
            SystemCallException.Check(Libc.setsockopt(socket.Descriptor, Libc.SOL_IP, Libc.IP_TOS, &ecn, sizeof(int)), "Setting the type of service");
        }
    }

    /// <summary>The next so many datagrams; waits for them.</summary>
    internal List<PeerDatagram> Receive(int count)
    {
        while (received.Count < count)
        {
            Libc.pollfd descriptor = new() { fd = socket.Descriptor, events = Libc.POLLIN };
            Assert.True(Libc.poll(&descriptor, 1, Forever) > 0, $"{received.Count} of {count} datagrams came to {EndPoint}.");
            TakeAll();
        }
        handedOut += count;
        return [.. Enumerable.Range(0, count).Select(_ => received.Dequeue())];
    }

    /// <summary>Sends back what has come, as it came.</summary>
    internal void Echo()
    {
        byte* address = stackalloc byte[UdpSocket.AddressSize];
        uint length = UdpSocket.WriteAddress(address, Remote!, scope: 0);
        batch.Receive(socket, ReceiveBatch.Capacity);
        for (int i = 0; i < batch.Count; i++)
        {
            (_, int size) = batch.Ancillary(i);
            for (int offset = 0; offset < batch.Length(i); offset += size)
            {
                _ = Libc.sendto(socket.Descriptor, batch.Data(i) + offset, (nuint)Math.Min(size, batch.Length(i) - offset), 0, address, length);
            }
        }
        batch.Clear();
    }

    /// <summary>The next ones, until there have been so many in all; waits for them.</summary>
    internal List<PeerDatagram> ReceiveUpTo(long count) => Receive((int)count - handedOut);

    /// <summary>Nothing more has come.</summary>
    internal bool IsEmpty
    {
        get
        {
            TakeAll();
            return received.Count == 0;
        }
    }

    internal static IPEndPoint EndPointOf(UdpSocket socket)
    {
        using Socket view = new(new SafeSocketHandle(socket.Descriptor, ownsHandle: false));
        return (IPEndPoint)view.LocalEndPoint!;
    }

    private void TakeAll()
    {
        batch.Receive(socket, ReceiveBatch.Capacity);
        for (int i = 0; i < batch.Count; i++)
        {
            (byte ecn, int size) = batch.Ancillary(i);
            int offset = 0;
            do
            {
                int length = Math.Min(size, batch.Length(i) - offset);
                received.Enqueue(new PeerDatagram(new ReadOnlySpan<byte>(batch.Data(i) + offset, length).ToArray(), ecn));
                offset += size;
            }
            while (offset < batch.Length(i));
        }
        batch.Clear();
    }

    public void Dispose()
    {
        socket.Dispose();
        batch.Dispose();
    }
}
