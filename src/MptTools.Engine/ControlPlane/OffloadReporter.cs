using System.ComponentModel;
using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>Finds out which offloads this kernel has, and tells once of each that turns out not to work on a device or a path.</summary>
internal sealed class OffloadReporter(ServerContext context)
{
    private static readonly (MergeKinds Kind, string Text)[] Kinds =
    [
        (MergeKinds.TcpIPv4, "TCP over IPv4"), (MergeKinds.TcpIPv6, "TCP over IPv6"),
        (MergeKinds.UdpIPv4, "UDP over IPv4"), (MergeKinds.UdpIPv6, "UDP over IPv6"),
    ];

    /// <summary>What is not turned off, and what the kernel had at the start.</summary>
    internal Offloads Found { get; private set; }

    /// <summary>Once, when the tunnels are there and nothing is sent yet.</summary>
    internal void Start(IReadOnlyList<TunnelRuntime> tunnels)
    {
        Found = context.Offloads & (UdpSocket.FindOffloads() | tunnels[0].Device.Offloads);
        if (context.Offloads != Found)
        {
            string lacking = OffloadNames.Of(context.Offloads & ~Found);
            context.Warn($"This kernel lacks {lacking}. The server uses the next plainer way, which takes more of the processor. A newer kernel helps; disable_offloads = {lacking} in interface.conf silences this.");
        }
    }

    /// <summary>The data plane has met a refusal since the last call.</summary>
    internal void Report(IEnumerable<TunnelRuntime> tunnels, IEnumerable<ConnectionController> connections)
    {
        foreach (TunnelRuntime tunnel in tunnels)
        {
            Report(tunnel);
        }
        foreach (ConnectionController connection in connections)
        {
            foreach (PathController path in connection.Paths)
            {
                Report(connection, path);
            }
        }
    }

    private void Report(TunnelRuntime tunnel)
    {
        MergeKinds news = tunnel.RefusedMerges & ~tunnel.ReportedMerges;
        if (news == MergeKinds.None)
        {
            return;
        }
        tunnel.ReportedMerges |= news;
        context.Warn($"The device of tunnel {tunnel.Config.Name} refuses merged packets ({Describe(news)}), so each of these packets is written by itself from now on, which takes more of the processor. Nothing is lost; disable_offloads = tun_merge in interface.conf keeps the server from trying.");
    }

    private void Report(ConnectionController connection, PathController path)
    {
        if (path.IsRefusalReported || path.Runtime.Socket is not { RunsRefused: not 0 } socket)
        {
            return;
        }
        path.IsRefusalReported = true;
        string reason = new Win32Exception(socket.RunsRefused).Message;
        context.Warn($"Path {path.Runtime.Index} of {connection.Config.Name} ({path.Config.Interface}) cannot send runs of packets in one piece ({reason}), so each is sent by itself from now on, which takes more of the processor. Nothing is lost; disable_offloads = udp_segment in interface.conf keeps the server from trying.", connection.Config.Name, path.Runtime.Index);
    }

    private static string Describe(MergeKinds kinds) =>
        string.Join(", ", Kinds.Where(item => (kinds & item.Kind) != 0).Select(item => item.Text));
}
