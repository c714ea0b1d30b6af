using System.Buffers.Binary;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>An IP packet that passed an interface: its beginning, as long as any headers can be.</summary>
internal sealed record TappedPacket(byte[] Bytes)
{
    private const int Udp = 17, FragmentHeader = 44, MoreFragmentsOrOffset = 0x3FFF, DontFragment = 0x4000;

    internal bool IsIPv6 => Bytes[0] >> 4 == 6;

    internal bool IsFragment => IsIPv6 ? Bytes[6] == FragmentHeader : (Word(6) & MoreFragmentsOrOffset) != 0;

    /// <summary>No router may cut it.</summary>
    internal bool ForbidsFragments => IsIPv6 || (Word(6) & DontFragment) != 0;

    /// <summary>A fragment counts as well, for only the first one has a port.</summary>
    internal bool IsData => (IsIPv6 ? Bytes[6] : Bytes[9]) == Udp && (Word(UdpOffset) == ServersPort || Word(UdpOffset + 2) == ServersPort);

    internal int UdpChecksum => Word(UdpOffset + 6);

    private const int ServersPort = 23456;

    private int UdpOffset => IsIPv6 ? 40 : (Bytes[0] & 15) * 4;

    private int Word(int offset) => BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(offset));
}

/// <summary>Sees all IP packets that an interface of a host sends and receives, until it is disposed.</summary>
internal sealed unsafe class WireTap : IDisposable
{
    private const int AF_PACKET = 17, ETH_P_ALL = 3, HeadersLength = 128, BufferBytes = 64 << 20;

    private readonly int fd;
    private readonly Thread reading;
    private readonly EventFd stop = new();
    private readonly List<TappedPacket> packets = [];

    internal WireTap(LabHost host, string device)
    {
        fd = host.Invoke(() => Open(device));
        reading = new Thread(Read) { IsBackground = true, Name = $"tap {device}" };
        reading.Start();
    }

    /// <summary>What has passed so far.</summary>
    internal IReadOnlyList<TappedPacket> Packets
    {
        get
        {
            lock (packets)
            {
                return [.. packets];
            }
        }
    }

    public void Dispose()
    {
        stop.Signal();
        reading.Join();
        _ = Libc.close(fd);
        stop.Dispose();
    }

    private static int Open(string device)
    {
        ushort protocol = BinaryPrimitives.ReverseEndianness((ushort)ETH_P_ALL);
        int fd = SystemCallException.Check(
            Libc.socket(AF_PACKET, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, protocol), "Opening a tap");
        int bytes = BufferBytes;
        SystemCallException.Check(Libc.setsockopt(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, &bytes, sizeof(int)), "Enlarging a tap");
        // struct sockaddr_ll: family, protocol, index; the rest does not matter.
        byte* address = stackalloc byte[20];
        new Span<byte>(address, 20).Clear();
        *(ushort*)address = AF_PACKET;
        *(ushort*)(address + 2) = protocol;
        *(uint*)(address + 4) = Libc.if_nametoindex(device);
        SystemCallException.Check(Libc.bind(fd, address, 20), $"Tapping {device}");
        return fd;
    }

    private void Read()
    {
        byte* buffer = stackalloc byte[HeadersLength];
        Libc.pollfd* descriptors = stackalloc Libc.pollfd[2];
        descriptors[0] = new Libc.pollfd { fd = fd, events = Libc.POLLIN };
        descriptors[1] = new Libc.pollfd { fd = stop.Descriptor, events = Libc.POLLIN };
        while (true)
        {
            nint length = Libc.recv(fd, buffer, HeadersLength, 0);
            if (length < 0)
            {
                _ = Libc.poll(descriptors, 2, -1);
                if (descriptors[1].revents != 0)
                {
                    return;
                }
                continue;
            }
            if (length >= 28 && buffer[0] >> 4 is 4 or 6)
            {
                lock (packets)
                {
                    packets.Add(new TappedPacket(new ReadOnlySpan<byte>(buffer, (int)length).ToArray()));
                }
            }
        }
    }
}
