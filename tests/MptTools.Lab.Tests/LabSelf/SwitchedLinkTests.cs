namespace MptTools.Lab.Tests.LabSelf;

public class SwitchedLinkTests
{
    private const string V4 = "10.1.1.3", V6 = "fd00:1::3";

    [LabFact]
    public void A_silent_cut_happens_at_the_switch_alone()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, SwitchedLink link) = Pair(lab);
        Assert.True(Reach.Answers(a, b, V4) && Reach.Answers(a, b, V6));
        string before = a.Device("eth1").GetProperty("qdisc").GetString()!;
        link.Cut();
        Assert.True(Reach.IsSilent(a, b, V4) && Reach.IsSilent(b, a, "fd00:1::2"));
        Assert.True(a.HasCarrier("eth1") && b.HasCarrier("eth1"));
        Assert.Equal(before, a.Device("eth1").GetProperty("qdisc").GetString());
        Assert.True(link.Counters(LinkDirection.AToB).DroppedByCut > 0);
        link.Cut(direction: LinkDirection.BToA);
        Assert.True(Reach.Answers(a, b, V4));
        Assert.True(Reach.IsSilent(b, a, "10.1.1.2"));
        link.Heal();
        Assert.True(Reach.Answers(b, a, "10.1.1.2") && Reach.Answers(a, b, V6));
    }

    [LabTheory]
    [InlineData(CarrierLoss.AtA)]
    [InlineData(CarrierLoss.AtB)]
    [InlineData(CarrierLoss.AtBoth)]
    public void Ends_lose_their_carrier_and_keep_their_routes(CarrierLoss loss)
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, SwitchedLink link) = Pair(lab);
        b.AddRoute("10.9.0.0/16", "10.1.1.2");
        link.Cut(loss);
        Assert.Equal(loss == CarrierLoss.AtB, a.HasCarrier("eth1"));
        Assert.Equal(loss == CarrierLoss.AtA, b.HasCarrier("eth1"));
        Assert.True(Reach.IsSilent(a, b, V4) && Reach.IsSilent(b, a, "10.1.1.2"));
        Assert.Contains("10.9.0.0/16", b.Ip("route", "show").Output);
        link.Heal();
        LabWait.Until(() => a.OperState("eth1") == "UP" && b.OperState("eth1") == "UP", "both ends are up");
        Assert.True(Reach.Answers(a, b, V4) && Reach.Answers(b, a, "fd00:1::2"));
    }

    [LabFact]
    public void A_disposed_link_takes_its_switch_and_its_interfaces_along()
    {
        using var lab = new LabNetwork("self");
        (LabHost a, LabHost b, SwitchedLink link) = Pair(lab);
        string prefix = a.Namespace[..^1];
        Assert.Equal(3, LabNames.All().Count(name => name.StartsWith(prefix)));
        link.Dispose();
        Assert.Equal(2, LabNames.All().Count(name => name.StartsWith(prefix)));
        LabWait.Until(() => !b.Ip("link", "show").Output.Contains("eth1"), "the interface is gone");
        (LabHost c, LabHost d) = (lab.AddHost("C"), lab.AddHost("D"));
        lab.SwitchedLink(c, "eth1", "10.1.2.2/24", d, "eth1", "10.1.2.3/24");
        Assert.True(Reach.Answers(c, d, "10.1.2.3"));
        lab.Dispose();
        Assert.DoesNotContain(LabNames.All(), name => name.StartsWith(prefix));
    }

    private static (LabHost A, LabHost B, SwitchedLink Link) Pair(LabNetwork lab)
    {
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        return (a, b, lab.SwitchedLink(a, "eth1", ["10.1.1.2/24", "fd00:1::2/64"], b, "eth1", [$"{V4}/24", $"{V6}/64"]));
    }
}
