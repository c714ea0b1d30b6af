using MptTools.Engine.DataPlane;

namespace MptTools.Engine;

/// <summary>How a server runs, beside what its files say.</summary>
public sealed record MptServerOptions
{
    /// <summary>Called for every event from the first on, one at a time; null: nobody listens yet.</summary>
    public Action<MptEvent>? Observer { get; init; }

    /// <summary>Offloads that are not used even where the kernel has them, beside those that interface.conf turns off.</summary>
    public Offloads DisabledOffloads { get; init; }

    /// <summary>The most threads that move packets.</summary>
    public const int MaximumThreads = ThreadPlan.Maximum;

    /// <summary>
    /// How many threads move packets: 1 to 64; 0: as many as suit the processors this process may use; null: as interface.conf
    /// says.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>Where time comes from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
