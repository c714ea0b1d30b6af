namespace MptTools.Lab;

/// <summary>Which way packets go over a link.</summary>
[Flags]
public enum LinkDirection
{
    /// <summary>From the link's end A to its end B.</summary>
    AToB = 1,

    /// <summary>From the link's end B to its end A.</summary>
    BToA = 2,

    /// <summary>Both ways.</summary>
    Both = AToB | BToA,
}

/// <summary>Which ends notice that a link is cut.</summary>
public enum CarrierLoss
{
    /// <summary>Neither: packets vanish, both interfaces stay up, as when a cable breaks behind the next
    /// switch.</summary>
    No,

    /// <summary>The interface at end A loses its carrier.</summary>
    AtA,

    /// <summary>The interface at end B loses its carrier.</summary>
    AtB,

    /// <summary>Both interfaces lose their carrier, as when the cable is pulled.</summary>
    AtBoth,
}

/// <summary>One end of a link.</summary>
/// <param name="Host">The host the interface is in.</param>
/// <param name="Device">The interface's name.</param>
/// <param name="Addresses">The addresses it was made with, each with its prefix length.</param>
public sealed record LinkEnd(LabHost Host, string Device, IReadOnlyList<string> Addresses)
{
    /// <summary>Host and device, as in "A:eth1".</summary>
    public override string ToString() => $"{Host.Name}:{Device}";
}

/// <summary>A link between two hosts of a lab.</summary>
public abstract class LabLink : IDisposable
{
    private readonly Lock gate = new();

    private protected LabLink(LinkEnd a, LinkEnd b)
    {
        A = a;
        B = b;
    }

    /// <summary>The link's first end.</summary>
    public LinkEnd A { get; }

    /// <summary>The link's second end.</summary>
    public LinkEnd B { get; }

    /// <summary>Whether the link is cut, in either direction.</summary>
    public bool IsCut => Carrier != CarrierLoss.No || CutDirections != 0;

    /// <summary>Which ends have lost their carrier by the last <see cref="Cut"/>.</summary>
    public CarrierLoss Carrier { get; private set; }

    /// <summary>The directions in which nothing gets through; 0 when the link is whole.</summary>
    public LinkDirection CutDirections { get; private set; }

    /// <summary>Cuts the link; what it was cut like before no longer counts.</summary>
    /// <param name="carrier">Which ends notice.</param>
    /// <param name="direction">The directions that are cut; with loss of carrier always both.</param>
    /// <exception cref="ArgumentException">A single direction was asked for together with loss of carrier.</exception>
    /// <exception cref="NotSupportedException">This kind of link cannot be cut in this way.</exception>
    public void Cut(CarrierLoss carrier = CarrierLoss.No, LinkDirection direction = LinkDirection.Both)
    {
        if (direction is 0 or > LinkDirection.Both)
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "Name at least one direction to cut.");
        }
        if (carrier != CarrierLoss.No && direction != LinkDirection.Both)
        {
            throw new ArgumentException("A link that loses its carrier is cut in both directions.", nameof(direction));
        }
        Change(carrier, direction);
    }

    /// <summary>Makes the link whole again. Does nothing to a link that is whole.</summary>
    public void Heal() => Change(CarrierLoss.No, 0);

    /// <summary>What went over the link in one direction since it was made.</summary>
    /// <param name="direction">One direction.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not exactly one direction was named.</exception>
    public LinkCounters Counters(LinkDirection direction)
    {
        if (direction is not (LinkDirection.AToB or LinkDirection.BToA))
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "Name one direction.");
        }
        lock (gate)
        {
            return ReadCounters(direction);
        }
    }

    /// <summary>Removes the link and its interfaces.</summary>
    public abstract void Dispose();

    /// <summary>Both ends, as in "A:eth1 - B:eth1".</summary>
    public override string ToString() => $"{A} - {B}";

    private protected abstract void Apply(CarrierLoss carrier, LinkDirection cut);

    private protected abstract LinkCounters ReadCounters(LinkDirection direction);

    private void Change(CarrierLoss carrier, LinkDirection cut)
    {
        lock (gate)
        {
            Apply(carrier, cut);
            Carrier = carrier;
            CutDirections = cut;
        }
    }
}
