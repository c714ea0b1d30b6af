using System.Collections;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Adds rules to connections that run. From the next packet on they decide.</summary>
[Cmdlet(VerbsCommon.Add, "MptRule", SupportsShouldProcess = true)]
[OutputType(typeof(MptRuleInfo))]
public sealed class AddMptRuleCommand : ConnectionCmdlet
{
    private readonly Dictionary<string, int> added = [];
    private HashSet<string> given = [];

    /// <summary>What is piped: its properties stand for parameters that are not given. A connection's name is not taken for the rule's.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The connection's name, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Connection { get; set; } = [];

    /// <summary>A word to recognise the rule by.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [ValidateWord]
    public string? Name { get; set; }

    /// <summary>IP protocols by name or number; any where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ProtocolCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateProtocols]
    public string[]? Protocol { get; set; }

    /// <summary>Source ports and ranges of them; any where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? SourcePort { get; set; }

    /// <summary>Destination ports and ranges of them; any where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? DestinationPort { get; set; }

    /// <summary>Networks or addresses of which one has the source address; any where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NetworkSourceCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateNetworks]
    public string[]? SourceAddress { get; set; }

    /// <summary>Networks or addresses of which one has the destination address; any where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NetworkDestinationCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateNetworks]
    public string[]? DestinationAddress { get; set; }

    /// <summary>Codepoints, ranges of them, or their names; any where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DscpCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateDscp]
    public string[]? Dscp { get; set; }

    /// <summary>Numbers of the only paths its packets may take; all that are no backup where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [NumberList]
    [AllowNull]
    [AllowEmptyCollection]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int[]? Path { get; set; }

    /// <summary>The number of the path that its packets take as long as that is up and has room.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [EmptyIsNull]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int? Prefer { get; set; }

    /// <summary>How its packets are given to its paths: Packet, Bytes, Flow or Duplicate; as the rest of the connection's where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    public RuleSpread? Spread { get; set; }

    /// <summary>Where all its paths are down its packets are dropped instead of taking another one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [BooleanText(EmptyIsFalse = true)]
    public SwitchParameter Strict { get; set; }

    /// <summary>Its number: that of the rule it comes before. Behind the others where left out. Several come in the order they are piped.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RuleIndexCompleter))]
    [ValidateNumber(0, ConfigRanges.MaxRules - 1)]
    public int? At { get; set; }

    /// <summary>Keys of [rule_n] with their values, as in a file.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>Write the rules as they were taken.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override void Begin() => given = [.. MyInvocation.BoundParameters.Keys];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        SettingsTable keys = Keys();
        keys.Override(Setting);
        WithConnections(Connection, (client, connection) =>
        {
            if (ShouldProcess($"connection {connection.Name}", $"Add rule {keys}"))
            {
                Add(client, connection.Name, keys);
            }
        });
    }

    private void Add(MptClient client, string connection, SettingsTable keys)
    {
        WriteVerbose($"Adding a rule to connection {connection} of server {client.Name}: {keys}.");
        string key = $"{client.Name}/{connection}";
        int before = added.GetValueOrDefault(key);
        int index = client.AddRule(connection, keys, At + before);
        added[key] = before + 1;
        WriteVerbose($"It is rule {index}; Save-MptConfig keeps it.");
        ConnectionStatus status = client.GetStatus().Connections.First(item => item.Name == connection);
        if (before == 0)
        {
            RulesInVain.Warn(this, status);
        }
        if (PassThru)
        {
            WriteObject(new MptRuleInfo(status.Rules.First(rule => rule.Index == index)));
        }
    }

    private SettingsTable Keys()
    {
        bool isConnection = InputObject is { } input && input.TypeNames.Any(name => name.EndsWith(typeof(MptConnectionInfo).FullName!, StringComparison.Ordinal));
        var keys = new SettingsTable();
        keys.Put("name", isConnection && !given.Contains(nameof(Name)) || string.IsNullOrEmpty(Name) ? null : Name);
        keys.Put("protocol", SettingsTable.ListOf(Protocol));
        keys.Put("src_port", SettingsTable.ListOf(SourcePort));
        keys.Put("dst_port", SettingsTable.ListOf(DestinationPort));
        keys.Put("src_addr", SettingsTable.ListOf(SourceAddress));
        keys.Put("dst_addr", SettingsTable.ListOf(DestinationAddress));
        keys.Put("dscp", SettingsTable.ListOf(Dscp));
        keys.Put("paths", SettingsTable.ListOf(Path));
        keys.Put("prefer", Prefer);
        keys.Put("spread", Spread);
        keys.Put("strict", Strict ? true : null);
        return keys;
    }
}
