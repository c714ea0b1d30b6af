namespace MptTools.Engine.Tests.Config;

/// <summary>What makes one text of another, line by line.</summary>
internal static class LineDifference
{
    /// <summary>The lines taken out (-) and put in (+), in order: the shortest way; where both happen in one place, first those taken out.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> old, IReadOnlyList<string> now)
    {
        int[,] common = new int[old.Count + 1, now.Count + 1];
        for (int i = old.Count - 1; i >= 0; i--)
        {
            for (int j = now.Count - 1; j >= 0; j--)
            {
                common[i, j] = old[i] == now[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        List<string> difference = [];
        int a = 0, b = 0;
        while (a < old.Count || b < now.Count)
        {
            if (a < old.Count && b < now.Count && old[a] == now[b])
            {
                (a, b) = (a + 1, b + 1);
            }
            else if (b == now.Count || (a < old.Count && common[a + 1, b] >= common[a, b + 1]))
            {
                difference.Add("-" + old[a++]);
            }
            else
            {
                difference.Add("+" + now[b++]);
            }
        }

        return difference;
    }
}
