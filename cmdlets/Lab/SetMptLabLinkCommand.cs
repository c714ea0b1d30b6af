using System.Management.Automation;
using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>Changes what links of a lab do to packets, cuts them, and heals them.</summary>
[Cmdlet(VerbsCommon.Set, "MptLabLink", DefaultParameterSetName = ConditionsSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MptLabLinkInfo))]
public sealed class SetMptLabLinkCommand : LabCmdlet
{
    private const string ConditionsSet = "Conditions", CutSet = "Cut", HealSet = "Heal";

    /// <summary>Names of links, wildcards allowed; all links of the lab where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LabLinkCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Link { get; set; }

    /// <summary>Megabits that the link transmits in a second, 0 to 100000; 0: no limit.</summary>
    [Parameter(ParameterSetName = ConditionsSet)]
    [ValidateNumber(0.0, LabLimits.MaximumRateMbps)]
    public double? RateMbps { get; set; }

    /// <summary>How long a packet is under way after it was transmitted, in milliseconds, 0 to 60000.</summary>
    [Parameter(ParameterSetName = ConditionsSet)]
    [ValidateNumber(0.0, LabLimits.MaximumMilliseconds)]
    public double? DelayMilliseconds { get; set; }

    /// <summary>How much shorter or longer than the delay a packet may be under way, in milliseconds, 0 to 60000.</summary>
    [Parameter(ParameterSetName = ConditionsSet)]
    [ValidateNumber(0.0, LabLimits.MaximumMilliseconds)]
    public double? JitterMilliseconds { get; set; }

    /// <summary>How many of a hundred packets get lost, 0 to 100.</summary>
    [Parameter(ParameterSetName = ConditionsSet)]
    [ValidateNumber(0.0, 100.0)]
    public double? LossPercent { get; set; }

    /// <summary>How many packets may wait for transmission, 0 to 1000000; what comes then is dropped.</summary>
    [Parameter(ParameterSetName = ConditionsSet)]
    [ValidateNumber(0, LabLimits.MaximumQueuePackets)]
    public int? QueuePackets { get; set; }

    /// <summary>Cut the link: nothing gets through.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CutSet)]
    public SwitchParameter Cut { get; set; }

    /// <summary>The hosts whose interfaces lose their carrier by the cut, one or both ends of the link; none where left out.</summary>
    [Parameter(ParameterSetName = CutSet)]
    [ArgumentCompleter(typeof(LabHostCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] NoCarrierAt { get; set; } = [];

    /// <summary>Make the link whole again.</summary>
    [Parameter(Mandatory = true, ParameterSetName = HealSet)]
    public SwitchParameter Heal { get; set; }

    /// <summary>Only packets that this host sends; those of both ends where left out.</summary>
    [Parameter(ParameterSetName = ConditionsSet)]
    [Parameter(ParameterSetName = CutSet)]
    [ArgumentCompleter(typeof(LabHostCompleter))]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>Write the links as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        LabConditions conditions = new(RateMbps, DelayMilliseconds, JitterMilliseconds, LossPercent, QueuePackets);
        if (ParameterSetName == ConditionsSet && conditions.IsEmpty)
        {
            ThrowTerminatingError(LabErrors.NothingToSet());
        }
        if (From is not null && NoCarrierAt.Length > 0)
        {
            ThrowTerminatingError(LabErrors.HalfCarrier());
        }
        if (FindLab() is not { } lab)
        {
            return;
        }
        foreach (RunningLink link in FindLinks(lab, Link))
        {
            Change(link, conditions);
        }
    }

    private void Change(RunningLink link, LabConditions conditions)
    {
        string[] named = From is null ? NoCarrierAt : [From];
        if (named.FirstOrDefault(host => !link.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase)) is { } wrong)
        {
            WriteError(LabErrors.NotAnEnd(link.Name, wrong, link.Hosts));
            return;
        }
        string towards = From is null ? "" : $" for packets from {From}";
        (string action, Action change) = ParameterSetName switch
        {
            CutSet when NoCarrierAt.Length > 0 =>
                ($"Cut, with loss of carrier at {string.Join(" and ", NoCarrierAt)}", () => link.CutCarrier(NoCarrierAt)),
            CutSet => ($"Cut{towards}", () => link.Cut(From)),
            HealSet => ("Heal", link.Heal),
            _ => ($"Set {conditions}{towards}", (Action)(() => link.Change(conditions, From))),
        };
        if (!ShouldProcess($"link {link.Name} of lab {link.LabName}", action))
        {
            return;
        }
        try
        {
            change();
        }
        catch (Exception e) when (e is NotSupportedException or LabException or IOException)
        {
            WriteError(LabErrors.LinkNotChanged(e, link.Name));
            return;
        }
        if (PassThru)
        {
            WriteObject(link.Info());
        }
    }

}
