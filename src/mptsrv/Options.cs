using System.Globalization;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Mptsrv;

/// <summary>What the command line asks for.</summary>
internal enum Job
{
    Serve,
    Check,
    Demo,
    Help,
    Version,
}

/// <summary>The command line, understood.</summary>
internal sealed record Options
{
    internal const string Usage =
        """
        Usage: mptsrv [--config DIR] [--disable-offloads LIST] [--threads N]
                      [--log-level LEVEL] [-d]
               mptsrv check [--config DIR]
               mptsrv demo

        Runs the multipath tunnel that the files in DIR describe.

            check         Reads the files, prints every fault, starts nothing.
            demo          Shows the tunnel at work on this machine, in half a minute: two
                          hosts, two links, one of them cut. Needs root and iproute2.
            --config DIR  The directory of interface.conf. Without it: ./conf where that
                          holds an interface.conf, else /etc/mpttools.
            --disable-offloads LIST
                          What is not used though the kernel has it, beside what
                          disable_offloads in interface.conf says: tun_tcp, tun_udp,
                          tun_merge, udp_segment, udp_gro with commas between them,
                          or all.
            --threads N   Moves packets with N threads, 1 to 64, or auto: as many as suit
                          the processors. Without it: what interface.conf says.
            --log-level LEVEL
                          The least grave events that are logged: error, warning, notice,
                          info or debug. Without it: info.
            -d            Goes on in the background once the server runs; events go to
                          the system log.
            --help        Shows this.
            --version     Shows the version.

        Without -d the server answers on the terminal, each with Enter: p prints the
        status, r reads the configuration again, q quits. SIGTERM and Ctrl-C stop it,
        SIGHUP has it read the configuration again.

        Exit code: 0 done, 1 could not start or died, 2 wrong usage, 3 faults in the
        configuration.

        """;

    internal Job Job { get; init; }

    /// <summary>A full path.</summary>
    internal required string ConfigDirectory { get; init; }

    /// <summary>Turned off beside those of the configuration.</summary>
    internal Offloads DisabledOffloads { get; init; }

    /// <summary>Threads that move packets; 0: as many as suit the processors; null: as interface.conf says.</summary>
    internal int? Threads { get; init; }

    /// <summary>The least grave events that are logged.</summary>
    internal MptEventLevel LogLevel { get; init; } = MptEventLevel.Information;

    /// <summary>Go to the background.</summary>
    internal bool Detach { get; init; }

    /// <summary>This is the process in the background; the inherited handle where the one in front waits for news.</summary>
    internal string? DetachedFrom { get; init; }

    /// <summary>Understands a command line, or says in a sentence what is wrong with it.</summary>
    internal static Options? Parse(IReadOnlyList<string> arguments, out string fault)
    {
        fault = "";
        Job task = Job.Serve;
        string? directory = null;
        string? detachedFrom = null;
        Offloads offloads = Offloads.None;
        bool detach = false;
        string? threads = null;
        string? level = null;
        for (int i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "check" when i == 0:
                    task = Job.Check;
                    break;
                case "demo" when i == 0:
                    task = Job.Demo;
                    break;
                case "--help" or "-h":
                    task = Job.Help;
                    break;
                case "--version":
                    task = Job.Version;
                    break;
                case "-d":
                    detach = true;
                    break;
                case "--config" when i + 1 < arguments.Count:
                    directory = arguments[++i];
                    break;
                case var option when option.StartsWith("--config=", StringComparison.Ordinal):
                    directory = option["--config=".Length..];
                    break;
                case OffloadsOption when i + 1 < arguments.Count:
                    if (!TryAdd(arguments[++i], ref offloads, out fault))
                    {
                        return null;
                    }
                    break;
                case var option when option.StartsWith($"{OffloadsOption}=", StringComparison.Ordinal):
                    if (!TryAdd(option[(OffloadsOption.Length + 1)..], ref offloads, out fault))
                    {
                        return null;
                    }
                    break;
                case ThreadsOption when i + 1 < arguments.Count:
                    threads = arguments[++i];
                    break;
                case var option when option.StartsWith($"{ThreadsOption}=", StringComparison.Ordinal):
                    threads = option[(ThreadsOption.Length + 1)..];
                    break;
                case LevelOption when i + 1 < arguments.Count:
                    level = arguments[++i];
                    break;
                case var option when option.StartsWith($"{LevelOption}=", StringComparison.Ordinal):
                    level = option[(LevelOption.Length + 1)..];
                    break;
                case DetachedOption when i + 1 < arguments.Count:
                    detachedFrom = arguments[++i];
                    break;
                case OffloadsOption:
                    fault = $"{OffloadsOption} needs a list: {OffloadNames.Wanted}.";
                    return null;
                case "--config":
                    fault = "--config needs a directory.";
                    return null;
                case ThreadsOption:
                    fault = ThreadsFault;
                    return null;
                case LevelOption:
                    fault = LevelFault;
                    return null;
                default:
                    fault = $"'{arguments[i]}' is not understood.";
                    return null;
            }
        }
        if (directory?.Length == 0)
        {
            fault = "--config needs a directory.";
            return null;
        }
        if (!TryReadThreads(threads, out int? threadCount))
        {
            fault = ThreadsFault;
            return null;
        }
        if (EventNames.LevelOf(level ?? DefaultLevel) is not { } logLevel)
        {
            fault = LevelFault;
            return null;
        }
        return new Options
        {
            Job = task,
            LogLevel = logLevel,
            Threads = threadCount,
            ConfigDirectory = Path.GetFullPath(directory ?? Engine.Config.ConfigDirectory.Default(Environment.CurrentDirectory)),
            DisabledOffloads = offloads,
            Detach = detach,
            DetachedFrom = detachedFrom,
        };
    }

    private const string OffloadsOption = "--disable-offloads";

    private static bool TryAdd(string list, ref Offloads offloads, out string fault)
    {
        string? wrong = OffloadNames.Parse(list, out Offloads named);
        offloads |= named;
        fault = wrong is null ? "" : $"{OffloadsOption} {wrong}. Write {OffloadNames.Wanted}.";
        return wrong is null;
    }

    private const string LevelOption = "--log-level", DefaultLevel = "info";
    private static readonly string LevelFault = $"{LevelOption} needs one of {string.Join(", ", EventNames.LevelNames)}.";

    private const string ThreadsOption = "--threads", Auto = "auto";
    private const string ThreadsFault = $"{ThreadsOption} needs a number from 1 to 64, or auto.";

    private static bool TryReadThreads(string? text, out int? threads)
    {
        threads = text switch
        {
            null => null,
            Auto => 0,
            _ => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1,
        };
        return text is null or Auto || threads is >= 1 and <= MptServerOptions.MaximumThreads;
    }

    /// <summary>The command line that asks for the same server, for the process in the background.</summary>
    internal IEnumerable<string> ServerArguments() =>
    [
        "--config", ConfigDirectory, OffloadsOption, OffloadNames.Of(DisabledOffloads), LevelOption, EventNames.Of(LogLevel),
        .. Threads is { } threads ? (string[])[ThreadsOption, threads == 0 ? Auto : threads.ToString(CultureInfo.InvariantCulture)] : [],
    ];

    /// <summary>For the process in front to tell the one in the background; nobody else's business, so not in the usage.</summary>
    internal const string DetachedOption = "--detached-from";
}

/// <summary>What the process says when it ends.</summary>
internal static class ExitCode
{
    internal const int Done = 0, Failed = 1, Usage = 2, Configuration = 3;
}
