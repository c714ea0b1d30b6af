namespace MptTools.Engine.DataPlane;

/// <summary>How many threads move packets, and which way.</summary>
/// <param name="Threads">1 to <see cref="Maximum"/>.</param>
internal readonly record struct ThreadPlan(int Threads)
{
    internal const int Maximum = 64;

    /// <summary>One thread does both.</summary>
    internal bool IsOneForBoth => Threads == 1;

    /// <summary>Threads that send, each with a queue of every TUN device.</summary>
    internal int Uplinks => Math.Max(Threads / 2, 1);

    /// <summary>Threads that receive.</summary>
    internal int Downlinks => IsOneForBoth ? 1 : Threads - Uplinks;

    /// <summary>
    /// The plan for a machine. On two processors one thread for both ways has the better round-trip time, and leaves a processor
    /// to who makes the traffic.
    /// </summary>
    /// <param name="threads">What is asked for; 0: as many as suit the processors.</param>
    /// <param name="processors">Those that may be used.</param>
    /// <exception cref="MptStartException">So many threads there cannot be.</exception>
    internal static ThreadPlan For(int threads, int processors) => threads switch
    {
        0 => new ThreadPlan(processors switch { <= 2 => 1, < 8 => 2, < 16 => 4, _ => 8 }),
        >= 1 and <= Maximum => new ThreadPlan(threads),
        _ => throw new MptStartException($"{threads} is no number of threads. Choose 1 to {Maximum}, or 0 for as many as suit the processors."),
    };
}
