using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using MptTools.Engine.Config;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Linux;

/// <summary>A network interface as the kernel last described it.</summary>
internal sealed class LinkState
{
    internal required int Index { get; init; }
    internal required string Name { get; set; }

    /// <summary>Set up by the admin and with carrier (IFF_UP and IFF_RUNNING).</summary>
    internal bool IsRunning { get; set; }

    /// <summary>The largest packet it takes, in bytes.</summary>
    internal int Mtu { get; set; }

    /// <summary>Its addresses that can be used, in the order the kernel gave them (a tentative IPv6 address cannot yet).</summary>
    internal List<InterfaceAddress> Addresses { get; } = [];

    /// <summary>
    /// Another number whenever it went down or lost an address. The kernel takes routes away then, also when all is back
    /// before its notices are read.
    /// </summary>
    internal int Losses { get; set; }

    internal bool Has(IPAddress address) => Addresses.Any(item => item.Address.Equals(address));

    /// <summary>The address is in a network that one of the interface's addresses belongs to.</summary>
    internal bool ReachesOnLink(IPAddress address) => Addresses.Any(item =>
        item.Address.AddressFamily == address.AddressFamily &&
        Prefix.Of(item.Address, item.PrefixLength) == Prefix.Of(address, item.PrefixLength));
}

/// <summary>
/// Follows interfaces and addresses by the kernel's own notices (rtnetlink(7)), without looking. Belongs to the network
/// namespace it was made in. One thread at a time.
/// </summary>
internal sealed unsafe class LinkMonitor : IDisposable
{
    private const int RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_DELADDR = 21, RTM_GETADDR = 22,
        RTM_NEWROUTE = 24, RTM_DELROUTE = 25;
    private const int NLMSG_ERROR = 2, NLMSG_DONE = 3;
    private const int NLM_F_REQUEST = 1, NLM_F_DUMP = 0x300;
    private const int IFLA_IFNAME = 3, IFLA_MTU = 4, IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_FLAGS = 8;
    private const uint IFF_UP = 1, IFF_RUNNING = 0x40;
    private const uint IFA_F_DADFAILED = 0x08, IFA_F_TENTATIVE = 0x40;
    private const uint RTMGRP_LINK = 1, RTMGRP_IPV4_IFADDR = 0x10, RTMGRP_IPV6_IFADDR = 0x100;
    private const int SOL_NETLINK = 270, NETLINK_ADD_MEMBERSHIP = 1, RTNLGRP_IPV4_ROUTE = 7, RTNLGRP_IPV6_ROUTE = 11;
    private const byte RT_TABLE_MAIN = 254;
    private const int HeaderLength = 16;

    private readonly Dictionary<int, LinkState> links = [];
    private readonly byte[] buffer = new byte[65536];
    private int losses;
    private int fd;

    internal LinkMonitor()
    {
        fd = SystemCallException.Check(
            Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0), "Opening a netlink socket");
        uint* address = stackalloc uint[3];
        address[0] = Libc.AF_NETLINK;
        address[1] = 0;
        address[2] = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
        SystemCallException.Check(Libc.bind(fd, address, 12), "Listening for link changes");
        ReadEverything();
    }

    /// <summary>Readable when the kernel has something to tell.</summary>
    internal int Descriptor => fd;

    /// <summary>How often a default route of the main table came or went, where <see cref="FollowDefaultRoutes"/> was called.</summary>
    internal int DefaultRouteChanges { get; private set; }

    /// <summary>
    /// Follows the default routes of an IP version from now on. Only for who needs it: a router with a full table tells of many
    /// routes.
    /// </summary>
    internal void FollowDefaultRoutes(int ipVersion)
    {
        int group = ipVersion == 4 ? RTNLGRP_IPV4_ROUTE : RTNLGRP_IPV6_ROUTE;
        SystemCallException.Check(
            Libc.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(int)), "Listening for route changes");
    }

    /// <summary>The interface of that name, or null.</summary>
    internal LinkState? Find(string name)
    {
        foreach (LinkState link in links.Values)
        {
            if (link.Name == name)
            {
                return link;
            }
        }
        return null;
    }

    /// <summary>Takes in what the kernel has told; true when something changed.</summary>
    internal bool ReadNotices()
    {
        bool changed = false;
        while (true)
        {
            int length = Receive();
            if (length == -Libc.EAGAIN)
            {
                return changed;
            }
            if (length < 0)
            {
                // The kernel had more to tell than the socket holds: only a full reading is right again, and what was lost
                // meanwhile nobody knows.
                losses++;
                DefaultRouteChanges++;
                ReadEverything();
                return true;
            }
            changed |= Apply(buffer.AsSpan(0, length), out _);
        }
    }

    private void ReadEverything()
    {
        links.Clear();
        Dump(RTM_GETLINK);
        Dump(RTM_GETADDR);
    }

    private void Dump(int type)
    {
        Span<byte> request = stackalloc byte[HeaderLength + 16];
        request.Clear();
        MemoryMarshal.Write(request, request.Length);
        MemoryMarshal.Write(request[4..], (ushort)type);
        MemoryMarshal.Write(request[6..], (ushort)(NLM_F_REQUEST | NLM_F_DUMP));
        fixed (byte* data = request)
        {
            if (Libc.send(fd, data, (nuint)request.Length, 0) < 0)
            {
                throw SystemCallException.Last("Asking for links and addresses");
            }
        }
        bool done = false;
        while (!done)
        {
            Libc.pollfd wait = new() { fd = fd, events = Libc.POLLIN };
            _ = Libc.poll(&wait, 1, 5000);
            int length = Receive();
            if (length < 0)
            {
                throw new SystemCallException("Reading links and addresses", -length);
            }
            Apply(buffer.AsSpan(0, length), out done);
        }
    }

    private int Receive()
    {
        fixed (byte* data = buffer)
        {
            while (true)
            {
                nint length = Libc.recv(fd, data, (nuint)buffer.Length, Libc.MSG_DONTWAIT);
                if (length >= 0)
                {
                    return (int)length;
                }
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Libc.EINTR)
                {
                    return -errno;
                }
            }
        }
    }

    private bool Apply(ReadOnlySpan<byte> messages, out bool done)
    {
        bool changed = false;
        done = false;
        while (messages.Length >= HeaderLength)
        {
            int length = MemoryMarshal.Read<int>(messages);
            if (length < HeaderLength || length > messages.Length)
            {
                break;
            }
            ReadOnlySpan<byte> body = messages[HeaderLength..length];
            switch (MemoryMarshal.Read<ushort>(messages[4..]))
            {
                case NLMSG_DONE or NLMSG_ERROR:
                    done = true;
                    break;
                case RTM_NEWLINK:
                    changed |= ApplyLink(body);
                    break;
                case RTM_DELLINK:
                    changed |= links.Remove(MemoryMarshal.Read<int>(body[4..]));
                    break;
                case RTM_NEWROUTE or RTM_DELROUTE when IsDefaultRoute(body):
                    DefaultRouteChanges++;
                    changed = true;
                    break;
                case RTM_NEWADDR:
                    changed |= ApplyAddress(body, true);
                    break;
                case RTM_DELADDR:
                    changed |= ApplyAddress(body, false);
                    break;
            }
            messages = messages[Math.Min((length + 3) & ~3, messages.Length)..];
        }
        return changed;
    }

    private static bool IsDefaultRoute(ReadOnlySpan<byte> body) => body[1] == 0 && body[4] == RT_TABLE_MAIN;

    private bool ApplyLink(ReadOnlySpan<byte> body)
    {
        int index = MemoryMarshal.Read<int>(body[4..]);
        uint flags = MemoryMarshal.Read<uint>(body[8..]);
        bool running = (flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
        string? name = null;
        int mtu = 0;
        foreach ((int type, int start, int end) in Attributes(body, 16))
        {
            switch (type)
            {
                case IFLA_IFNAME:
                    name = Encoding.UTF8.GetString(body[start..end].TrimEnd((byte)0));
                    break;
                case IFLA_MTU:
                    mtu = MemoryMarshal.Read<int>(body[start..end]);
                    break;
            }
        }
        if (name is null)
        {
            return false;
        }
        if (!links.TryGetValue(index, out LinkState? link))
        {
            links[index] = new LinkState { Index = index, Name = name, IsRunning = running, Mtu = mtu, Losses = losses };
            return true;
        }
        // Not every notice tells the MTU.
        mtu = mtu == 0 ? link.Mtu : mtu;
        bool changed = link.IsRunning != running || link.Name != name || link.Mtu != mtu;
        if (link.IsRunning && !running)
        {
            link.Losses = ++losses;
        }
        link.IsRunning = running;
        link.Name = name;
        link.Mtu = mtu;
        return changed;
    }

    private bool ApplyAddress(ReadOnlySpan<byte> body, bool added)
    {
        int index = MemoryMarshal.Read<int>(body[4..]);
        uint flags = body[2];
        IPAddress? address = null;
        bool isLocal = false;
        foreach ((int type, int start, int end) in Attributes(body, 8))
        {
            switch (type)
            {
                // On a point-to-point interface IFA_ADDRESS is the peer's; ours is IFA_LOCAL.
                case IFA_LOCAL:
                    address = new IPAddress(body[start..end]);
                    isLocal = true;
                    break;
                case IFA_ADDRESS when !isLocal:
                    address = new IPAddress(body[start..end]);
                    break;
                case IFA_FLAGS:
                    flags = MemoryMarshal.Read<uint>(body[start..]);
                    break;
            }
        }
        if (address is null || !links.TryGetValue(index, out LinkState? link))
        {
            return false;
        }
        bool usable = added && (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
        if (usable == link.Addresses.Contains(new InterfaceAddress(address, body[1])))
        {
            return false;
        }
        if (usable)
        {
            link.Addresses.Add(new InterfaceAddress(address, body[1]));
        }
        else
        {
            link.Addresses.Remove(new InterfaceAddress(address, body[1]));
            link.Losses = ++losses;
        }
        return true;
    }

    private static List<(int Type, int Start, int End)> Attributes(ReadOnlySpan<byte> body, int offset)
    {
        List<(int, int, int)> attributes = [];
        while (offset + 4 <= body.Length)
        {
            int length = MemoryMarshal.Read<ushort>(body[offset..]);
            if (length < 4 || offset + length > body.Length)
            {
                break;
            }
            attributes.Add((MemoryMarshal.Read<ushort>(body[(offset + 2)..]) & 0x3fff, offset + 4, offset + length));
            offset += (length + 3) & ~3;
        }
        return attributes;
    }

    public void Dispose()
    {
        if (fd >= 0)
        {
            _ = Libc.close(fd);
            fd = -1;
        }
    }
}
