namespace MptTools;

/// <summary>A link between two hosts of a lab, as it was when it was asked for.</summary>
public sealed class MptLabLinkInfo
{
    /// <summary>The lab's name.</summary>
    public string Lab { get; internal init; } = "";

    /// <summary>The link's name in its lab.</summary>
    public string Link { get; internal init; } = "";

    /// <summary>Emulated: a link with rate, delay and loss of its own. Veth: a pair of devices of the kernel, as fast as the machine.</summary>
    public string Type { get; internal init; } = "";

    /// <summary>Up; Cut: nothing gets through; HalfCut: nothing gets through in one direction; NoCarrier: as Cut, and an end has noticed.</summary>
    public string State { get; internal init; } = "";

    /// <summary>The host at end A.</summary>
    public string HostA { get; internal init; } = "";

    /// <summary>The interface at end A.</summary>
    public string InterfaceA { get; internal init; } = "";

    /// <summary>The address that end A was made with, with its prefix length.</summary>
    public string AddressA { get; internal init; } = "";

    /// <summary>The host at end B.</summary>
    public string HostB { get; internal init; } = "";

    /// <summary>The interface at end B.</summary>
    public string InterfaceB { get; internal init; } = "";

    /// <summary>The address that end B was made with, with its prefix length.</summary>
    public string AddressB { get; internal init; } = "";

    /// <summary>The MTU of both interfaces, in bytes.</summary>
    public int Mtu { get; internal init; }

    /// <summary>Whether the interface at end A has its carrier.</summary>
    public bool CarrierA { get; internal init; }

    /// <summary>Whether the interface at end B has its carrier.</summary>
    public bool CarrierB { get; internal init; }

    /// <summary>What happens to packets from A to B, and what has happened.</summary>
    public MptLabLinkDirectionInfo AToB { get; internal init; } = new();

    /// <summary>What happens to packets from B to A, and what has happened.</summary>
    public MptLabLinkDirectionInfo BToA { get; internal init; } = new();

    /// <summary>Both ends, as in "A:eth1 - B:eth1".</summary>
    public override string ToString() => $"{HostA}:{InterfaceA} - {HostB}:{InterfaceB}";
}
