namespace MptTools;

/// <summary>A network that belongs to no connection yet. Its properties are named as those of MptNetworkInfo.</summary>
public sealed class MptNetworkSpec
{
    /// <summary>This side's network, with its prefix length.</summary>
    public string Source { get; set; } = "";
    /// <summary>The peer's network, with its prefix length.</summary>
    public string Destination { get; set; } = "";

    /// <summary>Both networks, as in "10.10.0.0/16 > 10.20.0.0/16".</summary>
    public override string ToString() => $"{Source} > {Destination}";
}
