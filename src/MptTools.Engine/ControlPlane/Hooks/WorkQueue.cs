namespace MptTools.Engine.ControlPlane.Hooks;

/// <summary>
/// Does things one after another (or a few at a time) on threads of its own, which are there only while there is something to do.
/// </summary>
/// <param name="name">The threads' name.</param>
/// <param name="workers">How many things are done at a time; with 1 they are done in their order.</param>
/// <param name="limit">How many may wait.</param>
internal sealed class WorkQueue(string name, int workers, int limit)
{
    private readonly Lock changes = new();
    private readonly Queue<Action> waiting = [];
    private readonly ManualResetEventSlim idle = new(true);
    private int running;
    private bool closed;

    /// <summary>Puts something at the end.</summary>
    /// <returns>False when too much waits already, or all is over.</returns>
    internal bool TryAdd(Action work)
    {
        lock (changes)
        {
            if (closed || waiting.Count >= limit)
            {
                return false;
            }
            waiting.Enqueue(work);
            if (running < workers)
            {
                running++;
                idle.Reset();
                new Thread(Work) { Name = name, IsBackground = true }.Start();
            }
            return true;
        }
    }

    /// <summary>Waits until nothing is left to do.</summary>
    /// <returns>False when it took too long.</returns>
    internal bool WaitUntilIdle(TimeSpan limit) => idle.Wait(limit);

    /// <summary>Takes nothing more; what waits is not done any more.</summary>
    /// <returns>How many waited.</returns>
    internal int Close()
    {
        lock (changes)
        {
            closed = true;
            int left = waiting.Count;
            waiting.Clear();
            return left;
        }
    }

    private void Work()
    {
        while (true)
        {
            Action next;
            lock (changes)
            {
                if (!waiting.TryDequeue(out next!))
                {
                    if (--running == 0)
                    {
                        idle.Set();
                    }
                    return;
                }
            }
            next();
        }
    }
}
