using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace MptTools.Lab;

/// <summary>A host of a lab: a network namespace with its own interfaces, addresses, routes and sockets.</summary>
/// <remarks>
/// A new host has its loopback interface up, accepts packets by any interface (rp_filter 0), asks for no IPv6 routers
/// and uses IPv6 addresses without waiting for duplicate address detection.
/// </remarks>
public sealed class LabHost
{
    private readonly List<LabProcess> processes = [];
    private readonly Lazy<DeviceStatistics> statistics;

    internal LabHost(LabNetwork lab, string name, string namespaceName)
    {
        Lab = lab;
        Name = name;
        Namespace = namespaceName;
        statistics = new Lazy<DeviceStatistics>(() => lab.Own(new DeviceStatistics(this)));
    }

    /// <summary>The lab the host is in.</summary>
    public LabNetwork Lab { get; }

    /// <summary>The name the host was given.</summary>
    public string Name { get; }

    /// <summary>The name of its network namespace, for <c>ip netns exec</c>.</summary>
    public string Namespace { get; }

    /// <summary>The processes started here with <see cref="Start(string, string[])"/>, those that ended
    /// included.</summary>
    public IReadOnlyList<LabProcess> Processes
    {
        get
        {
            lock (processes)
            {
                return [.. processes];
            }
        }
    }

    /// <summary>Runs a program in the host to its end, at most 30 seconds.</summary>
    /// <exception cref="LabException">The program cannot be started. A program that fails is no exception: see
    /// <see cref="CommandResult.EnsureSuccess"/>.</exception>
    public CommandResult Run(string program, params string[] arguments) =>
        Run(SystemCommand.DefaultTimeout, program, arguments);

    /// <summary>Runs a program in the host to its end; after the given time it is killed with all its
    /// children.</summary>
    /// <exception cref="LabException">The program cannot be started.</exception>
    public CommandResult Run(TimeSpan timeout, string program, params string[] arguments) =>
        SystemCommand.Run(SystemCommand.Require("ip", "iproute2"), ["netns", "exec", Namespace, program, .. arguments],
            timeout, shownAs: string.Join(' ', [$"{Name}:", program, .. arguments]));

    /// <summary>Starts a program in the host and returns while it runs. It is killed when the lab is
    /// disposed.</summary>
    /// <exception cref="LabException">The program cannot be started.</exception>
    public LabProcess Start(string program, params string[] arguments) => Start(program, arguments, null, null);

    /// <summary>Starts a program in the host and returns while it runs. It is killed when the lab is
    /// disposed.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments, each as it is.</param>
    /// <param name="environment">Environment variables to set (or to remove: null) besides those of this
    /// process.</param>
    /// <param name="workingDirectory">The directory it runs in; that of this process unless given.</param>
    /// <exception cref="LabException">The program cannot be started.</exception>
    public LabProcess Start(string program, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment, string? workingDirectory = null)
    {
        ProcessStartInfo start = SystemCommand.Describe(
            SystemCommand.Require("ip", "iproute2"), ["netns", "exec", Namespace, program, .. arguments]);
        start.WorkingDirectory = workingDirectory ?? "";
        foreach ((string key, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[key] = value;
        }
        var process = new LabProcess(SystemCommand.Launch(start), $"{Name}: {string.Join(' ', [program, .. arguments])}");
        lock (processes)
        {
            processes.Add(process);
        }
        return process;
    }

    /// <summary>
    /// Runs code in the host, on a thread of its own that ends with it; sockets made there belong to the host for good
    /// and can be used from any thread afterwards, and threads started there stay in the host.
    /// </summary>
    /// <remarks>
    /// Open sockets here, nothing more: what runs on pool threads (async methods, timers) is not in the host, and
    /// a pool thread first started from here would stay in it.
    /// </remarks>
    public T Invoke<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return NamespaceThread.Run(Namespace, function);
    }

    /// <inheritdoc cref="Invoke{T}(Func{T})"/>
    public void Invoke(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        NamespaceThread.Run(Namespace, () =>
        {
            action();
            return true;
        });
    }

    /// <summary>Runs <c>ip</c> in the host, as in <c>host.Ip("rule", "add", "fwmark", "1", "table",
    /// "100")</c>.</summary>
    /// <exception cref="LabException">It failed; the message holds what it wrote.</exception>
    public CommandResult Ip(params string[] arguments) => IpTool.Run(["-n", Namespace, .. arguments]);

    /// <summary>What <c>ip -json</c> answers, as in <c>host.IpJson("route", "show", "table", "all")</c>.</summary>
    /// <exception cref="LabException">It failed; the message holds what it wrote.</exception>
    public JsonElement IpJson(params string[] arguments) => IpTool.Parse(IpTool.Run(["-n", Namespace, "-json", .. arguments]));

    /// <summary>What <c>ip -json -details -statistics address show</c> answers for one interface.</summary>
    /// <exception cref="LabException">There is no such interface.</exception>
    public JsonElement Device(string device) => IpJson("-details", "-statistics", "address", "show", "dev", device)[0];

    /// <summary>The operational state of an interface as the kernel names it: UP, DOWN, LOWERLAYERDOWN, UNKNOWN (RFC
    /// 2863).</summary>
    /// <exception cref="LabException">There is no such interface.</exception>
    public string OperState(string device) => IpJson("link", "show", "dev", device)[0].GetProperty("operstate").GetString()!;

    /// <summary>Whether an interface is up and has its carrier (the kernel's flag LOWER_UP).</summary>
    /// <exception cref="LabException">There is no such interface.</exception>
    public bool HasCarrier(string device) => IpJson("link", "show", "dev", device)[0].GetProperty("flags")
        .EnumerateArray().Any(flag => flag.GetString() == "LOWER_UP");

    /// <summary>Adds an address with its prefix length, as in 10.1.1.2/24; an IPv6 one is usable at once.</summary>
    /// <exception cref="ArgumentException">It is not an address with a prefix length.</exception>
    /// <exception cref="LabException">The kernel refused it.</exception>
    public void AddAddress(string device, string address) => IpTool.Batch(Namespace, AddressLine(device, address));

    /// <summary>Removes an address, as in 10.1.1.2/24.</summary>
    /// <exception cref="LabException">The interface has no such address.</exception>
    public void RemoveAddress(string device, string address) => Ip("address", "delete", address, "dev", device);

    /// <summary>Sets an interface up.</summary>
    /// <exception cref="LabException">There is no such interface.</exception>
    public void SetLinkUp(string device) => Ip("link", "set", "dev", device, "up");

    /// <summary>Sets an interface down; the kernel then removes its routes and its IPv6 addresses.</summary>
    /// <exception cref="LabException">There is no such interface.</exception>
    public void SetLinkDown(string device) => Ip("link", "set", "dev", device, "down");

    /// <summary>Adds a route.</summary>
    /// <param name="destination">A network as in 10.2.0.0/16 or fd00:2::/64; <c>default</c> takes its version from the
    /// gateway.</param>
    /// <param name="gateway">The next router's address, or null for hosts on the link itself.</param>
    /// <param name="device">The interface, or null when the gateway tells.</param>
    /// <exception cref="LabException">The kernel refused it.</exception>
    public void AddRoute(string destination, string? gateway = null, string? device = null) =>
        Route("add", destination, gateway, device);

    /// <summary>Removes a route that <see cref="AddRoute"/> added.</summary>
    /// <exception cref="LabException">There is no such route.</exception>
    public void RemoveRoute(string destination, string? gateway = null, string? device = null) =>
        Route("delete", destination, gateway, device);

    /// <summary>Sets a kernel parameter below net, as in <c>Sysctl("net.ipv4.ip_forward", "1")</c>.</summary>
    /// <remarks>A device's name may hold dots; write the parameter with slashes then.</remarks>
    /// <exception cref="LabException">There is no such parameter, or the kernel refused the value.</exception>
    public void Sysctl(string name, string value)
    {
        try
        {
            NamespaceThread.WriteFile(Namespace, SysctlPath(name), value);
        }
        catch (IOException e)
        {
            throw new LabException($"The kernel parameter {name} of host {Name} cannot be set to '{value}': {e.Message}", e);
        }
    }

    /// <summary>The value of a kernel parameter below net.</summary>
    /// <exception cref="LabException">There is no such parameter.</exception>
    public string Sysctl(string name)
    {
        try
        {
            return Invoke(() => File.ReadAllText(SysctlPath(name)).Trim());
        }
        catch (IOException e)
        {
            throw new LabException($"The kernel parameter {name} of host {Name} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Lets the host pass packets of others on, IPv4 and IPv6.</summary>
    public void EnableForwarding()
    {
        Sysctl("net.ipv4.ip_forward", "1");
        Sysctl("net.ipv6.conf.all.forwarding", "1");
    }

    /// <summary>Kills every process in the host, whoever started it, but for this one.</summary>
    public void KillAll() => NamespaceRemoval.KillProcesses(Namespace);

    /// <summary>The host's name.</summary>
    public override string ToString() => Name;

    /// <summary>The interfaces' counters, cheap enough to be read many times a second.</summary>
    internal DeviceStatistics Statistics => statistics.Value;

    internal void Prepare()
    {
        Sysctl("net.ipv4.conf.all.rp_filter", "0");
        Sysctl("net.ipv4.conf.default.rp_filter", "0");
        if (Invoke(() => Directory.Exists("/proc/sys/net/ipv6")))
        {
            Sysctl("net.ipv6.conf.default.accept_dad", "0");
            Sysctl("net.ipv6.conf.default.router_solicitations", "0");
        }
        SetLinkUp("lo");
    }

    internal void BringUp(string device, IEnumerable<string> addresses, string settings = "") => IpTool.Batch(Namespace,
        [.. addresses.Select(address => AddressLine(device, address)), $"link set dev {device} {settings} up"]);

    internal void KillProcesses()
    {
        foreach (LabProcess process in Processes)
        {
            process.Dispose();
        }
    }

    private static string AddressLine(string device, string address)
    {
        string[] parts = address.Split('/');
        if (parts.Length != 2 || !IPAddress.TryParse(parts[0], out IPAddress? ip) || !byte.TryParse(parts[1], out byte length)
            || length > (ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))
        {
            throw new ArgumentException(
                $"'{address}' is not an address with a prefix length; write it as in 10.1.1.2/24 or fd00::2/64.", nameof(address));
        }
        bool six = ip.AddressFamily == AddressFamily.InterNetworkV6;
        return $"address add {address} dev {device}{(six ? " nodad" : "")}";
    }

    private static string SysctlPath(string name) =>
        Path.Combine("/proc/sys", name.Contains('/') ? name : name.Replace('.', '/'));

    private void Route(string change, string destination, string? gateway, string? device)
    {
        bool six = destination.Contains(':') || (gateway?.Contains(':') ?? false);
        Ip([six ? "-6" : "-4", "route", change, destination,
            .. gateway is null ? (string[])[] : ["via", gateway], .. device is null ? (string[])[] : ["dev", device]]);
    }
}
