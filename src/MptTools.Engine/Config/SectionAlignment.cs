namespace MptTools.Engine.Config;

/// <summary>
/// Finds which section of a file an item of a changed list goes on with. A list tells only what there is now; which of three
/// paths was removed shows in what the other two have kept. A wrong guess costs comments in the wrong place and nothing else.
/// </summary>
internal static class SectionAlignment
{
    /// <summary>For each item of the changed list the index of the old one it goes on with, rising, or -1 for a new one.</summary>
    /// <param name="difference">0 for equal items, the more the less they have in common.</param>
    /// <param name="replacement">From here on two items are two, and one is not the other changed.</param>
    public static int[] Of<T>(IReadOnlyList<T> old, IReadOnlyList<T> now, Func<T, T, int> difference, int replacement)
    {
        // The edit distance of the two lists, where a changed item costs its difference; least[i, j] is that of their ends.
        int[,] least = new int[old.Count + 1, now.Count + 1];
        for (int i = old.Count; i >= 0; i--)
        {
            for (int j = now.Count; j >= 0; j--)
            {
                least[i, j] = (i == old.Count, j == now.Count) switch
                {
                    (true, true) => 0,
                    (true, false) => least[i, j + 1] + replacement,
                    (false, true) => least[i + 1, j] + replacement,
                    _ => Math.Min(
                        least[i + 1, j + 1] + (2 * difference(old[i], now[j])),
                        replacement + Math.Min(least[i + 1, j], least[i, j + 1])),
                };
            }
        }

        int[] origins = new int[now.Count];
        Array.Fill(origins, -1);
        for (int i = 0, j = 0; i < old.Count && j < now.Count;)
        {
            if (least[i, j] == least[i + 1, j + 1] + (2 * difference(old[i], now[j])))
            {
                origins[j++] = i++;
            }
            else if (least[i, j] == replacement + least[i + 1, j])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return origins;
    }
}
