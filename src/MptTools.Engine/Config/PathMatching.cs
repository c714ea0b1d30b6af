namespace MptTools.Engine.Config;

/// <summary>
/// Tells which path of one configuration is which of another. A path is what it is by its interface, its own address and the peer's:
/// with two of the three it is the same one changed, for its number says nothing once another one was removed before it.
/// </summary>
internal static class PathMatching
{
    /// <summary>For each path of <paramref name="now"/> the index of the same one in <paramref name="old"/>; -1 for a new one.</summary>
    internal static int[] Of(IReadOnlyList<PathConfig> old, IReadOnlyList<PathConfig> now)
    {
        int[] origins = new int[now.Count];
        Array.Fill(origins, -1);
        // Those that have kept all three have the first choice.
        for (int common = 3; common >= 2; common--)
        {
            for (int index = 0; index < now.Count; index++)
            {
                if (origins[index] < 0)
                {
                    origins[index] = Enumerable.Range(0, old.Count)
                        .Where(candidate => !origins.Contains(candidate) && Common(old[candidate], now[index]) == common)
                        .OrderBy(candidate => candidate == index ? 0 : 1)
                        .DefaultIfEmpty(-1).First();
                }
            }
        }
        return origins;
    }

    private static int Common(PathConfig a, PathConfig b) =>
        a.IPVersion != b.IPVersion
            ? 0
            : (a.Interface == b.Interface ? 1 : 0)
                + (Equals(a.LocalAddress, b.LocalAddress) ? 1 : 0)
                + (Equals(a.RemoteAddress, b.RemoteAddress) ? 1 : 0);
}
