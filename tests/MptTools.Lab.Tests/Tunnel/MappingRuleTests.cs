using System.Net;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Traffic that rules send its way.</summary>
public class MappingRuleTests
{
    private const int Tcp = 6, Udp = 17;

    /// <summary>The experiment's example: two paths with ports, and nothing said about mapping.</summary>
    private static readonly TunnelOptions PortExample = MappingLab.Options([10, 10]).WithPaths(
        ["tcp_dst\t\t = 80 443 8080 23456", "tcp_src\t\t = 60000 65000", "udp_dst\t\t = 53", "udp_src\t\t = 1568 10000"],
        ["tcp_dst\t\t = 21 22 68"]);

    [LabFact]
    public void Ports_of_a_path_take_it_and_the_rest_takes_all() => TunnelLab.Run(PortExample, lab =>
    {
        using PathTaps taps = new(lab);
        foreach (int port in (int[])[80, 443, 8080, 23456])
        {
            Assert.Equal([0], PathsOf(taps, lab, Tcp, 0, port));
        }
        foreach (int port in (int[])[21, 22, 68])
        {
            Assert.Equal([1], PathsOf(taps, lab, Tcp, 0, port));
        }
        foreach (int port in (int[])[60000, 65000])
        {
            Assert.Equal([0], PathsOf(taps, lab, Tcp, port, 9000));
        }
        Assert.Equal([0], PathsOf(taps, lab, Udp, 0, 53));
        Assert.Equal([0], PathsOf(taps, lab, Udp, 1568, 9000));
        Assert.Equal([0], PathsOf(taps, lab, Udp, 10000, 9000));

        // Ports of the other protocol, of the other end and next to them.
        Assert.Equal([0, 1], PathsOf(taps, lab, Udp, 0, 80));
        Assert.Equal([0, 1], PathsOf(taps, lab, Tcp, 0, 53));
        Assert.Equal([0, 1], PathsOf(taps, lab, Tcp, 0, 60000));
        Assert.Equal([0, 1], PathsOf(taps, lab, Tcp, 0, 81));
        Assert.Equal([0, 1], PathsOf(taps, lab, Udp, 1569, 9000));
    });

    [LabFact]
    public void Ports_can_be_ranges_and_the_rest_flows() => TunnelLab.Run(
        MappingLab.Options([1, 1], "mapping = combined", "mapping_rest = flow").WithPaths([], ["udp_dst = 5000-5009, 6000 7000-7001"]), lab =>
        {
            using PathTaps taps = new(lab);
            foreach (int port in (int[])[5000, 5005, 5009, 6000, 7000, 7001])
            {
                Assert.Equal([1], PathsOf(taps, lab, Udp, 0, port));
            }
            int[] rest = [.. Enumerable.Range(8000, 40).SelectMany(port => PathsOf(taps, lab, Udp, 0, port))];
            // One path for each flow, and were they not spread: one of 2^39.
            Assert.Equal(40, rest.Length);
            Assert.Equal([0, 1], rest.Distinct().Order());
        });

    [LabFact]
    public void A_rule_without_its_paths_falls_to_the_others_unless_it_is_strict() => TunnelLab.Run(
        MappingLab.Options([1, 1, 1], "mapping_rest = packet").WithRules(
            ["protocol = udp", "dst_port = 5000", "paths = 2"],
            ["protocol = udp", "dst_port = 5001", "paths = 2", "strict = 1"],
            ["protocol = udp", "dst_port = 5002", "prefer = 2", "spread = flow"]), lab =>
        {
            using PathTaps taps = new(lab);
            Assert.Equal([2], PathsOf(taps, lab, Udp, 0, 5000));
            Assert.Equal([2], PathsOf(taps, lab, Udp, 0, 5001));
            Assert.Equal([2], PathsOf(taps, lab, Udp, 0, 5002));
            lab.CutPath(2);
            Assert.Equal([0, 1], PathsOf(taps, lab, Udp, 0, 5000));
            Assert.Single(PathsOf(taps, lab, Udp, 0, 5002), path => path != 2);

            using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB, 5001);
            long dropped = lab.ServerA.Connection().Drops.Values.Sum();
            stream.SendBurst(10);
            lab.ServerA.WaitFor(status => status.Connections[0].Drops.Values.Sum() == dropped + 10, "the packets are dropped and counted");
            Assert.Empty(stream.Arrived);
            lab.HealPath(2);
            stream.SendAll(10);
            Assert.Equal(Enumerable.Range(10, 10), stream.Arrived);
        });

    [LabFact]
    public void A_call_is_sent_twice_while_downloads_are_spread() => TunnelLab.Run(
        MappingLab.Options([1, 1]).WithRules(["protocol = udp", "dst_port = 5004", "spread = duplicate"]), lab =>
        {
            const int count = 200;
            using PathTaps taps = new(lab);
            using NumberedStream call = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB, 5004);
            using NumberedStream download = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB, 5005);
            for (int round = 0; round < count / 10; round++)
            {
                call.SendAll(10);
                download.SendAll(10, size: 1000);
            }
            Assert.Equal(Enumerable.Range(0, count), call.Arrived);
            Assert.Equal(Enumerable.Range(0, count), download.Arrived);
            Assert.All(
                taps.Take(2 * count, packet => packet.DestinationPort == 5004).GroupBy(packet => packet.Number),
                copies => Assert.Equal([0, 1], copies.Select(copy => copy.Path).Order()));
            InnerPacket[] downloaded = taps.Take(count, packet => packet.DestinationPort == 5005);
            Assert.Equal(count / 2, downloaded.Count(packet => packet.Path == 0));
        });

    /// <summary>Sends a few packets from one port to another, real ones of a real socket, and tells which paths they took.</summary>
    /// <param name="from">0: any.</param>
    private static int[] PathsOf(PathTaps taps, TunnelLab lab, int protocol, int from, int to)
    {
        const int packets = 12;
        taps.Forget();
        if (protocol == Udp)
        {
            using Socket receiver = Traffic.UdpSocket(lab.B, TunnelLab.AddressB, to), sender = Traffic.UdpSocket(lab.A, TunnelLab.AddressA, from);
            receiver.ReceiveTimeout = 10_000;
            byte[] packet = new byte[100];
            for (int i = 0; i < packets; i++)
            {
                sender.SendTo(packet, receiver.LocalEndPoint!);
                receiver.Receive(packet);
            }
        }
        else
        {
            using Socket listener = TcpSocket(lab.B, TunnelLab.AddressB, to), sender = TcpSocket(lab.A, TunnelLab.AddressA, from);
            listener.Listen();
            sender.NoDelay = true;
            sender.Connect(listener.LocalEndPoint!);
            using Socket receiver = listener.Accept();
            receiver.ReceiveTimeout = 10_000;
            byte[] bytes = new byte[100];
            for (int i = 0; i < packets; i++)
            {
                sender.Send(bytes);
                for (int received = 0; received < bytes.Length; received += receiver.Receive(bytes))
                {
                }
            }
        }
        InnerPacket[] seen = [];
        LabWait.Until(
            () => (seen = [.. taps.Packets.Where(packet => packet.Protocol == protocol && packet.DestinationPort == to)]).Length >= packets,
            $"{packets} packets to port {to} were seen on the links");
        return [.. seen.Select(packet => packet.Path).Distinct().Order()];
    }

    private static Socket TcpSocket(LabHost host, string address, int port) => host.Invoke(() =>
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        // Closed at once, without the time in which a port cannot be used again.
        socket.LingerState = new LingerOption(true, 0);
        return socket;
    });
}
