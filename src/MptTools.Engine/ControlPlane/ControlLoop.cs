using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>What the control thread does when something happens; all of it on that thread.</summary>
internal interface IControlWork
{
    /// <summary>When <see cref="Tick"/> is due; null: not by time.</summary>
    TimeSpan? NextTick { get; }

    TimeSpan Now { get; }

    /// <summary>Keepalives may have come, or time has passed.</summary>
    void Tick();

    void LinksChanged();

    /// <summary>An exception nobody handled: the server cannot go on.</summary>
    void Failed(Exception e);
}

/// <summary>The thread that everything but packets happens on: timers, the kernel's notices, commands.</summary>
internal sealed unsafe class ControlLoop
{
    private readonly LinkMonitor links;
    private readonly EventFd wake;
    private readonly IControlWork work;
    private readonly Thread thread;
    private readonly ConcurrentQueue<Action> commands = new();
    private readonly List<(int Descriptor, Action Ready)> watched = [];
    private readonly SemaphoreSlim ending = new(0);
    private bool watchedChanged = true;
    private volatile bool stopping;
    private Action? last;
    private ExceptionDispatchInfo? lastFailure;

    /// <param name="wake">Signalled by whoever puts something in front of <see cref="IControlWork.Tick"/>; not disposed here.</param>
    internal ControlLoop(string name, LinkMonitor links, EventFd wake, IControlWork work)
    {
        (this.links, this.wake, this.work) = (links, wake, work);
        thread = new Thread(Run) { Name = $"{name} control", IsBackground = true };
    }

    /// <summary>Calls <paramref name="ready"/> whenever a descriptor can be read. On the control thread, or before <see cref="Start"/>.</summary>
    internal void Watch(int descriptor, Action ready)
    {
        watched.Add((descriptor, ready));
        watchedChanged = true;
    }

    /// <summary>The descriptor is about to be closed. On the control thread, or before <see cref="Start"/>.</summary>
    internal void Unwatch(int descriptor)
    {
        watched.RemoveAll(item => item.Descriptor == descriptor);
        watchedChanged = true;
    }

    internal void Start() => thread.Start();

    /// <summary>Runs something on the control thread, later; not at all where the server stops before that.</summary>
    internal void Post(Action action)
    {
        commands.Enqueue(() =>
        {
            if (!stopping)
            {
                action();
            }
        });
        wake.Signal();
    }

    /// <summary>Runs something on the control thread and gives its result or its exception.</summary>
    /// <exception cref="MptCommandException">The server stops before it comes to it.</exception>
    internal T Invoke<T>(Func<T> command)
    {
        if (Thread.CurrentThread == thread)
        {
            return command();
        }
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        commands.Enqueue(() =>
        {
            if (stopping)
            {
                done.TrySetException(new MptCommandException("The server is stopping.") { Kind = MptErrorKind.ConnectionLost });
                return;
            }
            try
            {
                done.TrySetResult(command());
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        });
        wake.Signal();
        if (stopping)
        {
            RunCommands();
        }
        return done.Task.GetAwaiter().GetResult();
    }

    private void Run()
    {
        try
        {
            (int Descriptor, Action Ready)[] waitedFor = [];
            Libc.pollfd[] descriptors = [];
            while (!stopping)
            {
                if (watchedChanged)
                {
                    watchedChanged = false;
                    waitedFor = [(wake.Descriptor, () => { }), (links.Descriptor, () => { }), .. watched];
                    descriptors = Array.ConvertAll(waitedFor, item => new Libc.pollfd { fd = item.Descriptor, events = Libc.POLLIN });
                }
                Wait(descriptors);
                wake.Clear();
                if (links.ReadNotices())
                {
                    work.LinksChanged();
                }
                for (int i = 0; i < descriptors.Length; i++)
                {
                    if (descriptors[i].revents != 0)
                    {
                        waitedFor[i].Ready();
                    }
                }
                RunCommands();
                work.Tick();
            }
        }
        catch (Exception e)
        {
            stopping = true;
            work.Failed(e);
        }
        RunCommands();
        ending.Wait();
        try
        {
            last!();
        }
        catch (Exception e)
        {
            lastFailure = ExceptionDispatchInfo.Capture(e);
        }
    }

    private void Wait(Libc.pollfd[] descriptors)
    {
        int timeout = -1;
        if (work.NextTick is TimeSpan due)
        {
            // Rounded up: waking a moment too early would spin until the moment is there.
            timeout = (int)Math.Clamp(Math.Ceiling((due - work.Now).TotalMilliseconds), 0, int.MaxValue);
        }
        fixed (Libc.pollfd* first = descriptors)
        {
            if (Libc.poll(first, (nuint)descriptors.Length, timeout) < 0)
            {
                // Interrupted: what stands there is of an earlier round.
                foreach (ref Libc.pollfd descriptor in descriptors.AsSpan())
                {
                    descriptor.revents = 0;
                }
            }
        }
    }

    private void RunCommands()
    {
        while (commands.TryDequeue(out Action? command))
        {
            command();
        }
    }

    /// <summary>
    /// Ends the thread; commands that wait are refused. Its last act is <paramref name="last"/>: whoever ends the server may be in
    /// another network namespace, this thread is in the server's own. Where it never ran, the caller is the one who starts the server.
    /// </summary>
    internal void End(Action last)
    {
        this.last = last;
        stopping = true;
        wake.Signal();
        if (thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            RunCommands();
            last();
            return;
        }
        ending.Release();
        thread.Join();
        RunCommands();
        ending.Dispose();
        lastFailure?.Throw();
    }
}
