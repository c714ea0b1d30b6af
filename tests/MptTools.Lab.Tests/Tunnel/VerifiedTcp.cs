using System.Net;
using System.Net.Sockets;

namespace MptTools.Lab.Tests.Tunnel;

/// <summary>One TCP connection that carries known bytes on and on, each of them compared where it arrives.</summary>
internal sealed class VerifiedTcp : IDisposable
{
    private static readonly TimeSpan ProgressTimeout = TimeSpan.FromSeconds(20);
    private const int Seed = 20260729;

    private readonly Socket listener, sender, receiver;
    private readonly Thread sending, receiving;
    private readonly object gate = new();
    private readonly long limit;
    private readonly int pauseMilliseconds;
    private readonly ManualResetEventSlim stopping = new();
    private long received;
    private string? fault;
    private bool ended;

    /// <param name="limit">How many bytes to send; without end unless given.</param>
    /// <param name="pauseMilliseconds">How long to rest after each 16 KiB, so that others get their turn; 0: as fast as it goes.</param>
    /// <param name="source">The address to send from; the system's choice unless given.</param>
    internal VerifiedTcp(LabHost from, LabHost to, string toAddress, long limit = long.MaxValue, int pauseMilliseconds = 0,
        string? source = null)
    {
        this.limit = limit;
        this.pauseMilliseconds = pauseMilliseconds;
        IPAddress address = IPAddress.Parse(toAddress);
        listener = to.Invoke(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(1);
        sender = from.Invoke(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        if (source is not null)
        {
            sender.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        }
        sender.Connect(listener.LocalEndPoint!);
        receiver = listener.Accept();
        sending = new Thread(Send) { IsBackground = true, Name = "verified TCP sender" };
        receiving = new Thread(Receive) { IsBackground = true, Name = "verified TCP receiver" };
        sending.Start();
        receiving.Start();
    }

    /// <summary>How many bytes have arrived, all of them right.</summary>
    internal long Received
    {
        get
        {
            lock (gate)
            {
                return received;
            }
        }
    }

    /// <summary>Waits until that many more bytes have arrived than now.</summary>
    internal void WaitForMore(long bytes) => WaitUntil(Received + bytes);

    /// <summary>Waits until all of them have arrived and the connection was closed by the sender.</summary>
    internal void WaitForEnd()
    {
        WaitUntil(limit);
        Assert.True(receiving.Join(ProgressTimeout), "The connection was not closed.");
        Assert.Equal(limit, Received);
    }

    public void Dispose()
    {
        stopping.Set();
        sender.Dispose();
        receiver.Dispose();
        listener.Dispose();
        sending.Join();
        receiving.Join();
        stopping.Dispose();
    }

    private void WaitUntil(long bytes)
    {
        lock (gate)
        {
            long last = -1;
            long deadline = 0;
            while (received < bytes)
            {
                if (fault is not null || ended)
                {
                    throw new LabException($"The TCP connection ended after {received} bytes: {fault ?? "it was closed"}.");
                }
                if (received != last)
                {
                    last = received;
                    deadline = Environment.TickCount64 + (long)ProgressTimeout.TotalMilliseconds;
                }
                if (!Monitor.Wait(gate, (int)Math.Max(0, deadline - Environment.TickCount64)))
                {
                    throw new TimeoutException($"The TCP connection stands still after {received} bytes.");
                }
            }
        }
    }

    private void Send()
    {
        var bytes = new Random(Seed);
        byte[] block = new byte[16384];
        try
        {
            for (long left = limit; left > 0; left -= block.Length)
            {
                bytes.NextBytes(block);
                sender.Send(block.AsSpan(0, (int)Math.Min(block.Length, left)));
                if (pauseMilliseconds > 0 && stopping.Wait(pauseMilliseconds))
                {
                    return;
                }
            }
            sender.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Fail($"sending failed: {e.Message}");
        }
    }

    private void Receive()
    {
        var bytes = new Random(Seed);
        byte[] block = new byte[16384], expected = new byte[16384];
        int filled = 0;
        try
        {
            while (true)
            {
                int length = receiver.Receive(block.AsSpan(filled));
                if (filled == 0)
                {
                    bytes.NextBytes(expected);
                }
                if (!block.AsSpan(filled, length).SequenceEqual(expected.AsSpan(filled, length)))
                {
                    Fail($"wrong bytes arrived after {received}");
                    return;
                }
                filled = (filled + length) % block.Length;
                lock (gate)
                {
                    received += length;
                    ended = length == 0;
                    Monitor.PulseAll(gate);
                }
                if (length == 0)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Fail($"receiving failed: {e.Message}");
        }
    }

    private void Fail(string what)
    {
        lock (gate)
        {
            fault ??= stopping.IsSet ? null : what;
            Monitor.PulseAll(gate);
        }
    }
}
