namespace MptTools.Engine.DataPlane;

/// <summary>
/// What a connection's packets wait in where paths have a rate limit. The sending side's; of the holder of the gate where several threads send.
/// </summary>
internal sealed class Shaper : IDisposable
{
    internal ChunkPool Chunks { get; } = new();

    /// <summary>Who looks at it when <see cref="Due"/> has come; null: nobody has to, nothing waits.</summary>
    internal Uplink? Server { get; set; }

    /// <summary>When something that waits may leave.</summary>
    internal TimeSpan Due { get; set; }

    /// <summary>The paths that were up when that was reckoned: with others something may leave at once.</summary>
    internal uint PathsSeen { get; set; }

    /// <summary>Queues of paths and rules that are no more; what waits there finds another way.</summary>
    internal List<FairQueue> Homeless { get; } = [];

    /// <summary>With everything that waits.</summary>
    public void Dispose() => Chunks.Dispose();
}
