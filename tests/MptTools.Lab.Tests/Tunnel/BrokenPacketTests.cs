using System.Net.Sockets;
using MptTools.Engine.Wire;
using static System.Buffers.Binary.BinaryPrimitives;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>
/// Packets whose payload was changed on the way while all outer checksums fit: the receiving host must see them as broken as they are,
/// whatever else came with them.
/// </summary>
public class BrokenPacketTests
{
    private static readonly TunnelOptions Emulated = new()
    {
        PathVersions = [4, 6],
        Conditions = [new LinkConditions(), new LinkConditions()],
        // Whoever is late here is so because the machine is busy.
        Connection = connection => connection with { ReorderWindow = 1000, MaximumDelayMilliseconds = 60_000 },
    };

    [LabTheory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_TCP_connection_survives_broken_checksums_in_its_middle(int version) => TunnelLab.Run(Emulated, lab =>
    {
        Breaker breaker = new(lab, TransportHeader.Tcp, every: 50);
        long before = ChecksumErrors(lab.B, "Tcp");
        using VerifiedTcp tcp = new(lab.A, lab.B, TunnelLab.TunnelAddress("B", version), 4 << 20);
        tcp.WaitForEnd();
        breaker.Stop();
        Assert.True(breaker.Broken >= 50, $"Only {breaker.Broken} packets were broken.");
        Assert.Equal(breaker.Broken, ChecksumErrors(lab.B, "Tcp") - before);
        Assert.Empty(lab.ServerB.Connection().Drops);
        Assert.Empty(lab.ServerB.Status().Tunnels[0].Drops);
    });

    [LabFact]
    public void Of_a_burst_of_datagrams_the_broken_ones_are_missing_alone() => TunnelLab.Run(Emulated, lab =>
    {
        const int count = 60, every = 10;
        Breaker breaker = new(lab, TransportHeader.Udp, every);
        long before = ChecksumErrors(lab.B, "Udp");
        using Socket sender = Traffic.UdpSocket(lab.A, TunnelLab.AddressA), receiver = Traffic.UdpSocket(lab.B, TunnelLab.AddressB);
        receiver.ReceiveTimeout = 10_000;
        byte[] datagram = new byte[1000];
        for (byte i = 0; i < count; i++)
        {
            datagram.AsSpan().Fill(i);
            sender.SendTo(datagram, receiver.LocalEndPoint!);
        }
        HashSet<byte> arrived = [];
        while (arrived.Count < count - count / every)
        {
            Assert.Equal(datagram.Length, receiver.Receive(datagram));
            Assert.All(datagram, value => Assert.Equal(datagram[0], value));
            Assert.True(arrived.Add(datagram[0]));
        }
        LabWait.Until(() => receiver.Available == 0, "nothing is left");
        breaker.Stop();
        Assert.Equal(count / every, breaker.Broken);
        Assert.Equal(count / every, ChecksumErrors(lab.B, "Udp") - before);
    });

    /// <summary>What the host's kernel has dropped for its checksum (RFC 2013's and RFC 4022's counters, as nstat shows them).</summary>
    private static long ChecksumErrors(LabHost host, string protocol)
    {
        string[][] lines = [.. host.Invoke(() => File.ReadAllLines("/proc/thread-self/net/snmp"))
            .Where(line => line.StartsWith($"{protocol}:", StringComparison.Ordinal)).Select(line => line.Split(' '))];
        return long.Parse(lines[1][Array.IndexOf(lines[0], "InCsumErrors")]);
    }

    /// <summary>Breaks the payload of every so many large packets of a protocol from A to B, over all links.</summary>
    private sealed class Breaker
    {
        private const int SmallestPacket = 500;

        private readonly EmulatedLink[] links;
        private readonly byte protocol;
        private readonly int every;
        private int seen, broken;

        internal Breaker(TunnelLab lab, byte protocol, int every)
        {
            (this.protocol, this.every) = (protocol, every);
            links = [.. lab.Links.Cast<EmulatedLink>()];
            Array.ForEach(links, link => link.Alter(LinkDirection.AToB, Alter));
        }

        internal int Broken => Volatile.Read(ref broken);

        internal void Stop() => Array.ForEach(links, link => link.Alter(LinkDirection.AToB, null));

        private void Alter(Span<byte> packet)
        {
            Span<byte> udp = packet[(IPHeader.Version(packet) == 4 ? IPHeader.MinimumLengthIPv4 : IPHeader.LengthIPv6)..];
            Span<byte> gre = udp[TransportHeader.LengthUdp..];
            if (packet.Length < SmallestPacket || Gre.TryParse(gre, out GreHeader header) != GreError.None)
            {
                return;
            }
            Span<byte> inner = gre[header.Length..];
            if (inner[IPHeader.Version(inner) == 4 ? 9 : 6] != protocol || Interlocked.Increment(ref seen) % every != 0)
            {
                return;
            }
            Interlocked.Increment(ref broken);
            Span<byte> word = udp.Slice(udp.Length / 4 * 2, sizeof(ushort));
            ushort old = ReadUInt16BigEndian(word), changed = (ushort)(old ^ 0x0100);
            WriteUInt16BigEndian(word, changed);
            Span<byte> checksum = udp.Slice(TransportHeader.UdpChecksum, sizeof(ushort));
            if (ReadUInt16BigEndian(checksum) is var sum and not 0)
            {
                WriteUInt16BigEndian(checksum, InternetChecksum.Update(sum, old, changed));
            }
        }
    }
}
