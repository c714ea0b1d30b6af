namespace MptTools.Lab.Emulation;

/// <summary>
/// One direction of an emulated link, without packets and without a clock: packets are slots of someone else's buffer,
/// times are nanoseconds passed in. A packet waits in a queue, is transmitted at the link's rate, may get lost, and is
/// under way for its delay. All times follow from the conditions, however late the methods are called.
/// Not thread-safe.
/// </summary>
internal sealed class DirectionEmulator
{
    internal const long Never = long.MaxValue;

    private readonly Action<int> release;
    private readonly int direction;

    // Waiting for transmission; the head is being transmitted until headFinish.
    private readonly Queue<Packet> waiting = new();
    private readonly PriorityQueue<Packet, Arrival> underWay = new();
    private long waitingBytes;
    private long headFinish;
    private long timeRemainder;
    private long latestArrival;
    private long ordinal;
    private RandomDecisions random;

    /// <param name="conditions">What the link does.</param>
    /// <param name="direction">0 or 1; the directions of a link draw different numbers from one seed.</param>
    /// <param name="release">Takes back the slot of a packet that was dropped.</param>
    internal DirectionEmulator(LinkConditions conditions, int direction, Action<int> release)
    {
        this.release = release;
        this.direction = direction;
        Conditions = conditions;
        random = new RandomDecisions(conditions.Seed, direction);
    }

    internal LinkConditions Conditions { get; private set; }

    internal bool IsCut { get; private set; }

    internal long Packets { get; private set; }

    internal long Bytes { get; private set; }

    internal long DroppedByQueue { get; private set; }

    internal long DroppedByLoss { get; private set; }

    internal long DroppedByCut { get; private set; }

    /// <summary>Packets that wait for transmission, the one under transmission included.</summary>
    internal int Waiting => waiting.Count;

    /// <summary>Packets that are waiting or under way.</summary>
    internal int Held => waiting.Count + underWay.Count;

    /// <summary>The time before which nothing arrives, or <see cref="Never"/> when nothing is held.</summary>
    internal long NextArrival
    {
        get
        {
            long next = underWay.TryPeek(out _, out Arrival arrival) ? arrival.Time : Never;
            if (waiting.Count > 0)
            {
                long shortest = Math.Max(0, Nanoseconds(Conditions.Delay) - Nanoseconds(Conditions.Jitter));
                next = Math.Min(next, headFinish + shortest);
            }
            return next;
        }
    }

    internal static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Changes the conditions; what is waiting is transmitted at the new rate, what is under way arrives as it
    /// would have.</summary>
    internal void Change(LinkConditions conditions, long now)
    {
        Advance(now);
        if (waiting.Count > 0)
        {
            headFinish = conditions.RateBitsPerSecond == 0
                ? now
                : now + (long)((Int128)(headFinish - now) * Conditions.RateBitsPerSecond / conditions.RateBitsPerSecond);
        }
        timeRemainder = 0;
        if (conditions.Seed != Conditions.Seed)
        {
            random = new RandomDecisions(conditions.Seed, direction);
        }
        Conditions = conditions;
        Advance(now);
    }

    /// <summary>Drops everything held and everything to come until <see cref="Heal"/>.</summary>
    internal void Cut(long now)
    {
        Advance(now);
        IsCut = true;
        DroppedByCut += Held;
        while (waiting.TryDequeue(out Packet packet) || underWay.TryDequeue(out packet, out _))
        {
            release(packet.Slot);
        }
        waitingBytes = 0;
    }

    internal void Heal() => IsCut = false;

    /// <summary>A packet is sent into the link. A packet that is dropped gives its slot back before this
    /// returns.</summary>
    internal void Offer(int slot, int length, long now)
    {
        Advance(now);
        var packet = new Packet(slot, length, ordinal++);
        if (IsCut)
        {
            DroppedByCut++;
            release(slot);
        }
        else if (waiting.Count == 0)
        {
            timeRemainder = 0;
            waiting.Enqueue(packet);
            waitingBytes = length;
            headFinish = now + TransmissionTime(length);
            Advance(now);
        }
        else if (waiting.Count > Conditions.QueuePackets
            || waitingBytes - waiting.Peek().Length + length > Conditions.QueueBytes)
        {
            DroppedByQueue++;
            release(slot);
        }
        else
        {
            waiting.Enqueue(packet);
            waitingBytes += length;
        }
    }

    /// <summary>A packet could not even be taken in.</summary>
    internal void CountOverflow()
    {
        ordinal++;
        DroppedByQueue++;
    }

    /// <summary>Takes the next packet that has arrived by now, in the order of arrival. Its slot is the caller's
    /// again.</summary>
    internal bool TryTake(long now, out int slot, out int length)
    {
        Advance(now);
        if (!underWay.TryPeek(out Packet packet, out Arrival arrival) || arrival.Time > now)
        {
            slot = length = 0;
            return false;
        }
        underWay.Dequeue();
        Packets++;
        Bytes += packet.Length;
        slot = packet.Slot;
        length = packet.Length;
        return true;
    }

    /// <summary>Ends every transmission that is over by now, each at its own time.</summary>
    private void Advance(long now)
    {
        while (waiting.Count > 0 && headFinish <= now)
        {
            Packet sent = waiting.Dequeue();
            waitingBytes -= sent.Length;
            Propagate(sent, headFinish);
            if (waiting.TryPeek(out Packet next))
            {
                headFinish += TransmissionTime(next.Length);
            }
        }
    }

    private void Propagate(Packet packet, long sent)
    {
        if (random.Draw(packet.Ordinal, Purpose.Loss) < Conditions.LossProbability)
        {
            DroppedByLoss++;
            release(packet.Slot);
            return;
        }
        double spread = (2 * random.Draw(packet.Ordinal, Purpose.Jitter)) - 1;
        long delay = Nanoseconds(Conditions.Delay) + (long)(spread * Nanoseconds(Conditions.Jitter));
        long arrival = Math.Max(sent + Math.Max(0, delay), latestArrival);
        if (random.Draw(packet.Ordinal, Purpose.Reordering) < Conditions.ReorderProbability)
        {
            // Those behind do not wait for this one.
            arrival += Nanoseconds(Conditions.ReorderDelay);
        }
        else
        {
            latestArrival = arrival;
        }
        underWay.Enqueue(packet, new Arrival(arrival, packet.Ordinal));
    }

    /// <summary>Nanoseconds of transmission; the fraction that is left over is carried to the next packet of the same
    /// burst.</summary>
    private long TransmissionTime(int length)
    {
        long rate = Conditions.RateBitsPerSecond;
        if (rate == 0)
        {
            return 0;
        }
        long work = ((length + Conditions.OverheadBytes) * 8L * 1_000_000_000L) + timeRemainder;
        (long time, timeRemainder) = Math.DivRem(work, rate);
        return time;
    }

    private readonly record struct Packet(int Slot, int Length, long Ordinal);

    private readonly record struct Arrival(long Time, long Ordinal) : IComparable<Arrival>
    {
        public int CompareTo(Arrival other) =>
            Time != other.Time ? Time.CompareTo(other.Time) : Ordinal.CompareTo(other.Ordinal);
    }
}
