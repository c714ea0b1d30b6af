using System.Net.Sockets;

namespace MptTools.Lab.Tests.LabSelf;

public class EmulatedLinkTests
{
    private const string V4 = "10.1.1.3", V6 = "fd00:1::3";

    [LabTheory(Tools = ["ping"])]
    [InlineData(V4)]
    [InlineData(V6)]
    public void Hosts_ping_each_other(string address)
    {
        using var lab = new LabNetwork("self");
        (LabHost a, _, _) = Pair(lab);
        a.Run("ping", "-c3", "-i0.01", "-W5", "-s1400", address).EnsureSuccess();
    }

    [LabFact]
    public void A_silent_cut_drops_everything_and_keeps_the_carrier()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab);
        Assert.True(Reach.Answers(a, b, V4));
        link.Cut();
        Assert.True(Reach.IsSilent(a, b, V4));
        Assert.True(Reach.IsSilent(b, a, "fd00:1::2"));
        Assert.True(a.HasCarrier("eth1") && b.HasCarrier("eth1"));
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByCut >= 10);
        Assert.True(link.Counters(LinkDirection.BToA).DroppedByCut >= 10);
        link.Heal();
        Assert.True(Reach.Answers(a, b, V4));
        Assert.True(Reach.Answers(b, a, "fd00:1::2"));
    }

    [LabFact]
    public void Packets_are_altered_in_one_direction_until_that_is_taken_back()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab);
        using Socket atA = Tunnel.Traffic.UdpSocket(a, "10.1.1.2"), atB = Tunnel.Traffic.UdpSocket(b, V4);
        byte[] received = new byte[100];
        byte Carry(Socket from, Socket to)
        {
            to.ReceiveTimeout = 10_000;
            from.SendTo([1, 2, 3, 4], to.LocalEndPoint!);
            Assert.Equal(4, to.Receive(received));
            return received[3];
        }
        link.Alter(LinkDirection.AToB, packet =>
        {
            packet[^1] = 5;
            // No checksum.
            packet[26] = packet[27] = 0;
        });
        Assert.Equal((5, 4), (Carry(atA, atB), Carry(atB, atA)));
        link.Alter(LinkDirection.AToB, null);
        Assert.Equal(4, Carry(atA, atB));
        Assert.Throws<ArgumentOutOfRangeException>(() => link.Alter(LinkDirection.Both, null));
    }

    [LabTheory]
    [InlineData(CarrierLoss.AtA)]
    [InlineData(CarrierLoss.AtB)]
    [InlineData(CarrierLoss.AtBoth)]
    public void Ends_lose_their_carrier_and_get_it_back(CarrierLoss loss)
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab);
        Assert.Equal("UP", a.OperState("eth1"));
        link.Cut(loss);
        Assert.Equal(loss == CarrierLoss.AtB, a.HasCarrier("eth1"));
        Assert.Equal(loss == CarrierLoss.AtA, b.HasCarrier("eth1"));
        LabHost loser = loss == CarrierLoss.AtB ? b : a;
        LabWait.Until(() => loser.OperState("eth1") == "DOWN", "the end without carrier is down");
        Assert.True(Reach.IsSilent(a, b, V4));
        Assert.True(Reach.IsSilent(b, a, "10.1.1.2"));
        link.Heal();
        LabWait.Until(() => a.OperState("eth1") == "UP" && b.OperState("eth1") == "UP", "both ends are up");
        Assert.True(Reach.Answers(a, b, V4));
        Assert.True(Reach.Answers(b, a, "fd00:1::2"));
    }

    [LabFact]
    public void Conditions_change_in_one_direction_alone_and_while_the_link_runs()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab);
        link.SetConditions(new LinkConditions { LossProbability = 1 }, LinkDirection.AToB);
        Assert.True(Reach.IsSilent(a, b, V4));
        Assert.True(Reach.Answers(b, a, "10.1.1.2"));
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByLoss >= 10);
        Assert.Equal(0, link.Counters(LinkDirection.BToA).DroppedByLoss);
        Assert.Equal(1, link.Conditions.LossProbability);
        Assert.Equal(0, link.GetConditions(LinkDirection.BToA).LossProbability);
        link.Conditions = new LinkConditions();
        Assert.True(Reach.Answers(a, b, V4));
        Assert.True(Reach.Answers(b, a, "10.1.1.2"));
    }

    [LabFact]
    public void An_interface_set_down_refuses_what_arrives()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab);
        b.SetLinkDown("eth1");
        Assert.True(Reach.IsSilent(a, b, V4));
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByReceiver >= 10);
        b.SetLinkUp("eth1");
        Assert.True(Reach.Answers(a, b, V4));
    }

    [LabFact]
    public void A_deleted_interface_and_a_taken_name_do_no_harm()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, EmulatedLink link) = Pair(lab);
        Assert.Contains("eth1", Assert.Throws<LabException>(
            () => lab.EmulatedLink(a, "eth2", "10.1.2.2/24", b, "eth1", "10.1.2.3/24")).Message);
        Assert.Throws<LabException>(() => a.Device("eth2"));
        Assert.Throws<ArgumentException>(() => lab.EmulatedLink(a, "a-name-too-long-for-it", "10.1.2.2/24", b, "eth2", "10.1.2.3/24"));
        Assert.Throws<ArgumentOutOfRangeException>(() => lab.EmulatedLink(a, "eth2", [], b, "eth2", [], mtu: 67));
        a.Ip("link", "delete", "eth1");
        link.Cut();
        link.Heal();
        link.Dispose();
        link.Dispose();
        Assert.Throws<LabException>(() => b.Device("eth1"));
    }

    private static (LabHost A, LabHost B, EmulatedLink Link) Pair(LabNetwork lab)
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        return (a, b, lab.EmulatedLink(a, "eth1", ["10.1.1.2/24", "fd00:1::2/64"], b, "eth1", [$"{V4}/24", $"{V6}/64"],
            new LinkConditions { RateBitsPerSecond = 100_000_000, Delay = TimeSpan.FromMilliseconds(1) }));
    }
}
