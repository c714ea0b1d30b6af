namespace MptTools.Lab.Traffic;

/// <summary>Which numbers of a sequence have come, and how. One thread records, any thread may read the
/// counts.</summary>
internal sealed class SequenceTracker
{
    private ulong[] seen = new ulong[1024];

    /// <summary>Numbers that came, each once.</summary>
    internal long Distinct { get; private set; }

    /// <summary>Arrivals of numbers that had come before.</summary>
    internal long Duplicates { get; private set; }

    /// <summary>Numbers that came after a greater one.</summary>
    internal long OutOfOrder { get; private set; }

    /// <summary>By how much the latest of these was behind.</summary>
    internal long GreatestDisplacement { get; private set; }

    /// <summary>The greatest number so far; -1 before the first.</summary>
    internal long Highest { get; private set; } = -1;

    /// <summary>Records a number from 0 on; whether it is new.</summary>
    internal bool Record(long number)
    {
        long word = number / 64;
        if (word >= seen.Length)
        {
            Array.Resize(ref seen, (int)Math.Max(word + 1, seen.Length * 2L));
        }
        ulong bit = 1UL << (int)(number % 64);
        if ((seen[word] & bit) != 0)
        {
            Duplicates++;
            return false;
        }
        seen[word] |= bit;
        Distinct++;
        if (number < Highest)
        {
            OutOfOrder++;
            GreatestDisplacement = Math.Max(GreatestDisplacement, Highest - number);
        }
        else
        {
            Highest = number;
        }
        return true;
    }
}
