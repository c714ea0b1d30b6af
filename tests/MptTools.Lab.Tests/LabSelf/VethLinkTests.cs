namespace MptTools.Lab.Tests.LabSelf;

public class VethLinkTests
{
    private const string V4 = "10.1.1.3", V6 = "fd00:1::3";

    [LabTheory(Tools = ["ping"])]
    [InlineData(V4)]
    [InlineData(V6)]
    public void Hosts_ping_each_other(string address)
    {
        using var lab = new LabNetwork("self");
        (LabHost a, _, _) = Pair(lab);
        a.Run("ping", "-c1", "-W5", address).EnsureSuccess();
    }

    [LabFact]
    public void A_silent_cut_drops_everything_and_keeps_the_carrier()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, VethLink link) = Pair(lab);
        Assert.True(Reach.Answers(a, b, V4));
        link.Cut();
        Assert.True(link.IsCut);
        Assert.True(Reach.IsSilent(a, b, V4));
        Assert.True(Reach.IsSilent(b, a, "fd00:1::2"));
        Assert.True(a.HasCarrier("eth1"));
        Assert.True(b.HasCarrier("eth1"));
        Assert.Equal("UP", a.OperState("eth1"));
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByCut >= 1);
        link.Heal();
        Assert.False(link.IsCut);
        Assert.True(Reach.Answers(a, b, V4));
        Assert.True(Reach.Answers(b, a, "fd00:1::2"));
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByCut >= 1);
    }

    [LabFact]
    public void One_direction_is_cut_alone()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, VethLink link) = Pair(lab);
        Assert.True(Reach.Answers(a, b, V4) && Reach.Answers(b, a, "10.1.1.2"));
        link.Cut(direction: LinkDirection.AToB);
        Assert.True(Reach.IsSilent(a, b, V4));
        link.Cut(direction: LinkDirection.BToA);
        Assert.True(Reach.Answers(a, b, V4));
        Assert.Equal(LinkDirection.BToA, link.CutDirections);
    }

    [LabTheory]
    [InlineData(CarrierLoss.AtA)]
    [InlineData(CarrierLoss.AtB)]
    public void One_end_loses_its_carrier_and_gets_it_back(CarrierLoss loss)
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, VethLink link) = Pair(lab);
        LabHost loser = loss == CarrierLoss.AtA ? a : b;
        link.Cut(loss);
        Assert.False(loser.HasCarrier("eth1"));
        LabWait.Until(() => loser.OperState("eth1") is "LOWERLAYERDOWN" or "DOWN", "the end without carrier is down");
        Assert.True(Reach.IsSilent(loser, loser == a ? b : a, loser == a ? V4 : "10.1.1.2"));
        link.Heal();
        LabWait.Until(() => a.OperState("eth1") == "UP" && b.OperState("eth1") == "UP", "both ends are up");
        Assert.True(Reach.Answers(a, b, V4));
        Assert.True(Reach.Answers(b, a, "fd00:1::2"));
    }

    [LabFact]
    public void What_a_veth_pair_cannot_do_is_said_and_changes_nothing()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, VethLink link) = Pair(lab);
        Assert.Contains("emulated", Assert.Throws<NotSupportedException>(() => link.Cut(CarrierLoss.AtBoth)).Message);
        Assert.Throws<ArgumentException>(() => link.Cut(CarrierLoss.AtA, LinkDirection.AToB));
        Assert.Throws<ArgumentOutOfRangeException>(() => link.Cut(direction: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => link.Counters(LinkDirection.Both));
        Assert.False(link.IsCut);
        Assert.True(Reach.Answers(a, b, V4));
        Assert.Throws<LabException>(() => lab.Link(a, "eth1", "10.1.2.2/24", b, "eth9", "10.1.2.3/24"));
    }

    [LabFact]
    public void Counters_see_what_arrived()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, VethLink link) = Pair(lab);
        long before = link.Counters(LinkDirection.AToB).Packets;
        Assert.True(Reach.Answers(a, b, V4));
        LinkCounters after = link.Counters(LinkDirection.AToB);
        Assert.True(after.Packets > before);
        Assert.Equal(0, after.Dropped);
    }

    [LabFact]
    public void A_disposed_link_takes_its_interfaces_along()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, VethLink link) = Pair(lab);
        link.Dispose();
        link.Dispose();
        Assert.Throws<LabException>(() => a.Device("eth1"));
        Assert.Throws<LabException>(() => b.Device("eth1"));
    }

    private static (LabHost A, LabHost B, VethLink Link) Pair(LabNetwork lab)
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        return (a, b, lab.Link(a, "eth1", ["10.1.1.2/24", "fd00:1::2/64"], b, "eth1", [$"{V4}/24", $"{V6}/64"]));
    }
}
