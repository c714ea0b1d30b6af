using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Tells which path a packet would take now, and by which rule. Nothing is sent, and what comes after is not changed by it.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MptMapping")]
[OutputType(typeof(MptMappingInfo))]
public sealed class TestMptMappingCommand : ServerCmdlet
{
    private const int LargestFlowLabel = 0xFFFFF, SmallestPacket = 20, LargestPacket = 65535;

    /// <summary>The packet's source address.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string Source { get; set; } = "";

    /// <summary>The packet's destination address.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ValidateAddress]
    public string Destination { get; set; } = "";

    /// <summary>Its IP protocol by name or number; TCP where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ProtocolCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [ValidateProtocols(Single = true)]
    public string? Protocol { get; set; }

    /// <summary>Its source port, 0 to 65535.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(0, ConfigRanges.MaxPort)]
    public int? SourcePort { get; set; }

    /// <summary>Its destination port, 0 to 65535.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(0, ConfigRanges.MaxPort)]
    public int? DestinationPort { get; set; }

    /// <summary>Its codepoint by name or number; 0 where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DscpCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [ValidateDscp(Single = true)]
    public string? Dscp { get; set; }

    /// <summary>The flow label of an IPv6 packet, 0 to 1048575.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(0, LargestFlowLabel)]
    public int? FlowLabel { get; set; }

    /// <summary>Its length in bytes with its IP header, 20 (IPv6: 40) to 65535; the tunnel's MTU where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [EmptyIsNull]
    [ValidateNumber(SmallestPacket, LargestPacket)]
    public int? Length { get; set; }

    /// <summary>The connection to ask; the one whose traffic such a packet is where left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [AllowNull]
    [AllowEmptyString]
    [ValidateWord]
    public string? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var question = new MappingQuestion
        {
            Connection = string.IsNullOrEmpty(Connection) ? null : Connection,
            Source = Source,
            Destination = Destination,
            Protocol = string.IsNullOrEmpty(Protocol) ? null : Protocol,
            SourcePort = SourcePort,
            DestinationPort = DestinationPort,
            Dscp = DscpNames.Parse(Dscp ?? "", out IReadOnlyList<int> codepoints) is null ? codepoints[0] : null,
            FlowLabel = FlowLabel,
            Length = Length,
        };
        WithServer($"{Source} > {Destination}", client => WriteObject(new MptMappingInfo(question, client.TestMapping(question))));
    }
}
