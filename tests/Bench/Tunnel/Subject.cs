using MptTools.Lab;

namespace MptTools.Bench.Tunnel;

/// <summary>Something that carries packets from one host to another, built and ready.</summary>
internal sealed class Subject
{
    private readonly Dictionary<int, IperfServer> iperfServers = [];

    internal required string Name { get; init; }
    internal required LabHost Near { get; init; }
    internal required LabHost Far { get; init; }

    /// <summary>The far end's addresses, and for each the near end's that goes with it; one but where connections are counted.</summary>
    internal required IReadOnlyList<(string Near, string Far)> Addresses { get; init; }

    /// <summary>The device at the far end by which what was carried arrives, one for each address.</summary>
    internal required IReadOnlyList<string> FarDevices { get; init; }

    /// <summary>Whether that device is a TUN device, which takes many packets in one.</summary>
    internal bool IsTun { get; init; }

    /// <summary>The two servers, near end first; none where the kernel does it all.</summary>
    internal IReadOnlyList<BenchServer> Servers { get; init; } = [];

    /// <summary>Those whose memory counts.</summary>
    internal IReadOnlyList<BenchServer> MemoryOf { get; init; } = [];

    /// <summary>Whether its servers are stopped while others are measured, because what they do when idle is not nothing.</summary>
    internal bool PausedWhenIdle { get; init; }

    internal bool IsIPv6 => Addresses[0].Far.Contains(':');

    /// <summary>CPU seconds of its servers so far.</summary>
    internal double CpuSeconds() => Servers.Sum(server => ProcessUsage.CpuSecondsOf(server.ProcessId));

    internal IperfServer Iperf(int index)
    {
        int port = 5201 + index;
        if (!iperfServers.TryGetValue(port, out IperfServer? server))
        {
            iperfServers[port] = server = new IperfServer(Far, port);
        }
        return server;
    }

    internal void Pause()
    {
        if (PausedWhenIdle)
        {
            Servers.ToList().ForEach(server => server.Pause());
        }
    }

    internal void Resume()
    {
        if (PausedWhenIdle)
        {
            Servers.ToList().ForEach(server => server.Resume());
        }
    }
}
