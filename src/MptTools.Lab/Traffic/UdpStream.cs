using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Traffic;

/// <summary>
/// UDP packets from one host to another, each with its number and the time it was sent: counts what is lost, doubled
/// or out of order, and measures one-way latency, stutter and throughput over time while it runs.
/// </summary>
/// <example>
/// <code>
/// using UdpStream stream = UdpStream.Start(a, b, IPAddress.Parse("10.0.0.2"),
///     new UdpStreamOptions { BitsPerSecond = 50_000_000, Duration = TimeSpan.FromSeconds(5) });
/// link.Cut();
/// UdpStreamReport report = stream.Wait();
/// </code>
/// </example>
public sealed unsafe class UdpStream : TrafficRun<UdpStreamReport>
{
    private const int BatchPackets = 64;
    private const int BufferBytes = 8 << 20;

    // Packets due within this time go together: waking up for each would cost more than sending it.
    private const long ShortestSleep = 100_000;
    private const long PollTime = 10_000_000;
    private const int SendMilliseconds = 50;

    private readonly UdpStreamOptions options;
    private readonly Socket sender, receiver;
    private readonly ulong identity = (ulong)Random.Shared.NextInt64();
    private readonly long start;
    private readonly ArrivalSeries arrivals;
    private readonly Lock gate = new();
    private readonly SequenceTracker sequence = new();
    private long sent, sendFailures;
    private long latencySum, latencyMaximum;
    private long sendingEnd = -1;
    private bool finished;

    private UdpStream(LabHost from, LabHost to, IPAddress destination, UdpStreamOptions options,
        CancellationToken cancellationToken) : base(cancellationToken)
    {
        this.options = options;
        try
        {
            receiver = Using(TrafficSockets.Receiver(to, destination));
            sender = Using(TrafficSockets.Sender(from, options.Source, destination, TrafficSockets.PortOf(receiver)));
            TrafficSockets.Enlarge(receiver, Libc.SO_RCVBUFFORCE, BufferBytes);
            sender.SendTimeout = SendMilliseconds;
            TrafficSockets.Enlarge(sender, Libc.SO_SNDBUFFORCE, BufferBytes);
        }
        catch
        {
            Abandon();
            throw;
        }
        arrivals = new ArrivalSeries(Nanoseconds(options.BucketLength), Nanoseconds(options.Duration));
        start = Now();
        RunParts(($"udp from {from}", Send), ($"udp to {to}", Receive));
    }

    /// <summary>Starts a stream; it ends by itself and is disposed with the lab at the latest.</summary>
    /// <param name="from">The host that sends.</param>
    /// <param name="to">The host that receives.</param>
    /// <param name="destination">An address of the receiving host.</param>
    /// <param name="options">What the stream is like.</param>
    /// <param name="cancellationToken">Ends it early, without a report.</param>
    /// <exception cref="LabException">There is no route to the destination, or the source is no address of the
    /// sender.</exception>
    public static UdpStream Start(LabHost from, LabHost to, IPAddress destination, UdpStreamOptions? options = null,
        CancellationToken cancellationToken = default) =>
        from.Lab.Own(new UdpStream(from, to, destination, options ?? new UdpStreamOptions(), cancellationToken));

    /// <inheritdoc/>
    public override UdpStreamReport Snapshot()
    {
        lock (gate)
        {
            long elapsed = sendingEnd >= 0 ? sendingEnd : Now() - start;
            (long gap, long gapStart) = arrivals.LongestGap(elapsed);
            long expected = finished ? sent : sequence.Highest + 1;
            return new UdpStreamReport
            {
                Sent = sent,
                SendFailures = sendFailures,
                Received = sequence.Distinct,
                Lost = expected - sequence.Distinct,
                Duplicates = sequence.Duplicates,
                OutOfOrder = sequence.OutOfOrder,
                GreatestDisplacement = sequence.GreatestDisplacement,
                Bytes = arrivals.TotalBytes,
                MeanLatency = sequence.Distinct > 0 ? Span(latencySum / sequence.Distinct) : TimeSpan.Zero,
                MaximumLatency = Span(latencyMaximum),
                LongestGap = Span(gap),
                LongestGapStart = Span(gapStart),
                Elapsed = Span(elapsed),
                Buckets = arrivals.Buckets(elapsed),
                IsFinished = finished,
            };
        }
    }

    private void Send()
    {
        Libc.prctl(Libc.PR_SET_TIMERSLACK, 1, 0, 0, 0);
        using var batch = new MessageBatch(BatchPackets, options.PayloadBytes);
        int fd = (int)sender.Handle;
        long end = Nanoseconds(options.Duration);
        // A packet the system refuses takes its turn, so that there is no burst later, but no number.
        long turn = 0, number = 0;
        try
        {
            while (!Stopping && turn < options.Packets)
            {
                long elapsed = Now() - start;
                if (elapsed >= end)
                {
                    return;
                }
                long due = Math.Min(DueBy(elapsed), options.Packets) - turn;
                int taken = due > 0 ? SendBatch(fd, batch, number, (int)Math.Min(due, BatchPackets), ref turn) : 0;
                number += taken;
                if (taken == 0)
                {
                    SleepUntil(Math.Min(end, Math.Max(DueTime(turn), elapsed + ShortestSleep)));
                }
            }
        }
        finally
        {
            lock (gate)
            {
                sendingEnd = Math.Min(Now() - start, end);
            }
        }
    }

    /// <summary>How many packets should have been sent by then.</summary>
    private long DueBy(long elapsed) => options.BitsPerSecond == 0
        ? long.MaxValue
        : (long)((Int128)elapsed * options.BitsPerSecond / (options.PayloadBytes * 8L * 1_000_000_000L)) + 1;

    private long DueTime(long packet) => options.BitsPerSecond == 0
        ? 0
        : (long)(((Int128)packet * options.PayloadBytes * 8 * 1_000_000_000 / options.BitsPerSecond) + 1);

    private void SleepUntil(long elapsed)
    {
        long time = start + elapsed;
        var wake = new Libc.timespec { tv_sec = time / 1_000_000_000, tv_nsec = time % 1_000_000_000 };
        Libc.clock_nanosleep(Libc.CLOCK_MONOTONIC, Libc.TIMER_ABSTIME, &wake, null);
    }

    private int SendBatch(int fd, MessageBatch batch, long first, int count, ref long turn)
    {
        long now = Now();
        for (int packet = 0; packet < count; packet++)
        {
            Header* header = (Header*)batch[packet];
            header->Identity = identity;
            header->Number = first + packet;
            header->Sent = now;
        }
        int taken = Libc.sendmmsg(fd, batch.Messages, (uint)count, 0);
        bool refused = taken < 0 && Marshal.GetLastPInvokeError() is not (Libc.EAGAIN or Libc.EINTR);
        int sentNow = Math.Max(0, taken);
        turn += refused ? 1 : sentNow;
        lock (gate)
        {
            sent += sentNow;
            sendFailures += refused ? 1 : 0;
        }
        return sentNow;
    }

    private void Receive()
    {
        using var batch = new MessageBatch(BatchPackets, options.PayloadBytes);
        int fd = (int)receiver.Handle;
        long linger = Nanoseconds(options.Linger);
        while (!IsOver(linger))
        {
            if (!TrafficSockets.WaitReadable(receiver, PollTime))
            {
                continue;
            }
            int count = Libc.recvmmsg(fd, batch.Messages, BatchPackets, Libc.MSG_DONTWAIT, null);
            if (count > 0)
            {
                Record(batch, count, Now());
            }
        }
        lock (gate)
        {
            finished = true;
        }
    }

    private bool IsOver(long linger)
    {
        lock (gate)
        {
            return sendingEnd >= 0 && (Stopping || sequence.Distinct == sent || Now() - start > sendingEnd + linger);
        }
    }

    private void Record(MessageBatch batch, int count, long now)
    {
        lock (gate)
        {
            int fresh = 0;
            for (int packet = 0; packet < count; packet++)
            {
                Header* header = (Header*)batch[packet];
                if (batch.Messages[packet].msg_len == options.PayloadBytes && header->Identity == identity
                    && sequence.Record(header->Number))
                {
                    fresh++;
                    long latency = now - header->Sent;
                    latencySum += latency;
                    latencyMaximum = Math.Max(latencyMaximum, latency);
                }
            }
            if (fresh > 0)
            {
                arrivals.Add(now - start, (long)fresh * options.PayloadBytes, fresh);
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        internal ulong Identity;
        internal long Number;
        internal long Sent;
    }
}
