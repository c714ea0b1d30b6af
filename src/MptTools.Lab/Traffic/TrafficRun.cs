using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace MptTools.Lab.Traffic;

/// <summary>Traffic between two hosts that is under way, on threads of its own and bounded in time.</summary>
/// <typeparam name="TReport">What was measured.</typeparam>
public abstract class TrafficRun<TReport> : IDisposable
    where TReport : class
{
    private readonly TaskCompletionSource<TReport> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration cancellation;
    private readonly CancellationToken cancellationToken;
    private readonly List<IDisposable> sockets = [];
    private ExceptionDispatchInfo? failure;
    private int partsRunning;
    private volatile bool stopping;

    private protected TrafficRun(CancellationToken cancellationToken)
    {
        this.cancellationToken = cancellationToken;
        cancellation = cancellationToken.Register(Stop);
    }

    /// <summary>Ends with the report, with what went wrong, or canceled.</summary>
    public Task<TReport> Completion => completion.Task;

    private protected bool Stopping => stopping;

    /// <summary>What has been measured so far; may be asked for at any time and from any thread.</summary>
    public abstract TReport Snapshot();

    /// <summary>Waits for the end, which comes by itself.</summary>
    /// <exception cref="LabException">The traffic could not be made.</exception>
    /// <exception cref="OperationCanceledException">The token it was started with was canceled.</exception>
    public TReport Wait() => Completion.GetAwaiter().GetResult();

    /// <summary>Ends the traffic early; <see cref="Completion"/> then has the report of what was measured.</summary>
    public void Stop() => stopping = true;

    /// <summary>Ends the traffic and waits until its threads have ended.</summary>
    public void Dispose()
    {
        Stop();
        // Its outcome belongs to whoever waits for the completion.
        Completion.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default).Wait();
        cancellation.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Nanoseconds of the clock every host of the machine shares.</summary>
    private protected static long Now() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    private protected static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    private protected static TimeSpan Span(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <summary>Disposes something when the last part has ended.</summary>
    private protected T Using<T>(T item)
        where T : IDisposable
    {
        lock (sockets)
        {
            sockets.Add(item);
        }
        return item;
    }

    /// <summary>Gives back what was taken by a constructor that fails.</summary>
    private protected void Abandon()
    {
        lock (sockets)
        {
            sockets.ForEach(item => item.Dispose());
        }
        cancellation.Dispose();
    }

    /// <summary>Runs each part on a thread of its own. A part that fails ends the others.</summary>
    private protected void RunParts(params ReadOnlySpan<(string Name, Action Body)> parts)
    {
        partsRunning = parts.Length;
        foreach ((string name, Action body) in parts)
        {
            new Thread(() => RunPart(body)) { IsBackground = true, Name = name }.Start();
        }
    }

    private void RunPart(Action body)
    {
        try
        {
            body();
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            Stop();
        }
        if (Interlocked.Decrement(ref partsRunning) == 0)
        {
            Complete();
        }
    }

    private void Complete()
    {
        lock (sockets)
        {
            sockets.ForEach(item => item.Dispose());
        }
        if (failure is not null)
        {
            completion.SetException(failure.SourceException);
        }
        else if (cancellationToken.IsCancellationRequested)
        {
            completion.SetCanceled(cancellationToken);
        }
        else
        {
            completion.SetResult(Snapshot());
        }
    }
}
