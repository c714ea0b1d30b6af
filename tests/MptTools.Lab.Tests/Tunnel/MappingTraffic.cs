using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>A packet of the tunnel as it passed a link, from its inner IP header on.</summary>
internal sealed record InnerPacket
{
    private const int Icmp = 1, Tcp = 6, IcmpV6 = 58, HopByHop = 0, FragmentHeader = 44, DestinationOptions = 60;

    private InnerPacket(int path, ReadOnlySpan<byte> gre, ReadOnlySpan<byte> inner)
    {
        (Path, HasNumber, HasKey) = (path, (gre[0] & 0x10) != 0, (gre[0] & 0x20) != 0);
        bool six = inner[0] >> 4 == 6;
        Length = six ? 40 + Word(inner, 4) : Word(inner, 2);
        Protocol = six ? inner[6] : inner[9];
        Destination = new IPAddress(six ? inner.Slice(24, 16) : inner.Slice(16, 4)).ToString();
        int offset = six ? 40 : (inner[0] & 15) * 4;
        while (six && Protocol is HopByHop or DestinationOptions)
        {
            (Protocol, offset) = (inner[offset], offset + (inner[offset + 1] + 1) * 8);
        }
        int fragment = six ? 0 : Word(inner, 6) & 0x3FFF;
        FragmentId = fragment != 0 ? (uint)Word(inner, 4) : null;
        if (six && Protocol == FragmentHeader)
        {
            Protocol = inner[offset];
            fragment = Word(inner, offset + 2) & 0xFFF9;
            FragmentId = BinaryPrimitives.ReadUInt32BigEndian(inner[(offset + 4)..]);
            offset += 8;
        }
        if (FragmentId is null)
        {
            IsUnreachable = (Protocol, inner[offset]) is (Icmp, 3) or (IcmpV6, 1);
            offset += IsUnreachable ? 8 + (six ? 40 : 20) : 0;
            (SourcePort, DestinationPort) = (Word(inner, offset), Word(inner, offset + 2));
            Number = Protocol == Tcp || IsUnreachable || Length < offset + 12 ? -1 : BitConverter.ToInt32(inner[(offset + 8)..]);
        }
    }

    internal int Path { get; }
    /// <summary>The GRE header has a sequence number.</summary>
    internal bool HasNumber { get; }
    /// <summary>The GRE header has a key.</summary>
    internal bool HasKey { get; }
    /// <summary>Its bytes, IP header included.</summary>
    internal int Length { get; }
    internal int Protocol { get; }
    internal string Destination { get; }
    /// <summary>An ICMP error: what it is about could not be delivered. The ports are those of what it quotes.</summary>
    internal bool IsUnreachable { get; }
    internal int SourcePort { get; }
    internal int DestinationPort { get; }
    /// <summary>Null where it is whole.</summary>
    internal uint? FragmentId { get; }
    /// <summary>The first four bytes of a UDP packet's payload.</summary>
    internal int Number { get; }

    /// <summary>Reads it from a packet of a link; null where that is something else.</summary>
    internal static InnerPacket? In(int path, TappedPacket packet)
    {
        ReadOnlySpan<byte> bytes = packet.Bytes;
        if (!packet.IsData || packet.IsFragment)
        {
            return null;
        }
        ReadOnlySpan<byte> gre = bytes[((packet.IsIPv6 ? 40 : (bytes[0] & 15) * 4) + 8)..];
        int length = 4 + (gre[0] >> 7 & 1) * 4 + (gre[0] >> 5 & 1) * 4 + (gre[0] >> 4 & 1) * 4;
        return gre.Length > length + 40 && Word(gre, 2) is 0x0800 or 0x86DD ? new InnerPacket(path, gre, gre[length..]) : null;
    }

    private static int Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
}

/// <summary>Sees which path brings which packet to host B. For emulated links: on others several packets pass as one.</summary>
internal sealed class PathTaps : IDisposable
{
    private readonly WireTap[] taps;
    private readonly string[] destinations;
    private int[] seen;

    /// <param name="destinations">The addresses of which packets are seen; none: B's tunnel addresses.</param>
    internal PathTaps(TunnelLab lab, params string[] destinations)
    {
        this.destinations = destinations.Length > 0 ? destinations : [TunnelLab.AddressB, TunnelLab.AddressB6];
        taps = [.. lab.Links.Select(link => new WireTap(lab.B, link.B.Device))];
        seen = new int[taps.Length];
    }

    /// <summary>All packets to these addresses since the last <see cref="Forget"/>, path by path.</summary>
    internal InnerPacket[] Packets =>
    [
        .. from path in Enumerable.Range(0, taps.Length)
           from packet in taps[path].Packets.Skip(seen[path])
           let inner = InnerPacket.In(path, packet)
           where inner is not null && destinations.Contains(inner.Destination)
           select inner,
    ];

    /// <summary>From now on only what comes counts.</summary>
    internal void Forget() => seen = [.. taps.Select(tap => tap.Packets.Count)];

    /// <summary>Waits until so many have been seen that are asked for, which have passed already, and returns them.</summary>
    internal InnerPacket[] Take(int count, Func<InnerPacket, bool>? which = null)
    {
        InnerPacket[] packets = [];
        LabWait.Until(
            () => (packets = [.. Packets.Where(packet => which is null || which(packet))]).Length >= count, $"{count} packets were seen on the links");
        Assert.Equal(count, packets.Length);
        return packets;
    }

    public void Dispose()
    {
        foreach (WireTap tap in taps)
        {
            tap.Dispose();
        }
    }
}

/// <summary>Many UDP flows from A to B, each from a port of its own. Every packet must arrive, those of a flow in their order.</summary>
internal sealed class UdpFlows : IDisposable
{
    private const int Ahead = 32;
    private readonly Socket[] senders;
    private readonly Socket receiver;
    private readonly int[] sent, arrived;
    private readonly Dictionary<int, int> flowOf = [];
    private readonly byte[] buffer = new byte[65536];

    /// <param name="port">Of the receiver; 0: any.</param>
    internal UdpFlows(TunnelLab lab, int count, string from = TunnelLab.AddressA, string to = TunnelLab.AddressB, int port = 0)
    {
        receiver = Traffic.UdpSocket(lab.B, to, port);
        receiver.ReceiveTimeout = 10_000;
        senders = [.. Enumerable.Range(0, count).Select(_ => Traffic.UdpSocket(lab.A, from))];
        (sent, arrived) = (new int[count], new int[count]);
        for (int flow = 0; flow < count; flow++)
        {
            senders[flow].Connect(receiver.LocalEndPoint!);
            flowOf[PortOf(flow)] = flow;
        }
    }

    internal int Count => senders.Length;

    internal int ReceiverPort => ((IPEndPoint)receiver.LocalEndPoint!).Port;

    /// <summary>The source port of a flow.</summary>
    internal int PortOf(int flow) => ((IPEndPoint)senders[flow].LocalEndPoint!).Port;

    /// <summary>Sends so many packets in each flow, in turns, and receives them all.</summary>
    /// <param name="inARow">So many of a flow in each of its turns; a divisor of <paramref name="rounds"/>.</param>
    internal void SendAll(int rounds, int size = 100, int inARow = 1)
    {
        for (int i = 0; i < rounds * Count; i += Ahead)
        {
            int count = Math.Min(Ahead, rounds * Count - i);
            for (int j = i; j < i + count; j++)
            {
                int flow = j / inARow % Count;
                BitConverter.TryWriteBytes(buffer, sent[flow]++);
                senders[flow].Send(buffer.AsSpan(0, size));
            }
            for (int j = 0; j < count; j++)
            {
                Receive(size);
            }
        }
    }

    /// <summary>Which path each flow took; that it took one alone is asserted.</summary>
    internal int[] PathsIn(InnerPacket[] packets)
    {
        int[] paths = new int[Count];
        foreach (IGrouping<int, InnerPacket> flow in packets.GroupBy(packet => flowOf[packet.SourcePort]))
        {
            paths[flow.Key] = Assert.Single(flow.Select(packet => packet.Path).Distinct());
        }
        return paths;
    }

    public void Dispose()
    {
        receiver.Dispose();
        foreach (Socket sender in senders)
        {
            sender.Dispose();
        }
    }

    private void Receive(int size)
    {
        EndPoint from = new IPEndPoint(receiver.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        int length = receiver.ReceiveFrom(buffer, ref from);
        int flow = flowOf[((IPEndPoint)from).Port];
        Assert.Equal((size, arrived[flow]++), (length, BitConverter.ToInt32(buffer)));
    }
}

/// <summary>Labs for the tests of mappings.</summary>
internal static class MappingLab
{
    /// <summary>Emulated links, one for each weight.</summary>
    /// <param name="weights">weight_out of each path.</param>
    /// <param name="lines">Lines of [connection].</param>
    internal static TunnelOptions Options(int[] weights, params string[] lines) => new()
    {
        PathVersions = [.. weights.Select(_ => 4)],
        Conditions = [.. weights.Select(_ => new LinkConditions())],
        Connection = connection => connection with
        {
            ReorderWindow = 1000,
            Lines = lines,
            Paths = [.. connection.Paths.Select((path, index) => path with { Weight = weights[index], Dead = 3 })],
        },
    };

    /// <summary>The same with further lines in the sections of the paths.</summary>
    internal static TunnelOptions WithPaths(this TunnelOptions options, params string[][] lines) => options with
    {
        Connection = connection => options.Connection(connection) is var made
            ? made with { Paths = [.. made.Paths.Select((path, index) => path with { Lines = lines[index] })] }
            : connection,
    };

    /// <summary>The same with rules.</summary>
    internal static TunnelOptions WithRules(this TunnelOptions options, params string[][] rules) => options with
    {
        Connection = connection => options.Connection(connection) with { Rules = rules },
    };

    /// <summary>What A has sent on each path, and B received there; waits until both have counted so many in all.</summary>
    internal static (long[] Sent, long[] Received) Packets(this TunnelLab lab, long count)
    {
        (long[] sent, long[] received) = ([], []);
        LabWait.Until(
            () =>
            {
                sent = [.. lab.ServerA.Connection().Paths.Select(path => path.PacketsSent)];
                received = [.. lab.ServerB.Connection().Paths.Select(path => path.PacketsReceived)];
                return sent.Sum() >= count && received.Sum() >= count;
            },
            $"{count} packets are counted");
        return (sent, received);
    }

    /// <summary>Cuts a link so that both ends know it, and waits until they do not use the path any more.</summary>
    internal static void CutPath(this TunnelLab lab, int path)
    {
        lab.Links[path].Cut(CarrierLoss.AtBoth);
        lab.ServerA.WaitForPath(path, PathStatusCode.InterfaceDown);
        lab.ServerB.WaitForPath(path, PathStatusCode.InterfaceDown);
    }

    internal static void HealPath(this TunnelLab lab, int path)
    {
        lab.Links[path].Heal();
        lab.ServerA.WaitForPath(path, PathStatusCode.Up);
        lab.ServerB.WaitForPath(path, PathStatusCode.Up);
    }

    /// <summary>Gives A's server another file of the connection while it runs.</summary>
    internal static void Reconfigure(this TunnelLab lab, ConnectionFile file)
    {
        int lines = lab.ServerA.Process.Lines.Count;
        lab.FilesA.Write(file);
        lab.ServerA.Process.Reload();
        lab.ServerA.WaitForEvent("The configuration was read again: 0 connection(s) unchanged, 1 changed, 0 started", lines);
    }
}
