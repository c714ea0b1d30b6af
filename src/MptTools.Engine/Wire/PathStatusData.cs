namespace MptTools.Engine.Wire;

/// <summary>Which path changed its status: the payload of round 3, both addresses as numbers (see <see cref="MappedAddress"/>).</summary>
/// <param name="PublicAddress">The path's public address as the requester sees its own end.</param>
/// <param name="RemoteAddress">The path's remote address as the requester sees it: the responder's end.</param>
internal readonly record struct PathStatusData(UInt128 PublicAddress, UInt128 RemoteAddress)
{
    /// <summary>Length in bytes.</summary>
    internal const int Length = 2 * MappedAddress.Length;

    /// <summary>Reads it.</summary>
    /// <param name="payload">At least <see cref="Length"/> bytes.</param>
    internal static PathStatusData Read(ReadOnlySpan<byte> payload) =>
        new(MappedAddress.ReadInteger(payload), MappedAddress.ReadInteger(payload[MappedAddress.Length..]));

    /// <summary>Writes it.</summary>
    /// <param name="payload">At least <see cref="Length"/> bytes.</param>
    internal void Write(Span<byte> payload)
    {
        MappedAddress.Write(payload, PublicAddress);
        MappedAddress.Write(payload[MappedAddress.Length..], RemoteAddress);
    }
}
