using System.Numerics;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// Puts the packets of one connection back into the order of their sequence numbers (RFC 2890) before they reach the
/// tunnel device. Owned by the thread that receives; time is passed in.
/// </summary>
/// <remarks>
/// A missing packet is given up when it cannot come any more or is not worth waiting for:
/// <list type="bullet">
/// <item>every path that counts has delivered something newer (the rule of RFC 1990, section 4.1: paths keep order);</item>
/// <item>a packet behind it has waited for the maximum delay;</item>
/// <item>a packet arrives that is a whole window ahead of it.</item>
/// </list>
/// What comes after it was given up is dropped, so that the tunnel's order holds, except where it was given up on
/// incomplete knowledge (at the start of the numbering, or while an idle path was left out): then it is delivered late,
/// because dropping it would turn a different delay into loss.
/// </remarks>
internal sealed unsafe class ReorderBuffer : IDisposable
{
    /// <summary>A number this small that is older than the next expected one means that the peer started over.</summary>
    private const uint RestartNumbers = 50;

    /// <summary>
    /// So many old packets with no new one between them also mean that the numbering has moved: after a restart whose first
    /// packets were lost, or after a stray packet with a number far ahead.
    /// </summary>
    private const int OldPacketsBeforeRestart = 32;

    private readonly int window;
    private readonly TimeSpan maximumDelay;
    private readonly ChunkPool chunks;

    // Waiting packets by number, and which numbers up to a ring's length back were delivered.
    private readonly PacketRef[] ring;
    private readonly bool[] waits;
    private readonly bool[] delivered;
    private readonly uint mask;

    // Numbers in the order of their arrival, for the time limit. An entry whose number was delivered meanwhile is stale.
    private readonly (uint Sequence, TimeSpan Arrival)[] arrivals;
    private uint arrivalsHead, arrivalsTail, batchStart;

    private readonly uint[] newest;
    private uint newestKnown;

    private bool started;
    private uint? firstAnnounced;
    private uint next, highest;
    private TimeSpan numberingStarted;
    private TimeSpan deliverLateUntil;
    private TimeSpan newestArrival;
    private int oldInARow;
    private TimeSpan clock;

    /// <param name="window">1 to 10000 packets.</param>
    /// <param name="maximumDelay">Longest wait.</param>
    /// <param name="pathCount">1 to 20.</param>
    /// <param name="chunks">Memory for what waits beyond its batch.</param>
    internal ReorderBuffer(int window, TimeSpan maximumDelay, int pathCount, ChunkPool chunks)
    {
        this.window = window;
        this.maximumDelay = maximumDelay;
        this.chunks = chunks;
        int capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(window, 64)) * 2;
        mask = (uint)capacity - 1;
        ring = new PacketRef[capacity];
        waits = new bool[capacity];
        delivered = new bool[capacity];
        arrivals = new (uint, TimeSpan)[capacity * 2];
        newest = new uint[pathCount];
    }

    /// <summary>A path without data for so long counts as idle; twice the longest wait, so that a packet on its way is not one.</summary>
    internal TimeSpan IdleAfter => TimeSpan.FromTicks(Math.Max(2 * maximumDelay.Ticks, 200 * TimeSpan.TicksPerMillisecond));

    /// <summary>Packets that wait.</summary>
    internal int Waiting { get; private set; }

    internal long Waited { get; private set; }
    internal long LostByGap { get; private set; }
    internal long LostByTime { get; private set; }
    internal long LostByJump { get; private set; }
    internal long Late { get; private set; }
    internal long Duplicate { get; private set; }
    internal long Jumps { get; private set; }
    internal long Restarts { get; private set; }

    /// <summary>When the longest-waiting packet must go out; null when nothing waits.</summary>
    internal TimeSpan? Deadline
    {
        get
        {
            DropStaleArrivals();
            return Waiting == 0 ? null : arrivals[arrivalsHead & (uint)(arrivals.Length - 1)].Arrival + maximumDelay;
        }
    }

    /// <summary>Takes a packet that carries a number. What can go out now, in order, is added to <paramref name="output"/>.</summary>
    /// <returns>Null, or why the packet was dropped.</returns>
    internal DropReason? Insert(in PacketRef packet, TimeSpan now, PacketList output)
    {
        uint sequence = packet.Sequence;
        clock = now;
        if (!started)
        {
            StartNumbering(sequence);
        }
        int ahead = (int)(sequence - next);
        if (ahead < 0)
        {
            return InsertOld(packet, ahead, now, output);
        }
        if (ahead > mask && sequence <= RestartNumbers)
        {
            // Half of all numbers are behind any other: those of a peer that started over may also look far ahead.
            return StartOver(packet, output);
        }
        oldInARow = 0;
        newestArrival = now;
        Saw(packet.Path, sequence);
        if (ahead >= window)
        {
            if (sequence - highest >= window)
            {
                Jumps++;
            }
            LostByJump += AdvanceTo(sequence - (uint)window + 1, output);
            deliverLateUntil = now + maximumDelay;
            DeliverConsecutive(output);
        }
        if ((int)(sequence - highest) > 0)
        {
            highest = sequence;
        }
        if (sequence == next)
        {
            Deliver(packet, output);
            DeliverConsecutive(output);
            return null;
        }
        uint slot = sequence & mask;
        if (waits[slot])
        {
            Duplicate++;
            return DropReason.OrderDuplicate;
        }
        ring[slot] = packet;
        waits[slot] = true;
        Waiting++;
        Waited++;
        if (arrivalsTail - arrivalsHead == arrivals.Length)
        {
            DropStaleArrivals();
        }
        arrivals[arrivalsTail++ & (uint)(arrivals.Length - 1)] = (sequence, now);
        return null;
    }

    /// <summary>
    /// The peer says that everything it has sent on this path so far has smaller numbers than <paramref name="nextSequence"/>.
    /// Before its numbering is known this also tells where it begins: the first packet to arrive need not be the first one.
    /// </summary>
    internal void Announce(int path, uint nextSequence)
    {
        if (started && (int)(nextSequence - next) is var ahead && ahead > -(int)mask && ahead <= window)
        {
            firstAnnounced = null;
            Saw(path, nextSequence - 1);
        }
        else if (firstAnnounced is not { } first || (int)(nextSequence - first) < 0)
        {
            firstAnnounced = nextSequence;
        }
    }

    /// <summary>Gives up what no path can bring any more. Called when all that has arrived was inserted.</summary>
    /// <param name="counted">Bit i: path i is up and known well enough to count.</param>
    /// <param name="allPathsCount">False when an idle path had to be left out of <paramref name="counted"/>.</param>
    internal void GiveUpGaps(uint counted, bool allPathsCount, TimeSpan now, PacketList output)
    {
        if (Waiting == 0 || (counted & newestKnown) != counted || counted == 0)
        {
            return;
        }
        int oldest = int.MaxValue;
        for (int i = 0; i < newest.Length; i++)
        {
            if ((counted >> i & 1) != 0)
            {
                // What seems to be further ahead than anything can wait is half of all numbers behind.
                int ahead = (int)(newest[i] - next);
                oldest = ahead > window ? int.MinValue : Math.Min(oldest, ahead);
            }
        }
        if (oldest < 0)
        {
            return;
        }
        long lost = AdvanceTo(next + (uint)oldest + 1, output);
        DeliverConsecutive(output);
        LostByGap += lost;
        if (lost > 0 && !allPathsCount)
        {
            deliverLateUntil = now + maximumDelay;
        }
    }

    /// <summary>Sends out what has waited for the maximum delay, and all before it.</summary>
    internal void Expire(TimeSpan now, PacketList output)
    {
        while (Deadline is TimeSpan deadline && deadline <= now)
        {
            LostByTime += AdvanceTo(arrivals[arrivalsHead & (uint)(arrivals.Length - 1)].Sequence + 1, output);
            DeliverConsecutive(output);
        }
    }

    /// <summary>The receive buffers are about to be used again: what still waits in them is copied out.</summary>
    internal void KeepWaiting()
    {
        for (uint i = batchStart; i != arrivalsTail; i++)
        {
            uint slot = arrivals[i & (uint)(arrivals.Length - 1)].Sequence & mask;
            ref PacketRef packet = ref ring[slot];
            if (waits[slot] && !packet.OwnsChunk)
            {
                byte* copy = chunks.Rent(packet.Length);
                Buffer.MemoryCopy(packet.Data, copy, packet.Length, packet.Length);
                packet.Data = copy;
                packet.OwnsChunk = true;
            }
        }
        batchStart = arrivalsTail;
        DropStaleArrivals();
    }

    /// <summary>
    /// Goes on where another one ends, with another window or delay or other paths. What waits there waits here, but for what the
    /// window is too small for: that goes out, in order, as if a packet had come a window ahead. Between two batches.
    /// </summary>
    /// <param name="old">Ends with this.</param>
    /// <param name="origins">For each path its index in the old one; -1 for a new one.</param>
    /// <param name="now">The time.</param>
    /// <param name="output">What goes out is added here.</param>
    internal void TakeOver(ReorderBuffer old, ReadOnlySpan<int> origins, TimeSpan now, PacketList output)
    {
        TimeSpan lateUntil = old.deliverLateUntil;
        if (old.Waiting > 0 && (int)(old.highest - old.next) >= window)
        {
            old.LostByJump += old.AdvanceTo(old.highest - (uint)window + 1, output);
            old.DeliverConsecutive(output);
            lateUntil = now + maximumDelay;
        }
        (Waited, LostByGap, LostByTime, LostByJump) = (old.Waited, old.LostByGap, old.LostByTime, old.LostByJump);
        (Late, Duplicate, Jumps, Restarts) = (old.Late, old.Duplicate, old.Jumps, old.Restarts);
        (started, firstAnnounced, next, highest) = (old.started, old.firstAnnounced, old.next, old.highest);
        (numberingStarted, newestArrival, deliverLateUntil) = (old.numberingStarted, old.newestArrival, lateUntil);
        (oldInARow, clock) = (old.oldInARow, old.clock);
        // What the old one did not remember must not look like missing: it would be delivered a second time.
        uint remembered = old.mask - (uint)old.window;
        for (uint back = 1; back <= mask - (uint)window; back++)
        {
            uint sequence = next - back;
            delivered[sequence & mask] = back > remembered || old.delivered[sequence & old.mask];
        }
        for (uint i = old.arrivalsHead; i != old.arrivalsTail; i++)
        {
            (uint sequence, TimeSpan arrival) = old.arrivals[i & (uint)(old.arrivals.Length - 1)];
            uint from = sequence & old.mask;
            if ((int)(sequence - next) >= 0 && old.waits[from])
            {
                ring[sequence & mask] = old.ring[from];
                waits[sequence & mask] = true;
                Waiting++;
                arrivals[arrivalsTail++ & (uint)(arrivals.Length - 1)] = (sequence, arrival);
                old.waits[from] = false;
                old.Waiting--;
            }
        }
        batchStart = arrivalsTail;
        for (int i = 0; i < origins.Length; i++)
        {
            if (origins[i] >= 0 && (old.newestKnown >> origins[i] & 1) != 0)
            {
                newest[i] = old.newest[origins[i]];
                newestKnown |= 1u << i;
            }
        }
    }

    /// <summary>Sends out all that waits, in order.</summary>
    internal void Flush(PacketList output)
    {
        if (Waiting > 0)
        {
            AdvanceTo(NewestWaiting() + 1, output);
        }
    }

    public void Dispose()
    {
        for (uint i = 0; i < ring.Length; i++)
        {
            if (waits[i] && ring[i].OwnsChunk)
            {
                chunks.Return(ring[i].Data);
            }
            waits[i] = false;
        }
        Waiting = 0;
    }

    private DropReason? InsertOld(in PacketRef packet, int ahead, TimeSpan now, PacketList output)
    {
        uint sequence = packet.Sequence;
        bool remembered = -ahead <= (int)mask - window;
        bool known = remembered && delivered[sequence & mask];
        if (known || !remembered)
        {
            // A missing number that turns up is late, however many do; only these speak for a new numbering.
            oldInARow++;
        }
        // A small number that was in use a moment ago is a duplicate or late. A peer that restarts is silent for longer.
        bool canBeOfThisNumbering = remembered
            ? now - newestArrival < IdleAfter
            : now - numberingStarted < maximumDelay;
        if ((sequence <= RestartNumbers && !canBeOfThisNumbering) || oldInARow >= OldPacketsBeforeRestart)
        {
            return StartOver(packet, output);
        }
        if (known)
        {
            Duplicate++;
            return DropReason.OrderDuplicate;
        }
        Saw(packet.Path, sequence);
        Late++;
        if (!remembered || now >= deliverLateUntil)
        {
            return DropReason.OrderLate;
        }
        delivered[sequence & mask] = true;
        output.Add(packet);
        return null;
    }

    /// <summary>The peer numbers anew, from this packet on.</summary>
    private DropReason? StartOver(in PacketRef packet, PacketList output)
    {
        Restarts++;
        Flush(output);
        StartNumbering(packet.Sequence);
        return Insert(packet, clock, output);
    }

    private void StartNumbering(uint sequence)
    {
        started = true;
        next = highest = firstAnnounced is { } first && sequence - first < window ? first : sequence;
        firstAnnounced = null;
        numberingStarted = newestArrival = clock;
        deliverLateUntil = clock + maximumDelay;
        arrivalsHead = batchStart = arrivalsTail;
        newestKnown = 0;
        oldInARow = 0;
        Array.Clear(delivered);
    }

    private void Saw(int path, uint sequence)
    {
        if ((newestKnown >> path & 1) == 0 || (int)(sequence - newest[path]) > 0 || (int)(newest[path] - next) > window)
        {
            newest[path] = sequence;
            newestKnown |= 1u << path;
        }
    }

    private void Deliver(in PacketRef packet, PacketList output)
    {
        output.Add(packet);
        Pass(true);
    }

    /// <summary>Moves past the next number and forgets the one that leaves the memory of delivered ones.</summary>
    private void Pass(bool wasDelivered)
    {
        delivered[next & mask] = wasDelivered;
        if (++next == 0)
        {
            // Past the wrap small numbers are new again: a late one must not look like a restart.
            numberingStarted = clock;
        }
    }

    private void DeliverConsecutive(PacketList output)
    {
        while (Waiting > 0 && waits[next & mask])
        {
            DeliverWaiting(output);
        }
    }

    private void DeliverWaiting(PacketList output)
    {
        uint slot = next & mask;
        waits[slot] = false;
        Waiting--;
        Deliver(ring[slot], output);
    }

    /// <summary>Delivers what waits below <paramref name="target"/> and gives up what is missing there.</summary>
    /// <returns>How many were given up.</returns>
    private long AdvanceTo(uint target, PacketList output)
    {
        long lost = 0;
        while (next != target && Waiting > 0)
        {
            if (waits[next & mask])
            {
                DeliverWaiting(output);
            }
            else
            {
                Pass(false);
                lost++;
            }
        }
        uint rest = target - next;
        if (rest > mask)
        {
            Array.Clear(delivered);
            next = target;
        }
        while (next != target)
        {
            Pass(false);
        }
        return lost + rest;
    }

    private uint NewestWaiting()
    {
        uint newestWaiting = next - 1;
        for (uint i = arrivalsHead; i != arrivalsTail; i++)
        {
            uint sequence = arrivals[i & (uint)(arrivals.Length - 1)].Sequence;
            if (waits[sequence & mask] && (int)(sequence - newestWaiting) > 0)
            {
                newestWaiting = sequence;
            }
        }
        return newestWaiting;
    }

    private void DropStaleArrivals()
    {
        while (arrivalsHead != arrivalsTail)
        {
            uint sequence = arrivals[arrivalsHead & (uint)(arrivals.Length - 1)].Sequence;
            if ((int)(sequence - next) >= 0 && waits[sequence & mask])
            {
                break;
            }
            arrivalsHead++;
        }
        if ((int)(batchStart - arrivalsHead) < 0)
        {
            batchStart = arrivalsHead;
        }
    }
}
