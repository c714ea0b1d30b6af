using System.Runtime.InteropServices;
using MptTools.Engine.Wire;

namespace MptTools.Engine.DataPlane;

/// <summary>Packets from <paramref name="Source"/> to <paramref name="Destination"/> belong to <paramref name="Target"/>.</summary>
internal readonly record struct ForwardingEntry<T>(Prefix Destination, Prefix Source, T Target) where T : class;

/// <summary>
/// Finds the connection of a packet: the longest matching destination prefix, then the longest matching source prefix,
/// then the order of the entries. Immutable; a changed configuration makes a new one.
/// </summary>
/// <remarks>
/// One hash table for each pair of prefix lengths in use, longest first: the time depends on how many different pairs of
/// lengths there are, not on how many connections.
/// </remarks>
internal sealed class ForwardingTable<T> where T : class
{
    private readonly Level[] version4;
    private readonly Level[] version6;

    internal static readonly ForwardingTable<T> Empty = new([]);

    /// <param name="entries">In file order: of two that say the same, the first counts.</param>
    internal ForwardingTable(IEnumerable<ForwardingEntry<T>> entries)
    {
        ILookup<int, ForwardingEntry<T>> byVersion = entries.ToLookup(entry => entry.Destination.IPVersion);
        version4 = MakeLevels(byVersion[4], 4);
        version6 = MakeLevels(byVersion[6], 6);
    }

    /// <summary>The target, or null when no entry matches.</summary>
    internal T? Find(int ipVersion, UInt128 source, UInt128 destination)
    {
        foreach (Level level in ipVersion == 4 ? version4 : version6)
        {
            if (level.Targets.TryGetValue(new Key(destination & level.DestinationMask, source & level.SourceMask), out T? target))
            {
                return target;
            }
        }
        return null;
    }

    private static Level[] MakeLevels(IEnumerable<ForwardingEntry<T>> entries, int version) =>
    [
        .. entries
            .GroupBy(entry => (Destination: entry.Destination.PrefixLength, Source: entry.Source.PrefixLength))
            .OrderByDescending(group => group.Key.Destination).ThenByDescending(group => group.Key.Source)
            .Select(group =>
            {
                Dictionary<Key, T> targets = [];
                foreach (ForwardingEntry<T> entry in group)
                {
                    targets.TryAdd(new Key(entry.Destination.Address, entry.Source.Address), entry.Target);
                }
                return new Level(Prefix.Mask(version, group.Key.Destination), Prefix.Mask(version, group.Key.Source), targets);
            }),
    ];

    private sealed record Level(UInt128 DestinationMask, UInt128 SourceMask, Dictionary<Key, T> Targets);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Key(UInt128 Destination, UInt128 Source);
}
