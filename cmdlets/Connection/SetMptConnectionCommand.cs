using System.Collections;
using System.Management.Automation;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Changes settings of connections that run. They carry on, unless the name or a tunnel address changes: then they start anew.</summary>
[Cmdlet(VerbsCommon.Set, "MptConnection", SupportsShouldProcess = true)]
[OutputType(typeof(MptConnectionInfo))]
public sealed class SetMptConnectionCommand : ConnectionCmdlet
{
    // PowerShell makes flags of several names, but not where the parameter may be null.
    private ConnectionPermission? permission;

    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Connection")]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Packets that may wait for one that is late, 0 to 10000; 0: packets are delivered as they come.</summary>
    [Parameter]
    [ValidateNumber(0, ConfigRanges.MaxReorderWindow)]
    public int? ReorderWindow { get; set; }

    /// <summary>How long a packet may wait, 0 to 60000 milliseconds; 0 stands for 100.</summary>
    [Parameter]
    [ValidateNumber(0, ConfigRanges.MaxBufferDelayMilliseconds)]
    public int? MaxBufferDelayMilliseconds { get; set; }

    /// <summary>How packets are given to paths: Packet, Bytes, Flow, Combined, Duplicate or Priority.</summary>
    [Parameter]
    public MappingMode? Mapping { get; set; }

    /// <summary>With Combined: how what no rule matches is given to paths; all but Combined.</summary>
    [Parameter]
    [ValidateSet(nameof(MappingMode.Packet), nameof(MappingMode.Bytes), nameof(MappingMode.Flow), nameof(MappingMode.Duplicate), nameof(MappingMode.Priority))]
    public MappingMode? MappingRest { get; set; }

    /// <summary>None; Send: this server may start changes at the peer; Receive: it takes changes from the peer; or both, with a comma.</summary>
    [Parameter]
    public ConnectionPermission Permission
    {
        get => permission ?? ConnectionPermission.None;
        set => permission = value;
    }

    /// <summary>How commands between the servers are authenticated: None, Random (a random number) or Sha256 (with the key).</summary>
    [Parameter]
    public AuthenticationType? AuthenticationType { get; set; }

    /// <summary>The key shared with the peer: 64 hexadecimal digits, or default for the one built into existing servers.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? AuthenticationKey { get; set; }

    /// <summary>The key that a connection created together with an existing server goes on with: Own, or Default for the one built into those.</summary>
    [Parameter]
    [ValidateSet("Own", "Default")]
    public string? AuthenticationKeyAfterCreate { get; set; }

    /// <summary>This server's UDP port for data, 1 to 65535. It is taken before the old one is given up.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int? LocalPort { get; set; }

    /// <summary>The peer's UDP port for data, 1 to 65535.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int? RemotePort { get; set; }

    /// <summary>The peer's UDP port for commands, 1 to 65535.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int? RemoteCommandPort { get; set; }

    /// <summary>The port the peer should send commands to, 1 to 65535: cmdport_local of this server.</summary>
    [Parameter]
    [ValidateNumber(1, ConfigRanges.MaxPort)]
    public int? LocalCommandPort { get; set; }

    /// <summary>This server's tunnel address: one that a tunnel has. The connection starts anew.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TunnelAddressCompleter))]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string? LocalAddress { get; set; }

    /// <summary>The peer's tunnel address. The connection starts anew.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string? RemoteAddress { get; set; }

    /// <summary>Another name. The connection starts anew; its file keeps its name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewName { get; set; }

    /// <summary>The status key of its file, 0 to 255; 0: in use.</summary>
    [Parameter]
    [ValidateNumber(0, ConfigRanges.MaxStatusCode)]
    public int? StatusCode { get; set; }

    /// <summary>Keys of [connection] with their values, as in a file; an empty value is as if the key were missing there.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>Write the connections as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override void Begin()
    {
        SettingsTable keys = Keys();
        if (keys.Take(Setting) is { } key)
        {
            ThrowTerminatingError(MptErrors.SettingTwice(key));
        }
        if (keys.Count == 0)
        {
            ThrowTerminatingError(MptErrors.NothingToSet(MyInvocation.MyCommand.Name));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        SettingsTable keys = Keys();
        keys.Take(Setting);
        WithConnections(Name, (client, connection) =>
        {
            if (!ShouldProcess($"connection {connection.Name}", $"Set {keys}"))
            {
                return;
            }
            WriteVerbose($"Setting {keys} in connection {connection.Name} of server {client.Name}; Save-MptConfig keeps it.");
            client.SetConnection(connection.Name, keys);
            if (PassThru)
            {
                WriteObject(new MptConnectionInfo(client.GetStatus().Connections.First(item => item.ConfigFile == connection.ConfigFile)));
            }
        });
    }

    private SettingsTable Keys()
    {
        var keys = new SettingsTable();
        keys.Put("name", NewName);
        keys.Put("permission", permission);
        keys.Put("ip_ver", PathKeys.VersionOf(LocalAddress, RemoteAddress));
        keys.Put("ip_local", LocalAddress);
        keys.Put("local_port", LocalPort);
        keys.Put("local_cmd_port", LocalCommandPort);
        keys.Put("ip_remote", RemoteAddress);
        keys.Put("remote_port", RemotePort);
        keys.Put("remote_cmd_port", RemoteCommandPort);
        keys.Put("status", StatusCode);
        keys.Put("reorder_window", ReorderWindow);
        keys.Put("max_buffdelay_msec", MaxBufferDelayMilliseconds);
        keys.Put("mapping", Mapping);
        keys.Put("mapping_rest", MappingRest);
        keys.Put("auth_type", AuthenticationType);
        keys.Put("auth_key", AuthenticationKey);
        keys.Put("auth_key_after_create", AuthenticationKeyAfterCreate?.ToLowerInvariant());
        return keys;
    }
}
