using System.Net;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>What a packet is one of: flows and rules of packets that are not simply TCP or UDP over IPv4.</summary>
public class MappingPacketTests
{
    private const int Icmp = 1, IcmpV6 = 58;

    /// <summary>IPPROTO_IP, and an option of it (linux/in.h).</summary>
    private const int IPv4Level = 0, TypeOfService = 1;

    /// <summary>IPPROTO_IPV6, and options of it (linux/in6.h).</summary>
    private const int IPv6Level = 41, HopByHopOptions = 54, DestinationOptions = 59, TrafficClass = 67;

    /// <summary>The options header that both kinds share, with nothing but padding: PadN of 4 bytes.</summary>
    private static readonly byte[] Padding = [0, 0, 1, 4, 0, 0, 0, 0];

    private static readonly TunnelOptions Rules = WithNetworks(MappingLab.Options([1, 1, 1, 1], "mapping_rest = packet").WithRules(
        ["dscp = ef, af41-af43", "paths = 1"],
        ["protocol = icmp icmpv6", "paths = 2"],
        ["src_addr = 10.6.2.0/24, fd06:2::/32", "paths = 3"],
        ["dst_addr = fd07:2::/32 10.7.2.0/24", "paths = 0"]));

    [LabTheory]
    [InlineData(TunnelLab.AddressA, TunnelLab.AddressB)]
    [InlineData(TunnelLab.AddressA6, TunnelLab.AddressB6)]
    public void An_ICMP_error_takes_the_path_of_the_flow_it_quotes(string addressA, string addressB) =>
        TunnelLab.Run(MappingLab.Options([1, 1], "mapping = flow"), lab =>
        {
            // Errors without regard to what they quote would all be right once in 2^32 runs.
            const int flows = 32;
            lab.B.Sysctl("net.ipv4.icmp_ratelimit", "0");
            lab.B.Sysctl("net.ipv6.icmp.ratelimit", "0");
            using PathTaps taps = new(lab, addressA);
            Socket[] clients = [.. Enumerable.Range(0, flows).Select(_ => Traffic.UdpSocket(lab.A, addressA))];
            try
            {
                byte[] packet = new byte[100];
                foreach (Socket client in clients)
                {
                    client.ReceiveTimeout = 10_000;
                    using (Socket server = Traffic.UdpSocket(lab.B, addressB))
                    {
                        client.Connect(server.LocalEndPoint!);
                        server.SendTo(packet, client.LocalEndPoint!);
                        client.Receive(packet);
                    }
                    // The port is closed now.
                    client.Send(packet);
                    SocketException refused = Assert.Throws<SocketException>(() => client.Receive(packet));
                    Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
                }
            }
            finally
            {
                Array.ForEach(clients, client => client.Dispose());
            }
            InnerPacket[] packets = taps.Take(2 * flows);
            IGrouping<int, InnerPacket>[] pairs = [.. packets.GroupBy(packet => packet.IsUnreachable ? packet.SourcePort : packet.DestinationPort)];
            Assert.Equal(flows, pairs.Length);
            Assert.All(pairs, pair => Assert.Equal([false, true], pair.Select(packet => packet.IsUnreachable).Order()));
            int[] paths = [.. pairs.Select(pair => Assert.Single(pair.Select(packet => packet.Path).Distinct()))];
            Assert.Equal([0, 1], paths.Distinct().Order());
        });

    [LabFact]
    public void IPv6_packets_with_extension_headers_stay_with_their_flow() =>
        TunnelLab.Run(MappingLab.Options([1, 1], "mapping = flow"), lab =>
        {
            const int flows = 32, kinds = 3, plain = 40 + 8 + 100;
            using PathTaps taps = new(lab);
            using Socket receiver = Traffic.UdpSocket(lab.B, TunnelLab.AddressB6);
            receiver.ReceiveTimeout = 10_000;
            Socket[] senders = [.. Enumerable.Range(0, flows).Select(_ => Traffic.UdpSocket(lab.A, TunnelLab.AddressA6))];
            try
            {
                byte[] packet = new byte[100];
                for (int flow = 0; flow < flows; flow++)
                {
                    senders[flow].Connect(receiver.LocalEndPoint!);
                    int[] options = flow % 2 == 0 ? [HopByHopOptions, DestinationOptions] : [DestinationOptions, HopByHopOptions];
                    for (int headers = 0; headers < kinds; headers++)
                    {
                        if (headers > 0)
                        {
                            senders[flow].SetRawSocketOption(IPv6Level, options[headers - 1], Padding);
                        }
                        senders[flow].Send(packet);
                        receiver.Receive(packet);
                    }
                }
            }
            finally
            {
                Array.ForEach(senders, sender => sender.Dispose());
            }
            IGrouping<int, InnerPacket>[] all = [.. taps.Take(flows * kinds).GroupBy(packet => packet.SourcePort)];
            Assert.Equal(flows, all.Length);
            Assert.All(all, flow => Assert.Equal([plain, plain + 8, plain + 16], flow.Select(packet => packet.Length)));
            int[] paths = [.. all.Select(flow => Assert.Single(flow.Select(packet => packet.Path).Distinct()))];
            Assert.Equal([0, 1], paths.Distinct().Order());
        });

    [LabTheory]
    [InlineData(TunnelLab.AddressA, TunnelLab.AddressB, "10.6.{0}.1", "10.7.{0}.1")]
    [InlineData(TunnelLab.AddressA6, TunnelLab.AddressB6, "fd06:{0}::1", "fd07:{0}::1")]
    public void Rules_ask_for_the_DSCP_the_protocol_and_the_addresses(string addressA, string addressB, string sources, string destinations) =>
        TunnelLab.Run(Rules, lab =>
        {
            int[] rest = [0, 1, 2, 3];
            for (int net = 1; net <= 3; net++)
            {
                lab.A.AddAddress("lo", $"{string.Format(sources, net)}/{(PathFile.VersionOf(sources) == 4 ? 32 : 128)}");
                lab.B.AddAddress("lo", $"{string.Format(destinations, net)}/{(PathFile.VersionOf(sources) == 4 ? 32 : 128)}");
            }
            const int ef = 46, af41 = 34, af42 = 36, af43 = 38;
            Assert.All([ef, af41, af42, af43], dscp => Assert.Equal([1], PathsOf(lab, addressA, addressB, dscp)));
            Assert.All([0, af41 - 1, af43 + 1, ef + 1], dscp => Assert.Equal(rest, PathsOf(lab, addressA, addressB, dscp)));

            using (PathTaps taps = new(lab, addressB))
            {
                const int count = 8;
                for (int i = 0; i < count; i++)
                {
                    Traffic.Ping(lab.A, addressB);
                }
                Assert.All(taps.Take(count, packet => packet.Protocol is Icmp or IcmpV6), packet => Assert.Equal(2, packet.Path));
            }

            Assert.Equal([3], PathsOf(lab, string.Format(sources, 2), addressB));
            Assert.Equal([0], PathsOf(lab, addressA, string.Format(destinations, 2)));
            // Both would do: the first rule decides.
            Assert.Equal([3], PathsOf(lab, string.Format(sources, 2), string.Format(destinations, 2)));
            Assert.Equal([1], PathsOf(lab, string.Format(sources, 2), string.Format(destinations, 2), ef));
            // The networks right before and behind.
            Assert.All([1, 3], net => Assert.Equal(rest, PathsOf(lab, string.Format(sources, net), addressB)));
            Assert.All([1, 3], net => Assert.Equal(rest, PathsOf(lab, string.Format(sources, 1), string.Format(destinations, net))));
        }, interfacesStay: false);

    /// <summary>Sends a few UDP packets and tells which paths they took.</summary>
    private static int[] PathsOf(TunnelLab lab, string from, string to, int dscp = 0)
    {
        const int packets = 8;
        using PathTaps taps = new(lab, to);
        using Socket receiver = Traffic.UdpSocket(lab.B, to), sender = Traffic.UdpSocket(lab.A, from);
        receiver.ReceiveTimeout = 10_000;
        (int level, int option) = sender.AddressFamily == AddressFamily.InterNetwork ? (IPv4Level, TypeOfService) : (IPv6Level, TrafficClass);
        sender.SetRawSocketOption(level, option, BitConverter.GetBytes(dscp << 2));
        byte[] packet = new byte[100];
        for (int i = 0; i < packets; i++)
        {
            sender.SendTo(packet, receiver.LocalEndPoint!);
            receiver.Receive(packet);
        }
        int port = ((IPEndPoint)receiver.LocalEndPoint!).Port;
        return [.. taps.Take(packets, seen => seen.DestinationPort == port).Select(seen => seen.Path).Distinct().Order()];
    }

    private static TunnelOptions WithNetworks(TunnelOptions options)
    {
        Func<ConnectionFile, ConnectionFile> connection = options.Connection;
        return options with
        {
            Connection = file => connection(file) with { Networks = [new NetFile("10.6.0.0/16", "10.7.0.0/16"), new NetFile("fd06::/16", "fd07::/16")] },
        };
    }
}
