using System.Numerics;
using MptTools.Engine.Wire;

namespace MptTools.Engine.ControlPlane.Handshakes;

/// <summary>
/// A token bucket for each source, in memory that does not grow with the number of sources: they share a fixed number of
/// buckets, and which ones share is not known outside.
/// </summary>
/// <remarks>
/// An IPv6 source counts with its /64: who has one address there has all of them. Only link-local addresses, which all have
/// the same, count one by one.
/// </remarks>
internal sealed class SourceRateLimit
{
    internal const int BucketCount = 4096;

    private const ulong LinkLocal = 0xFE80_0000_0000_0000;

    private readonly Bucket[] buckets = new Bucket[BucketCount];
    private readonly double perSecond, burst;
    private readonly uint seed;

    /// <summary>Makes full buckets.</summary>
    /// <param name="perSecond">Messages a second that a source may send for long.</param>
    /// <param name="burst">Messages it may send at once.</param>
    /// <param name="seed">Random; decides which sources share a bucket.</param>
    internal SourceRateLimit(double perSecond, double burst, uint seed)
    {
        (this.perSecond, this.burst, this.seed) = (perSecond, burst, seed);
        Array.Fill(buckets, new Bucket { Tokens = burst });
    }

    /// <summary>Takes a token; false where the source has none left.</summary>
    internal bool TryTake(UInt128 source, TimeSpan now)
    {
        ref Bucket bucket = ref buckets[BucketOf(source)];
        double seconds = Math.Max(0, (now - bucket.FilledAt).TotalSeconds);
        bucket.Tokens = Math.Min(burst, bucket.Tokens + (seconds * perSecond));
        bucket.FilledAt = now;
        if (bucket.Tokens < 1)
        {
            return false;
        }
        bucket.Tokens--;
        return true;
    }

    /// <summary>The bucket of a source.</summary>
    internal int BucketOf(UInt128 source)
    {
        // The finalizer of SplitMix64: each bit of the source changes half the bits of the result.
        bool countsAlone = MappedAddress.IsIPv4(source) || source >> 64 == LinkLocal;
        ulong mixed = (ulong)(source >> 64) ^ (countsAlone ? (ulong)source : 0) ^ ((ulong)seed << 32 | seed);
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
        return (int)(BitOperations.RotateLeft(mixed, 31) % BucketCount);
    }

    private struct Bucket
    {
        internal double Tokens;
        internal TimeSpan FilledAt;
    }
}
