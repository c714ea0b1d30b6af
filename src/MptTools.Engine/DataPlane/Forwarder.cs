using MptTools.Engine.Linux;

namespace MptTools.Engine.DataPlane;

/// <summary>
/// The threads that move packets, as the control plane sees them. TUN devices have a queue for each thread that sends; a
/// connection is received for by one thread, so that one thread puts its packets in order.
/// </summary>
internal sealed class Forwarder : IDisposable
{
    private readonly TimeProvider time;
    private readonly long origin;
    private readonly ForwardingThread[] uplinks;
    private readonly ForwardingThread[] downlinks;
    private readonly int[] connectionsOf;

    /// <param name="name">The server's.</param>
    /// <param name="keepaliveArrival">Tells the control plane to look into <see cref="Keepalives"/>.</param>
    /// <param name="failed">Called on a thread that ends by an exception.</param>
    internal Forwarder(string name, TimeProvider time, ThreadPlan plan, EventFd keepaliveArrival, Action<Exception>? failed = null)
    {
        this.time = time;
        origin = time.GetTimestamp();
        Plan = plan;
        uplinks = new ForwardingThread[plan.Uplinks];
        downlinks = new ForwardingThread[plan.Downlinks];
        connectionsOf = new int[plan.Downlinks];
        if (plan.IsOneForBoth)
        {
            uplinks[0] = downlinks[0] = Make($"{name} data", new Uplink(), new Downlink(0, keepaliveArrival));
        }
        else
        {
            for (int i = 0; i < uplinks.Length; i++)
            {
                uplinks[i] = Make($"{name} uplink {i}", new Uplink(isOneOfSeveral: uplinks.Length > 1), null);
            }
            for (int i = 0; i < downlinks.Length; i++)
            {
                downlinks[i] = Make($"{name} downlink {i}", null, new Downlink(i, keepaliveArrival));
            }
        }
        Keepalives = [.. downlinks.Select(thread => thread.Downlink!.Keepalives)];

        ForwardingThread Make(string threadName, Uplink? uplink, Downlink? downlink) =>
            new(threadName, () => Now, uplink, downlink) { Failed = failed };
    }

    internal ThreadPlan Plan { get; }

    /// <summary>What has come for the control plane, by each thread that receives.</summary>
    internal IReadOnlyList<KeepaliveMailbox> Keepalives { get; }

    /// <summary>Monotonic time since this was made.</summary>
    internal TimeSpan Now => time.GetElapsedTime(origin);

    private IEnumerable<ForwardingThread> Threads => uplinks.Union(downlinks);

    internal void Start()
    {
        foreach (ForwardingThread thread in Threads)
        {
            thread.Start();
        }
    }

    /// <summary>Has the device's queues read, each by its thread.</summary>
    internal void Add(TunnelRuntime tunnel)
    {
        for (int i = 0; i < uplinks.Length; i++)
        {
            uplinks[i].Add(tunnel.Readers[i]);
        }
    }

    /// <summary>Who receives for a new connection: the thread with the fewest. Taken back by <see cref="Forget"/>.</summary>
    internal Downlink AssignDownlink()
    {
        int index = Array.IndexOf(connectionsOf, connectionsOf.Min());
        connectionsOf[index]++;
        return downlinks[index].Downlink!;
    }

    internal void Add(ReceiveSource source) => ThreadOf(source.Connection).Add(source);

    /// <summary>The source is not used any more when this returns, neither way; its socket may be closed.</summary>
    internal void Remove(ReceiveSource source)
    {
        ForwardingThread receiving = ThreadOf(source.Connection);
        receiving.Remove(source);
        if (source.Path is null)
        {
            return;
        }
        foreach (ForwardingThread sending in uplinks)
        {
            if (sending != receiving)
            {
                sending.FinishRound();
            }
        }
    }

    /// <summary>Whoever sends has sent all that it had picked a path for before the call.</summary>
    internal void FinishSending()
    {
        foreach (ForwardingThread sending in uplinks)
        {
            sending.FinishRound();
        }
    }

    /// <summary>
    /// Runs something while all threads stand between two rounds: none has a packet in hand, and each sees what was changed when
    /// it goes on. What comes meanwhile waits in the kernel's queues, so the action is short, and neither waits nor throws.
    /// </summary>
    internal void Pause(Action action) => StandStill([.. Threads], 0, action);

    /// <summary>The connection takes no packets any more (its sources are removed): what waits in it is given back.</summary>
    internal void Forget(ConnectionRuntime connection)
    {
        ThreadOf(connection).Execute(() => connection.Downlink.Forget(connection));
        if (connection.Shaper is { } shaper)
        {
            foreach (ForwardingThread sending in uplinks)
            {
                sending.Execute(() => sending.Forget(connection));
            }
            shaper.Dispose();
        }
        connectionsOf[connection.Downlink.Index]--;
    }

    /// <summary>Has the connection's packets that wait looked at again.</summary>
    internal void Wake(ConnectionRuntime connection)
    {
        ThreadOf(connection).Wake();
        if (connection.Shaper is not null)
        {
            Array.ForEach(uplinks, sending => sending.Wake());
        }
    }

    // Each thread that stands has the next one stand; the last one acts.
    private static void StandStill(ForwardingThread[] threads, int standing, Action action)
    {
        if (standing == threads.Length)
        {
            action();
        }
        else
        {
            threads[standing].Execute(() => StandStill(threads, standing + 1, action));
        }
    }

    private ForwardingThread ThreadOf(ConnectionRuntime connection) => downlinks[connection.Downlink.Index];

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        foreach (ForwardingThread thread in Threads)
        {
            thread.Dispose();
        }
    }
}
