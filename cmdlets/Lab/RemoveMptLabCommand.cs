using System.Management.Automation;
using MptTools.Lab;

namespace MptTools.Cmdlets;

/// <summary>Removes labs: stops what runs in their hosts and takes hosts, links and files away.</summary>
[Cmdlet(VerbsCommon.Remove, "MptLab", DefaultParameterSetName = NameSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(void))]
public sealed class RemoveMptLabCommand : LinuxCmdlet
{
    private const string NameSet = "Name", LeftoverSet = "Leftover";

    /// <summary>Names of labs, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [Alias("Lab")]
    [ArgumentCompleter(typeof(LabNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Remove what labs of processes that were killed have left behind.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LeftoverSet)]
    public SwitchParameter Leftover { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Leftover)
        {
            RemoveLeftovers();
            return;
        }
        NamePatterns patterns = new(Name);
        RunningLab[] all = LabStore.All;
        foreach (RunningLab lab in all.Where(lab => patterns.Match(lab.Name)))
        {
            Remove(lab);
        }
        foreach (string name in patterns.Missing([.. all.Select(lab => lab.Name)]))
        {
            WriteError(LabErrors.NoLab(name));
        }
    }

    private void Remove(RunningLab lab)
    {
        if (!ShouldProcess($"lab {lab.Name} (hosts {string.Join(", ", lab.HostNames)})", "Remove"))
        {
            return;
        }
        try
        {
            lab.Remove();
        }
        catch (LabException e)
        {
            WriteError(LabErrors.NotRemoved(e, lab.Name));
        }
    }

    private void RemoveLeftovers()
    {
        if (!ShouldProcess("what labs of killed processes have left", "Remove"))
        {
            return;
        }
        try
        {
            foreach (string name in LabNetwork.RemoveLeftovers())
            {
                WriteVerbose($"Removed {name}.");
            }
        }
        catch (LabException e)
        {
            WriteError(LabErrors.NotRemoved(e, "leftovers"));
        }
    }
}
