using System.Diagnostics;

namespace MptTools.Lab.Tests;

/// <summary>Waits for a state of the kernel or of a server that comes by itself, bounded in time.</summary>
public static class LabWait
{
    /// <summary>Looks every 20 ms until it holds, at most 10 seconds unless told otherwise.</summary>
    /// <exception cref="TimeoutException">It did not come to hold; the message says what was waited for.</exception>
    public static void Until(Func<bool> holds, string what, TimeSpan? timeout = null)
    {
        TimeSpan limit = timeout ?? TimeSpan.FromSeconds(10);
        long start = Stopwatch.GetTimestamp();
        using var pause = new ManualResetEventSlim();
        while (!holds())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"Waited {limit.TotalSeconds} seconds in vain until {what}.");
            }
            pause.Wait(20);
        }
    }
}
