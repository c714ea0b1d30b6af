namespace MptTools.Lab.Traffic;

/// <summary>What a bulk transfer over TCP is like.</summary>
public sealed record TcpStreamOptions : StreamOptions
{
    /// <summary>The congestion control by the kernel's name, or null for the system's; "cubic" unless set, which every
    /// kernel has.</summary>
    public string? CongestionControl { get; init; } = "cubic";

    /// <summary>Connections side by side: 1 to 64; 1 unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public int Connections
    {
        get;
        init => field = value is >= 1 and <= 64 ? value : throw Wrong(nameof(Connections), value, "1 to 64");
    } = 1;

    /// <summary>How long connecting may take: above 0 and at most a minute; 5 seconds unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the range.</exception>
    public TimeSpan ConnectTimeout
    {
        get;
        init => field = value > TimeSpan.Zero && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw Wrong(nameof(ConnectTimeout), value, "above 0 and at most a minute");
    } = TimeSpan.FromSeconds(5);
}
