using MptTools.Engine;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Several tunnels of one server, and several servers on one host.</summary>
public class SeveralTests
{
    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void One_server_serves_two_tunnels_with_a_connection_each(string threads) => ServerLab.Run(lab =>
    {
        lab.Arguments = ["--threads", threads];
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        lab.Network.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
        lab.Network.Link(a, "eth2", "10.1.2.2/24", b, "eth2", "10.1.2.3/24");
        PathFile[] paths = [new PathFile("eth1", "10.1.1.2", "10.1.1.3"), new PathFile("eth2", "10.1.2.2", "10.1.2.3")];
        var first = new ConnectionFile("first", "10.0.0.2", "10.0.0.3") { Paths = paths };
        var second = new ConnectionFile("second", "fd07::2", "fd07::3") { LocalPort = 30000, RemotePort = 30001, Paths = paths };
        lab.Configure(a, [new TunFile("tun0", "10.0.0.2/24", null), new TunFile("blue", null, "fd07::2/64", "1300")], first, second);
        lab.Configure(b, [new TunFile("tun0", "10.0.0.3/24", null), new TunFile("blue", null, "fd07::3/64", "1300")],
            first.Mirror("first"), second.Mirror("second"));
        return () =>
        {
            using NumberedStream one = new(a, "10.0.0.2", b, "10.0.0.3");
            using NumberedStream other = new(b, "fd07::3", a, "fd07::2");
            one.SendAll(40);
            other.SendAll(60);
            ServerStatus status = lab[a].Status();
            Assert.Equal(["tun0", "blue"], status.Connections.Select(connection => connection.Tunnel));
            Assert.Equal([40, 0], status.Connections.Select(connection => connection.PacketsSent));
            Assert.Equal([0, 60], status.Connections.Select(connection => connection.PacketsReceived));
            Assert.Equal([(40L, 0L), (0L, 60L)], status.Tunnels.Select(tunnel => (tunnel.PacketsRead, tunnel.PacketsWritten)));
        };
    });

    [LabFact]
    public void Two_servers_of_one_host_are_told_apart_by_their_command_ports() => TunnelLab.Run(new TunnelOptions(), lab =>
    {
        using ServerFiles files = new(60457, new TunFile("blue", "10.9.0.2/24", null));
        ConnectionFile connection = new("elsewhere", "10.9.0.2", "10.9.0.3")
        {
            LocalPort = 30000,
            Paths = [lab.FileA.Paths[0]],
        };
        files.Write(connection);
        LabServer other = LabServer.Start(lab.A, files, "blue");
        Assert.Contains("Tunnel interface : tun0", LabServer.Mpt(lab.A, "-60456", "show", "status").EnsureSuccess().Output);
        Assert.Contains("Tunnel interface : blue", LabServer.Mpt(lab.A, "-60457", "show", "status").EnsureSuccess().Output);
        CommandResult unclear = LabServer.Mpt(lab.A, "show", "status");
        Assert.Equal(1, unclear.ExitCode);
        Assert.Contains("blue, tun0", unclear.Error);
        other.StopCleanly();
        Traffic.Ping(lab.A, TunnelLab.AddressB);
    });
}
