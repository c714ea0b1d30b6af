using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>A lab of this process: its network, the names its links have for people, and what runs in its hosts.</summary>
internal sealed class RunningLab
{
    private readonly LabNetwork network;
    private readonly List<RunningLink> links = [];
    private readonly Dictionary<string, LabSession> sessions = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private string configPath = "";
    private bool removed;

    private RunningLab(LabNetwork network) => this.network = network;

    internal string Name => network.Name;

    internal IReadOnlyList<string> HostNames => [.. network.Hosts.Select(host => host.Name)];

    internal IReadOnlyList<RunningLink> Links => links;

    /// <summary>Makes the hosts, the links and the configuration files of a plan.</summary>
    /// <param name="progress">Told what is made next.</param>
    /// <exception cref="LabException">The system refuses; nothing is left then.</exception>
    internal static RunningLab Make(LabPlan plan, Action<string> progress)
    {
        // An interrupted command is no reason to lose a lab, and only the process itself knows of its servers.
        RunningLab lab = new(new LabNetwork(plan.Name, removedOnSignals: false));
        try
        {
            foreach (string host in plan.Hosts)
            {
                progress($"host {host}");
                lab.network.AddHost(host);
            }
            foreach (LabLinkPlan link in plan.Links)
            {
                progress($"link {link.Name}");
                lab.links.Add(RunningLink.Make(lab.network, link));
            }
            if (LabConfigFiles.CanDescribe(plan))
            {
                lab.configPath = plan.ConfigPath ?? lab.network.FilesDirectory;
                LabConfigFiles.Write(lab.configPath, plan);
            }
            return lab;
        }
        catch
        {
            lab.network.Dispose();
            throw;
        }
    }

    /// <summary>Where scripts of a host run; it begins with the first of them.</summary>
    /// <param name="module">The module's manifest, which is loaded there.</param>
    internal LabSession Session(string hostName, string module)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(removed, this);
            if (!sessions.TryGetValue(hostName, out LabSession? session))
            {
                LabHost host = network.Host(hostName);
                string config = configPath.Length > 0 ? Path.Combine(configPath, hostName) : "";
                session = network.Own(new LabSession(host, module, config));
                sessions.Add(hostName, session);
            }
            return session;
        }
    }

    internal MptLabInfo Info() => new()
    {
        Name = Name,
        Hosts = new(network.Hosts.Select(host => host.Name)),
        Namespaces = new(network.Hosts.Select(host => host.Namespace)),
        Links = new(links.Select(link => link.Name)),
        LinksUp = links.Count(link => link.IsUp),
        ConfigPath = configPath,
    };

    /// <summary>Stops what runs in the hosts and takes everything away.</summary>
    /// <exception cref="LabException">Something could not be removed; everything else was.</exception>
    internal void Remove()
    {
        LabSession[] running;
        lock (gate)
        {
            removed = true;
            running = [.. sessions.Values];
        }
        LabStore.Forget(this);
        // Before the network: a script that is still about to end may ask it something, and it is locked while it goes.
        Parallel.ForEach(running, session => session.Dispose());
        network.Dispose();
    }
}
