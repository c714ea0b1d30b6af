namespace MptTools.Lab;

/// <summary>
/// Two veth pairs with a bridge between them in a namespace of its own: Ethernet as it is with a switch in the middle.
/// Everything a cut needs happens at the switch, so the hosts' interfaces stay up, keep their routes and have nothing
/// set on them; each end can lose its carrier alone or with the other.
/// </summary>
public sealed class SwitchedLink : LabLink
{
    private const string PortA = "port-a", PortB = "port-b";

    private readonly string wire;
    private readonly KernelLinkEnd portA, portB;

    internal SwitchedLink(LinkEnd a, LinkEnd b, int mtu) : base(a, b)
    {
        LabNetwork lab = a.Host.Lab;
        wire = lab.AddWire();
        KernelLinkEnd.CreatePair(lab, a.Host.Namespace, a.Device, wire, PortA, mtu);
        KernelLinkEnd.CreatePair(lab, b.Host.Namespace, b.Device, wire, PortB, mtu);
        // Without address generation the switch says nothing of its own.
        IpTool.Batch(wire,
            $"link add name switch mtu {mtu} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
            $"link set dev {PortA} master switch addrgenmode none up",
            $"link set dev {PortB} master switch addrgenmode none up",
            "link set dev switch addrgenmode none up");
        a.Host.BringUp(a.Device, a.Addresses);
        b.Host.BringUp(b.Device, b.Addresses);
        portA = new KernelLinkEnd(wire, PortA);
        portB = new KernelLinkEnd(wire, PortB);
    }

    /// <inheritdoc/>
    public override void Dispose() => NamespaceRemoval.Remove(wire);

    private protected override void Apply(CarrierLoss carrier, LinkDirection cut)
    {
        portA.SetDown(carrier is CarrierLoss.AtA or CarrierLoss.AtBoth);
        portB.SetDown(carrier is CarrierLoss.AtB or CarrierLoss.AtBoth);
        bool silent = carrier == CarrierLoss.No;
        portB.SetDropping(silent && cut.HasFlag(LinkDirection.AToB));
        portA.SetDropping(silent && cut.HasFlag(LinkDirection.BToA));
    }

    private protected override LinkCounters ReadCounters(LinkDirection direction)
    {
        (KernelLinkEnd port, LinkEnd receiver) = direction == LinkDirection.AToB ? (portB, B) : (portA, A);
        return KernelLinkEnd.Counters(receiver, port.Dropped);
    }
}
