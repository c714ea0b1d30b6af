using System.Net;
using MptTools.Engine.Wire;

namespace MptTools.Engine.Tests.Wire;

/// <summary>Everything existing servers sent is understood, and written again byte for byte.</summary>
public class CaptureTests
{
    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void EveryDataPacketIsReadAndWrittenAgain(string scenario)
    {
        IReadOnlyList<CapturedData> packets = Captures.Data(scenario);

        Assert.NotEmpty(packets);
        foreach (CapturedData packet in packets)
        {
            int version = scenario == "v6" ? 6 : 4;
            Assert.Equal(GreError.None, InnerPacket.Check(packet.Inner, out int innerVersion));
            Assert.Equal(version, innerVersion);
            Assert.Equal(packet.Inner.Length, IPHeader.TotalLength(packet.Inner));
            Assert.True(IPHeader.TryReadAddresses(packet.Inner, out _, out UInt128 source, out UInt128 destination));
            Assert.Equal(IPHeader.AddressAsInteger(TunnelAddress(version, packet.Host)), source);
            Assert.Equal(IPHeader.AddressAsInteger(TunnelAddress(version, Peer(packet.Host))), destination);

            byte[] written = new byte[packet.Datagram.Length];
            if (packet.Sequence is { } sequence)
            {
                Gre.WriteSequenced(written, Gre.ProtocolFor(version), sequence);
                packet.Inner.CopyTo(written, Gre.SequencedLength);
            }
            else
            {
                Gre.Write(written, Gre.ProtocolFor(version));
                packet.Inner.CopyTo(written, Gre.BaseLength);
            }

            Assert.Equal(packet.Datagram, written);
        }
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void EveryKeepaliveIsReadAndWrittenAgain(string scenario)
    {
        int version = scenario == "v6" ? 6 : 4;
        int keepalives = 0;
        foreach (CapturedDatagram datagram in Captures.Datagrams(scenario).Where(datagram => datagram.IsGre))
        {
            Assert.Equal(GreError.None, Gre.TryParse(datagram.Payload, out GreHeader header));
            ReadOnlySpan<byte> body = datagram.Payload.AsSpan(header.Length);
            KeepaliveStatus status = Keepalive.TryParse(body, key: "any"u8, out KeepaliveInfo info);
            Assert.Equal(IPHeader.IsControl(body[0]) ? KeepaliveStatus.Plain : KeepaliveStatus.NotKeepalive, status);
            if (status == KeepaliveStatus.NotKeepalive)
            {
                continue;
            }

            keepalives++;
            IPAddress sender = TunnelAddress(version, datagram.Host);
            IPAddress receiver = TunnelAddress(version, Peer(datagram.Host));
            Assert.Equal(version, info.IPVersion);
            Assert.Equal(sender, MappedAddress.ToIPAddress(info.SenderTunnel));
            Assert.Equal(receiver, MappedAddress.ToIPAddress(info.ReceiverTunnel));
            Assert.Equal(default, info.Extension);

            byte[] written = new byte[Keepalive.DatagramLength];
            Assert.Equal(datagram.Payload.Length, Keepalive.Write(written, version, sender, receiver));
            Assert.Equal(datagram.Payload, written);
        }

        Assert.True(keepalives >= 4, $"Only {keepalives} keepalives are in the captures of {scenario}.");
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void SequenceNumbersRunFromZeroOverBothPaths(string scenario)
    {
        foreach (IGrouping<string, CapturedData> sender in Captures.Data(scenario).GroupBy(packet => packet.Host))
        {
            IEnumerable<uint?> expected = scenario == "r0-none"
                ? Enumerable.Repeat((uint?)null, sender.Count())
                : Enumerable.Range(0, sender.Count()).Select(number => (uint?)number);
            Assert.Equal(expected, sender.Select(packet => packet.Sequence));
            Assert.Equal([0, 1], sender.Select(packet => packet.Path).Distinct().Order());
        }
    }

    [Theory, MemberData(nameof(Captures.Scenarios), MemberType = typeof(Captures))]
    public void CommandsAreControlMessagesAndNotKeepalives(string scenario)
    {
        IEnumerable<CapturedDatagram> between = Captures.Datagrams(scenario).Where(datagram => !datagram.IsGre);
        Assert.NotEmpty(between);
        Assert.All(between, datagram =>
        {
            Assert.Equal(scenario == "create" ? 0xA3 : 0xA2, datagram.Payload[0]);
            Assert.True(IPHeader.IsControl(datagram.Payload[0]));
            Assert.Equal(KeepaliveStatus.NotKeepalive, Keepalive.TryParse(datagram.Payload, default, out _));
        });
        Assert.All(Captures.LocalCommands(scenario), datagram =>
        {
            Assert.InRange(datagram.Payload[0], 0xA4, 0xA5);
            Assert.True(IPHeader.IsControl(datagram.Payload[0]));
        });
    }

    private static IPAddress TunnelAddress(int version, string host) =>
        IPAddress.Parse((version == 6 ? "fec0::" : "10.0.0.") + (host == "A" ? "2" : "3"));

    private static string Peer(string host) => host == "A" ? "B" : "A";
}
