using System.Numerics;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Chooses the path of the next packet so that the bytes on each path are in proportion to the weights: at every moment each
/// path has its share of all bytes, but for at most the largest packet so far. Used by one sending thread at a time.
/// </summary>
/// <remarks>
/// <para>
/// The lag of path i is B w_i/W - b_i: what it should have of all bytes less what it has. A path that is not behind (lag
/// 0 or more) may take the packet, as in WF2Q: so none gets ahead by more than (1 - w_i/W) of a packet. Of those the one goes
/// first that would first be a largest packet M behind, without a packet: at the byte (M + b_i) W/w_i.
/// </para>
/// <para>
/// That none is ever more than M behind: for each byte d to come, let D be the paths that would be M or more behind by then
/// without a packet, and y_i = d w_i/W - b_i what they would miss. Then the sum of y_i over D is at most d - B + M, unless D is
/// empty. At the start it is at most d. If a path of D may take a packet, the one with the earliest limit is of D: both sides
/// become less by the packet, or the path leaves D. If none may, all of D are ahead, so that the sum is less than d - B; the
/// packet makes B greater by M at most. A larger M makes D smaller and the bound wider. For d = B the y_i are the lags of those
/// that are M or more behind, and their sum is at most M.
/// </para>
/// </remarks>
internal sealed class ByteSelector
{
    private readonly int[] allWeights;
    private readonly uint allPaths;

    // Of the paths in use, in the order of their indexes. Lags are in bytes times the sum of the weights, so that they are whole.
    private readonly int[] indexes;
    private readonly long[] weights;
    private readonly long[] lags;
    private uint inUse;
    private int count;
    private long sum, largest;

    /// <param name="weights">1 to 20 weights of 1 to 10000.</param>
    internal ByteSelector(ReadOnlySpan<int> weights)
    {
        allWeights = weights.ToArray();
        allPaths = (1u << weights.Length) - 1;
        indexes = new int[weights.Length];
        this.weights = new long[weights.Length];
        lags = new long[weights.Length];
    }

    /// <summary>The index of the path for the next packet; -1 when there is none.</summary>
    /// <param name="paths">
    /// Bit i is set when path i can be taken. Where it is another set than before, all its paths start at the same time: one that
    /// returns has nothing to make up for.
    /// </param>
    /// <param name="length">The packet's length in bytes, from 0.</param>
    /// <param name="room">
    /// Bit i is set when path i has room now; not for none of <paramref name="paths"/>. While one has none the others take its packets, and it has only
    /// a packet to make up for afterwards: what it could not carry is not owed to it.
    /// </param>
    internal int Next(uint paths, int length, uint room = uint.MaxValue)
    {
        paths &= allPaths;
        if (paths == 0)
        {
            return -1;
        }
        if (paths != inUse)
        {
            StartOver(paths);
        }
        if (count == 1)
        {
            return indexes[0];
        }
        largest = Math.Max(largest, length);
        int chosen = EarliestDeadline(largest, room);
        for (int i = 0; i < count; i++)
        {
            lags[i] += length * weights[i];
        }
        lags[chosen] -= length * sum;
        if ((paths & ~room) != 0)
        {
            for (int i = 0; i < count; i++)
            {
                lags[i] = Math.Clamp(lags[i], -largest * sum, largest * sum);
            }
        }
        return indexes[chosen];
    }

    /// <summary>What <see cref="Next"/> would answer; nothing changes.</summary>
    internal int PeekNext(uint paths, int length)
    {
        paths &= allPaths;
        // None: the sending thread is starting over at this moment.
        if (paths == inUse && EarliestDeadline(Math.Max(largest, length), uint.MaxValue) is >= 0 and var earliest)
        {
            return indexes[earliest];
        }
        // At the start all deadlines are as the weights are.
        int heaviest = -1;
        for (uint left = paths; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            if (heaviest < 0 || allWeights[i] > allWeights[heaviest])
            {
                heaviest = i;
            }
        }
        return heaviest;
    }

    /// <summary>Of the paths that are not behind; where none of those has room, of the others. With room everywhere the lags add up to 0.</summary>
    private int EarliestDeadline(long limit, uint room)
    {
        limit *= sum;
        int best = -1;
        for (int i = 0; i < count; i++)
        {
            if ((room >> indexes[i] & 1) == 0)
            {
                continue;
            }
            bool isBetter = best < 0 || (lags[i] >= 0) switch
            {
                true when lags[best] < 0 => true,
                false when lags[best] >= 0 => false,
                _ => (limit - lags[i]) * weights[best] < (limit - lags[best]) * weights[i],
            };
            best = isBetter ? i : best;
        }
        return best;
    }

    private void StartOver(uint paths)
    {
        inUse = paths;
        count = 0;
        sum = 0;
        largest = 1;
        for (uint left = paths; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            indexes[count] = i;
            weights[count] = allWeights[i];
            sum += allWeights[i];
            lags[count++] = 0;
        }
    }
}
