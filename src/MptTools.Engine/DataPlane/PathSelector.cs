namespace MptTools.Engine.DataPlane;

/// <summary>
/// Chooses the path of the next packet by weight, packet by packet, in the order existing servers use: in a cycle of
/// sum(w)/gcd(w) packets, the path whose next turn comes first, where path i has its turns at 1/w_i, 2/w_i, ... of the
/// cycle; the lower index on a tie. A path that is not up gives its turns away to whoever is next in the cycle.
/// </summary>
/// <remarks>
/// Turns are compared as fractions by cross-multiplication: the least common multiple of twenty weights fits no integer.
/// Used by one sending thread at a time.
/// </remarks>
internal sealed class PathSelector
{
    private readonly int[] weights;
    private readonly int[] turnsPerCycle;
    private readonly int[] turnsTaken;
    private readonly uint allPaths;
    private int turnsLeft;

    /// <param name="weights">1 to 20 weights of 1 to 10000.</param>
    internal PathSelector(ReadOnlySpan<int> weights)
    {
        this.weights = weights.ToArray();
        int divisor = 0;
        foreach (int weight in weights)
        {
            divisor = GreatestCommonDivisor(weight, divisor);
        }
        turnsPerCycle = Array.ConvertAll(this.weights, weight => weight / divisor);
        turnsTaken = new int[this.weights.Length];
        allPaths = (1u << this.weights.Length) - 1;
        turnsLeft = turnsPerCycle.Sum();
    }

    /// <summary>The index of the path for the next packet; -1 when no path is up.</summary>
    /// <param name="up">Bit i is set when path i is up.</param>
    internal int Next(uint up)
    {
        int path = EarliestTurn(up);
        if (path < 0)
        {
            if ((up & allPaths) == 0)
            {
                return -1;
            }
            // Every path that is up has had its turns in this cycle; the rest of it belongs to paths that are not.
            StartCycle();
            path = EarliestTurn(up);
        }
        turnsTaken[path]++;
        turnsLeft--;
        PassOverPathsThatAreDown(up, path);
        if (turnsLeft == 0)
        {
            StartCycle();
        }
        return path;
    }

    /// <summary>What <see cref="Next"/> would answer; nothing changes.</summary>
    internal int Peek(uint up)
    {
        int path = EarliestTurn(up);
        if (path >= 0)
        {
            return path;
        }
        // In a new cycle the first turn is that of the largest weight.
        for (int i = 0; i < weights.Length; i++)
        {
            if ((up >> i & 1) != 0 && (path < 0 || weights[i] > weights[path]))
            {
                path = i;
            }
        }
        return path;
    }

    private int EarliestTurn(uint up)
    {
        int best = -1;
        for (int i = 0; i < weights.Length; i++)
        {
            if ((up >> i & 1) == 0 || turnsTaken[i] == turnsPerCycle[i])
            {
                continue;
            }
            if (best < 0 || (turnsTaken[i] + 1) * weights[best] < (turnsTaken[best] + 1) * weights[i])
            {
                best = i;
            }
        }
        return best;
    }

    /// <summary>Turns of down paths that come before the one just taken are gone, exactly as if the cycle had been walked.</summary>
    private void PassOverPathsThatAreDown(uint up, int taken)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            if ((up >> i & 1) != 0)
            {
                continue;
            }
            int position = turnsTaken[taken] * weights[i];
            int before = position / weights[taken];
            if (i > taken && before * weights[taken] == position)
            {
                before--;
            }
            if (before > turnsTaken[i])
            {
                turnsLeft -= before - turnsTaken[i];
                turnsTaken[i] = before;
            }
        }
    }

    private void StartCycle()
    {
        Array.Clear(turnsTaken);
        turnsLeft = 0;
        foreach (int turns in turnsPerCycle)
        {
            turnsLeft += turns;
        }
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}
