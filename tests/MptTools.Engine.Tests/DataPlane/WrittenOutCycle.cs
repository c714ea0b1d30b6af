using System.Numerics;

namespace MptTools.Engine.Tests.DataPlane;

/// <summary>
/// The path selection as the protocol's description words it: counters that grow by lcm/weight until all are equal, the
/// cycle written out packet by packet, and a pointer that passes over the entries of paths that are down.
/// </summary>
internal sealed class WrittenOutCycle
{
    private readonly int[] entries;
    private int position;

    internal WrittenOutCycle(IReadOnlyList<int> weights)
    {
        BigInteger multiple = weights.Aggregate(BigInteger.One, (product, weight) =>
            product / BigInteger.GreatestCommonDivisor(product, weight) * weight);
        var counters = new BigInteger[weights.Count];
        List<int> cycle = [];
        do
        {
            int best = 0;
            for (int i = 1; i < weights.Count; i++)
            {
                if (counters[i] + multiple / weights[i] < counters[best] + multiple / weights[best])
                {
                    best = i;
                }
            }
            counters[best] += multiple / weights[best];
            cycle.Add(best);
        }
        while (counters.Any(counter => counter != counters[0]));
        entries = [.. cycle];
    }

    internal int Length => entries.Length;

    internal int Next(uint up)
    {
        for (int passed = 0; passed < entries.Length; passed++)
        {
            int entry = (position + passed) % entries.Length;
            if ((up >> entries[entry] & 1) != 0)
            {
                position = entry + 1;
                return entries[entry];
            }
        }
        return -1;
    }
}
