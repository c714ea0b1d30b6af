using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>UDP packets with numbers from one host to another, and the order they arrive in.</summary>
internal sealed class NumberedStream : IDisposable
{
    private static readonly TimeSpan ArrivalTimeout = TimeSpan.FromSeconds(10);

    private readonly Socket sender, receiver;
    private readonly Thread receiving;
    private readonly List<int> arrived = [];
    private readonly object gate = new();
    private readonly ManualResetEventSlim stop = new();
    private Thread? sending;
    private volatile int sent;

    /// <param name="toPort">0: any.</param>
    internal NumberedStream(LabHost from, string fromAddress, LabHost to, string toAddress, int toPort = 0)
    {
        sender = Traffic.UdpSocket(from, fromAddress);
        receiver = Traffic.UdpSocket(to, toAddress, toPort);
        sender.Connect(receiver.LocalEndPoint!);
        receiving = new Thread(Receive) { IsBackground = true, Name = "numbered stream" };
        receiving.Start();
    }

    /// <summary>How many were sent.</summary>
    internal int Sent => sent;

    /// <summary>The numbers that have arrived so far, in the order of their arrival.</summary>
    internal int[] Arrived
    {
        get
        {
            lock (gate)
            {
                return [.. arrived];
            }
        }
    }

    /// <summary>How many arrived after one with a higher number.</summary>
    internal int OutOfOrder
    {
        get
        {
            int highest = -1, count = 0;
            foreach (int number in Arrived)
            {
                count += number < highest ? 1 : 0;
                highest = Math.Max(highest, number);
            }
            return count;
        }
    }

    /// <summary>
    /// Sends that many packets without overrunning anybody: never more than <paramref name="ahead"/> that have not arrived.
    /// Returns when all have arrived.
    /// </summary>
    internal void SendAll(int count, int size = 100, int ahead = 64) => SendAll(count, _ => size, ahead);

    /// <summary>The same with packets of different sizes.</summary>
    /// <param name="sizeOf">The bytes of the first packet (0), the second one and so on.</param>
    internal void SendAll(int count, Func<int, int> sizeOf, int ahead = 64)
    {
        int first = Arrived.Length;
        for (int i = 0; i < count; i++)
        {
            WaitUntilArrived(first + i - ahead + 1);
            Send(new byte[sizeOf(i)]);
        }
        WaitUntilArrived(first + count);
    }

    /// <summary>Sends packets one right after another, whether they arrive or not.</summary>
    internal void SendBurst(int count, int size = 100)
    {
        byte[] packet = new byte[size];
        for (int i = 0; i < count; i++)
        {
            Send(packet);
        }
    }

    /// <summary>Sends one packet after another, some milliseconds apart, until <see cref="Stop"/>.</summary>
    internal void Start(int millisecondsApart = 1, int size = 100)
    {
        sending = new Thread(() => SendOnAndOn(millisecondsApart, size)) { IsBackground = true, Name = "numbered stream" };
        sending.Start();
    }

    /// <summary>Stops sending; what is under way still arrives.</summary>
    internal void Stop()
    {
        stop.Set();
        sending?.Join();
        sending = null;
    }

    /// <summary>Waits until that many more have arrived than now.</summary>
    internal void WaitForMore(int count) => WaitUntilArrived(Arrived.Length + count);

    /// <summary>Waits until all that were sent have arrived.</summary>
    internal void WaitForAll() => WaitUntilArrived(sent);

    /// <summary>Waits until that many have arrived in all.</summary>
    internal void WaitUntilArrived(int count)
    {
        long deadline = Environment.TickCount64 + (long)ArrivalTimeout.TotalMilliseconds;
        lock (gate)
        {
            while (arrived.Count < count)
            {
                long left = deadline - Environment.TickCount64;
                if (left <= 0 || !Monitor.Wait(gate, (int)left))
                {
                    throw new TimeoutException($"Of {sent} packets sent {arrived.Count} arrived, not {count}; missing: " +
                        $"{string.Join(", ", Enumerable.Range(0, sent).Except(arrived).Take(20))}.");
                }
            }
        }
    }

    public void Dispose()
    {
        Stop();
        receiver.Dispose();
        receiving.Join();
        sender.Dispose();
        stop.Dispose();
    }

    private void SendOnAndOn(int millisecondsApart, int size)
    {
        byte[] packet = new byte[size];
        while (!stop.Wait(millisecondsApart))
        {
            try
            {
                Send(packet);
            }
            catch (SocketException)
            {
                // The way is gone, as when a server stops: whoever waits for more packets will tell.
                return;
            }
        }
    }

    private void Send(byte[] packet)
    {
        BitConverter.TryWriteBytes(packet, sent);
        sender.Send(packet);
        sent++;
    }

    private void Receive()
    {
        byte[] packet = new byte[65536];
        while (true)
        {
            try
            {
                receiver.Receive(packet);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Closed: the stream has ended.
                return;
            }
            lock (gate)
            {
                arrived.Add(BitConverter.ToInt32(packet));
                Monitor.PulseAll(gate);
            }
        }
    }
}
