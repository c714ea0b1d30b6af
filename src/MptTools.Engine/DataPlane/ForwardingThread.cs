using MptTools.Engine.Linux;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// A thread that moves packets, one way or both. It waits for descriptors and for the ordering's deadlines, and for nothing
/// else; the control plane changes what it works on by swapping references and waits for it to have taken notice.
/// </summary>
internal sealed class ForwardingThread : IDisposable
{
    private readonly Func<TimeSpan> clock;
    private readonly Epoll epoll = new();
    private readonly EventFd wake = new();
    private readonly Uplink? uplink;
    private readonly List<TunnelReader> readableTunnels = new(4);
    private readonly List<TunnelReader> gatheringTunnels = new(4);
    private readonly Lock changes = new();
    private readonly Thread thread;

    // What epoll's numbers stand for: a TunnelReader, a ReceiveSource, or null for the wake-up (number 0).
    private volatile object?[] descriptors = new object?[16];
    private Action? onNextRound;
    private volatile bool stopping;

    /// <param name="name">The system shows its first 15 bytes.</param>
    /// <param name="clock">Monotonic time.</param>
    /// <param name="uplink">Null for a thread that only receives. Disposed with this.</param>
    /// <param name="downlink">Null for a thread that only sends. Disposed with this.</param>
    internal ForwardingThread(string name, Func<TimeSpan> clock, Uplink? uplink, Downlink? downlink)
    {
        this.clock = clock;
        this.uplink = uplink;
        Downlink = downlink;
        epoll.Add(wake.Descriptor, 0);
        thread = new Thread(Run) { Name = name, IsBackground = true };
    }

    internal bool Sends => uplink is not null;

    /// <summary>The connection takes no packets any more. Between two rounds.</summary>
    internal void Forget(ConnectionRuntime connection) => uplink?.Forget(connection);

    internal Downlink? Downlink { get; }

    /// <summary>Called on the thread when it ends by an exception.</summary>
    internal Action<Exception>? Failed { get; init; }

    internal void Start() => thread.Start();

    /// <summary>Makes the thread look at what was changed.</summary>
    internal void Wake() => wake.Signal();

    internal void Add(TunnelReader tunnel) => Add(tunnel, tunnel.Queue.Descriptor);

    internal void Add(ReceiveSource source) => Add(source, source.Socket.Descriptor);

    /// <summary>The source is not read any more when this returns.</summary>
    internal void Remove(ReceiveSource source)
    {
        lock (changes)
        {
            object?[] copy = [.. descriptors];
            copy[Array.IndexOf(copy, source)] = null;
            descriptors = copy;
            epoll.Remove(source.Socket.Descriptor);
        }
        FinishRound();
    }

    /// <summary>Returns when the thread works on nothing that it had taken up before the call.</summary>
    internal void FinishRound() => Execute(() => { });

    /// <summary>Runs something between two rounds and waits until it was run.</summary>
    internal void Execute(Action action)
    {
        if (!thread.IsAlive)
        {
            action();
            return;
        }
        using ManualResetEventSlim done = new();
        lock (changes)
        {
            onNextRound = () =>
            {
                action();
                done.Set();
            };
            wake.Signal();
            while (!done.Wait(TimeSpan.FromMilliseconds(100)))
            {
                if (!thread.IsAlive)
                {
                    return;
                }
            }
        }
    }

    private void Add(object owner, int descriptor)
    {
        lock (changes)
        {
            int id = Array.IndexOf(descriptors, null, 1);
            object?[] copy = [.. descriptors];
            if (id < 0)
            {
                id = copy.Length;
                Array.Resize(ref copy, copy.Length * 2);
            }
            copy[id] = owner;
            descriptors = copy;
            epoll.Add(descriptor, id);
        }
    }

    private void Run()
    {
        try
        {
            while (!stopping)
            {
                Round();
            }
        }
        catch (Exception e)
        {
            Failed?.Invoke(e);
        }
    }

    private void Round()
    {
        TimeSpan? due = Downlink?.Deadline;
        foreach (TunnelReader tunnel in gatheringTunnels)
        {
            due = due < tunnel.Gathering.Due ? due : tunnel.Gathering.Due;
        }
        due = uplink?.Deadline is { } leaving && !(due <= leaving) ? leaving : due;
        int ready = epoll.Wait(due - clock());
        TimeSpan now = clock();
        if (WasWoken(ready))
        {
            // Cleared before anything is looked at: who wakes the thread from here on gets another round.
            wake.Clear();
            Interlocked.Exchange(ref onNextRound, null)?.Invoke();
        }
        object?[] owners = descriptors;
        for (int i = 0; i < ready; i++)
        {
            int id = epoll[i];
            switch (id < owners.Length ? owners[id] : null)
            {
                case ReceiveSource source:
                    Downlink!.Receive(source, ready, now);
                    break;
                case TunnelReader tunnel:
                    readableTunnels.Add(tunnel);
                    break;
            }
        }
        Downlink?.Deliver(now);
        uplink?.SendWaiting(now);
        Send(now);
    }

    /// <summary>Queues that are gathering are not waited for, but read when their time has come.</summary>
    private void Send(TimeSpan now)
    {
        foreach (TunnelReader tunnel in gatheringTunnels)
        {
            if (tunnel.Gathering.Due <= now)
            {
                readableTunnels.Add(tunnel);
            }
        }
        foreach (TunnelReader tunnel in readableTunnels)
        {
            bool wasGathering = tunnel.Gathering.Due is not null;
            (int packets, int bytes) = uplink!.Run(tunnel, now);
            tunnel.Gathering.HasRun(packets, bytes, now);
            bool isGathering = tunnel.Gathering.Due is not null;
            if (isGathering == wasGathering)
            {
                continue;
            }
            epoll.Watch(tunnel.Queue.Descriptor, Array.IndexOf(descriptors, tunnel), reading: !isGathering);
            if (isGathering)
            {
                gatheringTunnels.Add(tunnel);
            }
            else
            {
                gatheringTunnels.Remove(tunnel);
            }
        }
        readableTunnels.Clear();
    }

    private bool WasWoken(int ready)
    {
        for (int i = 0; i < ready; i++)
        {
            if (epoll[i] == 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        wake.Signal();
        if (thread.IsAlive)
        {
            thread.Join();
        }
        uplink?.Dispose();
        Downlink?.Dispose();
        epoll.Dispose();
        wake.Dispose();
    }
}
