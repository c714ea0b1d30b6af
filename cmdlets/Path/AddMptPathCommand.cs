using System.Collections;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Adds paths to a connection that runs. The other paths carry on, and lose no packet by it.</summary>
[Cmdlet(VerbsCommon.Add, "MptPath", SupportsShouldProcess = true)]
[OutputType(typeof(MptPathInfo))]
public sealed class AddMptPathCommand : ServerCmdlet, IPathParameters
{
    private HashSet<string> given = [];

    /// <summary>What is piped: its properties stand for parameters that are not given. Of a connection only the name is taken.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The connection's name.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Connection { get; set; } = "";

    /// <summary>The network interface the path leaves by.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostInterfaceCompleter))]
    [ValidateNotNullOrEmpty]
    public string Interface { get; set; } = "";

    /// <summary>The peer's address on this path.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string RemoteAddress { get; set; } = "";

    /// <summary>4 or 6: the version of the path's addresses. Left out: that of the first address that is given, else 4.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ArgumentCompleter(typeof(IPVersionCompleter))]
    [ValidateIPVersion]
    public int? IPVersion { get; set; }

    /// <summary>The address on the interface. Left out: the interface's first address of the version, followed when it changes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostAddressCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [ValidateAddress]
    public string? LocalAddress { get; set; }

    /// <summary>The address the peer sees, where a NAT translates the local one. 0.0.0.0 or ::: to be found.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostAddressCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [ValidateAddress]
    public string? PublicAddress { get; set; }

    /// <summary>The next hop. The local address: the peer is on the link. Left out: the one the system knows for the interface.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostAddressCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [ValidateAddress]
    public string? Gateway { get; set; }

    /// <summary>The path's share of the packets sent, 1 to 10000; 1 where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(1, ConfigRanges.MaxWeight)]
    public int? WeightOut { get; set; }

    /// <summary>The share the peer is asked to give it, 1 to 10000; 1 where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(1, ConfigRanges.MaxWeight)]
    public int? WeightIn { get; set; }

    /// <summary>Seconds between two keepalives, 0.01 to 86400; 0: none are sent. 1 where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(ConfigRanges.MinSeconds, ConfigRanges.MaxKeepaliveSeconds, OrZero = true)]
    public double? KeepaliveSeconds { get; set; }

    /// <summary>Seconds of silence after which the path is taken out of use, 0.01 to 259200; 0: never. Three times KeepaliveSeconds where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(ConfigRanges.MinSeconds, ConfigRanges.MaxDeadSeconds, OrZero = true)]
    public double? DeadSeconds { get; set; }

    /// <summary>Commands between the servers take this path first; one path of a connection may have it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [BooleanText(EmptyIsFalse = true)]
    public SwitchParameter CommandDefault { get; set; }

    /// <summary>What is sent carries a UDP checksum, as it does where this is left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [BooleanText]
    public bool? UdpChecksum { get; set; }

    /// <summary>With the mapping Priority paths of smaller numbers are used first; 1 to 255, 1 where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(1, ConfigRanges.MaxPathPriority)]
    public int? Priority { get; set; }

    /// <summary>What it sends at most, in bit/s with k, M or G: 8k to 1000G; 0, and where left out: no limit.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [ValidateRate]
    public string? RateLimit { get; set; }

    /// <summary>Used only when no path without this is up, or by a rule that names it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [BooleanText(EmptyIsFalse = true)]
    public SwitchParameter Backup { get; set; }

    /// <summary>Packets to these TCP ports take this path: ports and ranges such as 8000-8099.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? TcpDestinationPort { get; set; }

    /// <summary>Packets from these TCP ports, likewise.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? TcpSourcePort { get; set; }

    /// <summary>Packets to these UDP ports, likewise.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? UdpDestinationPort { get; set; }

    /// <summary>Packets from these UDP ports, likewise.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? UdpSourcePort { get; set; }

    /// <summary>The state it starts with: Up where left out, Down until the peer is heard, TakenDown until taken up by hand, or Disabled.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    public PathStartStatus? StartStatus { get; set; }

    /// <summary>Keys of [path_n] with their values, as in a file.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>Write the paths as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override void Begin() => given = [.. MyInvocation.BoundParameters.Keys];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is { } input && input.TypeNames.Any(name => name.EndsWith(typeof(MptConnectionInfo).FullName!, StringComparison.Ordinal)))
        {
            if (!given.Contains(nameof(RemoteAddress)))
            {
                WriteError(MptErrors.InvalidSetting($"Of connection {Connection} itself no address of a path can be taken: its addresses are those of the tunnel. Give -RemoteAddress.", Connection));
                return;
            }
            // They have the names of a path's, and would make a path over the tunnel's own addresses.
            LocalAddress = given.Contains(nameof(LocalAddress)) ? LocalAddress : null;
            IPVersion = given.Contains(nameof(IPVersion)) ? IPVersion : null;
        }
        MptPathSpec path = PathDefaults.Complete(this);
        SettingsTable keys = PathKeys.Of(path);
        keys.Override(Setting);
        WithServer(path, client =>
        {
            if (!ShouldProcess($"connection {Connection}", $"Add path {path}"))
            {
                return;
            }
            WriteVerbose($"Adding a path to connection {Connection} of server {client.Name}: {keys}.");
            int index = client.AddPath(Connection, keys);
            WriteVerbose($"It is path {index}. {(path.KeepaliveSeconds > 0 ? "It carries traffic once the peer has been heard on it" : "It carries traffic at once")}; Save-MptConfig keeps it.");
            if (!PassThru && !PathKeys.HavePorts(keys))
            {
                return;
            }
            ConnectionStatus after = client.GetStatus().Connections.First(connection => connection.Name == Connection);
            if (PathKeys.HavePorts(keys))
            {
                RulesInVain.Warn(this, after);
            }
            if (PassThru)
            {
                WriteObject(new MptPathInfo(after.Paths[index]));
            }
        });
    }
}
