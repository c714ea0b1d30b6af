using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane;

/// <summary>Answers which path a packet would take: the packet's headers are made, and go the way of a real one up to the path.</summary>
internal static class MappingTest
{
    private const int Tcp = 6, LargestDscp = 63, LargestFlowLabel = 0xFFFFF, LargestLength = ushort.MaxValue;

    /// <summary>Room for ports; more than the header of an ICMP error would have, so that none of it is taken for a quote.</summary>
    private const int TransportLength = 8;

    /// <param name="server">The server's name.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="find">The running connection of a name; throws where there is none.</param>
    /// <param name="tunnels">The server's tunnels.</param>
    /// <param name="now">The data plane's time.</param>
    /// <exception cref="MptCommandException">The question has a fault, or the packet is no connection's traffic.</exception>
    internal static MappingAnswer Answer(
        string server, MappingQuestion question, Func<string, ConnectionRuntime> find, IReadOnlyList<TunnelRuntime> tunnels, TimeSpan now)
    {
        byte[] packet = MakePacket(question);
        ConnectionRuntime connection = question.Connection is { } name ? find(name) : FindByAddresses(packet, tunnels);
        PacketFields.TryRead(packet, out PacketFields fields);
        MappingDecision decision = connection.Mapping.Explain(fields, question.Length ?? connection.Tunnel.Mtu, connection, now);
        MappingRule? rule = decision.Rule >= 0 ? MappingRules.Of(connection.Config)[decision.Rule] : null;
        int[] candidates = [.. Enumerable.Range(0, connection.Paths.Length).Where(path => (decision.Paths >> path & 1) != 0)];
        return new MappingAnswer
        {
            Server = server,
            Connection = connection.Config.Name,
            Mapping = connection.Config.Mapping,
            Rule = rule?.Rule.Index is >= 0 and var index ? index : null,
            RuleTitle = rule?.Title,
            Spread = decision.Spread,
            Candidates = candidates,
            Path = decision.Path >= 0 ? decision.Path : candidates is [var first, ..] ? first : null,
            IsNumbered = decision.IsNumbered,
            Reason = MappingReason.Of(connection.Config, rule, decision, candidates),
        };
    }

    /// <exception cref="MptCommandException">There can be no such packet.</exception>
    private static byte[] MakePacket(MappingQuestion question)
    {
        (IPAddress source, IPAddress destination) = (ParseAddress(question.Source), ParseAddress(question.Destination));
        int version = AddressText.Version(source);
        if (version != AddressText.Version(destination))
        {
            throw Wrong($"{source} and {destination} are of two IP versions; a packet has both addresses of one.");
        }
        int protocol = question.Protocol is { } text ? ParseProtocol(text) : Tcp;
        if (question.SourcePort is not null || question.DestinationPort is not null)
        {
            if (!ProtocolNames.HasPorts(protocol))
            {
                throw Wrong($"Packets of the protocol {ProtocolNames.Of(protocol)} have no ports ({ProtocolNames.NamesWithPorts} have). Leave the ports out, or name another protocol.");
            }
            Check("source port", question.SourcePort, 0, ushort.MaxValue);
            Check("destination port", question.DestinationPort, 0, ushort.MaxValue);
        }
        Check("codepoint (DSCP)", question.Dscp, 0, LargestDscp);
        Check("flow label", question.FlowLabel, 0, LargestFlowLabel);
        if (version == 4 && question.FlowLabel is not null)
        {
            throw Wrong("IPv4 packets have no flow label. Leave it out, or give IPv6 addresses.");
        }
        int headerLength = version == 4 ? IPHeader.MinimumLengthIPv4 : IPHeader.LengthIPv6;
        Check("length", question.Length, headerLength, LargestLength);
        byte[] packet = new byte[headerLength + TransportLength];
        uint dscp = (uint)(question.Dscp ?? 0);
        if (version == 4)
        {
            packet[0] = 0x45;
            packet[1] = (byte)(dscp << 2);
            packet[9] = (byte)protocol;
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(packet, 6u << 28 | dscp << 22 | (uint)(question.FlowLabel ?? 0));
            packet[6] = (byte)protocol;
        }
        int addressLength = version == 4 ? 4 : 16;
        source.GetAddressBytes().CopyTo(packet, headerLength - 2 * addressLength);
        destination.GetAddressBytes().CopyTo(packet, headerLength - addressLength);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(headerLength), (ushort)(question.SourcePort ?? 0));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(headerLength + 2), (ushort)(question.DestinationPort ?? 0));
        return packet;
    }

    private static ConnectionRuntime FindByAddresses(byte[] packet, IReadOnlyList<TunnelRuntime> tunnels)
    {
        IPHeader.TryReadAddresses(packet, out int version, out UInt128 source, out UInt128 destination);
        foreach (TunnelRuntime tunnel in tunnels)
        {
            if (tunnel.Forwarding.Find(version, source, destination) is { } connection)
            {
                return connection;
            }
        }
        throw Reconfiguration.NotFound(
            $"A packet from {new IPAddress(IPHeader.Source(packet))} to {new IPAddress(IPHeader.Destination(packet))} is no connection's traffic: the two are neither its tunnel addresses nor in its networks. Name the connection that is meant, or add the network to it.");
    }

    private static IPAddress ParseAddress(string text) =>
        AddressText.Parse(text) ?? throw Wrong($"{ConfigText.Quote(text)} is no IP address.");

    private static int ParseProtocol(string text) => ProtocolNames.Parse(text, out IReadOnlyList<int> protocols) is null && protocols is [var protocol]
        ? protocol
        : throw Wrong($"{ConfigText.Quote(text)} is no protocol. Write a name such as tcp, udp or icmp, or a number from 0 to 255.");

    private static void Check(string what, int? value, int least, int largest)
    {
        if (value < least || value > largest)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"The {what} cannot be {value}; it is a number from {least} to {largest}."));
        }
    }

    private static MptCommandException Wrong(string message) => new(message) { Kind = MptErrorKind.InvalidSetting };
}
