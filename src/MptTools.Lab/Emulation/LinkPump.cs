using System.Diagnostics;
using System.Runtime.InteropServices;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Emulation;

/// <summary>
/// Moves the packets of one emulated link on a thread of its own: reads what both ends send, hands it to the emulators,
/// writes what has arrived, and sleeps until the next arrival or the next packet.
/// </summary>
internal sealed unsafe class LinkPump : IDisposable
{
    // Packets due within this time of each other leave together. At 1 Gbit/s there is one every 12 us, and a wake-up
    // for each would take a core away from what is being tested.
    private const long ShortestSleep = 50_000;

    private readonly Lock gate = new();
    private readonly Way aToB, bToA;
    private readonly int wake;
    private readonly Thread thread;
    private bool stopping;

    internal LinkPump(TunEnd a, TunEnd b, int mtu, LinkConditions conditions, string name)
    {
        aToB = new Way(a.Descriptor, b.Descriptor, mtu, conditions, 0);
        bToA = new Way(b.Descriptor, a.Descriptor, mtu, conditions, 1);
        wake = SystemCallException.Check(Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC), "eventfd");
        thread = new Thread(Pump) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Reads or changes one direction; the time is that of now.</summary>
    internal T With<T>(LinkDirection direction, Func<DirectionEmulator, long, T> use)
    {
        T result;
        lock (gate)
        {
            result = use((direction == LinkDirection.AToB ? aToB : bToA).Emulator, Now());
        }
        Wake();
        return result;
    }

    /// <summary>Has the packets of one direction altered before they arrive.</summary>
    internal void Alter(LinkDirection direction, PacketAlteration? alteration)
    {
        lock (gate)
        {
            (direction == LinkDirection.AToB ? aToB : bToA).Alteration = alteration;
        }
    }

    /// <summary>What went in one direction.</summary>
    internal LinkCounters Counters(LinkDirection direction)
    {
        lock (gate)
        {
            return (direction == LinkDirection.AToB ? aToB : bToA).Counters;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (stopping)
            {
                return;
            }
            stopping = true;
        }
        Wake();
        thread.Join();
        Libc.close(wake);
        aToB.Dispose();
        bToA.Dispose();
    }

    private static long Now() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    private void Wake()
    {
        ulong one = 1;
        Libc.write(wake, &one, sizeof(ulong));
    }

    private void Pump()
    {
        // The kernel rounds the sleep of ordinary threads up by 50 us unless told not to.
        Libc.prctl(Libc.PR_SET_TIMERSLACK, 1, 0, 0, 0);
        // A wire does not wait for busy hosts. Where a container forbids this thread to go first, it is late under
        // load.
        Libc.setpriority(Libc.PRIO_PROCESS, 0, -10);
        while (true)
        {
            long next, now;
            lock (gate)
            {
                if (stopping)
                {
                    return;
                }
                now = Now();
                aToB.Read(now);
                bToA.Read(now);
                now = Now();
                aToB.Write(now);
                bToA.Write(now);
                next = Math.Min(aToB.Emulator.NextArrival, bToA.Emulator.NextArrival);
            }
            if (!aToB.Readable && !bToA.Readable)
            {
                Sleep(next == DirectionEmulator.Never ? next : Math.Max(next - now, ShortestSleep));
            }
        }
    }

    /// <summary>Sleeps until a packet comes, someone calls or the time is over, and notes where packets are to be
    /// read.</summary>
    private void Sleep(long nanoseconds)
    {
        Libc.pollfd* waits = stackalloc Libc.pollfd[3];
        waits[0] = new Libc.pollfd { fd = aToB.From, events = Libc.POLLIN };
        waits[1] = new Libc.pollfd { fd = bToA.From, events = Libc.POLLIN };
        waits[2] = new Libc.pollfd { fd = wake, events = Libc.POLLIN };
        var time = new Libc.timespec { tv_sec = nanoseconds / 1_000_000_000, tv_nsec = nanoseconds % 1_000_000_000 };
        if (Libc.ppoll(waits, 3, nanoseconds == DirectionEmulator.Never ? null : &time, null) > 0)
        {
            aToB.Readable = waits[0].revents != 0;
            bToA.Readable = waits[1].revents != 0;
            if (waits[2].revents != 0)
            {
                ulong count;
                Libc.read(wake, &count, sizeof(ulong));
            }
        }
    }

    /// <summary>One direction: where its packets come from, where they go and where they are meanwhile.</summary>
    private sealed class Way : IDisposable
    {
        private const int PacketsPerRound = 64;
        private const long MaximumMemory = 256 << 20;

        private readonly int to;
        private readonly PacketPool pool;
        private readonly byte[] overflow = new byte[1];
        private long delivered, deliveredBytes, refused;

        internal Way(int from, int to, int mtu, LinkConditions conditions, int direction)
        {
            From = from;
            this.to = to;
            pool = new PacketPool(mtu, MaximumMemory);
            Emulator = new DirectionEmulator(conditions, direction, pool.Return);
        }

        internal DirectionEmulator Emulator { get; }

        internal PacketAlteration? Alteration { get; set; }

        /// <summary>The descriptor read from; -1, which poll ignores, once its device is gone.</summary>
        internal int From { get; private set; }

        internal LinkCounters Counters => new()
        {
            Packets = delivered,
            Bytes = deliveredBytes,
            DroppedByQueue = Emulator.DroppedByQueue,
            DroppedByLoss = Emulator.DroppedByLoss,
            DroppedByCut = Emulator.DroppedByCut,
            DroppedByReceiver = refused,
        };

        /// <summary>Whether there may be more to read.</summary>
        internal bool Readable { get; set; }

        /// <summary>Takes in what was sent, up to a limit, so that what has arrived meanwhile is not held up.</summary>
        internal void Read(long now)
        {
            for (int packets = 0; Readable && packets < PacketsPerRound; packets++)
            {
                if (!pool.TryRent(out int slot))
                {
                    Discard();
                    continue;
                }
                nint length = Libc.read(From, pool[slot], (nuint)pool.SlotSize);
                if (length > 0)
                {
                    Emulator.Offer(slot, (int)length, now);
                }
                else
                {
                    pool.Return(slot);
                    NoteEnd();
                }
            }
        }

        /// <summary>Hands over what has arrived.</summary>
        internal void Write(long now)
        {
            while (Emulator.TryTake(now, out int slot, out int length))
            {
                Alteration?.Invoke(new Span<byte>(pool[slot], length));
                if (Libc.write(to, pool[slot], (nuint)length) < 0)
                {
                    refused++;
                }
                else
                {
                    delivered++;
                    deliveredBytes += length;
                }
                pool.Return(slot);
            }
        }

        public void Dispose() => pool.Dispose();

        // The memory is full of packets under way: reading one into too small a buffer drops it.
        private void Discard()
        {
            fixed (byte* nothing = overflow)
            {
                if (Libc.read(From, nothing, 1) > 0)
                {
                    Emulator.CountOverflow();
                }
                else
                {
                    NoteEnd();
                }
            }
        }

        private void NoteEnd()
        {
            Readable = false;
            if (Marshal.GetLastPInvokeError() is Libc.EBADFD or Libc.EBADF)
            {
                From = -1;
            }
        }
    }
}
