using System.Buffers.Binary;
using System.Net;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

/// <summary>A UDP datagram of a capture.</summary>
/// <param name="Time">When it passed.</param>
/// <param name="Host">Who sent it: A or B, as the README of the captures names them; empty on the loopback interface.</param>
/// <param name="Path">The path it took; -1 on the loopback interface.</param>
/// <param name="Source">Outer source address and port.</param>
/// <param name="Destination">Outer destination address and port.</param>
/// <param name="Payload">What UDP carried.</param>
public sealed record CapturedDatagram(
    DateTime Time, string Host, int Path, IPEndPoint Source, IPEndPoint Destination, byte[] Payload)
{
    private const int CommandPort = 60456;

    /// <summary>Between the data ports, so with a GRE header; else a command.</summary>
    public bool IsGre => Source.Port != CommandPort && Destination.Port != CommandPort;

    public override string ToString() => $"{Time:HH:mm:ss.ffffff} {Host} path {Path}: {Convert.ToHexString(Payload)}";
}

/// <summary>A data packet of a capture.</summary>
/// <param name="Host">Who sent it: A or B.</param>
/// <param name="Path">The path it took, 0 or 1.</param>
/// <param name="Sequence">Its sequence number; null without the S bit.</param>
/// <param name="Inner">The IP packet inside.</param>
/// <param name="Datagram">The whole UDP payload.</param>
public sealed record CapturedData(string Host, int Path, uint? Sequence, byte[] Inner, byte[] Datagram);

/// <summary>What existing servers sent to each other; README.md beside the captures tells what happened in each.</summary>
public static class Captures
{
    public static readonly string Directory = System.IO.Path.Combine(AppContext.BaseDirectory, "data", "captures");

    /// <summary>Every scenario's name.</summary>
    public static TheoryData<string> Scenarios => ["r0-none", "r100-none", "r100-rand", "r100-sha256", "create", "v6"];

    /// <summary>Every datagram on the two paths of a scenario, in the order of time.</summary>
    public static IReadOnlyList<CapturedDatagram> Datagrams(string scenario) =>
        [.. Read(scenario, "eth1.pcap", 0).Concat(Read(scenario, "eth2.pcap", 1)).OrderBy(datagram => datagram.Time)];

    /// <summary>Every datagram of a scenario's local commands; none where they were not captured.</summary>
    public static IReadOnlyList<CapturedDatagram> LocalCommands(string scenario) =>
        File.Exists(System.IO.Path.Combine(Directory, scenario, "lo.pcap")) ? [.. Read(scenario, "lo.pcap", -1)] : [];

    /// <summary>Every data packet of a scenario, in the order of time: both senders, both paths.</summary>
    public static IReadOnlyList<CapturedData> Data(string scenario)
    {
        List<CapturedData> packets = [];
        foreach (CapturedDatagram datagram in Datagrams(scenario).Where(datagram => datagram.IsGre))
        {
            Assert.Equal(GreError.None, Gre.TryParse(datagram.Payload, out GreHeader header));
            byte[] inner = datagram.Payload[header.Length..];
            if (!IPHeader.IsControl(inner[0]))
            {
                packets.Add(new CapturedData(
                    datagram.Host, datagram.Path, header.HasSequence ? header.Sequence : null, inner, datagram.Payload));
            }
        }

        return packets;
    }

    private static IEnumerable<CapturedDatagram> Read(string scenario, string file, int path)
    {
        foreach (PcapFrame frame in PcapFile.Read(System.IO.Path.Combine(Directory, scenario, file)))
        {
            const int ethernetLength = 14, udpLength = 8;
            byte[] packet = frame.Bytes[ethernetLength..];
            (IPAddress source, IPAddress destination, int offset) = packet[0] >> 4 == 4
                ? (new IPAddress(packet.AsSpan(12, 4)), new IPAddress(packet.AsSpan(16, 4)), (packet[0] & 0x0F) * 4)
                : (new IPAddress(packet.AsSpan(8, 16)), new IPAddress(packet.AsSpan(24, 16)), 40);
            ReadOnlySpan<byte> udp = packet.AsSpan(offset);
            int length = BinaryPrimitives.ReadUInt16BigEndian(udp[4..]);
            string host = path < 0 ? "" : source.GetAddressBytes()[^1] == 2 ? "A" : "B";
            yield return new CapturedDatagram(
                frame.Time,
                host,
                path,
                new IPEndPoint(source, BinaryPrimitives.ReadUInt16BigEndian(udp)),
                new IPEndPoint(destination, BinaryPrimitives.ReadUInt16BigEndian(udp[2..])),
                udp[udpLength..length].ToArray());
        }
    }
}
