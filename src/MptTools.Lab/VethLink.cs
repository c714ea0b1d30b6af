namespace MptTools.Lab;

/// <summary>
/// A pair of veth devices: as fast as the kernel can. A silent cut is a root queueing discipline (blackhole) that drops
/// what an end sends, in place of any other that was set there. For an end to lose its carrier the other end's
/// interface must be set down, which takes the routes through it away as setting an interface down always does; use a
/// switched or an emulated link where both ends are to lose their carrier and keep their routes.
/// </summary>
public sealed class VethLink : LabLink
{
    private readonly KernelLinkEnd a, b;

    internal VethLink(LinkEnd a, LinkEnd b, int mtu) : base(a, b)
    {
        KernelLinkEnd.CreatePair(a.Host.Lab, a.Host.Namespace, a.Device, b.Host.Namespace, b.Device, mtu);
        a.Host.BringUp(a.Device, a.Addresses);
        b.Host.BringUp(b.Device, b.Addresses);
        this.a = new KernelLinkEnd(a.Host.Namespace, a.Device);
        this.b = new KernelLinkEnd(b.Host.Namespace, b.Device);
    }

    /// <inheritdoc/>
    public override void Dispose() => a.Delete();

    private protected override void Apply(CarrierLoss carrier, LinkDirection cut)
    {
        if (carrier == CarrierLoss.AtBoth)
        {
            throw new NotSupportedException($"Of the veth pair {this} only one end can lose its carrier, by setting the " +
                "other end down; use a switched or an emulated link for both.");
        }
        a.SetDown(carrier == CarrierLoss.AtB);
        b.SetDown(carrier == CarrierLoss.AtA);
        bool silent = carrier == CarrierLoss.No;
        a.SetDropping(silent && cut.HasFlag(LinkDirection.AToB));
        b.SetDropping(silent && cut.HasFlag(LinkDirection.BToA));
    }

    private protected override LinkCounters ReadCounters(LinkDirection direction)
    {
        (KernelLinkEnd from, LinkEnd to) = direction == LinkDirection.AToB ? (a, B) : (b, A);
        return KernelLinkEnd.Counters(to, from.Dropped);
    }
}
