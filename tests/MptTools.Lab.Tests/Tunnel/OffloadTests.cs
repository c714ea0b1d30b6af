using System.Net;
using System.Net.Sockets;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Each offload alone, turned off in every way, and missing or refused by the kernel: packets get through all the same.</summary>
public class OffloadTests
{
    private static readonly TunnelOptions Ordered = new()
    {
        PathVersions = [4, 6],
        Connection = connection => connection with { ReorderWindow = 1000 },
    };

    [LabTheory(SetsOffloads = true)]
    [InlineData(Offloads.TunTcp)]
    [InlineData(Offloads.TunUdp)]
    [InlineData(Offloads.TunMerge)]
    [InlineData(Offloads.UdpSegment)]
    [InlineData(Offloads.UdpGro)]
    public void One_end_uses_one_only_and_the_other_all_but_that_one(Offloads offload) => TunnelLab.RunStopped(Ordered, lab =>
    {
        OffloadMode.Disable(Offloads.All & ~offload);
        lab.ServerA = LabServer.Start(lab.A, lab.FilesA);
        OffloadMode.Disable(offload);
        lab.ServerB = LabServer.Start(lab.B, lab.FilesB);
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        AssertUses(lab.ServerA, offload & lab.ServerA.Status().Offloads);
        AssertUses(lab.ServerB, lab.ServerB.Status().Offloads & ~offload);
        Exchange(lab);
        Stop(lab);
    });

    [LabFact(SetsOffloads = true)]
    public void The_file_and_the_command_line_turn_off_and_the_status_tells() => TunnelLab.RunStopped(Ordered, lab =>
    {
        string file = Path.Combine(lab.FilesA.Directory, "interface.conf");
        File.WriteAllText(file, File.ReadAllText(file).Replace("[general]\n", "[general]\ndisable_offloads = UDP_GRO tun_udp\n"));
        OffloadMode.Disable(Offloads.TunTcp);
        lab.ServerA = LabServer.Start(lab.A, lab.FilesA);
        OffloadMode.Disable(Offloads.None);
        lab.ServerB = LabServer.Start(lab.B, lab.FilesB);
        lab.ServerA.WaitUntilUp();
        const Offloads disabled = Offloads.UdpGro | Offloads.TunUdp | Offloads.TunTcp;
        Assert.Equal(disabled, lab.ServerA.Status().DisabledOffloads);
        Assert.Equal(Offloads.None, lab.ServerB.Status().DisabledOffloads);
        AssertUses(lab.ServerA, Offloads.All & ~disabled);
        string shown = lab.ServerA.Mpt("show", "status").Output;
        Assert.Contains("    Offloads         : tun_merge, udp_segment\n", shown);
        Assert.Contains("    Offloads disabled: tun_tcp, tun_udp, udp_gro\n", shown);
        Assert.Contains("    Offloads of tun0 : tun_merge\n", shown);
        Assert.Contains("     Offloads           : udp_segment\n", shown);
        Stop(lab);
    });

    [LabTheory(SetsOffloads = true)]
    [InlineData(Lack.TunHeaders, Offloads.TunTcp | Offloads.TunUdp | Offloads.TunMerge, "tun_tcp, tun_udp, tun_merge")]
    [InlineData(Lack.TunOffload | Lack.UdpGro, Offloads.TunTcp | Offloads.TunUdp | Offloads.UdpGro, "tun_tcp, tun_udp, udp_gro")]
    [InlineData(Lack.TunUdpOffload | Lack.UdpSegment, Offloads.TunUdp | Offloads.UdpSegment, "tun_udp, udp_segment")]
    public void What_the_kernel_lacks_is_found_at_the_start(Lack lacks, Offloads lacking, string names) => TunnelLab.RunStopped(Ordered, lab =>
    {
        lab.ServerA = LabServer.StartLacking(lacks, lab.A, lab.FilesA);
        lab.ServerB = LabServer.Start(lab.B, lab.FilesB);
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        Assert.Single(lab.ServerA.Process.Lines, line => line.Text.Contains($"This kernel lacks {names}.", StringComparison.Ordinal));
        AssertUses(lab.ServerA, Offloads.All & ~lacking);
        Exchange(lab);

        // What is turned off is not missed.
        OffloadMode.Disable(lacking);
        lab.ServerA.StopCleanly();
        lab.ServerA = LabServer.StartLacking(lacks, lab.A, lab.FilesA);
        Assert.DoesNotContain(lab.ServerA.Process.Lines, line => line.Text.Contains("lacks", StringComparison.Ordinal));
        Stop(lab);
    });

    [LabFact(SetsOffloads = true)]
    public void A_device_that_refuses_merged_packets_gets_them_one_by_one() => TunnelLab.RunStopped(Ordered with { PathVersions = [4] }, lab =>
    {
        lab.ServerA = LabServer.Start(lab.A, lab.FilesA);
        lab.ServerB = LabServer.StartLacking(Lack.MergedWrites, lab.B, lab.FilesB);
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        AssertUses(lab.ServerB, Offloads.All);

        Transfer(lab.A, lab.B, TunnelLab.AddressB);
        lab.ServerB.Process.WaitForLine("The device of tunnel tun0 refuses merged packets (TCP over IPv4), so");
        AssertUses(lab.ServerB, Offloads.All);
        Transfer(lab.A, lab.B, TunnelLab.AddressB6);
        SendTrain(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        SendTrain(lab.A, TunnelLab.AddressA6, lab.B, TunnelLab.AddressB6);
        lab.ServerB.WaitFor(status => status.Tunnels[0].Offloads == (Offloads.TunTcp | Offloads.TunUdp), "nothing is merged any more");
        Exchange(lab);
        Assert.Empty(lab.ServerB.Status().Tunnels[0].Drops);
        Stop(lab);

        string warnings = string.Join('\n', lab.ServerB.Process.Lines.Where(line => line.Text.Contains("refuses merged", StringComparison.Ordinal)));
        Assert.All(["TCP over IPv4", "TCP over IPv6", "UDP over IPv4", "UDP over IPv6"], kind => Assert.Equal(2, warnings.Split(kind).Length));
    });

    [LabFact(SetsOffloads = true)]
    public void A_path_that_refuses_runs_gets_its_packets_one_by_one() => TunnelLab.RunStopped(Ordered, lab =>
    {
        lab.Start();
        AssertUses(lab.ServerA, Offloads.All);
        RefuseRuns(lab.ServerA, TunnelLab.PathAddress("B", 0, 4));
        Exchange(lab);
        lab.ServerA.Process.WaitForLine("Path 0 of toB (eth1) cannot send runs of packets in one piece (Invalid argument), so");
        Assert.Equal(
            [Offloads.UdpGro, Offloads.UdpGro | Offloads.UdpSegment], lab.ServerA.Connection().Paths.Select(path => path.Offloads));
        Assert.Empty(lab.ServerA.PathAt(0).Drops);

        // Another socket is another try, but no more news.
        lab.A.SetLinkDown("eth1");
        lab.ServerA.WaitForPath(0, PathStatusCode.InterfaceDown);
        Assert.Equal(Offloads.None, lab.ServerA.PathAt(0).Offloads);
        lab.A.SetLinkUp("eth1");
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
        Assert.Equal(Offloads.UdpGro | Offloads.UdpSegment, lab.ServerA.PathAt(0).Offloads);
        RefuseRuns(lab.ServerA, TunnelLab.PathAddress("B", 0, 4));
        Exchange(lab);
        Assert.Equal(Offloads.UdpGro, lab.ServerA.PathAt(0).Offloads);
        Stop(lab);
        Assert.Single(lab.ServerA.Process.Lines, line => line.Text.Contains("cannot send runs", StringComparison.Ordinal));
    });

    [LabFact]
    public void Trains_of_datagrams_arrive_as_they_were_sent() => TunnelLab.Run(Ordered, lab =>
    {
        SendTrain(lab.A, TunnelLab.AddressA, lab.B, TunnelLab.AddressB);
        SendTrain(lab.B, TunnelLab.AddressB6, lab.A, TunnelLab.AddressA6);
    });

    /// <summary>TCP and UDP of both IP versions, both ways.</summary>
    private static void Exchange(TunnelLab lab)
    {
        Transfer(lab.A, lab.B, TunnelLab.AddressB);
        Transfer(lab.B, lab.A, TunnelLab.AddressA6);
        SendTrain(lab.A, TunnelLab.AddressA6, lab.B, TunnelLab.AddressB6);
        SendTrain(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA);
    }

    private static void Transfer(LabHost from, LabHost to, string address)
    {
        using VerifiedTcp tcp = new(from, to, address, 2 << 20);
        tcp.WaitForEnd();
    }

    /// <summary>Sends datagrams of one size, and a shorter one, in one piece; each arrives, in order and with its own bytes.</summary>
    private static void SendTrain(LabHost from, string fromAddress, LabHost to, string toAddress)
    {
        const int size = 700;
        using Socket sender = Traffic.UdpSocket(from, fromAddress), receiver = Traffic.UdpSocket(to, toAddress);
        receiver.ReceiveTimeout = 10_000;
        sender.SetRawSocketOption(Libc.SOL_UDP, Libc.UDP_SEGMENT, BitConverter.GetBytes(size));
        byte[] train = new byte[40 * size + 99];
        new Random(size).NextBytes(train);
        sender.SendTo(train, receiver.LocalEndPoint!);
        byte[] datagram = new byte[2 * size];
        for (int offset = 0; offset < train.Length; offset += size)
        {
            int length = receiver.Receive(datagram);
            Assert.Equal(train[offset..Math.Min(offset + size, train.Length)], datagram[..length]);
        }
    }

    /// <summary>What the devices and the paths use now, all of them alike.</summary>
    private static void AssertUses(LabServer server, Offloads offloads)
    {
        const Offloads ofTun = Offloads.TunTcp | Offloads.TunUdp | Offloads.TunMerge;
        ServerStatus status = server.Status();
        Assert.All(status.Tunnels, tunnel => Assert.Equal(offloads & ofTun, tunnel.Offloads));
        Assert.All(status.Connections.SelectMany(connection => connection.Paths), path => Assert.Equal(offloads & ~ofTun, path.Offloads));
    }

    /// <summary>
    /// Takes the UDP checksum from a server's socket to that address. The kernel then sends no runs, and says so at the first one.
    /// </summary>
    private static void RefuseRuns(LabServer server, string remote)
    {
        int process = SystemCallException.Check(Libc.pidfd_open(server.Process.Id), "Looking into the server");
        IPAddress address = IPAddress.Parse(remote);
        int changed = 0;
        foreach (string descriptor in Directory.GetFiles($"/proc/{server.Process.Id}/fd"))
        {
            // Others come and go meanwhile: those of the control socket.
            bool isSocket = new FileInfo(descriptor).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true;
            int copy = isSocket ? Libc.pidfd_getfd(process, int.Parse(Path.GetFileName(descriptor))) : -1;
            if (copy < 0)
            {
                continue;
            }
            using Socket socket = new(new SafeSocketHandle(copy, ownsHandle: true));
            if (socket.SocketType == SocketType.Dgram && IsConnectedTo(socket, address))
            {
                socket.SetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_NO_CHECK, BitConverter.GetBytes(1));
                changed++;
            }
        }
        _ = Libc.close(process);
        Assert.Equal(1, changed);
    }

    private static bool IsConnectedTo(Socket socket, IPAddress address)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint remote && remote.Address.Equals(address);
        }
        catch (SocketException)
        {
            // Not connected at all.
            return false;
        }
    }

    private static void Stop(TunnelLab lab)
    {
        lab.ServerA.StopCleanly();
        lab.ServerB.StopCleanly();
    }
}
