using System.Net;
using System.Net.Sockets;
using System.Text;
using MptTools.Engine.Linux;

namespace MptTools.Lab.Traffic;

/// <summary>Sends as much as TCP can carry from one host to another for a time, and measures what arrives while it
/// runs.</summary>
/// <example>
/// <code>
/// using TcpStream transfer = TcpStream.Start(a, b, IPAddress.Parse("10.0.0.2"),
///     new TcpStreamOptions { Duration = TimeSpan.FromSeconds(5) });
/// Console.WriteLine(transfer.Wait().BitsPerSecond);
/// </code>
/// </example>
public sealed class TcpStream : TrafficRun<TcpStreamReport>
{
    private const int BlockBytes = 256 << 10;
    private const long PollTime = 10_000_000;

    private readonly TcpStreamOptions options;
    private readonly Socket[] senders, receivers;
    private readonly ArrivalSeries arrivals;
    private readonly long start, end;
    private long stoppedAt = -1;
    private long retransmissions;
    private int receiversRunning;

    private TcpStream(LabHost from, LabHost to, IPAddress destination, TcpStreamOptions options,
        CancellationToken cancellationToken) : base(cancellationToken)
    {
        this.options = options;
        senders = new Socket[options.Connections];
        receivers = new Socket[options.Connections];
        try
        {
            using Socket listener = Listen(to, destination);
            for (int connection = 0; connection < options.Connections; connection++)
            {
                senders[connection] = Using(Connect(from, destination, TrafficSockets.PortOf(listener)));
                receivers[connection] = Using(Accept(listener, to));
            }
        }
        catch
        {
            Abandon();
            throw;
        }
        end = Nanoseconds(options.Duration);
        arrivals = new ArrivalSeries(Nanoseconds(options.BucketLength), end);
        receiversRunning = options.Connections;
        start = Now();
        var parts = new List<(string, Action)>();
        for (int connection = 0; connection < options.Connections; connection++)
        {
            Socket sender = senders[connection], receiver = receivers[connection];
            parts.Add(($"tcp from {from}", () => Send(sender)));
            parts.Add(($"tcp to {to}", () => Receive(receiver)));
        }
        RunParts([.. parts]);
    }

    /// <summary>Connects and starts a transfer; it ends by itself and is disposed with the lab at the latest.</summary>
    /// <param name="from">The host that sends.</param>
    /// <param name="to">The host that receives.</param>
    /// <param name="destination">An address of the receiving host.</param>
    /// <param name="options">What the transfer is like.</param>
    /// <param name="cancellationToken">Ends it early, without a report.</param>
    /// <exception cref="LabException">The connection does not come about in time, or the congestion control is not
    /// known.</exception>
    public static TcpStream Start(LabHost from, LabHost to, IPAddress destination, TcpStreamOptions? options = null,
        CancellationToken cancellationToken = default) =>
        from.Lab.Own(new TcpStream(from, to, destination, options ?? new TcpStreamOptions(), cancellationToken));

    /// <inheritdoc/>
    public override TcpStreamReport Snapshot()
    {
        long stopped = Interlocked.Read(ref stoppedAt);
        long elapsed = Math.Min(end, stopped >= 0 ? stopped : Now() - start);
        (long gap, long gapStart) = arrivals.LongestGap(elapsed);
        return new TcpStreamReport
        {
            Bytes = arrivals.TotalBytes,
            Retransmissions = Interlocked.Read(ref retransmissions),
            LongestGap = Span(gap),
            LongestGapStart = Span(gapStart),
            Elapsed = Span(elapsed),
            Buckets = arrivals.Buckets(elapsed),
            IsFinished = stopped >= 0,
        };
    }

    private bool IsOver => Stopping || Now() - start >= end;

    private Socket Listen(LabHost to, IPAddress destination) => TrafficSockets.Make(to, SocketType.Stream, destination,
        socket =>
        {
            socket.Bind(new IPEndPoint(TrafficSockets.AnyLike(destination), 0));
            socket.Listen(options.Connections);
        }, $"Host {to} cannot listen for {destination}");

    private Socket Accept(Socket listener, LabHost to)
    {
        if (!TrafficSockets.WaitReadable(listener, Nanoseconds(options.ConnectTimeout)))
        {
            throw new LabException($"Host {to} has not seen the connection that stands at the sender's end: the link " +
                "between them lost its last packet. Start the transfer again when the link is whole.");
        }
        Socket socket = listener.Accept();
        socket.Blocking = false;
        return socket;
    }

    private Socket Connect(LabHost from, IPAddress destination, int port) => TrafficSockets.Make(
        from, SocketType.Stream, destination, socket =>
        {
            SetCongestionControl(socket);
            TrafficSockets.BindSource(socket, options.Source);
            socket.Blocking = false;
            Connect(socket, new IPEndPoint(destination, port));
            // What could not be delivered by the end is thrown away, not sent on after it.
            socket.LingerState = new LingerOption(true, 0);
        }, $"Host {from} cannot connect to {destination}");

    private void Connect(Socket socket, IPEndPoint destination)
    {
        try
        {
            socket.Connect(destination);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            if (!TrafficSockets.WaitWritable(socket, Nanoseconds(options.ConnectTimeout)))
            {
                throw new SocketException((int)SocketError.TimedOut);
            }
            var error = (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            if (error != SocketError.Success)
            {
                throw new SocketException((int)error);
            }
        }
    }

    private void SetCongestionControl(Socket socket)
    {
        if (options.CongestionControl is not string name)
        {
            return;
        }
        try
        {
            socket.SetRawSocketOption(Libc.IPPROTO_TCP, Libc.TCP_CONGESTION, Encoding.ASCII.GetBytes(name));
        }
        catch (SocketException e)
        {
            throw new LabException($"The kernel does not have the congestion control '{name}' ({e.Message}); " +
                "'sysctl net.ipv4.tcp_available_congestion_control' lists those it has.", e);
        }
    }

    private void Send(Socket socket)
    {
        byte[] block = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
        block.AsSpan().Clear();
        while (!IsOver)
        {
            if (!TrafficSockets.WaitWritable(socket, PollTime))
            {
                continue;
            }
            socket.Send(block, SocketFlags.None, out SocketError error);
            // The receiver ends with the time as well and may be the first to do so.
            if (error is not (SocketError.Success or SocketError.WouldBlock) && !IsOver)
            {
                throw new LabException($"The connection broke: {new SocketException((int)error).Message}.");
            }
        }
        Interlocked.Add(ref retransmissions, Retransmitted(socket));
    }

    private void Receive(Socket socket)
    {
        byte[] block = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
        bool open = true;
        while (open && !IsOver)
        {
            if (!TrafficSockets.WaitReadable(socket, PollTime))
            {
                continue;
            }
            int received = socket.Receive(block, SocketFlags.None, out SocketError error);
            if (received > 0)
            {
                arrivals.Add(Now() - start, received, 1);
            }
            open = received > 0 || error == SocketError.WouldBlock;
        }
        if (Interlocked.Decrement(ref receiversRunning) == 0)
        {
            Interlocked.Exchange(ref stoppedAt, Now() - start);
        }
    }

    /// <summary>tcpi_total_retrans of struct tcp_info.</summary>
    private static long Retransmitted(Socket socket)
    {
        const int offset = 100;
        Span<byte> info = stackalloc byte[104];
        int length = socket.GetRawSocketOption(Libc.IPPROTO_TCP, Libc.TCP_INFO, info);
        return length >= info.Length ? BitConverter.ToUInt32(info[offset..]) : 0;
    }
}
