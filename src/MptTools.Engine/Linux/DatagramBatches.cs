using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>Datagrams received in few calls (recvmmsg), in native memory that is used again for the next batch.</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    /// <summary>Datagrams in a batch; with UDP_GRO each may be up to 64 KiB of datagrams of one size.</summary>
    internal const int Capacity = 256;

    /// <summary>
    /// A whole UDP datagram fits. Only the pages that are written to cost memory, so small packets do not pay for it.
    /// </summary>
    private const int SlotSize = 65536;
    private const int ControlSize = 64;

    private readonly byte* data = (byte*)NativeMemory.AlignedAlloc((nuint)Capacity * SlotSize, 4096);
    private readonly Libc.mmsghdr* messages = (Libc.mmsghdr*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.mmsghdr));
    private readonly Libc.iovec* vectors = (Libc.iovec*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.iovec));
    private readonly byte* names = (byte*)NativeMemory.AllocZeroed(Capacity, UdpSocket.AddressSize);
    private readonly byte* controls = (byte*)NativeMemory.AllocZeroed(Capacity, ControlSize);

    internal ReceiveBatch()
    {
        for (int i = 0; i < Capacity; i++)
        {
            vectors[i].iov_base = data + (long)i * SlotSize;
            vectors[i].iov_len = SlotSize;
            messages[i].msg_hdr.msg_iov = vectors + i;
            messages[i].msg_hdr.msg_iovlen = 1;
            messages[i].msg_hdr.msg_name = names + i * UdpSocket.AddressSize;
            messages[i].msg_hdr.msg_control = controls + i * ControlSize;
        }
    }

    /// <summary>Datagrams in it.</summary>
    internal int Count { get; private set; }

    internal void Clear() => Count = 0;

    /// <summary>Adds what the socket has, at most <paramref name="maximum"/>.</summary>
    /// <returns>How many were added.</returns>
    internal int Receive(UdpSocket socket, int maximum)
    {
        int room = Math.Min(maximum, Capacity - Count);
        for (int i = Count; i < Count + room; i++)
        {
            // The kernel shortens both to what it wrote.
            messages[i].msg_hdr.msg_namelen = UdpSocket.AddressSize;
            messages[i].msg_hdr.msg_controllen = ControlSize;
        }
        for (int tries = 0; room > 0; tries++)
        {
            int received = Libc.recvmmsg(socket.Descriptor, messages + Count, (uint)room, Libc.MSG_DONTWAIT, null);
            if (received >= 0)
            {
                Count += received;
                return received;
            }
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Libc.EAGAIN)
            {
                return 0;
            }
            // An ICMP error that came back for an earlier datagram is reported once, here; the datagrams are behind it.
            socket.WasToldOfMtu |= errno == Libc.EMSGSIZE;
            if (tries > 8)
            {
                return 0;
            }
        }
        return 0;
    }

    internal byte* Data(int index) => data + (long)index * SlotSize;

    internal int Length(int index) => (int)messages[index].msg_len;

    /// <summary>
    /// What the kernel tells beside the datagram: the ECN bits of the outer header, and the size of the datagrams that
    /// UDP_GRO has put together (the last may be shorter); the whole length where there is only one.
    /// </summary>
    internal (byte Ecn, int SegmentSize) Ancillary(int index)
    {
        byte ecn = 0;
        int segmentSize = Length(index);
        ref Libc.msghdr header = ref messages[index].msg_hdr;
        byte* control = (byte*)header.msg_control;
        byte* end = control + header.msg_controllen;
        while (control + sizeof(Libc.cmsghdr) <= end)
        {
            Libc.cmsghdr* item = (Libc.cmsghdr*)control;
            if (item->cmsg_len < (nuint)sizeof(Libc.cmsghdr))
            {
                break;
            }
            if ((item->cmsg_level, item->cmsg_type) is (Libc.SOL_IP, Libc.IP_TOS) or (Libc.SOL_IPV6, Libc.IPV6_TCLASS))
            {
                // A byte for IPv4, an int for IPv6: the low byte on a little-endian machine, and .NET runs on no other with TUN devices.
                ecn = (byte)(*(control + sizeof(Libc.cmsghdr)) & 3);
            }
            else if ((item->cmsg_level, item->cmsg_type) is (Libc.SOL_UDP, Libc.UDP_GRO))
            {
                segmentSize = *(int*)(control + sizeof(Libc.cmsghdr));
            }
            control += (item->cmsg_len + 7) & ~(nuint)7;
        }
        return (ecn, segmentSize);
    }

    /// <summary>The sender's address and port, as it stands in the socket address.</summary>
    internal (UInt128 Address, int Port, bool IsIPv6) Source(int index)
    {
        byte* name = names + index * UdpSocket.AddressSize;
        int port = name[2] << 8 | name[3];
        bool isIPv6 = *(ushort*)name == Libc.AF_INET6;
        UInt128 address = 0;
        byte* bytes = name + (isIPv6 ? 8 : 4);
        for (int i = 0; i < (isIPv6 ? 16 : 4); i++)
        {
            address = address << 8 | bytes[i];
        }
        return (address, port, isIPv6);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(data);
        NativeMemory.Free(messages);
        NativeMemory.Free(vectors);
        NativeMemory.Free(names);
        NativeMemory.Free(controls);
    }
}

/// <summary>
/// Datagrams to be sent on one connected socket in few calls. Neighbours of one size become one message that the kernel, or
/// the network card, cuts again (UDP_SEGMENT); the last of a run may be shorter.
/// </summary>
internal sealed unsafe class SendBatch : IDisposable
{
    /// <summary>Datagrams in a batch.</summary>
    internal const int Capacity = 2048;

    /// <summary>The kernel's limit on the datagrams of a run (UDP_MAX_SEGMENTS); half of it before Linux 6.9.</summary>
    internal const int MaximumRun = 128;

    /// <summary>The longest run that stays in one buffer all the way; what is longer is cut in software at once (measured on Linux 6.18).</summary>
    private const int RunBytes = 65480;

    private const int MaximumMessages = 256;
    private const int ControlSize = 64;
    private const int ControlItemSize = 24;

    private readonly Libc.mmsghdr* messages = (Libc.mmsghdr*)NativeMemory.AllocZeroed(MaximumMessages, (nuint)sizeof(Libc.mmsghdr));
    private readonly Libc.iovec* vectors = (Libc.iovec*)NativeMemory.AllocZeroed(2 * Capacity, (nuint)sizeof(Libc.iovec));
    private readonly byte* controls = (byte*)NativeMemory.AllocZeroed(MaximumMessages, ControlSize);
    private readonly int[] datagramsOf = new int[MaximumMessages];
    private readonly int[] lengthOf = new int[MaximumMessages];
    private int datagrams, vectorsUsed;
    private int runSize, runBytes;
    private byte runEcn;

    /// <summary>Messages in it.</summary>
    internal int Count { get; private set; }

    internal bool IsFull => datagrams == Capacity || Count == MaximumMessages;

    /// <summary>How many datagrams a message stands for.</summary>
    internal int DatagramsOf(int message) => datagramsOf[message];

    /// <summary>The length of a message's datagrams; of a run, of all but the last.</summary>
    internal int LengthOf(int message) => lengthOf[message];

    internal void Clear() => Count = datagrams = vectorsUsed = runSize = 0;

    /// <summary>Adds a datagram; its bytes must stay where they are until it is sent.</summary>
    /// <param name="header">The first part of the UDP payload.</param>
    /// <param name="headerLength">Its length; above 0.</param>
    /// <param name="payload">The second part.</param>
    /// <param name="payloadLength">Its length; 0 where the first is all.</param>
    /// <param name="ecn">ECN bits for the outer header.</param>
    /// <param name="socket">The socket it will go by.</param>
    internal void Add(byte* header, int headerLength, byte* payload, int payloadLength, byte ecn, UdpSocket socket)
    {
        int length = headerLength + payloadLength;
        bool joins = length <= runSize && ecn == runEcn && runBytes + length <= RunBytes &&
            datagramsOf[Count - 1] < socket.LongestRun && runSize <= socket.LongestSegment;
        if (!joins)
        {
            Start(ecn, socket.IsIPv6);
            runSize = lengthOf[Count - 1] = length;
            runBytes = 0;
            runEcn = ecn;
        }
        ref Libc.msghdr message = ref messages[Count - 1].msg_hdr;
        Append(ref message, header, headerLength);
        if (payloadLength > 0)
        {
            Append(ref message, payload, payloadLength);
        }
        datagrams++;
        runBytes += length;
        if (++datagramsOf[Count - 1] == 2)
        {
            AddControl(ref message, Libc.SOL_UDP, Libc.UDP_SEGMENT, sizeof(ushort), runSize);
        }
        if (length < runSize)
        {
            runSize = 0;
        }
    }

    /// <summary>Sends from <paramref name="first"/> on.</summary>
    /// <returns>How many messages the kernel took; negative, the number of the error that the first of them met.</returns>
    internal int Send(UdpSocket socket, int first)
    {
        int sent = Libc.sendmmsg(socket.Descriptor, messages + first, (uint)(Count - first), 0);
        return sent >= 0 ? sent : -Marshal.GetLastPInvokeError();
    }

    private void Start(byte ecn, bool isIPv6)
    {
        ref Libc.msghdr message = ref messages[Count].msg_hdr;
        message.msg_iov = vectors + vectorsUsed;
        message.msg_iovlen = 0;
        message.msg_control = null;
        message.msg_controllen = 0;
        datagramsOf[Count] = 0;
        Count++;
        if (ecn != 0)
        {
            (int level, int type) = isIPv6 ? (Libc.SOL_IPV6, Libc.IPV6_TCLASS) : (Libc.SOL_IP, Libc.IP_TOS);
            AddControl(ref message, level, type, sizeof(int), ecn);
        }
    }

    private void Append(ref Libc.msghdr message, byte* data, int length)
    {
        vectors[vectorsUsed].iov_base = data;
        vectors[vectorsUsed].iov_len = (nuint)length;
        vectorsUsed++;
        message.msg_iovlen++;
    }

    private void AddControl(ref Libc.msghdr message, int level, int type, int size, int value)
    {
        message.msg_control = controls + (Count - 1) * ControlSize;
        Libc.cmsghdr* item = (Libc.cmsghdr*)((byte*)message.msg_control + message.msg_controllen);
        item->cmsg_len = (nuint)(sizeof(Libc.cmsghdr) + size);
        item->cmsg_level = level;
        item->cmsg_type = type;
        // The low bytes come first, so a shorter value stands where it is looked for.
        *(int*)(item + 1) = value;
        message.msg_controllen += ControlItemSize;
    }

    public void Dispose()
    {
        NativeMemory.Free(messages);
        NativeMemory.Free(vectors);
        NativeMemory.Free(controls);
    }
}
