namespace MptTools.Engine.Config;

/// <summary>
/// The ranges of the numbers in the files, ends included. Readers of files and parameters of cmdlets take them from here, so that
/// neither refuses what the other takes.
/// </summary>
public static class ConfigRanges
{
    /// <summary>Paths of a connection: 1 to this many.</summary>
    public const int MaxPaths = 20;

    /// <summary>Networks of a connection: 0 to this many.</summary>
    public const int MaxNetworks = 20;

    /// <summary>UDP ports: 1 to this.</summary>
    public const int MaxPort = 65535;

    /// <summary>weight_out and weight_in: 1 to this.</summary>
    public const int MaxWeight = 10000;

    /// <summary>reorder_window: 0 to this many packets.</summary>
    public const int MaxReorderWindow = 10000;

    /// <summary>max_buffdelay_msec: 0 to this many milliseconds.</summary>
    public const int MaxBufferDelayMilliseconds = 60000;

    /// <summary>permission: 0 to this, as bits.</summary>
    public const int MaxPermission = 3;

    /// <summary>status of a connection: 0 to this.</summary>
    public const int MaxStatusCode = 255;

    /// <summary>keepalive_time and dead_time: 0, or from this many seconds.</summary>
    public const double MinSeconds = 0.01;

    /// <summary>keepalive_time: up to this many seconds, a day.</summary>
    public const double MaxKeepaliveSeconds = 86400;

    /// <summary>dead_time: up to this many seconds.</summary>
    public const double MaxDeadSeconds = 3 * MaxKeepaliveSeconds;

    /// <summary>Rules of a connection: 0 to this many.</summary>
    public const int MaxRules = 200;

    /// <summary>path_priority: 1 to this.</summary>
    public const int MaxPathPriority = 255;

    /// <summary>rate_limit: 0 for none, or from this many bit/s.</summary>
    public const long MinRateLimit = 8_000;

    /// <summary>rate_limit: up to this many bit/s.</summary>
    public const long MaxRateLimit = 1_000_000_000_000;
}
