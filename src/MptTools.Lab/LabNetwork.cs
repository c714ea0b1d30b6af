namespace MptTools.Lab;

/// <summary>
/// A test network on one machine: hosts that are network namespaces, and links between them. Disposing it removes
/// everything: processes, interfaces, namespaces. So does the end of the process; what a killed process leaves is
/// removed when the next lab is made.
/// </summary>
/// <example>
/// <code>
/// using var lab = new LabNetwork("demo");
/// LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
/// lab.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
/// a.Run("ping", "-c1", "10.1.1.3").EnsureSuccess();
/// </code>
/// </example>
public sealed class LabNetwork : IDisposable
{
    /// <summary>The MTU links have unless another is given, in bytes.</summary>
    public const int DefaultMtu = 1500;

    private readonly Lock gate = new();
    private readonly List<LabHost> hosts = [];
    private readonly List<LabLink> links = [];
    private readonly List<string> wires = [];
    private readonly List<IDisposable> owned = [];
    private readonly string prefix;
    private int lastDeviceIndex = 100;
    private string? files;
    private bool disposed;

    /// <summary>Makes an empty lab and removes what labs of dead processes have left.</summary>
    /// <param name="name">What its namespaces are recognised by: 1 to 40 letters, digits, '_' or '.'.</param>
    /// <param name="removedOnSignals">Whether SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGQUIT remove the lab. Turn it off
    /// in a
    /// program that handles these signals itself and lives on; it then disposes the lab when the time has come.</param>
    /// <exception cref="ArgumentException">The name cannot be used.</exception>
    /// <exception cref="LabException">No lab can be made here; see <see cref="WhyUnavailable"/>.</exception>
    public LabNetwork(string name, bool removedOnSignals = true)
    {
        LabNames.RequireSimple(name, nameof(name));
        if (WhyUnavailable() is string reason)
        {
            throw new LabException(reason);
        }
        RemoveLeftovers();
        Name = name;
        RemovedOnSignals = removedOnSignals;
        prefix = LabNames.NewPrefix(name);
        LabRegistry.Add(this);
    }

    /// <summary>The name it was given.</summary>
    public string Name { get; }

    /// <summary>Whether ending signals remove the lab.</summary>
    public bool RemovedOnSignals { get; }

    /// <summary>Its hosts in the order they were added.</summary>
    public IReadOnlyList<LabHost> Hosts => Snapshot(hosts);

    /// <summary>Its links in the order they were added.</summary>
    public IReadOnlyList<LabLink> Links => Snapshot(links);

    /// <summary>A directory for the lab's files that only root can read; it is removed with the lab.</summary>
    /// <exception cref="LabException">It cannot be made.</exception>
    public string FilesDirectory
    {
        get
        {
            lock (gate)
            {
                ObjectDisposedException.ThrowIf(disposed, this);
                return files ??= LabFiles.Create(prefix + "files");
            }
        }
    }

    /// <summary>Removes what labs of processes that were killed have left. Making a lab does this too.</summary>
    /// <returns>The names of the namespaces and directories that were there.</returns>
    /// <exception cref="LabException">Something could not be removed.</exception>
    public static IReadOnlyList<string> RemoveLeftovers() =>
        [.. NamespaceRemoval.RemoveStale(), .. LabFiles.RemoveStale()];

    /// <inheritdoc cref="LabRequirements.WhyUnavailable"/>
    public static string? WhyUnavailable() => LabRequirements.WhyUnavailable();

    /// <summary>Adds a host.</summary>
    /// <param name="name">Its name: 1 to 40 letters, digits, '_' or '.', unlike any other host's.</param>
    /// <exception cref="ArgumentException">The name cannot be used or is taken.</exception>
    /// <exception cref="LabException">The system refused the namespace.</exception>
    public LabHost AddHost(string name)
    {
        LabNames.RequireSimple(name, nameof(name));
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (hosts.Any(other => other.Name == name))
            {
                throw new ArgumentException($"The lab {Name} already has a host {name}; give this one another name.", nameof(name));
            }
            var host = new LabHost(this, name, prefix + name);
            IpTool.Run("netns", "add", host.Namespace);
            hosts.Add(host);
            host.Prepare();
            return host;
        }
    }

    /// <summary>The host of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public LabHost Host(string name) => Hosts.FirstOrDefault(host => host.Name == name)
        ?? throw new KeyNotFoundException(
            $"The lab {Name} has no host {name}; it has {string.Join(", ", Hosts.Select(host => host.Name))}.");

    /// <summary>Joins two hosts by a plain veth pair with one address at each end.</summary>
    /// <inheritdoc cref="Link(LabHost, string, IEnumerable{string}, LabHost, string, IEnumerable{string}, int)"/>
    public VethLink Link(LabHost a, string deviceA, string addressA, LabHost b, string deviceB, string addressB,
        int mtu = DefaultMtu) => Link(a, deviceA, [addressA], b, deviceB, [addressB], mtu);

    /// <summary>Joins two hosts by a plain veth pair.</summary>
    /// <param name="a">The first host.</param>
    /// <param name="deviceA">The interface's name there, at most 15 characters.</param>
    /// <param name="addressesA">Its addresses with prefix lengths, as in 10.1.1.2/24 and fd00:1::2/64; none is
    /// fine.</param>
    /// <param name="b">The second host; may be the first again.</param>
    /// <param name="deviceB">The interface's name there.</param>
    /// <param name="addressesB">Its addresses.</param>
    /// <param name="mtu">The MTU of both interfaces in bytes.</param>
    /// <exception cref="ArgumentException">An address is not one.</exception>
    /// <exception cref="LabException">The kernel refused an interface or an address.</exception>
    public VethLink Link(LabHost a, string deviceA, IEnumerable<string> addressesA,
        LabHost b, string deviceB, IEnumerable<string> addressesB, int mtu = DefaultMtu) =>
        Add(new VethLink(new LinkEnd(a, deviceA, [.. addressesA]), new LinkEnd(b, deviceB, [.. addressesB]), mtu));

    /// <summary>Joins two hosts by a link with a switch in between and one address at each end.</summary>
    /// <inheritdoc cref="SwitchedLink(LabHost, string, IEnumerable{string}, LabHost, string, IEnumerable{string}, int)"/>
    public SwitchedLink SwitchedLink(LabHost a, string deviceA, string addressA, LabHost b, string deviceB, string addressB,
        int mtu = DefaultMtu) => SwitchedLink(a, deviceA, [addressA], b, deviceB, [addressB], mtu);

    /// <summary>Joins two hosts by Ethernet with a switch in between, so that each end can lose its carrier and stay
    /// up.</summary>
    /// <inheritdoc cref="Link(LabHost, string, IEnumerable{string}, LabHost, string, IEnumerable{string}, int)"/>
    public SwitchedLink SwitchedLink(LabHost a, string deviceA, IEnumerable<string> addressesA,
        LabHost b, string deviceB, IEnumerable<string> addressesB, int mtu = DefaultMtu) =>
        Add(new SwitchedLink(new LinkEnd(a, deviceA, [.. addressesA]), new LinkEnd(b, deviceB, [.. addressesB]), mtu));

    /// <summary>Joins two hosts by an emulated link with one address at each end.</summary>
    /// <inheritdoc cref="EmulatedLink(LabHost, string, IEnumerable{string}, LabHost, string, IEnumerable{string}, LinkConditions?, int)"/>
    public EmulatedLink EmulatedLink(LabHost a, string deviceA, string addressA, LabHost b, string deviceB, string addressB,
        LinkConditions? conditions = null, int mtu = DefaultMtu) =>
        EmulatedLink(a, deviceA, [addressA], b, deviceB, [addressB], conditions, mtu);

    /// <summary>Joins two hosts by a link with rate, delay, jitter, loss and reordering of its own.</summary>
    /// <param name="a">The first host.</param>
    /// <param name="deviceA">The interface's name there, at most 15 characters.</param>
    /// <param name="addressesA">Its addresses with prefix lengths, as in 10.1.1.2/24 and fd00:1::2/64; none is
    /// fine.</param>
    /// <param name="b">The second host.</param>
    /// <param name="deviceB">The interface's name there.</param>
    /// <param name="addressesB">Its addresses.</param>
    /// <param name="conditions">What the link does in both directions; everything arrives at once unless given.</param>
    /// <param name="mtu">The MTU of both interfaces in bytes, 68 to 65,535.</param>
    /// <exception cref="ArgumentException">An address or an interface's name is not one.</exception>
    /// <exception cref="LabException">The kernel refused an interface or an address.</exception>
    public EmulatedLink EmulatedLink(LabHost a, string deviceA, IEnumerable<string> addressesA,
        LabHost b, string deviceB, IEnumerable<string> addressesB, LinkConditions? conditions = null, int mtu = DefaultMtu)
    {
        if (mtu is < 68 or > 65_535)
        {
            throw new ArgumentOutOfRangeException(nameof(mtu), mtu, "The MTU must be 68 to 65,535 bytes.");
        }
        return Add(new EmulatedLink(new LinkEnd(a, deviceA, [.. addressesA]), new LinkEnd(b, deviceB, [.. addressesB]),
            conditions ?? new LinkConditions(), mtu));
    }

    /// <summary>Removes all processes, links and hosts. Safe to call again and from any thread.</summary>
    /// <exception cref="LabException">Something could not be removed; everything else was.</exception>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }
            disposed = true;
            var failures = new List<Exception>();
            void Attempt(Action step)
            {
                try
                {
                    step();
                }
                catch (Exception e)
                {
                    failures.Add(e);
                }
            }
            hosts.ForEach(host => Attempt(host.KillProcesses));
            owned.ForEach(item => Attempt(item.Dispose));
            links.ForEach(link => Attempt(link.Dispose));
            hosts.ForEach(host => Attempt(() => NamespaceRemoval.Remove(host.Namespace)));
            wires.ForEach(wire => Attempt(() => NamespaceRemoval.Remove(wire)));
            if (files is not null)
            {
                Attempt(() => LabFiles.Remove(files));
            }
            LabRegistry.Remove(this);
            if (failures.Count > 0)
            {
                throw new LabException($"The lab {Name} could not be removed completely: " +
                    string.Join(" ", failures.Select(failure => failure.Message)), new AggregateException(failures));
            }
        }
    }

    /// <summary>Lets the lab dispose something together with itself, before its links and hosts go.</summary>
    /// <returns>The thing itself.</returns>
    public T Own<T>(T item) where T : IDisposable
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            owned.Add(item);
        }
        return item;
    }

    /// <summary>The lab's name and its hosts.</summary>
    public override string ToString() => $"{Name} ({string.Join(", ", Hosts)})";

    /// <summary>A namespace for what lies between hosts. No host's name has a '-' in it.</summary>
    internal string AddWire()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            string wire = $"{prefix}wire-{wires.Count + 1}";
            IpTool.Run("netns", "add", wire);
            wires.Add(wire);
            return wire;
        }
    }

    internal int NextDeviceIndex() => Interlocked.Increment(ref lastDeviceIndex);

    private T Add<T>(T link) where T : LabLink
    {
        lock (gate)
        {
            if (!disposed)
            {
                links.Add(link);
                return link;
            }
        }
        link.Dispose();
        throw new ObjectDisposedException(nameof(LabNetwork));
    }

    private IReadOnlyList<T> Snapshot<T>(List<T> list)
    {
        lock (gate)
        {
            return [.. list];
        }
    }
}
