using System.Net;
using System.Net.Sockets;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Traffic;

/// <summary>Measures round trips with UDP packets that the other host sends back.</summary>
public sealed unsafe class PingProbe : TrafficRun<PingProbeReport>
{
    private const long PollTime = 10_000_000;

    private readonly PingProbeOptions options;
    private readonly Socket prober, echo;
    private readonly long identity = Random.Shared.NextInt64();
    private readonly long start;
    private readonly Lock gate = new();
    private readonly List<(long Sent, long RoundTrip)> samples = [];
    private int outstanding;
    private volatile bool finished;

    private PingProbe(LabHost from, LabHost to, IPAddress destination, PingProbeOptions options,
        CancellationToken cancellationToken) : base(cancellationToken)
    {
        this.options = options;
        try
        {
            echo = Using(TrafficSockets.Receiver(to, destination));
            prober = Using(TrafficSockets.Sender(from, options.Source, destination, TrafficSockets.PortOf(echo)));
        }
        catch
        {
            Abandon();
            throw;
        }
        start = Now();
        RunParts(($"ping from {from}", Probe), ($"ping to {to}", Echo));
    }

    /// <summary>Starts a probe; it ends by itself and is disposed with the lab at the latest.</summary>
    /// <param name="from">The host that measures.</param>
    /// <param name="to">The host that sends back.</param>
    /// <param name="destination">An address of that host.</param>
    /// <param name="options">What the probe is like.</param>
    /// <param name="cancellationToken">Ends it early, without a report.</param>
    /// <exception cref="LabException">There is no route to the destination.</exception>
    public static PingProbe Start(LabHost from, LabHost to, IPAddress destination, PingProbeOptions? options = null,
        CancellationToken cancellationToken = default) =>
        from.Lab.Own(new PingProbe(from, to, destination, options ?? new PingProbeOptions(), cancellationToken));

    /// <inheritdoc/>
    public override PingProbeReport Snapshot()
    {
        lock (gate)
        {
            return new PingProbeReport
            {
                Samples = [.. samples.Select(sample =>
                    new PingSample(Span(sample.Sent), sample.RoundTrip >= 0 ? Span(sample.RoundTrip) : null))],
                IsFinished = finished,
            };
        }
    }

    private void Probe()
    {
        Libc.prctl(Libc.PR_SET_TIMERSLACK, 1, 0, 0, 0);
        byte[] buffer = new byte[options.PayloadBytes];
        long interval = Nanoseconds(options.Interval), end = Nanoseconds(options.Duration), next = 0;
        try
        {
            while (!Stopping && samples.Count < options.Count && next < end)
            {
                Collect(buffer, next);
                if (Now() - start >= next)
                {
                    SendNext(buffer);
                    next += interval;
                }
            }
            long last = Now() - start + Nanoseconds(options.Linger);
            while (!Stopping && outstanding > 0 && Now() - start < last)
            {
                Collect(buffer, Math.Min(last, Now() - start + PollTime));
            }
        }
        finally
        {
            finished = true;
        }
    }

    private void SendNext(byte[] buffer)
    {
        long sent = Now() - start;
        BitConverter.TryWriteBytes(buffer, identity);
        BitConverter.TryWriteBytes(buffer.AsSpan(8), (long)samples.Count);
        lock (gate)
        {
            samples.Add((sent, -1));
        }
        outstanding++;
        // A packet the system refuses is one that does not come back.
        prober.Send(buffer, SocketFlags.None, out _);
    }

    /// <summary>Takes answers until the given time, at least those that are there.</summary>
    private void Collect(byte[] buffer, long until)
    {
        do
        {
            long left = Math.Clamp(until - (Now() - start), 0, PollTime);
            if (!TrafficSockets.WaitReadable(prober, left))
            {
                continue;
            }
            int length = prober.Receive(buffer, SocketFlags.None, out _);
            long now = Now() - start;
            if (length == buffer.Length && BitConverter.ToInt64(buffer) == identity)
            {
                Note((int)BitConverter.ToInt64(buffer, 8), now);
            }
        }
        while (!Stopping && Now() - start < until);
    }

    private void Note(int number, long now)
    {
        lock (gate)
        {
            (long sent, long roundTrip) = samples[number];
            if (roundTrip < 0)
            {
                samples[number] = (sent, now - sent);
                outstanding--;
            }
        }
    }

    private void Echo()
    {
        const int longestAddress = 28;
        byte* address = stackalloc byte[longestAddress];
        byte[] memory = new byte[options.PayloadBytes];
        int fd = (int)echo.Handle;
        fixed (byte* buffer = memory)
        {
            while (!finished)
            {
                uint addressLength = longestAddress;
                if (!TrafficSockets.WaitReadable(echo, PollTime))
                {
                    continue;
                }
                nint length = Libc.recvfrom(
                    fd, buffer, (nuint)memory.Length, Libc.MSG_DONTWAIT, address, &addressLength);
                if (length > 0)
                {
                    // An answer the system refuses, for want of a route, is one that does not come back.
                    Libc.sendto(fd, buffer, (nuint)length, Libc.MSG_DONTWAIT, address, addressLength);
                }
            }
        }
    }
}
