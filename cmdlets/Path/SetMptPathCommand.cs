using System.Collections;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Changes paths of a running server: takes them down or up again, and changes their settings. The other paths do not notice.</summary>
[Cmdlet(VerbsCommon.Set, "MptPath", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MptPathInfo))]
public sealed class SetMptPathCommand : ConnectionCmdlet
{
    private readonly CutConfirmation confirmation;

    /// <summary>Makes one.</summary>
    public SetMptPathCommand() => confirmation = new CutConfirmation(this);

    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Connection { get; set; } = [];

    /// <summary>Numbers of paths, as in [path_n].</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int[] Index { get; set; } = [];

    /// <summary>
    /// Down: the path carries nothing until it is taken up by hand. Up: it carries traffic as soon as its interface and
    /// its peer are there.
    /// </summary>
    [Parameter(Position = 2)]
    public PathState? Status { get; set; }

    /// <summary>The path's share of the packets sent, 1 to 10000.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxWeight)]
    public int? WeightOut { get; set; }

    /// <summary>The share the peer is asked to give it at a create, 1 to 10000.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxWeight)]
    public int? WeightIn { get; set; }

    /// <summary>Seconds between two keepalives, 0.01 to 86400; 0: none are sent.</summary>
    [Parameter]
    [ValidateNumber(ConfigRanges.MinSeconds, ConfigRanges.MaxKeepaliveSeconds, OrZero = true)]
    public double? KeepaliveSeconds { get; set; }

    /// <summary>Seconds of silence after which the path is taken out of use, 0.01 to 259200; 0: never.</summary>
    [Parameter]
    [ValidateNumber(ConfigRanges.MinSeconds, ConfigRanges.MaxDeadSeconds, OrZero = true)]
    public double? DeadSeconds { get; set; }

    /// <summary>The network interface the path leaves by.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(HostInterfaceCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Interface { get; set; }

    /// <summary>The address on the interface. The public address and the gateway go along where they were the same.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(HostAddressCompleter))]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string? LocalAddress { get; set; }

    /// <summary>The address the peer sees; 0.0.0.0 or ::: to be found.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(HostAddressCompleter))]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string? PublicAddress { get; set; }

    /// <summary>The next hop. The local address: the peer is on the link; 0.0.0.0 or ::: the one the system knows.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(HostAddressCompleter))]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string? Gateway { get; set; }

    /// <summary>The peer's address on this path.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string? RemoteAddress { get; set; }

    /// <summary>Commands between the servers take this path first; another path that had this loses it.</summary>
    [Parameter]
    public bool? CommandDefault { get; set; }

    /// <summary>What is sent carries a UDP checksum.</summary>
    [Parameter]
    public bool? UdpChecksum { get; set; }

    /// <summary>With the mapping Priority paths of smaller numbers are used first; 1 to 255.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxPathPriority)]
    public int? Priority { get; set; }

    /// <summary>What it sends at most, in bit/s with k, M or G: 8k to 1000G; 0: no limit.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [ValidateRate]
    public string? RateLimit { get; set; }

    /// <summary>Used only when no path without this is up, or by a rule that names it.</summary>
    [Parameter]
    public bool? Backup { get; set; }

    /// <summary>Packets to these TCP ports take this path: ports and ranges such as 8000-8099; empty: none.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? TcpDestinationPort { get; set; }

    /// <summary>Packets from these TCP ports, likewise.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? TcpSourcePort { get; set; }

    /// <summary>Packets to these UDP ports, likewise.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? UdpDestinationPort { get; set; }

    /// <summary>Packets from these UDP ports, likewise.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? UdpSourcePort { get; set; }

    /// <summary>The state it starts with, which it takes on now too: Up, Down until the peer is heard, TakenDown until taken up by hand, or Disabled.</summary>
    [Parameter]
    public PathStartStatus? StartStatus { get; set; }

    /// <summary>Keys of [path_n] with their values, as in a file; an empty value is as if the key were missing there.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>Write the paths as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override void Begin()
    {
        SettingsTable keys = Keys();
        if (Interface is null && LocalAddress is null && keys.Count == 0 && (Setting?.Count ?? 0) == 0 && Status is null)
        {
            ThrowTerminatingError(MptErrors.NothingToSet(MyInvocation.MyCommand.Name));
        }
        keys.Put("private_ipaddr", LocalAddress);
        if (keys.Take(Setting) is { } key)
        {
            ThrowTerminatingError(MptErrors.SettingTwice(key));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithConnections(Connection, (client, connection) =>
    {
        foreach (int index in Index)
        {
            WithServer($"path {index} of connection {connection.Name}", _ => Change(client, connection.Name, index));
        }
    });

    private void Change(MptClient client, string name, int index)
    {
        // Read anew for each path: the change before may have taken down another one.
        ConnectionStatus connection = ConnectionOf(client, name);
        if (connection.Paths.FirstOrDefault(item => item.Index == index) is not { } path)
        {
            WriteError(MptErrors.NoPath(name, index, connection.Paths.Count));
            return;
        }
        SettingsTable keys = KeysOf(path);
        string target = $"path {index} ({path.Interface}) of connection {name}";
        string[] steps = [.. keys.Count > 0 ? [$"Set {keys}"] : Array.Empty<string>(), .. Status switch { PathState.Up => ["Take up"], PathState.Down => ["Take down"], _ => Array.Empty<string>() }];
        if (!ShouldProcess(target, string.Join(", ", steps)) || !MayTakeDown(connection, path, keys, target))
        {
            return;
        }
        if (keys.Count > 0)
        {
            SetKeys(client, connection, path, keys);
        }
        if (Status is { } wanted)
        {
            WriteVerbose(wanted == PathState.Up ? $"Taking {target} up." : $"Taking {target} down; the peer is told where the connection's permission allows.");
            client.SetPathStatus(name, index, wanted == PathState.Up);
        }
        if (!PassThru && !PathKeys.HavePorts(keys))
        {
            return;
        }
        ConnectionStatus after = ConnectionOf(client, name);
        if (PathKeys.HavePorts(keys))
        {
            RulesInVain.Warn(this, after);
        }
        if (PassThru)
        {
            WriteObject(new MptPathInfo(after.Paths[index]));
        }
    }

    // A status of the file takes effect at once, as the reload of a file that has it does.
    private bool MayTakeDown(ConnectionStatus connection, PathStatus path, SettingsTable keys, string target) =>
        (Status is { } wanted ? wanted == PathState.Up : !(keys.TryGetValue("status", out string? start) && start is "131" or "255"))
        || path.Status != PathState.Up
        || connection.Paths.Any(other => other.Index != path.Index && other.Status == PathState.Up)
        || confirmation.Allows($"P{target[1..]} is the only one that is up: without it the connection carries nothing. Take it down?");

    private void SetKeys(MptClient client, ConnectionStatus connection, PathStatus path, SettingsTable keys)
    {
        PathStatus? before = CommandDefault == true ? connection.Paths.FirstOrDefault(other => other.IsCommandDefault && other.Index != path.Index) : null;
        if (before is not null)
        {
            WriteVerbose($"Path {before.Index} is no longer the path for commands, because path {path.Index} is to be.");
            client.SetPath(connection.Name, before.Index, new SettingsTable { ["cmd_default"] = "0" });
        }
        try
        {
            WriteVerbose($"Setting {keys} in path {path.Index} of connection {connection.Name}; Save-MptConfig keeps it.");
            client.SetPath(connection.Name, path.Index, keys);
        }
        catch (MptCommandException) when (before is not null)
        {
            client.SetPath(connection.Name, before.Index, new SettingsTable { ["cmd_default"] = "1" });
            throw;
        }
    }

    private static ConnectionStatus ConnectionOf(MptClient client, string name) =>
        client.GetStatus().Connections.FirstOrDefault(connection => connection.Name == name)
        ?? throw new MptCommandException($"Connection {name} of server {client.Name} is gone.") { Kind = MptErrorKind.NotFound };

    /// <summary>What the parameters say that does not depend on how the path is now.</summary>
    private SettingsTable Keys()
    {
        var keys = new SettingsTable();
        keys.Put("interface_name", Interface);
        keys.Put("public_ipaddr", PublicAddress);
        keys.Put("gw_ipaddr", Gateway);
        keys.Put("remote_ipaddr", RemoteAddress);
        keys.Put("keepalive_time", KeepaliveSeconds);
        keys.Put("dead_time", DeadSeconds);
        keys.Put("weight_out", WeightOut);
        keys.Put("weight_in", WeightIn);
        keys.Put("cmd_default", CommandDefault);
        keys.Put("udp_checksum", UdpChecksum);
        keys.Put("path_priority", Priority);
        keys.PutGiven("rate_limit", this, nameof(RateLimit), RateLimit);
        keys.Put("backup", Backup);
        keys.PutGiven("tcp_dst", this, nameof(TcpDestinationPort), TcpDestinationPort);
        keys.PutGiven("tcp_src", this, nameof(TcpSourcePort), TcpSourcePort);
        keys.PutGiven("udp_dst", this, nameof(UdpDestinationPort), UdpDestinationPort);
        keys.PutGiven("udp_src", this, nameof(UdpSourcePort), UdpSourcePort);
        keys.Put("status", StartStatus);
        return keys;
    }

    private SettingsTable KeysOf(PathStatus path)
    {
        SettingsTable keys = Keys();
        keys.Take(Setting);
        if (LocalAddress is { } address)
        {
            PathKeys.Move(keys, path, address);
        }
        if (PathKeys.VersionOf(RemoteAddress, LocalAddress, PublicAddress, Gateway) is { } version && version != path.IPVersion && !keys.ContainsKey("ip_ver"))
        {
            keys.Put("ip_ver", version);
        }
        return keys;
    }
}
