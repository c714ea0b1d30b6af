namespace MptTools.Lab.Emulation;

/// <summary>What a random number is drawn for.</summary>
internal enum Purpose
{
    Loss,
    Jitter,
    Reordering,
}

/// <summary>
/// Random numbers that depend on seed, direction, packet and purpose alone, and not on what was drawn before:
/// the finalizer of SplitMix64 over a counter.
/// </summary>
internal readonly struct RandomDecisions(ulong seed, int direction)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private const int Purposes = 4;

    private readonly ulong start = Mix(seed + Golden) ^ Mix((ulong)direction + 1);

    /// <summary>An evenly spread number, at least 0 and less than 1.</summary>
    internal double Draw(long ordinal, Purpose purpose) =>
        (Mix(start + (Golden * (((ulong)ordinal * Purposes) + (ulong)purpose))) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
