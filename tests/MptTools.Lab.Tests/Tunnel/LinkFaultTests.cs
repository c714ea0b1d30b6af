using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Paths that fail and come back, while a TCP connection and a UDP stream run through the tunnel.</summary>
public class LinkFaultTests
{
    private static ConnectionFile FastTimers(ConnectionFile connection) => connection with
    {
        ReorderWindow = 1000,
        Paths = [.. connection.Paths.Select(path => path with { Keepalive = 0.1, Dead = 0.5 })],
    };

    private static readonly TunnelOptions Plain = new() { Connection = FastTimers };
    private static readonly TunnelOptions Emulated = Plain with { Conditions = [new LinkConditions(), new LinkConditions()] };

    [LabFact]
    public void A_silent_cut_takes_the_path_out_after_the_dead_time_and_healing_brings_it_back() => RunWithFlows(Plain, (lab, flows) =>
    {
        lab.Links[0].Cut();
        flows.GoOnWithoutPath0(PathStatusCode.Down, PathStatusCode.Down);
        lab.Links[0].Heal();
        flows.UsePath0Again();
    });

    [LabFact]
    public void Loss_of_carrier_at_both_ends_is_noticed_at_both_at_once() => RunWithFlows(Emulated, (lab, flows) =>
    {
        lab.Links[0].Cut(CarrierLoss.AtBoth);
        flows.GoOnWithoutPath0(PathStatusCode.InterfaceDown, PathStatusCode.InterfaceDown);
        lab.Links[0].Heal();
        flows.UsePath0Again();
    });

    [LabFact]
    public void Loss_of_carrier_at_one_end_is_noticed_there_and_missed_at_the_other() => RunWithFlows(Emulated, (lab, flows) =>
    {
        lab.Links[0].Cut(CarrierLoss.AtA);
        flows.GoOnWithoutPath0(PathStatusCode.InterfaceDown, PathStatusCode.Down);
        lab.Links[0].Heal();
        flows.UsePath0Again();
    });

    [LabTheory]
    [InlineData(4, "10.1.1.2/24")]
    [InlineData(6, "fd01:1::2/64")]
    public void An_address_that_is_removed_takes_the_path_out_until_it_is_back(int version, string address) =>
        RunWithFlows(Plain with { PathVersions = [version, 10 - version] }, (lab, flows) =>
        {
            lab.A.RemoveAddress("eth1", address);
            flows.GoOnWithoutPath0(PathStatusCode.AddressDown, PathStatusCode.Down);
            lab.A.AddAddress("eth1", address);
            flows.UsePath0Again();
        });

    [LabTheory]
    [InlineData("address delete 10.1.1.2/24 dev eth1", "address add 10.1.1.2/24 dev eth1")]
    [InlineData("link set dev eth1 down", "link set dev eth1 up", "address add fd01:1::2/64 dev eth1 nodad")]
    public void Changes_that_are_undone_before_the_server_sees_them_do_no_harm(params string[] flap) =>
        RunWithFlows(Plain, (lab, flows) =>
        {
            const int SIGCONT = 18, SIGSTOP = 19;
            lab.ServerA.Process.Signal(SIGSTOP);
            IpTool.Batch(lab.A.Namespace, flap);
            lab.ServerA.Process.Signal(SIGCONT);
            flows.UsePath0Again();
        });

    [LabFact]
    public void An_interface_set_down_takes_the_path_out_until_it_is_up() => RunWithFlows(Plain, (lab, flows) =>
    {
        lab.A.SetLinkDown("eth1");
        flows.GoOnWithoutPath0(PathStatusCode.InterfaceDown, PathStatusCode.InterfaceDown);
        lab.A.SetLinkUp("eth1");
        lab.A.AddAddress("eth1", "fd01:1::2/64");
        flows.UsePath0Again();
    });

    [LabFact]
    public void An_IPv6_path_whose_interface_was_set_down_comes_back_with_its_address() =>
        RunWithFlows(Plain with { PathVersions = [6, 4] }, (lab, flows) =>
        {
            lab.A.SetLinkDown("eth1");
            flows.GoOnWithoutPath0(PathStatusCode.InterfaceDown, PathStatusCode.InterfaceDown);
            lab.A.SetLinkUp("eth1");
            // The kernel has taken the IPv6 address away together with the link.
            lab.ServerA.WaitForPath(0, PathStatusCode.AddressDown);
            lab.A.AddAddress("eth1", "fd01:1::2/64");
            flows.UsePath0Again();
        });

    [LabFact]
    public void An_interface_that_vanishes_and_comes_back_under_its_name_is_used_again() => RunWithFlows(Plain, (lab, flows) =>
    {
        lab.Links[0].Dispose();
        flows.GoOnWithoutPath0(PathStatusCode.InterfaceDown, PathStatusCode.InterfaceDown);
        lab.MakeLinkAgain(0);
        flows.UsePath0Again();
    }, interfacesStay: false);

    [LabFact]
    public void Both_links_may_fail_one_after_the_other() => RunWithFlows(Plain, (lab, flows) =>
    {
        lab.Links[0].Cut();
        flows.GoOnWithoutPath0(PathStatusCode.Down, PathStatusCode.Down);
        lab.Links[0].Heal();
        flows.UsePath0Again();
        lab.Links[1].Cut();
        lab.ServerA.WaitForPath(1, PathStatusCode.Down);
        lab.ServerB.WaitForPath(1, PathStatusCode.Down);
        flows.GoOn();
        lab.Links[0].Cut();
        lab.ServerA.WaitForPath(0, PathStatusCode.Down);
        lab.ServerB.WaitForPath(0, PathStatusCode.Down);
        lab.Links[0].Heal();
        lab.Links[1].Heal();
        flows.UsePath0Again();
        lab.ServerA.WaitUntilUp();
        lab.ServerB.WaitUntilUp();
    });

    [LabFact]
    public void A_path_taken_down_by_hand_stays_down_until_it_is_taken_up() => RunWithFlows(Plain, (lab, flows) =>
    {
        PathFile path = lab.FileA.Paths[0];
        CommandResult down = lab.ServerA.Mpt("path", "down", path.Local, path.Remote).EnsureSuccess();
        Assert.Contains("CMD_OK:path down", down.Output);
        flows.GoOnWithoutPath0(PathStatusCode.TakenDown, PathStatusCode.Down);
        ChangeLinks(lab);
        Assert.Equal(PathStatusCode.TakenDown, lab.ServerA.PathAt(0).Detail);
        lab.ServerA.Mpt("path", "up", path.Local, path.Remote).EnsureSuccess();
        flows.UsePath0Again();
    });

    [LabFact]
    public void A_disabled_path_stays_disabled() => RunWithFlows(
        Plain with
        {
            Connection = connection => FastTimers(connection) with
            {
                Paths = [connection.Paths[0] with { Status = 255 }, connection.Paths[1]],
            },
        }, (lab, flows) =>
        {
            flows.GoOn();
            ChangeLinks(lab);
            foreach (LabServer server in new[] { lab.ServerA, lab.ServerB })
            {
                PathStatus path = server.PathAt(0);
                Assert.Equal((PathStatusCode.Disabled, 0L), (path.Detail, path.PacketsSent));
            }
        });

    [LabFact]
    public void An_interface_that_is_missing_at_the_start_is_used_when_it_comes() => TunnelLab.RunStopped(Plain, lab =>
    {
        lab.Links[0].Dispose();
        LabServer[] servers = LabServer.StartAll((lab.A, lab.FilesA, "tun0"), (lab.B, lab.FilesB, "tun0"));
        (lab.ServerA, lab.ServerB) = (servers[0], servers[1]);
        Assert.All(servers, server => server.WaitForPath(0, PathStatusCode.InterfaceDown));
        Assert.All(servers, server => server.WaitForPath(1, PathStatusCode.Up));
        using Flows flows = new(lab);
        flows.GoOn();
        lab.MakeLinkAgain(0);
        flows.UsePath0Again();
        Assert.All(servers, server => server.StopCleanly());
    });

    [LabFact]
    public void Paths_that_are_configured_down_wait_for_a_keepalive_or_for_the_admin() => TunnelLab.RunStopped(
        Plain with
        {
            Connection = connection => FastTimers(connection) with
            {
                Paths = [connection.Paths[0] with { Status = 131 }, connection.Paths[1] with { Status = 128 }],
            },
        }, lab =>
        {
            LabServer[] servers = LabServer.StartAll((lab.A, lab.FilesA, "tun0"), (lab.B, lab.FilesB, "tun0"));
            (lab.ServerA, lab.ServerB) = (servers[0], servers[1]);
            Assert.All(servers, server => server.WaitForPath(1, PathStatusCode.Up));
            using Flows flows = new(lab);
            flows.GoOnWithoutPath0(PathStatusCode.TakenDown, PathStatusCode.TakenDown);
            lab.ServerA.Mpt("path", "up", "10.1.1.2", "10.1.1.3").EnsureSuccess();
            lab.ServerB.Mpt("path", "up", "10.1.1.3", "10.1.1.2").EnsureSuccess();
            flows.UsePath0Again();
        });

    /// <summary>Lets link 0 and its address go and come back, and then link 1, so that the server has seen all of it.</summary>
    private static void ChangeLinks(TunnelLab lab)
    {
        lab.Links[0].Cut(CarrierLoss.AtA);
        lab.Links[0].Heal();
        lab.A.RemoveAddress("eth1", "10.1.1.2/24");
        lab.A.AddAddress("eth1", "10.1.1.2/24");
        lab.Links[1].Cut(CarrierLoss.AtA);
        lab.ServerA.WaitForPath(1, PathStatusCode.InterfaceDown);
        lab.Links[1].Heal();
        lab.ServerA.WaitForPath(1, PathStatusCode.Up);
        lab.ServerB.WaitForPath(1, PathStatusCode.Up);
    }

    private static void RunWithFlows(TunnelOptions options, Action<TunnelLab, Flows> test, bool interfacesStay = true) =>
        TunnelLab.Run(options, lab =>
        {
            using Flows flows = new(lab);
            flows.GoOn();
            test(lab, flows);
            flows.GoOn();
        }, interfacesStay);

    /// <summary>What runs through the tunnel all the time: TCP one way, UDP the other.</summary>
    private sealed class Flows : IDisposable
    {
        private readonly TunnelLab lab;
        private readonly VerifiedTcp tcp;
        private readonly NumberedStream udp;

        internal Flows(TunnelLab lab)
        {
            this.lab = lab;
            tcp = new VerifiedTcp(lab.A, lab.B, TunnelLab.AddressB, pauseMilliseconds: 2);
            udp = new NumberedStream(lab.B, TunnelLab.AddressB, lab.A, TunnelLab.AddressA);
            udp.Start();
        }

        /// <summary>Both flows go on, in order.</summary>
        internal void GoOn()
        {
            tcp.WaitForMore(1 << 18);
            udp.WaitForMore(50);
            Assert.Equal(0, udp.OutOfOrder);
        }

        internal void GoOnWithoutPath0(PathStatusCode codeAtA, PathStatusCode codeAtB)
        {
            lab.ServerA.WaitForPath(0, codeAtA);
            lab.ServerB.WaitForPath(0, codeAtB);
            (long a, long b) = (lab.ServerA.PathAt(0).PacketsSent, lab.ServerB.PathAt(0).PacketsSent);
            GoOn();
            Assert.Equal((a, b), (lab.ServerA.PathAt(0).PacketsSent, lab.ServerB.PathAt(0).PacketsSent));
        }

        internal void UsePath0Again()
        {
            lab.ServerA.WaitForPath(0, PathStatusCode.Up);
            lab.ServerB.WaitForPath(0, PathStatusCode.Up);
            foreach (LabServer server in new[] { lab.ServerA, lab.ServerB })
            {
                PathStatus before = server.PathAt(0);
                server.WaitFor(status => status.Connections[0].Paths[0] is var now &&
                    now.PacketsSent > before.PacketsSent + 10 && now.PacketsReceived > before.PacketsReceived + 10,
                    $"path 0 of {server.Host} carries packets both ways again");
            }
            GoOn();
        }

        public void Dispose()
        {
            udp.Dispose();
            tcp.Dispose();
        }
    }
}
