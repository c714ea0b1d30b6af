using System.Net;
using System.Net.Sockets;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Lab.Tests.Tunnel;

namespace MptTools.Lab.Tests.Control;

/// <summary>Which packet takes which path: changed, asked and told while the server runs.</summary>
public class MappingTests
{
    private const int Port = 7000;

    private static readonly TunnelOptions Ordered = new() { Connection = connection => connection with { ReorderWindow = 1000 } };

    [LabFact]
    public void Rules_come_and_go_while_traffic_runs() => TunnelLab.Run(Ordered, lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(40);
        lab.ServerA.Mpt("rule", "add", "toB", "name=one", "protocol=udp", "src_addr=10.0.0.0/24,fd00::/64", "paths=1").EnsureSuccess();
        ConnectionStatus before = Settled(40);
        Assert.Equal((MappingMode.Combined, 0), (before.Mapping, before.Rules[0].Packets));
        stream.SendAll(50);
        ConnectionStatus after = Settled(90);
        Assert.Equal((50, 50 * 128), (after.Rules[0].Packets, after.Rules[0].Bytes));
        Assert.Equal([0, 50], after.Paths.Zip(before.Paths, (now, then) => now.PacketsSent - then.PacketsSent));

        lab.ServerA.Mpt("rule", "add", "toB", "protocol=tcp", "spread=flow", "at", "0").EnsureSuccess();
        lab.ServerA.Mpt("rule", "set", "toB", "1", "paths=", "prefer=0", "dscp=ef,1-3").EnsureSuccess();
        Assert.Equal(
            [("rule 0", "protocol=tcp", "spread=flow"), ("rule 1 (one)", "protocol=udp src_addr=10.0.0.0/24,fd00::/64 dscp=ef,1-3", "prefer=0")],
            lab.ServerA.Connection().Rules.Select(rule => (rule.Title, rule.Conditions, rule.Action)));
        lab.ServerA.Mpt("save").EnsureSuccess();
        ConnectionConfig saved = ConfigLoader.LoadConnection(Path.Combine(lab.FilesA.Directory, "connections", "toB.conf")).Config!;
        Assert.Equal([(null, MappingMode.Flow, null), ("one", null, 0)], saved.Rules.Select(rule => (rule.Name, rule.Spread, rule.Prefer)));

        Refused(lab, "has no rule 2; its rules are 0 to 1", "rule", "set", "toB", "2", "strict=1");
        Refused(lab, "[rule_1] paths", "rule", "set", "toB", "1", "paths=7");
        Refused(lab, "no connection toX", "rule", "del", "toX", "0");
        lab.ServerA.Mpt("rule", "del", "toB", "0").EnsureSuccess();
        lab.ServerA.Mpt("rule", "del", "toB", "0").EnsureSuccess();
        Refused(lab, "has no rule 0; it has none", "rule", "del", "toB", "0");
        Assert.Equal((MappingMode.Packet, 0), (lab.ServerA.Connection().Mapping, lab.ServerA.Connection().Rules.Count));
        stream.SendAll(20);
        Assert.Equal((0, 110), (stream.OutOfOrder, stream.Arrived.Length));

        ConnectionStatus Settled(long packets) =>
            lab.ServerA.WaitFor(status => status.Connections[0].PacketsSent == packets, $"{packets} packets are counted").Connections[0];
    });

    [LabFact]
    public void The_answer_is_what_becomes_of_the_packet() => TunnelLab.Run(Ordered, lab =>
    {
        lab.ServerA.Mpt("connection", "set", "toB", "mapping=flow").EnsureSuccess();
        using Socket receiver = Tunnel.Traffic.UdpSocket(lab.B, TunnelLab.AddressB, Port);
        HashSet<int?> taken = [];
        for (int source = 9000; source < 9016; source++)
        {
            MappingAnswer answer = lab.A.Invoke(() => MptClient.Connect().TestMapping(
                new() { Source = TunnelLab.AddressA, Destination = TunnelLab.AddressB, Protocol = "udp", SourcePort = source, DestinationPort = Port }));
            Assert.Equal(("tun0", "toB", MappingMode.Flow, false), (answer.Server, answer.Connection, answer.Spread, answer.IsNumbered));
            taken.Add(answer.Path);
            long[] before = Sent();
            using Socket sender = Tunnel.Traffic.UdpSocket(lab.A, TunnelLab.AddressA, source);
            for (int i = 0; i < 5; i++)
            {
                sender.SendTo(new byte[100], receiver.LocalEndPoint!);
            }
            lab.ServerA.WaitFor(status => status.Connections[0].PacketsSent == before.Sum() + 5, "five more packets are counted");
            Assert.Equal(before[answer.Path!.Value] + 5, Sent()[answer.Path.Value]);
        }
        // Or it would not matter what was answered.
        Assert.Equal([0, 1], taken.Order());

        lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3").EnsureSuccess();
        Assert.Contains("Path             : 1\n", lab.ServerA.Mpt("map", TunnelLab.AddressA, TunnelLab.AddressB).EnsureSuccess().Output);
        Refused(lab, "is no connection's traffic", "map", TunnelLab.AddressA, "10.0.0.77");
        Assert.Contains("Path             : 1\n", lab.ServerA.Mpt("map", TunnelLab.AddressA, "10.0.0.77", "conn", "toB").EnsureSuccess().Output);

        long[] Sent() => [.. lab.ServerA.Connection().Paths.Select(path => path.PacketsSent)];
    });

    [LabFact]
    public void Everybody_may_ask_for_a_path_and_only_root_may_change_rules() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        CommandResult asked = CommandTests.MptAsNobody(lab, "map", TunnelLab.AddressA, TunnelLab.AddressB, "udp", "dport", "53");
        Assert.Equal(0, asked.ExitCode);
        Assert.Contains("The mapping of toB is packet.", asked.Output);
        CommandResult changed = CommandTests.MptAsNobody(lab, "rule", "add", "toB", "protocol=udp", "paths=0");
        Assert.Equal(1, changed.ExitCode);
        Assert.Contains("only root may change something", changed.Error);
        Assert.Empty(lab.ServerA.Connection().Rules);
    });

    [LabFact]
    public void Copies_are_delivered_once_and_the_others_are_counted() => TunnelLab.Run(Ordered, lab =>
    {
        lab.ServerA.Mpt("connection", "set", "toB", "mapping=duplicate").EnsureSuccess();
        string answer = lab.ServerA.Mpt("map", TunnelLab.AddressA, TunnelLab.AddressB, "udp").EnsureSuccess().Output;
        Assert.Contains("Path             : 0, 1\n", answer);
        Assert.Contains("Spreading             : duplicate\n", answer);
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(50);
        lab.ServerB.WaitFor(status => status.Connections[0].DuplicatesDiscarded == 50, "every second copy is discarded");
        Assert.Equal(50, stream.Arrived.Length);
        Assert.Contains("    Copies discarded      : 50", lab.ServerB.Mpt("show", "status").Output);
    });

    [LabFact]
    public void Copies_towards_an_existing_server_are_refused_and_none_is_sent() => TunnelLab.RunStopped(
        new TunnelOptions { Connection = connection => connection with { Paths = [.. connection.Paths.Select(path => path with { Dead = 3600 })] } }, lab =>
    {
        const string reason = "an existing MPT server, which would deliver every copy";
        lab.ServerA = LabServer.Start(lab.A, lab.FilesA);
        foreach (string path in (string[])["10.1.1", "10.1.2"])
        {
            using Socket peer = Tunnel.Traffic.UdpSocket(lab.B, $"{path}.3", 23456);
            peer.SendTo([0, 0, 8, 0, 0xA1, .. new byte[39]], IPEndPoint.Parse($"{path}.2:23456"));
        }
        lab.ServerA.WaitFor(status => status.Connections[0].Peer == PeerKind.Existing, "the peer is an existing server");

        Refused(lab, reason, "connection", "set", "toB", "mapping=duplicate");
        Refused(lab, reason, "connection", "set", "toB", "mapping_rest=duplicate");
        Refused(lab, reason, "rule", "add", "toB", "protocol=udp", "spread=duplicate");
        lab.ServerA.Mpt("rule", "add", "toB", "protocol=udp", "spread=flow").EnsureSuccess();
        Refused(lab, reason, "rule", "set", "toB", "0", "spread=duplicate");
        Assert.Equal("spread=flow", Assert.Single(lab.ServerA.Connection().Rules).Action);

        // What the files say is carried out as far as it can be.
        int lines = lab.ServerA.Process.Lines.Count;
        lab.FilesA.Write(lab.FileA with { Lines = ["mapping = duplicate"] });
        lab.ServerA.Process.Reload();
        lab.ServerA.WaitForEvent(reason, lines);
        lab.ServerA.WaitFor(status => status.Connections[0].Mapping == MappingMode.Duplicate, "the file is in use");
        lab.ServerA.Mpt("connection", "set", "toB", "max_buffdelay_msec=50").EnsureSuccess();
        Assert.Equal(1, Warnings());
        using Socket sender = Tunnel.Traffic.UdpSocket(lab.A, TunnelLab.AddressA, Port);
        for (int i = 0; i < 20; i++)
        {
            sender.SendTo(new byte[100], IPEndPoint.Parse($"{TunnelLab.AddressB}:{Port}"));
        }
        lab.ServerA.Mpt("path", "down", "10.1.1.2", "10.1.1.3").EnsureSuccess();
        sender.SendTo(new byte[100], IPEndPoint.Parse($"{TunnelLab.AddressB}:{Port}"));
        lab.ServerA.WaitFor(status => status.Connections[0].PacketsSent >= 21, "all packets are sent");
        Assert.Equal(21, lab.ServerA.Connection().PacketsSent);
        lab.ServerA.Mpt("connection", "set", "toB", "mapping=flow").EnsureSuccess();
        lab.ServerA.Mpt("reload").EnsureSuccess();
        lab.ServerA.StopCleanly();
        Assert.Equal(2, Warnings());

        int Warnings() => lab.ServerA.Process.Lines.Count(line => line.Text.Contains("to send packets on several paths", StringComparison.Ordinal));
    });

    private static void Refused(TunnelLab lab, string sentence, params string[] command)
    {
        CommandResult result = lab.ServerA.Mpt(command);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(sentence, result.Error);
    }
}
