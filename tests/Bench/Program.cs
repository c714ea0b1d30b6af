using System.Diagnostics;
using System.Reflection;
using MptTools.Bench.Control;
using MptTools.Bench.Micro;
using MptTools.Bench.Tunnel;

namespace MptTools.Bench;

/// <summary>The benchmarks' command line.</summary>
internal static class Program
{
    internal const int Done = 0, Failed = 1, Usage = 2;

    private const string UsageText =
        """
        Usage: dotnet run -c Release --project tests/Bench -- tunnel [options]
               dotnet run -c Release --project tests/Bench -- control
               dotnet run -c Release --project tests/Bench -- micro [options of BenchmarkDotNet]

            tunnel         Measures the whole tunnel against bare veth and the kernel's VXLAN, in
                           network namespaces of its own. Needs root, iproute2, iperf3, ethtool and
                           ping; what is missing is installed with apt-get where there is one.
              --quick      Less than a minute: the main table, one round. Otherwise less than ten.
              --rounds N   So many rounds instead of as many as there is time for.
              --only NAME,...
                           Only these sections, subjects and loads; a wrong name lists them.
              --pwsh       Measures the server inside pwsh as well.
              --output DIR Where the report, the values (JSON) and the chart (SVG) go; artifacts/bench
                           unless given.

            control        Measures commands: the mpt program from start to exit, a path's status
                           change until the peer has it, handshakes a second. Needs root and iproute2.

            micro          Measures checksum, segmentation, merging, reordering and what chooses a path,
                           each by itself: all with --filter '*', some with --filter '*Checksum*'.

        """;

    private static int Main(string[] arguments)
    {
        if (arguments.Length == 0 || arguments[0] is "--help" or "-h")
        {
            Console.Out.Write(UsageText);
            return arguments.Length == 0 ? Usage : Done;
        }
        if (typeof(Program).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
        {
            Console.Error.WriteLine("bench: This was built for debugging, and its figures would mean nothing; run it with -c Release.");
            return Usage;
        }
        switch (arguments[0])
        {
            case "tunnel":
                return TunnelBenchmark.Run(arguments[1..]);
            case "control":
                return ControlBenchmark.Run(arguments[1..]);
            case "micro":
                return MicroBenchmarks.Run(arguments[1..]);
            default:
                Console.Error.Write($"bench: '{arguments[0]}' is not understood.\n\n{UsageText}");
                return Usage;
        }
    }
}
