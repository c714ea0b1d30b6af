using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that does something in a lab.</summary>
public abstract class LabCmdlet : LinuxCmdlet
{
    /// <summary>The lab, as New-MptLab gives it or by its name. May be left out where there is only one.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LabNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Lab { get; set; }

    /// <summary>The lab that is meant; an error and null where there is none, or more than one.</summary>
    private protected RunningLab? FindLab()
    {
        RunningLab[] all = LabStore.All;
        RunningLab[] meant = [.. all.Where(lab => Lab is null || lab.Name.Equals(Lab, StringComparison.OrdinalIgnoreCase))];
        if (meant.Length == 1)
        {
            return meant[0];
        }
        WriteError(meant.Length == 0 ? LabErrors.NoLab(Lab) : LabErrors.SeveralLabs(all.Select(lab => lab.Name)));
        return null;
    }

    /// <summary>The links of those names, wildcards allowed; an error for each name that no link has.</summary>
    private protected IEnumerable<RunningLink> FindLinks(RunningLab lab, string[]? names)
    {
        NamePatterns patterns = new(names);
        string[] all = [.. lab.Links.Select(link => link.Name)];
        foreach (string missing in patterns.Missing(all))
        {
            WriteError(LabErrors.NoLink(lab.Name, missing, all));
        }
        return lab.Links.Where(link => patterns.Match(link.Name));
    }
}
