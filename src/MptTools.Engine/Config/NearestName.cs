namespace MptTools.Engine.Config;

/// <summary>Finds the known name that somebody who wrote an unknown one may have meant.</summary>
internal static class NearestName
{
    // Longer than any known name by far; the work for one unknown name stays bounded.
    private const int Longest = 64;

    /// <summary>The candidate with the smallest edit distance, the first of several; case does not count.</summary>
    public static string Of(string name, IReadOnlyList<string> candidates)
    {
        string shortened = name.Length <= Longest ? name : name[..Longest];
        return candidates.MinBy(candidate => Distance(shortened, candidate)) ?? "";
    }

    /// <summary>
    /// How many characters must be inserted, removed, replaced or swapped with their neighbour to turn one name into the other.
    /// </summary>
    public static int Distance(string left, string right)
    {
        int[] beforeLast = new int[right.Length + 1];
        int[] last = [.. Enumerable.Range(0, right.Length + 1)];
        int[] row = new int[right.Length + 1];
        for (int i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = last[j - 1] + (Same(left[i - 1], right[j - 1]) ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1]))
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[right.Length];
    }

    private static bool Same(char left, char right) => char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
