using System.Management.Automation;
using System.Net;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Makes the configuration of both ends of a tunnel, with a fresh key.</summary>
[Cmdlet(VerbsCommon.New, "MptConfig", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(FileInfo))]
public sealed class NewMptConfigCommand : PSCmdlet
{
    private const string NamePattern = @"^[\p{L}\p{N}][\p{L}\p{N}_.-]*\z";
    private const string NameFault = "A site's name becomes a directory and a connection: it starts with a letter or a digit, and has only letters, digits, '_', '.' and '-'.";

    private readonly List<SiteLink> links = [];
    private IPNetwork? linkNetwork;
    private int linksGiven;

    /// <summary>The directory that gets one directory for each site.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The first site: its directory, and the connection's name at the other one.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateText(NamePattern, NameFault)]
    public string LocalName { get; set; } = "";

    /// <summary>The second site.</summary>
    [Parameter(Mandatory = true, Position = 2)]
    [ValidateText(NamePattern, NameFault)]
    public string RemoteName { get; set; } = "";

    /// <summary>The network inside the tunnel; an IPv4 and an IPv6 one for both. The first two addresses are those of the two sites.</summary>
    [Parameter(Mandatory = true)]
    [ValidateCount(1, 2)]
    [ValidateNotNullOrEmpty]
    public string[] TunnelNetwork { get; set; } = [];

    /// <summary>The first site's addresses inside the tunnel, where they are not the first ones of the networks.</summary>
    [Parameter]
    [ValidateCount(1, 2)]
    [ValidateNotNullOrEmpty]
    public string[]? LocalTunnelAddress { get; set; }

    /// <summary>The second site's addresses inside the tunnel, where they are not the second ones of the networks.</summary>
    [Parameter]
    [ValidateCount(1, 2)]
    [ValidateNotNullOrEmpty]
    public string[]? RemoteTunnelAddress { get; set; }

    /// <summary>The links between the sites, one path each: tables, lines of a CSV file, or names of interfaces.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public object[] Link { get; set; } = [];

    /// <summary>Where links without addresses get theirs from: each a smaller network of it, in their order.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LinkNetwork { get; set; }

    /// <summary>Networks behind the first site.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] LocalNetwork { get; set; } = [];

    /// <summary>Networks behind the second site.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RemoteNetwork { get; set; } = [];

    /// <summary>The tunnel's interface at both sites.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string TunnelName { get; set; } = "tun0";

    /// <summary>The tunnel's MTU in bytes; left out: as much as the paths allow.</summary>
    [Parameter]
    [ValidateNumber(68, 65535)]
    public int? Mtu { get; set; }

    /// <summary>The UDP port for data at both sites.</summary>
    [Parameter]
    [ValidateNumber(1, 65535)]
    public int Port { get; set; } = 23456;

    /// <summary>The UDP port for commands at both sites.</summary>
    [Parameter]
    [ValidateNumber(1, 65535)]
    public int CommandPort { get; set; } = 60456;

    /// <summary>Seconds between two keepalives.</summary>
    [Parameter]
    [ValidateNumber(0.01, 86400)]
    public double KeepaliveSeconds { get; set; } = 1;

    /// <summary>Seconds until a silent path is taken out of use; three keepalives where left out.</summary>
    [Parameter]
    [ValidateNumber(0.01, 259200)]
    public double? DeadSeconds { get; set; }

    /// <summary>How many packets may wait for one that is late; 0: packets are delivered as they come.</summary>
    [Parameter]
    [ValidateNumber(0, 10000)]
    public int ReorderWindow { get; set; } = 1000;

    /// <summary>How the two servers authenticate commands to each other.</summary>
    [Parameter]
    public AuthenticationType Authentication { get; set; } = AuthenticationType.Sha256;

    /// <summary>The key, 64 hexadecimal digits; a fresh one where left out.</summary>
    [Parameter]
    [ValidateText(@"^[0-9A-Fa-f]{64}\z", "A key has 64 hexadecimal digits. New-MptKey makes one.")]
    public string? Key { get; set; }

    /// <summary>Replace files that are there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (LocalName == RemoteName)
        {
            ThrowTerminatingError(MptErrors.InvalidTopology($"Both sites are called {LocalName}. Give each a name of its own.", RemoteName));
        }
        try
        {
            linkNetwork = LinkNetwork is null ? null : Subnets.Parse(LinkNetwork);
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(MptErrors.InvalidTopology(e.Message, LinkNetwork));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (object link in Link)
        {
            try
            {
                links.Add(SiteLink.Read(link, linksGiven, linkNetwork));
            }
            catch (ArgumentException e)
            {
                WriteError(MptErrors.InvalidLink(e, linksGiven + 1, link));
            }
            linksGiven++;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (links.Count < linksGiven)
        {
            // Each of them has had its error. A tunnel with a path less than asked for is not what was asked for.
            return;
        }
        (ServerConfig local, ServerConfig remote) = Configure();
        IReadOnlyList<ConfigFileText>[] sites = [Render(local), Render(remote)];
        if (!Force && sites.SelectMany(files => files).FirstOrDefault(file => System.IO.Path.Exists(file.Path)) is { } old)
        {
            ThrowTerminatingError(MptErrors.ConfigExists(old.Path));
        }
        Write(sites[0], local.Directory, LocalName);
        Write(sites[1], remote.Directory, RemoteName);
    }

    private (ServerConfig Local, ServerConfig Remote) Configure()
    {
        try
        {
            return Compose();
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(MptErrors.InvalidTopology(e.Message, Path));
            throw;
        }
    }

    private (ServerConfig Local, ServerConfig Remote) Compose()
    {
        string root = GetUnresolvedProviderPathFromPSPath(Path);
        IPNetwork[] inside = [.. TunnelNetwork.Select(Subnets.Parse)];
        if (inside.Select(network => AddressText.Version(network.BaseAddress)).Distinct().Count() < inside.Length)
        {
            throw new ArgumentException($"{string.Join(" and ", TunnelNetwork)} are of the same IP version. A tunnel has one network of each version at most.");
        }
        (IPAddress Local, IPAddress Remote)[] ends = [.. inside.Select(Subnets.Ends)];
        Site local = new(
            LocalName, System.IO.Path.Combine(root, LocalName), TunnelAddresses(inside, ends.Select(end => end.Local), LocalTunnelAddress),
            [.. LocalNetwork.Select(Subnets.Parse)]);
        Site remote = new(
            RemoteName, System.IO.Path.Combine(root, RemoteName), TunnelAddresses(inside, ends.Select(end => end.Remote), RemoteTunnelAddress),
            [.. RemoteNetwork.Select(Subnets.Parse)]);
        TimeSpan keepalive = TimeSpan.FromSeconds(KeepaliveSeconds);
        SiteSettings settings = new()
        {
            TunnelName = TunnelName,
            Mtu = Mtu,
            Port = Port,
            CommandPort = CommandPort,
            Keepalive = keepalive,
            Dead = DeadSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : keepalive * 3,
            ReorderWindow = ReorderWindow,
            Authentication = Authentication,
            Key = Key ?? (Authentication == AuthenticationType.Sha256 ? NewMptKeyCommand.Make() : null),
        };
        return (
            settings.Configure(local, remote, links.Select(link => (link.Local, link.Remote, link.Weight))),
            settings.Configure(remote, local, links.Select(link => (link.Remote, link.Local, link.Weight))));
    }

    private static InterfaceAddress[] TunnelAddresses(IPNetwork[] networks, IEnumerable<IPAddress> usual, string[]? wanted)
    {
        InterfaceAddress[] addresses = [.. networks.Zip(usual, (network, address) => new InterfaceAddress(address, network.PrefixLength))];
        foreach (string text in wanted ?? [])
        {
            IPAddress address = AddressText.Parse(text) ?? throw new ArgumentException($"'{text}' is no address. Write one such as 10.0.0.2, without a prefix length.");
            int place = Array.FindIndex(networks, network => network.Contains(address));
            if (place < 0)
            {
                throw new ArgumentException($"{address} is not in {string.Join(" or ", networks)}. Write a tunnel address of that network, or change -TunnelNetwork.");
            }
            addresses[place] = new InterfaceAddress(address, networks[place].PrefixLength);
        }
        return addresses;
    }

    private IReadOnlyList<ConfigFileText> Render(ServerConfig config)
    {
        ConfigResult<IReadOnlyList<ConfigFileText>> result = ConfigWriter.Render(config);
        if (result.Config is null)
        {
            IEnumerable<string> faults = result.Diagnostics.Select(fault => $"{System.IO.Path.GetFileName(fault.File)}: [{fault.Section}] {fault.Key}: {fault.Message}");
            ThrowTerminatingError(MptErrors.InvalidTopology(string.Join(Environment.NewLine, faults), config.Directory));
        }
        return result.Config!;
    }

    private void Write(IReadOnlyList<ConfigFileText> files, string directory, string site)
    {
        if (!ShouldProcess(directory, $"Write the configuration of {site}"))
        {
            return;
        }
        foreach (ConfigFileText file in files)
        {
            WriteVerbose($"Writing {file.Path}{(file.HoldsSecret ? ", which holds the key, for its owner only (mode 0600)" : "")}.");
            try
            {
                file.Write();
            }
            catch (IOException e)
            {
                ThrowTerminatingError(MptErrors.NotWritten(e, file.Path));
            }
            FileItems.Write(this, file.Path);
        }
        // Beside other connections' files there may be more to say than about these.
        foreach (ConfigDiagnostic fault in ConfigLoader.Load(directory).Diagnostics)
        {
            WriteWarning(fault.ToString());
        }
    }
}
