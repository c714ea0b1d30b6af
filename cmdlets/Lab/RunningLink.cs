using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>A link of a lab of this process, by the words of the cmdlets: ends are named by their hosts.</summary>
internal sealed class RunningLink
{
    internal const string Emulated = "Emulated", Veth = "Veth";

    private readonly LabLink link;
    private readonly LabLinkPlan plan;

    private RunningLink(LabLink link, LabLinkPlan plan) => (this.link, this.plan) = (link, plan);

    internal string Name => plan.Name;

    internal string LabName => link.A.Host.Lab.Name;

    internal IReadOnlyList<string> Hosts => [link.A.Host.Name, link.B.Host.Name];

    internal bool IsUp => !link.IsCut;

    internal static RunningLink Make(LabNetwork network, LabLinkPlan plan)
    {
        LabHost a = network.Host(plan.A.Host), b = network.Host(plan.B.Host);
        LabLink made = plan.Type == Veth
            ? network.Link(a, plan.A.Interface, [plan.A.Address], b, plan.B.Interface, [plan.B.Address], plan.Mtu)
            : network.EmulatedLink(
                a, plan.A.Interface, [plan.A.Address], b, plan.B.Interface, [plan.B.Address],
                plan.Conditions.ApplyTo(new LinkConditions()), plan.Mtu);
        return new RunningLink(made, plan);
    }

    internal MptLabLinkInfo Info() => new()
    {
        Lab = LabName,
        Link = Name,
        Type = link is EmulatedLink ? Emulated : Veth,
        State = link switch
        {
            { Carrier: not CarrierLoss.No } => "NoCarrier",
            { CutDirections: LinkDirection.Both } => "Cut",
            { IsCut: true } => "HalfCut",
            _ => "Up",
        },
        HostA = link.A.Host.Name,
        InterfaceA = link.A.Device,
        AddressA = link.A.Addresses[0],
        HostB = link.B.Host.Name,
        InterfaceB = link.B.Device,
        AddressB = link.B.Addresses[0],
        Mtu = plan.Mtu,
        CarrierA = link.Carrier is not (CarrierLoss.AtA or CarrierLoss.AtBoth),
        CarrierB = link.Carrier is not (CarrierLoss.AtB or CarrierLoss.AtBoth),
        AToB = Direction(LinkDirection.AToB),
        BToA = Direction(LinkDirection.BToA),
    };

    /// <param name="from">The host whose packets are meant; null: both.</param>
    /// <exception cref="NotSupportedException">It is a link of the kernel's.</exception>
    internal void Change(LabConditions conditions, string? from)
    {
        if (link is not EmulatedLink emulated)
        {
            throw new NotSupportedException(
                $"Link {Name} of lab {LabName} is a veth pair of the kernel, which has no rate, delay or loss to set; make the lab with links of type {Emulated}.");
        }
        foreach (LinkDirection direction in new[] { LinkDirection.AToB, LinkDirection.BToA }.Where(one => DirectionFrom(from).HasFlag(one)))
        {
            emulated.SetConditions(conditions.ApplyTo(emulated.GetConditions(direction)), direction);
        }
    }

    /// <inheritdoc cref="Change"/>
    internal void Cut(string? from) => link.Cut(CarrierLoss.No, DirectionFrom(from));

    /// <summary>Cuts the link so that the interfaces at these hosts notice.</summary>
    /// <exception cref="NotSupportedException">This kind of link cannot be cut so.</exception>
    internal void CutCarrier(IReadOnlyList<string> hosts)
    {
        bool a = hosts.Any(host => Is(link.A, host)), b = hosts.Any(host => Is(link.B, host));
        link.Cut(a && b ? CarrierLoss.AtBoth : a ? CarrierLoss.AtA : CarrierLoss.AtB);
    }

    internal void Heal() => link.Heal();

    private LinkDirection DirectionFrom(string? host) =>
        host is null ? LinkDirection.Both : Is(link.A, host) ? LinkDirection.AToB : LinkDirection.BToA;

    private MptLabLinkDirectionInfo Direction(LinkDirection direction)
    {
        LinkCounters counters = link.Counters(direction);
        LinkConditions conditions = (link as EmulatedLink)?.GetConditions(direction) ?? new LinkConditions { QueuePackets = 0 };
        return new MptLabLinkDirectionInfo
        {
            IsCut = link.CutDirections.HasFlag(direction),
            RateMbps = conditions.RateBitsPerSecond / 1e6,
            DelayMilliseconds = conditions.Delay.TotalMilliseconds,
            JitterMilliseconds = conditions.Jitter.TotalMilliseconds,
            LossPercent = conditions.LossProbability * 100,
            QueuePackets = conditions.QueuePackets,
            PacketsDelivered = counters.Packets,
            BytesDelivered = counters.Bytes,
            PacketsDroppedByQueue = counters.DroppedByQueue,
            PacketsDroppedByLoss = counters.DroppedByLoss,
            PacketsDroppedByCut = counters.DroppedByCut,
        };
    }

    private static bool Is(LinkEnd end, string host) => end.Host.Name.Equals(host, StringComparison.OrdinalIgnoreCase);
}
