using System.Collections.Concurrent;
using System.Net.Sockets;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Changes by command, asked of a server in this process: what is done, and that a refusal changes nothing.</summary>
public class CommandTests
{
    private const string Network = "172.16.0.0/16";

    private static readonly TunnelOptions Ordered = new()
    {
        Connection = connection => connection with { ReorderWindow = 1000, Networks = [new NetFile("10.0.0.0/24", Network)] },
    };

    [LabFact]
    public void Settings_change_one_by_one_and_a_wrong_one_changes_nothing() => Run((lab, server) =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        server.SetConnection("toB", Settings(("reorder_window", "77"), ("max_buffdelay_msec", "250")));
        server.SetPath("toB", 1, Settings(("weight_out", "4")));
        ConnectionStatus before = server.GetStatus().Connections[0];
        Assert.Equal((77, 250d, 4), (before.ReorderWindow, before.MaxBufferDelayMilliseconds, before.Paths[1].WeightOut));

        Refused(MptErrorKind.NotFound, "no connection toX", () => server.SetConnection("toX", Settings()));
        Refused(MptErrorKind.NotFound, "has no path 2", () => server.SetPath("toB", 2, Settings(("weight_out", "1"))));
        Refused(MptErrorKind.InvalidSetting, "[path_0] weight_out", () => server.SetPath("toB", 0, Settings(("keepalive_time", "1"), ("weight_out", "0"))));
        using (Socket holder = Traffic.UdpSocket(lab.A, "10.1.2.2", 30000))
        {
            Refused(MptErrorKind.Failed, "UDP port 30000 of 10.1.2.2 is in use by another program", () => server.SetConnection("toB", Settings(("local_port", "30000"))));
        }
        ConnectionStatus after = server.GetStatus().Connections[0];
        Assert.Equal((23456, 0.2), (after.LocalPort, after.Paths[0].KeepaliveSeconds));
        Assert.All(after.Paths, path => Assert.Equal(PathState.Up, path.Status));
        stream.WaitForMore(20);
        stream.Stop();
        stream.WaitForAll();
        Assert.Empty(after.Drops);
    });

    [LabFact]
    public void Paths_are_added_and_removed() => Run((lab, server) =>
    {
        lab.A.AddAddress("eth1", "10.1.1.12/24");
        lab.B.AddAddress("eth1", "10.1.1.13/24");
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        Dictionary<string, string> path = Settings(
            ("interface_name", "eth1"), ("ip_ver", "4"), ("public_ipaddr", "10.1.1.12"), ("gw_ipaddr", "10.1.1.12"), ("remote_ipaddr", "10.1.1.13"),
            ("keepalive_time", "0.2"), ("dead_time", "1"), ("weight_out", "1"), ("status", "0"));
        Assert.Equal(2, server.AddPath("toB", path));
        // The peer does not have it yet, so nothing is sent into it.
        stream.WaitForMore(20);
        Assert.Equal((PathStatusCode.Down, 0), (PathAt(server, 2).Detail, PathAt(server, 2).PacketsSent));
        Refused(MptErrorKind.InvalidSetting, "go from 10.1.1.12 to 10.1.1.13 both", () => server.AddPath("toB", path));

        int lines = lab.ServerB.Process.Lines.Count;
        lab.FilesB.Write(lab.FileB with { Paths = [.. lab.FileB.Paths, new PathFile("eth1", "10.1.1.13", "10.1.1.12")] });
        lab.ServerB.Process.Reload();
        lab.ServerB.WaitForEvent("path 2 (eth1) is new", lines);
        LabWait.Until(() => PathAt(server, 2).Detail == PathStatusCode.Up, "the new path is up");
        lab.ServerB.WaitUntilUp();
        LabWait.Until(() => PathAt(server, 2).PacketsSent > 20, "the new path carries traffic");

        server.SetPathStatus("toB", 2, up: false);
        server.RemovePath("toB", 0);
        Assert.Equal([(0, "10.1.2.2", PathStatusCode.Up), (1, "10.1.1.12", PathStatusCode.TakenDown)],
            server.GetStatus().Connections[0].Paths.Select(item => (item.Index, item.LocalAddress, item.Detail)));
        Assert.Equal(2, Rules(lab));
        server.RemovePath("toB", 1);
        // No path leaves by eth1 any more.
        Assert.Equal(1, Rules(lab));
        Refused(MptErrorKind.InvalidSetting, "its only one", () => server.RemovePath("toB", 0));
        stream.WaitForMore(20);
        stream.Stop();
        stream.WaitForAll();
    });

    [LabFact]
    public void Networks_come_and_go_with_their_routes() => Run((lab, server) =>
    {
        lab.B.AddAddress("lo", "192.168.7.1/32");
        Assert.Equal(1, server.AddNetwork("toB", "10.0.0.0/24", "192.168.7.0/24"));
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, "192.168.7.1");
        stream.SendAll(20);
        lab.A.Ip("route", "add", "192.168.8.0/24", "dev", "eth1").EnsureSuccess();
        Refused(MptErrorKind.Failed, "The route to 192.168.8.0/24 through tun0 cannot be added", () => server.AddNetwork("toB", "10.0.0.0/24", "192.168.8.0/24"));
        Refused(MptErrorKind.NotFound, "It has 10.0.0.0/24 to 172.16.0.0/16, 10.0.0.0/24 to 192.168.7.0/24.", () => server.RemoveNetwork("toB", "10.0.0.0/24", "192.168.9.0/24"));
        Assert.Equal([Network, "192.168.7.0/24"], server.GetStatus().Connections[0].Networks.Select(network => network.Destination));
        server.RemoveNetwork("toB", "10.0.0.0/24", "192.168.7.0/24");
        Assert.DoesNotContain("192.168.7.0/24", lab.A.Ip("route", "show").Output);
        Assert.Contains("192.168.8.0/24 dev eth1", lab.A.Ip("route", "show").Output);
    });

    [LabFact]
    public void Save_writes_what_was_changed_and_keeps_the_rest() => Run((lab, server) =>
    {
        string file = FileOf(lab, "toB");
        string text = "; a comment\n" + File.ReadAllText(file).Replace("weight_in = 1", "weight_in = 1 ; theirs");
        lab.FilesA.WriteConnection("toB", text);
        Assert.Empty(server.Save());
        server.SetPath("toB", 1, Settings(("weight_out", "6")));
        server.SetConnection("toB", Settings(("reorder_window", "500")));
        Assert.Equal(["toB.conf"], server.Save());
        string wanted = text.Replace("reorder_window = 1000", "reorder_window = 500");
        int second = wanted.LastIndexOf("weight_out = 1", StringComparison.Ordinal);
        Assert.Equal(wanted[..second] + "weight_out = 6" + wanted[(second + 14)..], File.ReadAllText(file));
        Assert.Empty(server.Save());
        Refused(MptErrorKind.NotFound, "No connection runs from toC.conf", () => server.Save("toC.conf"));

        // The file says now what runs.
        server.Reload();
        Assert.Equal(6, PathAt(server, 1).WeightOut);
    });

    [LabFact]
    public void Save_keeps_that_a_path_was_taken_down_or_up_by_hand() => Run((lab, server) =>
    {
        string file = FileOf(lab, "toB"), text = File.ReadAllText(file);
        server.SetPathStatus("toB", 0, up: false);
        Assert.Equal(["toB.conf"], server.Save("toB.conf"));
        Assert.Equal([PathStatusCode.TakenDown, PathStatusCode.Up], ConfigLoader.LoadConnection(file).Config!.Paths.Select(path => path.Status));
        Assert.Empty(server.Save());
        // Before a reload, which would bring the running configuration to what the file says.
        server.Restart();
        Assert.Equal(PathStatusCode.TakenDown, PathAt(server, 0).Detail);
        server.Reload();
        Assert.Equal(PathStatusCode.TakenDown, PathAt(server, 0).Detail);

        server.SetPathStatus("toB", 0, up: true);
        Assert.Equal(["toB.conf"], server.Save());
        Assert.Equal(text, File.ReadAllText(file));
        // What passes by itself is no change.
        lab.A.SetLinkDown("eth1");
        LabWait.Until(() => PathAt(server, 0).Detail == PathStatusCode.InterfaceDown, "the path is down");
        Assert.Empty(server.Save());
    });

    [LabFact]
    public void Delete_stops_the_connection_and_takes_its_file_out_of_use() => Run((lab, server) =>
    {
        string file = FileOf(lab, "toB"), text = File.ReadAllText(file);
        File.WriteAllText(file + ".disabled", "an older one");
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(20);
        Refused(MptErrorKind.NotFound, "no connection from toC.conf", () => server.Delete("toC.conf"));
        Refused(MptErrorKind.BadRequest, "no file of a connection", () => server.Delete("../connections/toB.conf"));
        server.Delete("toB.conf");
        Assert.Equal((false, text), (File.Exists(file), File.ReadAllText(file + ".disabled")));
        ServerStatus status = server.GetStatus();
        Assert.Empty(status.Connections);
        Assert.DoesNotContain(Network, lab.A.Ip("route", "show").Output);
        Assert.Equal(0, Rules(lab));
        stream.SendBurst(20);
        LabWait.Until(() => server.GetStatus().Tunnels[0].Drops.Values.Sum() >= 20, "what goes into the tunnel is dropped");
        Assert.Equal(20, stream.Arrived.Length);
        server.Reload();
        Assert.Empty(server.GetStatus().Connections);
    });

    [LabFact]
    public void Restart_keeps_counters_and_mends_a_tunnel_that_was_set_down_and_up() => Run((lab, server) =>
    {
        lab.B.AddAddress("lo", "172.16.0.1/32");
        server.SetPath("toB", 1, Settings(("weight_out", "3")));
        server.SetPathStatus("toB", 1, up: false);
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, "172.16.0.1");
        stream.SendAll(20);
        lab.A.SetLinkDown("tun0");
        lab.A.SetLinkUp("tun0");
        lab.A.Ip("rule", "flush").EnsureSuccess();
        lab.A.Ip("rule", "add", "pref", "32766", "lookup", "main").EnsureSuccess();
        Assert.DoesNotContain(Network, lab.A.Ip("route", "show").Output);

        server.Restart("toB.conf");
        Assert.Contains($"{Network} dev tun0", lab.A.Ip("route", "show").Output);
        Assert.Contains(TunnelLab.AddressA6, lab.A.Ip("address", "show", "dev", "tun0").Output);
        Assert.Equal(2, Rules(lab));
        WaitUntilUp(server);
        lab.ServerB.WaitUntilUp();
        Assert.Equal(3, PathAt(server, 1).WeightOut);
        using NumberedStream again = new(lab.A, TunnelLab.AddressA, lab.B, "172.16.0.1");
        again.SendAll(20);
        // Counted after they are out.
        LabWait.Until(() => server.GetStatus().Connections[0].PacketsSent == 40, "40 packets are counted");
        Assert.Equal(0, lab.ServerB.Connection().Ordering.Restarts);
        Refused(MptErrorKind.NotFound, "No connection runs from toC.conf. Those that run are from toB.conf.", () => server.Restart("toC.conf"));
    });

    [LabFact]
    public void Reload_of_one_file_leaves_the_others_alone() => Run((lab, server) =>
    {
        ConnectionFile second = new("second", "fd00::2", "fd00::3") { LocalPort = 30000, RemotePort = 30001, Paths = lab.FileA.Paths };
        lab.FilesA.Write(second);
        lab.FilesA.Write(lab.FileA with { MaximumDelayMilliseconds = 333 });
        server.Reload("second.conf");
        Assert.Equal([("toB", 100d), ("second", 100d)], server.GetStatus().Connections.Select(connection => (connection.Name, connection.MaxBufferDelayMilliseconds)));
        // A fault elsewhere is none here.
        lab.FilesA.WriteConnection("toB", "nonsense");
        lab.FilesA.Write(second with { MaximumDelayMilliseconds = 222 });
        server.Reload("second.conf");
        Assert.Equal([100d, 222d], server.GetStatus().Connections.Select(connection => connection.MaxBufferDelayMilliseconds));
        Refused(MptErrorKind.InvalidConfiguration, "toB.conf(1)", () => server.Reload());
        Refused(MptErrorKind.InvalidConfiguration, "third.conf: error: The file does not exist", () => server.Reload("third.conf"));
        Refused(MptErrorKind.BadRequest, "\"toB\" is no file of a connection", () => server.Reload("toB"));
        lab.FilesA.Write(second with { LocalPort = 23456 });
        Refused(MptErrorKind.InvalidConfiguration, "23456 is also local_port in toB.conf", () => server.Reload("second.conf"));
    });

    [LabFact]
    public void Two_connections_change_their_ports_with_each_other_or_not_at_all() => Run((lab, server) =>
    {
        ConnectionFile second = new("second", "fd00::2", "fd00::3") { LocalPort = 30000, RemotePort = 30001, Paths = lab.FileA.Paths };
        lab.FilesA.Write(second);
        server.Reload();
        lab.FilesA.Write(lab.FileA with { LocalPort = 30000 });
        lab.FilesA.Write(second with { LocalPort = 23456 });
        lab.FilesA.Write(new ConnectionFile("third", "10.0.0.2", "10.0.0.4") { LocalPort = 30002, Paths = lab.FileA.Paths });
        using (Socket holder = Traffic.UdpSocket(lab.A, "10.1.2.2", 30002))
        {
            Refused(MptErrorKind.Failed, "UDP port 30002 of 10.1.2.2 is in use", () => server.Reload());
            Assert.Equal([("toB", 23456), ("second", 30000)], Ports());
        }
        server.Reload();
        Assert.Equal([("second", 23456), ("third", 30002), ("toB", 30000)], Ports().Order());

        IEnumerable<(string, int)> Ports() => server.GetStatus().Connections.Select(connection => (connection.Name, connection.LocalPort));
    });

    private static void Run(Action<TunnelLab, MptServer> test) => TunnelLab.RunStopped(Ordered, lab =>
    {
        Leftovers before = new(lab.A);
        lab.ServerB = LabServer.Start(lab.B, lab.FilesB);
        ConcurrentQueue<MptEvent> events = new();
        using MptServer server = lab.A.Invoke(() => MptServer.Start(
            ConfigLoader.Load(lab.FilesA.Directory).Config!,
            new MptServerOptions { DisabledOffloads = OffloadMode.Disabled, Observer = events.Enqueue }));
        try
        {
            WaitUntilUp(server);
            lab.ServerB.WaitUntilUp();
            test(lab, server);
        }
        catch (Exception e)
        {
            throw new LabException($"{e.Message}\n{string.Join('\n', events)}\n{StatusText.Render(server.GetStatus())}", e);
        }
        server.Stop();
        Assert.DoesNotContain("tun0", string.Join('\n', before.Find()));
    });

    private static int Rules(TunnelLab lab) => lab.A.Ip("rule", "show").Output.Split("fwmark").Length - 1;

    private static void WaitUntilUp(MptServer server) => LabWait.Until(
        () => server.GetStatus().Connections[0].Paths.All(path => path.Detail == PathStatusCode.Up), "all paths are up");

    private static PathStatus PathAt(MptServer server, int path) => server.GetStatus().Connections[0].Paths[path];

    private static string FileOf(TunnelLab lab, string name) => Path.Combine(lab.FilesA.Directory, "connections", $"{name}.conf");

    private static Dictionary<string, string> Settings(params (string Key, string Value)[] settings) =>
        settings.ToDictionary(setting => setting.Key, setting => setting.Value);

    private static void Refused(MptErrorKind kind, string sentence, Action command)
    {
        MptCommandException e = Assert.Throws<MptCommandException>(command);
        Assert.Contains(sentence, e.Message);
        Assert.Equal(kind, e.Kind);
    }
}
