using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Starting a server so that a user who has had enough need not wait for it: a hook may think for minutes.</summary>
internal static class ServerStart
{
    /// <summary>Starts something that holds a server.</summary>
    /// <param name="start">Starts it, on a thread that is in the network namespace of the calling one; those of the pool need not be.</param>
    /// <param name="wait">Waits for it.</param>
    /// <param name="discard">Stops it again, where the wait was given up before it ran.</param>
    /// <exception cref="OperationCanceledException">The wait was given up.</exception>
    internal static T Run<T>(Func<T> start, Action<Task> wait, Action<T> discard)
    {
        TaskCompletionSource<T> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Complete(started, start)) { IsBackground = true, Name = "server start" }.Start();
        try
        {
            wait(started.Task);
        }
        catch (OperationCanceledException)
        {
            _ = started.Task.ContinueWith(
                task => discard(task.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
        return started.Task.Result;
    }

    /// <summary>Starts a server as a job, which then is one of the session's.</summary>
    /// <exception cref="MptStartException">It cannot start; there is no job.</exception>
    internal static MptServerJob Run(MptServerJob job, ServerConfig config, JobRepository jobs, Action<Task> wait)
    {
        try
        {
            Run(() =>
            {
                job.Start(config);
                return job;
            }, wait, job => job.Dispose());
        }
        catch (MptStartException)
        {
            job.Dispose();
            throw;
        }
        jobs.Add(job);
        return job;
    }

    private static void Complete<T>(TaskCompletionSource<T> started, Func<T> start)
    {
        try
        {
            started.SetResult(start());
        }
        catch (Exception e)
        {
            started.SetException(e);
        }
    }
}
