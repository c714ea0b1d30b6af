using MptTools.Bench.Report;
using MptTools.Lab;

namespace MptTools.Bench.Tunnel;

/// <summary>An iperf3 that waits for clients, one after another.</summary>
internal sealed class IperfServer(LabHost host, int port)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private LabProcess? process;
    private int linesSeen;

    internal int Port => port;

    /// <summary>Waits until it takes the next client.</summary>
    internal void WaitUntilReady()
    {
        if (process is null || process.HasExited)
        {
            process = host.Start("iperf3", "-s", "-p", $"{port}", "--forceflush");
            linesSeen = 0;
        }
        process.WaitForLine(line => line.Text.Contains("Server listening", StringComparison.Ordinal), Timeout, linesSeen);
        linesSeen = process.Lines.Count;
    }

    /// <summary>After a client that did not end well, who knows how this one stands.</summary>
    internal void StartOver()
    {
        process?.Dispose();
        process = null;
    }
}

/// <summary>An iperf3 that sends through a subject.</summary>
internal sealed class IperfClient
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly Subject subject;
    private readonly IperfServer server;
    private readonly LabProcess process;

    private IperfClient(Subject subject, IperfServer server, LabProcess process) =>
        (this.subject, this.server, this.process) = (subject, server, process);

    /// <summary>Starts a client, to a server of its own.</summary>
    /// <param name="index">Which one, where several run at the same time; it also chooses among the subject's addresses.</param>
    internal static IperfClient Start(Subject subject, int index, params IEnumerable<string> arguments)
    {
        IperfServer server = subject.Iperf(index);
        server.WaitUntilReady();
        (string near, string far) = subject.Addresses[index % subject.Addresses.Count];
        LabProcess process = subject.Near.Start("iperf3", ["-c", far, "-B", near, "-p", $"{server.Port}", "-J", .. arguments], null);
        return new IperfClient(subject, server, process);
    }

    /// <summary>Waits for its end.</summary>
    /// <param name="seconds">How long it should run.</param>
    /// <exception cref="LabException">It failed, or runs for much longer.</exception>
    internal IperfReport WaitForReport(double seconds)
    {
        try
        {
            if (!process.WaitForExit(TimeSpan.FromSeconds(seconds) + Grace))
            {
                throw new LabException($"The command '{process.Command}' did not end in time.");
            }
            return IperfReport.Parse(string.Join('\n', process.Lines.Where(line => !line.IsError)));
        }
        catch (Exception e) when (e is LabException or FormatException)
        {
            process.Dispose();
            server.StartOver();
            throw new LabException($"{subject.Name}: {e.Message}", e);
        }
    }
}
