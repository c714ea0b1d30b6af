using System.Net;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>A running connection becomes another one under traffic, and what is the same in both loses no packet.</summary>
public class ChangeTests
{
    private static readonly TunnelOptions Ordered = new()
    {
        Connection = connection => connection with { ReorderWindow = 1000 },
    };

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void Weights_shift_the_shares_and_lose_nothing(string threads) => Run(threads, (lab, stream) =>
    {
        for (int round = 0; round < 5; round++)
        {
            Change(lab, lab.FileA with { Paths = [lab.FileA.Paths[0] with { Weight = 1 + round % 2 * 8 }, lab.FileA.Paths[1] with { Weight = 9 - round % 2 * 8 }] });
            stream.WaitForMore(20);
        }
        stream.Stop();
        stream.WaitForAll();
        long[] before = Counted(stream.Sent);
        stream.SendAll(100);
        Assert.Equal([10, 90], Counted(stream.Sent).Zip(before, (now, then) => now - then));
        Assert.Equal(0, stream.OutOfOrder);
        Assert.Empty(Losses(lab));

        // What has arrived is counted a moment later.
        long[] Counted(int all)
        {
            long[] sent = [];
            LabWait.Until(() => (sent = [.. lab.ServerA.Connection().Paths.Select(path => path.PacketsSent)]).Sum() == all, $"{all} packets are counted");
            return sent;
        }
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("5")]
    public void A_path_comes_and_goes_without_the_other_losing_a_packet(string threads) => Run(threads, (lab, stream) =>
    {
        for (int round = 0; round < 3; round++)
        {
            // The first one goes, so that the second one becomes the first.
            Change(lab, lab.FileA with { Paths = [lab.FileA.Paths[1]] });
            PathStatus left = Assert.Single(lab.ServerA.Connection().Paths);
            Assert.Equal(("eth2", 0, PathState.Up), (left.Interface, left.Index, left.Status));
            stream.WaitForMore(20);
            Change(lab, lab.FileA);
            lab.ServerA.WaitUntilUp();
            stream.WaitForMore(20);
        }
        stream.Stop();
        stream.WaitForAll();
        LabWait.Until(() => lab.ServerB.Connection().PacketsReceived == stream.Sent, "all packets are counted");
        ConnectionStatus status = lab.ServerA.Connection();
        Assert.True(status.Paths[1].PacketsSent > status.Paths[0].PacketsSent, "The path that stayed has lost its counters.");
        Assert.Empty(Losses(lab));
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("5")]
    public void The_window_comes_and_goes_without_a_loss(string threads) => Run(threads, (lab, stream) =>
    {
        foreach ((int window, int delay) in new[] { (0, 100), (50, 100), (10000, 300), (2, 50), (0, 100), (1000, 100) })
        {
            Change(lab, lab.FileA with { ReorderWindow = window, MaximumDelayMilliseconds = delay });
            stream.WaitForMore(10);
            int lines = lab.ServerB.Process.Lines.Count;
            lab.FilesB.Write(lab.FileB with { ReorderWindow = window, MaximumDelayMilliseconds = delay });
            lab.ServerB.Process.Reload();
            lab.ServerB.WaitForEvent("The configuration was read again", lines);
            stream.WaitForMore(10);
        }
        stream.Stop();
        stream.WaitForAll();
        LabWait.Until(() => lab.ServerB.Connection().PacketsReceived == stream.Sent, "all packets are counted");
        Assert.Empty(Losses(lab));
    });

    [LabFact]
    public void Timers_networks_and_permissions_change_without_closing_a_socket() => Run("1", (lab, stream) =>
    {
        string[] sockets = [.. SocketsAt(lab.A, "10.1.1.2"), .. SocketsAt(lab.A, "10.1.2.2")];
        Assert.Equal(4, sockets.Length);
        Change(lab, lab.FileA with
        {
            Paths = [.. lab.FileA.Paths.Select(path => path with { Keepalive = 0.5, Dead = 2 })],
            Networks = [new NetFile("10.0.0.0/24", "172.16.0.0/16")],
        });
        Assert.Equal(sockets, SocketsAt(lab.A, "10.1.1.2").Concat(SocketsAt(lab.A, "10.1.2.2")));
        Assert.Contains("172.16.0.0/16 dev tun0", lab.A.Ip("route", "show").Output);
        Assert.Equal([0.5, 0.5], lab.ServerA.Connection().Paths.Select(path => path.KeepaliveSeconds));
        Assert.All(lab.ServerA.Connection().Paths, path => Assert.Equal(PathState.Up, path.Status));
        Change(lab, lab.FileA);
        Assert.DoesNotContain("172.16.0.0/16", lab.A.Ip("route", "show").Output);
        Assert.Equal(sockets, SocketsAt(lab.A, "10.1.1.2").Concat(SocketsAt(lab.A, "10.1.2.2")));
        stream.Stop();
        stream.WaitForAll();
        Assert.Empty(Losses(lab));
    });

    [LabFact]
    public void One_path_gets_other_sockets_and_the_other_one_keeps_its_own() => Run("1", (lab, stream) =>
    {
        string[] before = SocketsAt(lab.A, "10.1.2.2");
        Change(lab, lab.FileA with { Paths = [lab.FileA.Paths[0] with { Checksum = false }, lab.FileA.Paths[1]] });
        Assert.Equal(before, SocketsAt(lab.A, "10.1.2.2"));
        lab.ServerA.WaitUntilUp();
        lab.A.AddAddress("eth1", "10.1.1.9/24");
        Change(lab, lab.FileA with { Paths = [lab.FileA.Paths[0] with { Local = "10.1.1.9" }, lab.FileA.Paths[1]] });
        Assert.Equal(before, SocketsAt(lab.A, "10.1.2.2"));
        // The peer has another address in its file, so it is not heard.
        lab.ServerA.WaitForPath(0, PathStatusCode.Down);
        stream.WaitForMore(20);
        Change(lab, lab.FileA);
        lab.ServerA.WaitUntilUp();
        stream.Stop();
        stream.WaitForAll();
        lab.A.RemoveAddress("eth1", "10.1.1.9/24");
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("5")]
    public void Another_port_is_taken_on_both_ends_and_the_numbering_goes_on(string threads) => TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(100);
        Change(lab, lab.FileA with { LocalPort = 30001, RemotePort = 30002 });
        lab.FilesB.Write(lab.FileB with { LocalPort = 30002, RemotePort = 30001 });
        int lines = lab.ServerB.Process.Lines.Count;
        lab.ServerB.Process.Reload();
        lab.ServerB.WaitForEvent("The configuration was read again", lines);
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        stream.SendAll(100);
        Assert.Equal(0, lab.ServerB.Connection().Ordering.Restarts);
        LabWait.Until(() => lab.ServerB.Connection().PacketsReceived == 200, "all packets are counted");
        Assert.All(SocketsAt(lab.A, "10.1.1.2"), socket => Assert.Contains($":{30001:X4} ", socket));
    });

    private static void Run(string threads, Action<TunnelLab, NumberedStream> test) => TunnelLab.Run(Ordered.WithThreads(threads), lab =>
    {
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.Start();
        stream.WaitForMore(20);
        test(lab, stream);
    });

    private static void Change(TunnelLab lab, ConnectionFile file)
    {
        int lines = lab.ServerA.Process.Lines.Count;
        lab.FilesA.Write(file);
        lab.ServerA.Process.Reload();
        lab.ServerA.WaitForEvent("The configuration was read again: 0 connection(s) unchanged, 1 changed, 0 started", lines);
    }

    /// <summary>What was dropped anywhere on the way from A to B.</summary>
    private static IEnumerable<KeyValuePair<string, long>> Losses(TunnelLab lab) =>
        lab.ServerA.Connection().Drops.Concat(lab.ServerB.Connection().Drops).Concat(lab.ServerA.Connection().Paths.SelectMany(path => path.Drops));

    /// <summary>The UDP sockets at an address, each with the number that no other has that takes its place.</summary>
    private static string[] SocketsAt(LabHost host, string address)
    {
        string number = $"{BitConverter.ToUInt32(IPAddress.Parse(address).GetAddressBytes()):X8}";
        return
        [
            .. host.Invoke(() => File.ReadAllLines("/proc/thread-self/net/udp"))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words[1].StartsWith(number, StringComparison.Ordinal))
                .Select(words => $"{words[1]} {words[2]} {words[9]}").Order(),
        ];
    }
}
