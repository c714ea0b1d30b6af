using System.Net;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Lab;

namespace MptTools.Mptsrv.Demo;

/// <summary>Two hosts, two emulated links of 100 Mbit/s, a server on each host. All of it is gone after <see cref="Dispose"/>.</summary>
internal sealed class DemoNetwork : IDisposable
{
    internal const long LinkRate = 100_000_000;
    internal static readonly TimeSpan[] Delays = [TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(20)];
    internal static readonly IPAddress FarTunnelAddress = IPAddress.Parse("10.0.0.3");

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(10);

    private readonly DirectoryInfo files = Directory.CreateTempSubdirectory("mptsrv-demo-");
    private readonly LabNetwork lab = new("mptdemo");
    private readonly LabProcess[] servers;

    internal DemoNetwork()
    {
        try
        {
            Near = lab.AddHost("A");
            Far = lab.AddHost("B");
            Links = [.. Delays.Select((delay, i) => lab.EmulatedLink(
                Near, $"eth{i + 1}", $"10.{i + 1}.1.2/24", Far, $"eth{i + 1}", $"10.{i + 1}.1.3/24",
                // A queue of a round trip's worth, as a modem has.
                new LinkConditions { RateBitsPerSecond = LinkRate, Delay = delay, QueuePackets = 400 }))];
            servers = [StartServer(Near, 2, 3), StartServer(Far, 3, 2)];
            WaitForPaths();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal LabHost Near { get; }
    internal LabHost Far { get; }
    internal IReadOnlyList<EmulatedLink> Links { get; }

    /// <summary>Takes a path of the sending host down or up by hand, as an admin would.</summary>
    internal void SetPath(int path, bool up) => WithServer(client => client.SetPathStatus("demo", path, up));

    internal IReadOnlyList<PathStatus> Paths() => WithServer(client => client.GetStatus().Connections[0].Paths);

    public void Dispose()
    {
        lab.Dispose();
        files.Delete(recursive: true);
    }

    /// <summary>The control socket belongs to the host's network namespace, so its client is made there.</summary>
    private T WithServer<T>(Func<MptClient, T> ask) => Near.Invoke(() => ask(MptClient.Connect("tun0")));

    private LabProcess StartServer(LabHost host, int own, int peer)
    {
        string directory = Path.Combine(files.FullName, host.Name);
        Directory.CreateDirectory(Path.Combine(directory, "connections"));
        File.WriteAllText(Path.Combine(directory, "interface.conf"),
            $"""
            [general]
            tunnel_num = 1
            accept_remote = 0
            [tun_0]
            name = tun0
            mtu = 1440
            ipv4_addr = 10.0.0.{own}/24
            """);
        File.WriteAllText(Path.Combine(directory, "connections", "demo.conf"),
            $"""
            [connection]
            name = demo
            permission = 3
            ip_ver = 4
            ip_local = 10.0.0.{own}
            local_port = 23456
            ip_remote = 10.0.0.{peer}
            remote_port = 23456
            remote_cmd_port = 60456
            path_count = {Links.Count}
            network_count = 0
            status = 0
            reorder_window = 2000
            max_buffdelay_msec = 200
            auth_type = 0

            """ + string.Concat(Links.Select((_, i) =>
            $"""
            [path_{i}]
            interface_name = eth{i + 1}
            ip_ver = 4
            public_ipaddr = 10.{i + 1}.1.{own}
            gw_ipaddr = 10.{i + 1}.1.{own}
            remote_ipaddr = 10.{i + 1}.1.{peer}
            keepalive_time = 0.1
            dead_time = 0.35
            weight_out = 1
            status = 0

            """)));
        (string file, string[] leading) = OwnProgram.Command();
        return host.Start(file, [.. leading, "--config", directory]);
    }

    private void WaitForPaths()
    {
        foreach (LabProcess server in servers)
        {
            server.WaitForLine("The peer of demo is MptTools", StartTime);
        }
    }
}
