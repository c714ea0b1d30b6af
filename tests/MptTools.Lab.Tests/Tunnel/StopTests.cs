using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>How servers end, what they leave, and how they start again.</summary>
public class StopTests
{
    // Networks, so that there are routes to be left.
    private static readonly TunnelOptions WithNetworks = new()
    {
        PathVersions = [4, 6],
        Connection = connection => connection with
        {
            ReorderWindow = 1000,
            Networks = [new NetFile("192.168.1.0/24", "192.168.2.0/24"), new NetFile("fd11::/64", "::/0")],
            Paths = [.. connection.Paths.Select(path => path with { Keepalive = 0.1, Dead = 0.5 })],
        },
    };

    [LabTheory]
    [InlineData("SIGTERM")]
    [InlineData("SIGINT")]
    [InlineData("q")]
    [InlineData("control socket")]
    [InlineData("SIGTERM", "2")]
    [InlineData("SIGTERM", "5")]
    public void However_a_server_is_stopped_it_leaves_nothing(string how, string threads = "1") =>
        TunnelLab.RunStopped(WithNetworks.WithThreads(threads), lab =>
    {
        Leftovers before = new(lab.A);
        // Strict, so that there are rules for the reverse path filter too.
        lab.A.Sysctl("net.ipv4.conf.all.rp_filter", "1");
        lab.Start();
        Assert.NotEmpty(before.Find());
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        stream.SendAll(10);
        switch (how)
        {
            case "SIGTERM":
                lab.ServerA.Process.Signal(15);
                break;
            case "SIGINT":
                lab.ServerA.Process.Interrupt();
                break;
            case "q":
                lab.ServerA.Process.WriteLine("q");
                break;
            default:
                lab.A.Invoke(() => MptClient.Connect("tun0").Stop());
                break;
        }
        Assert.True(lab.ServerA.Process.WaitForExit());
        lab.ServerA.StopCleanly();
        before.AssertNone();
    });

    [LabFact]
    public void What_a_killed_server_has_left_the_next_one_removes() => TunnelLab.RunStopped(WithNetworks, lab =>
    {
        Leftovers before = new(lab.A);
        lab.Start();
        using NumberedStream there = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        there.SendAll(200);
        lab.ServerA.Process.Kill();
        Assert.NotEmpty(before.Find());

        // With a path less, so that not everything that was left is used again.
        lab.FilesA.Write(lab.FileA with { Paths = [lab.FileA.Paths[0]] });
        lab.ServerA = LabServer.Start(lab.A, lab.FilesA);
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitForPath(1, PathStatusCode.Down);
        lab.ServerB.WaitForPath(0, PathStatusCode.Up);
        // The peer has numbers of its own to go on from, and sees new ones start.
        using NumberedStream again = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        using NumberedStream back = new(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA);
        again.SendAll(200);
        back.SendAll(200);
        Assert.Equal((0, 0), (again.OutOfOrder, back.OutOfOrder));
        lab.ServerA.StopCleanly();
        before.AssertNone();
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void A_server_whose_tunnel_device_is_deleted_ends_and_says_so(string threads) =>
        TunnelLab.RunStopped(WithNetworks.WithThreads(threads), lab =>
    {
        Leftovers before = new(lab.A);
        lab.Start();
        lab.A.Ip("link", "delete", "tun0");
        Assert.True(lab.ServerA.Process.WaitForExit(), "The server goes on without its device.");
        Assert.Equal(1, lab.ServerA.Process.ExitCode);
        OutputLine said = Assert.Single(lab.ServerA.Process.Lines, line => line.IsError);
        Assert.Contains("tun0 was removed", said.Text);
        before.AssertNone();
    });

    [LabTheory]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("5")]
    public void A_TCP_connection_outlives_a_restart_of_the_server(string threads) =>
        TunnelLab.RunStopped(WithNetworks.WithThreads(threads), lab =>
    {
        lab.Start();
        // Addresses of the hosts, not of the tunnel devices, which go with their server.
        lab.A.AddAddress("lo", "192.168.1.1/32");
        lab.B.AddAddress("lo", "192.168.2.1/32");
        using VerifiedTcp tcp = new(lab.A, lab.B, "192.168.2.1", source: "192.168.1.1");
        tcp.WaitForMore(1 << 20);
        lab.ServerB.StopCleanly();
        lab.ServerB = LabServer.Start(lab.B, lab.FilesB);
        tcp.WaitForMore(1 << 20);
    });

    [LabFact]
    public void A_killed_server_takes_nothing_from_the_one_beside_it() => TunnelLab.RunStopped(WithNetworks, lab =>
    {
        lab.Start();
        using ServerFiles otherA = new(60457, new TunFile("other", "10.9.0.2/24", null));
        using ServerFiles otherB = new(60457, new TunFile("other", "10.9.0.3/24", null));
        ConnectionFile other = new("toB", "10.9.0.2", "10.9.0.3")
        {
            LocalPort = 30000,
            RemotePort = 30001,
            Paths = lab.FileA.Paths,
        };
        otherA.Write(other);
        otherB.Write(other.Mirror("toA"));
        Leftovers before = new(lab.A);
        LabServer[] others = LabServer.StartAll((lab.A, otherA, "other"), (lab.B, otherB, "other"));
        Assert.All(others, server => server.WaitUntilUp());
        using NumberedStream stream = new(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        using NumberedStream otherStream = new(lab.A, "10.9.0.2", lab.B, "10.9.0.3");
        stream.SendAll(100);
        otherStream.SendAll(100);

        others[0].Process.Kill();
        stream.SendAll(100);
        others[0] = LabServer.Start(lab.A, otherA, "other");
        stream.SendAll(100);
        Assert.All(others, server => server.WaitUntilUp());
        others[0].StopCleanly();
        stream.SendAll(100);
        before.AssertNone();
        lab.ServerA.StopCleanly();
    });
}
