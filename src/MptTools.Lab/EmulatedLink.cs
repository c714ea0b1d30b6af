using MptTools.Engine.Linux;
using MptTools.Lab.Emulation;

namespace MptTools.Lab;

/// <summary>Changes the bytes of a packet, or leaves them as they are.</summary>
/// <param name="packet">From its IP header on.</param>
public delegate void PacketAlteration(Span<byte> packet);

/// <summary>
/// A link with rate, delay, jitter, loss, reordering and a queue of its own making: a TUN device at each end and a
/// queue between them in this process. It needs nothing of the kernel but TUN. The interfaces are point-to-point ones
/// that carry IP packets without Ethernet and without ARP; an address with its prefix gives the route to the other end.
/// </summary>
/// <remarks>
/// At most 256 MiB of packets are under way in each direction; what comes on top counts as dropped by the queue.
/// Packets due within 50 microseconds of each other are delivered together.
/// </remarks>
public sealed class EmulatedLink : LabLink
{
    // Long enough that the link's own queue decides what is dropped.
    private const int DeviceQueueLength = 10_000;

    private readonly TunEnd a, b;
    private readonly LinkPump pump;
    private bool carrierA = true, carrierB = true;

    internal EmulatedLink(LinkEnd endA, LinkEnd endB, LinkConditions conditions, int mtu) : base(endA, endB)
    {
        a = new TunEnd(endA.Host, endA.Device);
        try
        {
            b = new TunEnd(endB.Host, endB.Device);
            try
            {
                BringUp(a, endA, mtu);
                BringUp(b, endB, mtu);
                pump = new LinkPump(a, b, mtu, conditions, $"link {this}");
            }
            catch
            {
                b.Dispose();
                throw;
            }
        }
        catch
        {
            a.Dispose();
            throw;
        }
    }

    /// <summary>What the link does to packets. Setting it changes both directions at once; reading it gives those of A
    /// to B.</summary>
    public LinkConditions Conditions
    {
        get => GetConditions(LinkDirection.AToB);
        set => SetConditions(value, LinkDirection.Both);
    }

    /// <summary>What the link does to packets in one direction.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not exactly one direction was named.</exception>
    public LinkConditions GetConditions(LinkDirection direction) =>
        pump.With(OneOf(direction), (emulator, _) => emulator.Conditions);

    /// <summary>Changes what the link does to packets, at once: what waits in the queue leaves at the new rate, what is
    /// already under way arrives when it would have.</summary>
    public void SetConditions(LinkConditions conditions, LinkDirection direction)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        foreach (LinkDirection one in new[] { LinkDirection.AToB, LinkDirection.BToA }.Where(one => direction.HasFlag(one)))
        {
            pump.With(one, (emulator, now) =>
            {
                emulator.Change(conditions, now);
                return true;
            });
        }
    }

    /// <summary>Has the packets of one direction altered when they have passed the link, as a fault on the way would; null: not any
    /// more.</summary>
    /// <remarks>Called on the link's own thread, which holds up all packets meanwhile. No call is under way any more when this
    /// returns.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Not exactly one direction was named.</exception>
    public void Alter(LinkDirection direction, PacketAlteration? alteration) => pump.Alter(OneOf(direction), alteration);

    /// <inheritdoc/>
    public override void Dispose()
    {
        pump.Dispose();
        a.Dispose();
        b.Dispose();
    }

    private protected override void Apply(CarrierLoss carrier, LinkDirection cut)
    {
        SetCut(LinkDirection.AToB, cut.HasFlag(LinkDirection.AToB));
        SetCut(LinkDirection.BToA, cut.HasFlag(LinkDirection.BToA));
        SetCarrier(a, ref carrierA, carrier is not (CarrierLoss.AtA or CarrierLoss.AtBoth));
        SetCarrier(b, ref carrierB, carrier is not (CarrierLoss.AtB or CarrierLoss.AtBoth));
    }

    private protected override LinkCounters ReadCounters(LinkDirection direction)
    {
        LinkEnd sender = direction == LinkDirection.AToB ? A : B;
        long beforeTheLink = sender.Host.Statistics.Read(sender.Device).SendDropped;
        LinkCounters counters = pump.Counters(direction);
        return counters with { DroppedByQueue = counters.DroppedByQueue + beforeTheLink };
    }

    private static LinkDirection OneOf(LinkDirection direction) => direction is LinkDirection.AToB or LinkDirection.BToA
        ? direction
        : throw new ArgumentOutOfRangeException(nameof(direction), direction, "Name one direction.");

    private static void BringUp(TunEnd device, LinkEnd end, int mtu)
    {
        // An interface whose carrier never changed has no operational state (UNKNOWN); one that gets it while up is UP.
        device.SetCarrier(false);
        end.Host.BringUp(end.Device, end.Addresses, $"mtu {mtu} txqueuelen {DeviceQueueLength} addrgenmode none");
        device.SetCarrier(true);
    }

    private static void SetCarrier(TunEnd device, ref bool present, bool wanted)
    {
        if (present != wanted)
        {
            device.SetCarrier(wanted);
            present = wanted;
        }
    }

    private void SetCut(LinkDirection direction, bool wanted) => pump.With(direction, (emulator, now) =>
    {
        if (wanted && !emulator.IsCut)
        {
            emulator.Cut(now);
        }
        else if (!wanted)
        {
            emulator.Heal();
        }
        return true;
    });
}
