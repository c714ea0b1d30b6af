using System.Runtime.InteropServices;

namespace MptTools.Engine.Linux;

/// <summary>Datagrams received in few calls (recvmmsg), in native memory that is used again for the next batch.</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    /// <summary>Datagrams in a batch.</summary>
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
            if (tries > 8)
            {
                return 0;
            }
        }
        return 0;
    }

    internal byte* Data(int index) => data + (long)index * SlotSize;

    internal int Length(int index) => (int)messages[index].msg_len;

    /// <summary>The ECN bits of the outer header.</summary>
    internal byte Ecn(int index)
    {
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
                return (byte)(*(control + sizeof(Libc.cmsghdr)) & 3);
            }
            control += (item->cmsg_len + 7) & ~(nuint)7;
        }
        return 0;
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

/// <summary>Datagrams to be sent on one connected socket in few calls (sendmmsg).</summary>
internal sealed unsafe class SendBatch : IDisposable
{
    internal const int Capacity = 256;
    private const int ControlSize = 32;

    private readonly Libc.mmsghdr* messages = (Libc.mmsghdr*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.mmsghdr));
    private readonly Libc.iovec* vectors = (Libc.iovec*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.iovec));
    private readonly byte* controls = (byte*)NativeMemory.AllocZeroed(Capacity, ControlSize);

    internal SendBatch()
    {
        for (int i = 0; i < Capacity; i++)
        {
            messages[i].msg_hdr.msg_iov = vectors + i;
            messages[i].msg_hdr.msg_iovlen = 1;
        }
    }

    internal int Count { get; private set; }

    internal bool IsFull => Count == Capacity;

    internal void Clear() => Count = 0;

    /// <summary>Adds a datagram; its bytes must stay where they are until it is sent.</summary>
    /// <param name="datagram">The UDP payload.</param>
    /// <param name="length">Its length.</param>
    /// <param name="ecn">ECN bits for the outer header.</param>
    /// <param name="isIPv6">The version of the outer header.</param>
    internal void Add(byte* datagram, int length, byte ecn, bool isIPv6)
    {
        vectors[Count].iov_base = datagram;
        vectors[Count].iov_len = (nuint)length;
        ref Libc.msghdr header = ref messages[Count].msg_hdr;
        if (ecn == 0)
        {
            header.msg_control = null;
            header.msg_controllen = 0;
        }
        else
        {
            Libc.cmsghdr* control = (Libc.cmsghdr*)(controls + Count * ControlSize);
            control->cmsg_len = (nuint)sizeof(Libc.cmsghdr) + sizeof(int);
            (control->cmsg_level, control->cmsg_type) = isIPv6 ? (Libc.SOL_IPV6, Libc.IPV6_TCLASS) : (Libc.SOL_IP, Libc.IP_TOS);
            *(int*)(control + 1) = ecn;
            header.msg_control = control;
            header.msg_controllen = (nuint)sizeof(Libc.cmsghdr) + 8;
        }
        Count++;
    }

    /// <summary>Sends from <paramref name="first"/> on.</summary>
    /// <returns>How many the kernel took; negative, the number of the error that the first of them met.</returns>
    internal int Send(UdpSocket socket, int first)
    {
        int sent = Libc.sendmmsg(socket.Descriptor, messages + first, (uint)(Count - first), 0);
        return sent >= 0 ? sent : -Marshal.GetLastPInvokeError();
    }

    public void Dispose()
    {
        NativeMemory.Free(messages);
        NativeMemory.Free(vectors);
        NativeMemory.Free(controls);
    }
}
