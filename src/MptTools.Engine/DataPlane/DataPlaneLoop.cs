using MptTools.Engine.Linux;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// The thread that moves packets, both ways. It waits for descriptors and for the ordering's deadlines, and for nothing
/// else; the control plane changes what it works on by swapping references and waits for it to have taken notice.
/// </summary>
internal sealed class DataPlaneLoop : IDisposable
{
    private readonly TimeProvider time;
    private readonly long origin;
    private readonly Epoll epoll = new();
    private readonly EventFd wake = new();
    private readonly Uplink uplink = new();
    private readonly Downlink downlink;
    private readonly List<TunnelRuntime> readableTunnels = new(4);
    private readonly Lock changes = new();
    private readonly Thread thread;

    // What epoll's numbers stand for: a TunnelRuntime, a ReceiveSource, or null for the wake-up (number 0).
    private volatile object?[] descriptors = new object?[16];
    private Action? onNextRound;
    private volatile bool stopping;

    internal DataPlaneLoop(string name, TimeProvider time, KeepaliveMailbox keepalives)
    {
        this.time = time;
        origin = time.GetTimestamp();
        downlink = new Downlink(new ChunkPool(), keepalives);
        epoll.Add(wake.Descriptor, 0);
        thread = new Thread(Run) { Name = $"{name} data", IsBackground = true };
    }

    internal ChunkPool Chunks => downlink.Chunks;

    /// <summary>Monotonic time since the loop was made.</summary>
    internal TimeSpan Now => time.GetElapsedTime(origin);

    /// <summary>Called once, on the loop's thread, when it ends by an exception.</summary>
    internal Action<Exception>? Failed { get; init; }

    internal void Start() => thread.Start();

    /// <summary>Makes the thread look at what was changed.</summary>
    internal void Wake() => wake.Signal();

    internal void Add(TunnelRuntime tunnel) => Add(tunnel, tunnel.Device.Descriptor);

    internal void Add(ReceiveSource source) => Add(source, source.Socket.Descriptor);

    /// <summary>The source is not read any more when this returns; its socket may be closed.</summary>
    internal void Remove(ReceiveSource source)
    {
        lock (changes)
        {
            object?[] copy = [.. descriptors];
            copy[Array.IndexOf(copy, source)] = null;
            descriptors = copy;
            epoll.Remove(source.Socket.Descriptor);
        }
        OnThread(() => { });
    }

    /// <summary>The connection takes no packets any more (its sources are removed): what waits in it is given back.</summary>
    internal void Forget(ConnectionRuntime connection) => OnThread(() => downlink.Forget(connection));

    /// <summary>Runs something between two rounds and waits until it was run.</summary>
    internal void OnThread(Action action)
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
        TimeSpan? timeout = downlink.Deadline - Now;
        int ready = epoll.Wait(timeout);
        TimeSpan now = Now;
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
                    downlink.Receive(source, ready, now);
                    break;
                case TunnelRuntime tunnel:
                    readableTunnels.Add(tunnel);
                    break;
            }
        }
        downlink.Deliver(now);
        foreach (TunnelRuntime tunnel in readableTunnels)
        {
            uplink.Run(tunnel);
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
        uplink.Dispose();
        downlink.Dispose();
        downlink.Chunks.Dispose();
        epoll.Dispose();
        wake.Dispose();
    }
}
