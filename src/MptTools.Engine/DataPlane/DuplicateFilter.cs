namespace MptTools.Engine.DataPlane;

/// <summary>
/// Recognises the copies of packets that were sent on several paths, by the sequence numbers of their sender. Used by one
/// receiving thread at a time.
/// </summary>
/// <remarks>
/// A ring of bits twice as long as the window, cleared word by word where the newest number enters (as in RFC 6479): what
/// is behind the window is never asked for, so it may keep its bits until the ring comes round.
/// </remarks>
internal sealed class DuplicateFilter
{
    /// <summary>So many numbers below the newest one are remembered; what is older counts as a copy.</summary>
    internal const int Window = 65536;

    /// <summary>
    /// So many packets too old for the window, and none that is newer: the newest number was none of the sender's. It may have been forged, and
    /// would have all packets up to half of all numbers later dropped. More than a slow line brings between two that a fast one brings: a
    /// socket is read for up to 64 buffers of some 45 packets each before the next.
    /// </summary>
    internal const int OldPacketsBeforeRestart = 4096;

    private const int BitsPerWord = 64;
    private const uint Words = 2 * Window / BitsPerWord;

    // Most connections never receive such a packet.
    private ulong[]? seen;
    private uint key, newest;
    private int oldInARow;

    /// <summary>Whether a packet is the first of its number; it counts as received from then on.</summary>
    /// <param name="key">Names the sender's numbering; another one starts over.</param>
    /// <param name="sequence">The packet's number, which wraps around.</param>
    internal bool IsNew(uint key, uint sequence)
    {
        if (seen is null || key != this.key)
        {
            StartOver(key, sequence);
        }
        int ahead = (int)(sequence - newest);
        if (ahead < -Window)
        {
            if (++oldInARow < OldPacketsBeforeRestart)
            {
                return false;
            }
            StartOver(key, sequence);
        }
        oldInARow = 0;
        if (ahead > 0)
        {
            Advance(sequence);
        }

        ref ulong word = ref seen![sequence / BitsPerWord % Words];
        ulong bit = 1ul << (int)(sequence % BitsPerWord);
        bool isNew = (word & bit) == 0;
        word |= bit;
        return isNew;
    }

    private void StartOver(uint key, uint sequence)
    {
        if (seen is null)
        {
            seen = new ulong[Words];
        }
        else
        {
            Array.Clear(seen);
        }
        this.key = key;
        newest = sequence;
    }

    private void Advance(uint sequence)
    {
        // The word of the newest number has no bits above it.
        uint from = newest / BitsPerWord, words = sequence / BitsPerWord - from & uint.MaxValue / BitsPerWord;
        newest = sequence;
        if (words >= Words)
        {
            Array.Clear(seen!);
            return;
        }
        for (uint i = 1; i <= words; i++)
        {
            seen![(from + i) % Words] = 0;
        }
    }
}
