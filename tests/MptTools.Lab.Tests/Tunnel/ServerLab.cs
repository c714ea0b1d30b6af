namespace MptTools.Lab.Tests.Tunnel;

/// <summary>Hosts of any number, joined in any way, with servers on some of them.</summary>
internal sealed class ServerLab : IDisposable
{
    private readonly List<(LabHost Host, ServerFiles Files, string Name)> configured = [];
    private readonly Dictionary<(LabHost, string), ConnectionFile> connectionFiles = [];
    private readonly Dictionary<LabHost, LabServer> servers = [];

    private ServerLab()
    {
    }

    internal LabNetwork Network { get; } = new("servers");

    /// <summary>What the servers are started with beside their directories; to be set before they are configured.</summary>
    internal string[] Arguments { get; set; } = [];

    /// <summary>The server of a host.</summary>
    internal LabServer this[LabHost host] => servers[host];

    /// <summary>The files of a host's server.</summary>
    internal ServerFiles FilesOf(LabHost host) => configured.Find(server => server.Host == host).Files;

    /// <summary>A connection as it was configured at the start.</summary>
    internal ConnectionFile ConnectionOf(LabHost host, string name) => connectionFiles[(host, name)];

    internal LabHost AddHost(string name) => Network.AddHost(name);

    /// <summary>A host that passes packets of others on.</summary>
    internal LabHost AddRouter(string name)
    {
        LabHost host = Network.AddHost(name);
        host.EnableForwarding();
        return host;
    }

    /// <summary>Gives a host a server with one tunnel, tun0.</summary>
    internal void Configure(LabHost host, string? ipv4, string? ipv6, params IEnumerable<ConnectionFile> connections) =>
        Configure(host, [new TunFile("tun0", ipv4, ipv6)], connections);

    /// <summary>Gives a host a server.</summary>
    internal void Configure(LabHost host, IReadOnlyList<TunFile> tunnels, params IEnumerable<ConnectionFile> connections)
    {
        ServerFiles files = Network.Own(new ServerFiles(TunnelLab.CommandPort, tunnels) { Arguments = Arguments });
        foreach (ConnectionFile connection in connections)
        {
            files.Write(connection);
            connectionFiles[(host, connection.Name)] = connection;
        }
        configured.Add((host, files, tunnels[0].Name));
    }

    /// <summary>
    /// Builds the lab, starts the servers, waits until all paths are up, runs the test, stops the servers and sees to it that
    /// they ended well and left nothing in the system.
    /// </summary>
    internal static void Run(Func<ServerLab, Action> buildTest)
    {
        using var lab = new ServerLab();
        LabRun.Guard(lab.Network, () => lab.servers.Values, () =>
        {
            Action test = buildTest(lab);
            Leftovers before = new(lab.configured.Select(server => server.Host));
            foreach (LabServer server in LabServer.StartAll(lab.configured))
            {
                lab.servers[server.Host] = server;
            }
            foreach (LabServer server in lab.servers.Values)
            {
                server.WaitUntilUp();
            }
            test();
            foreach (LabServer server in lab.servers.Values)
            {
                server.StopCleanly();
            }
            before.AssertNone();
        });
    }

    public void Dispose() => Network.Dispose();
}
