using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Gets the links of a lab with their state, what they do to packets, and what has gone over them.</summary>
[Cmdlet(VerbsCommon.Get, "MptLabLink")]
[OutputType(typeof(MptLabLinkInfo))]
public sealed class GetMptLabLinkCommand : LabCmdlet
{
    /// <summary>Names of links, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LabLinkCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Link { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (FindLab() is { } lab)
        {
            WriteObject(FindLinks(lab, Link).Select(link => link.Info()), enumerateCollection: true);
        }
    }
}
