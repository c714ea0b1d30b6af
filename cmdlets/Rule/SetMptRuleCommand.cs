using System.Collections;
using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Changes rules of connections that run. Their places among the others stay.</summary>
[Cmdlet(VerbsCommon.Set, "MptRule", DefaultParameterSetName = IndexSet, SupportsShouldProcess = true)]
[OutputType(typeof(MptRuleInfo))]
public sealed class SetMptRuleCommand : RuleCmdlet
{
    private readonly SettingsTable keys = [];

    /// <summary>Another name; empty: none.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [ValidateWord]
    public string? NewName { get; set; }

    /// <summary>IP protocols by name or number; empty: any.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ProtocolCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateProtocols]
    public string[]? Protocol { get; set; }

    /// <summary>Source ports and ranges of them; empty: any.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? SourcePort { get; set; }

    /// <summary>Destination ports and ranges of them; empty: any.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidatePorts]
    public string[]? DestinationPort { get; set; }

    /// <summary>Networks or addresses of which one has the source address; empty: any.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NetworkSourceCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateNetworks]
    public string[]? SourceAddress { get; set; }

    /// <summary>Networks or addresses of which one has the destination address; empty: any.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NetworkDestinationCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateNetworks]
    public string[]? DestinationAddress { get; set; }

    /// <summary>Codepoints, ranges of them, or their names; empty: any.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DscpCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateDscp]
    public string[]? Dscp { get; set; }

    /// <summary>Numbers of the only paths its packets may take; empty: all that are no backup.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [NumberList]
    [AllowNull]
    [AllowEmptyCollection]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int[]? Path { get; set; }

    /// <summary>The number of the path that its packets take as long as that is up and has room; $null: none comes first.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PathIndexCompleter))]
    [EmptyIsNull]
    [ValidateNumber(0, ConfigRanges.MaxPaths - 1)]
    public int? Prefer { get; set; }

    /// <summary>How its packets are given to its paths: Packet, Bytes, Flow or Duplicate; $null: as the rest of the connection's.</summary>
    [Parameter]
    [EmptyIsNull]
    public RuleSpread? Spread { get; set; }

    /// <summary>Where all its paths are down its packets are dropped instead of taking another one.</summary>
    [Parameter]
    public bool? Strict { get; set; }

    /// <summary>Keys of [rule_n] with their values, as in a file; an empty value is as if the key were missing there.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>Write the rules as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override void Begin()
    {
        base.Begin();
        Gather();
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
    protected override void ProcessRecord() => WithRules((client, connection, rule) =>
    {
        if (!ShouldProcess($"{rule.Title} of connection {connection.Name}", $"Set {keys}"))
        {
            return;
        }
        WriteVerbose($"Setting {keys} in {rule.Title} of connection {connection.Name}; Save-MptConfig keeps it.");
        int index = rule.Index!.Value;
        client.SetRule(connection.Name, index, keys);
        if (PassThru)
        {
            WriteObject(new MptRuleInfo(client.GetStatus().Connections.First(item => item.Name == connection.Name).Rules.First(item => item.Index == index)));
        }
    });

    private void Gather()
    {
        keys.PutGiven("name", this, nameof(NewName), NewName);
        keys.PutGiven("protocol", this, nameof(Protocol), Protocol);
        keys.PutGiven("src_port", this, nameof(SourcePort), SourcePort);
        keys.PutGiven("dst_port", this, nameof(DestinationPort), DestinationPort);
        keys.PutGiven("src_addr", this, nameof(SourceAddress), SourceAddress);
        keys.PutGiven("dst_addr", this, nameof(DestinationAddress), DestinationAddress);
        keys.PutGiven("dscp", this, nameof(Dscp), Dscp);
        keys.PutGiven("paths", this, nameof(Path), Path);
        keys.PutGiven("prefer", this, nameof(Prefer), Prefer);
        keys.PutGiven("spread", this, nameof(Spread), Spread);
        keys.Put("strict", Strict);
    }
}
