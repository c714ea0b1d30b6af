using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Gets the labs of this PowerShell process.</summary>
[Cmdlet(VerbsCommon.Get, "MptLab")]
[OutputType(typeof(MptLabInfo))]
public sealed class GetMptLabCommand : LinuxCmdlet
{
    /// <summary>Names of labs, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Lab")]
    [ArgumentCompleter(typeof(LabNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        NamePatterns patterns = new(Name);
        RunningLab[] all = LabStore.All;
        foreach (RunningLab lab in all.Where(lab => patterns.Match(lab.Name)))
        {
            WriteObject(lab.Info());
        }
        foreach (string name in patterns.Missing([.. all.Select(lab => lab.Name)]))
        {
            WriteError(LabErrors.NoLab(name));
        }
    }
}
