using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace MptTools.Cmdlets;

/// <summary>Completes an argument with names of labs of this process, or of what is in them.</summary>
public abstract class LabCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        // While the lab itself is being typed it is not yet the one that is meant.
        string? lab = parameterName is "Lab" or "Name" ? null : fakeBoundParameters["Lab"]?.ToString();
        IEnumerable<RunningLab> labs = LabStore.All.Where(one => lab is null || one.Name.Equals(lab, StringComparison.OrdinalIgnoreCase));
        return [.. labs.SelectMany(Names).Distinct().Where(pattern.IsMatch).Select(name => new CompletionResult(name))];
    }

    private protected abstract IEnumerable<string> Names(RunningLab lab);
}

/// <summary>Completes the names of labs.</summary>
public sealed class LabNameCompleter : LabCompleter
{
    private protected override IEnumerable<string> Names(RunningLab lab) => [lab.Name];
}

/// <summary>Completes the names of hosts.</summary>
public sealed class LabHostCompleter : LabCompleter
{
    private protected override IEnumerable<string> Names(RunningLab lab) => lab.HostNames;
}

/// <summary>Completes the names of links.</summary>
public sealed class LabLinkCompleter : LabCompleter
{
    private protected override IEnumerable<string> Names(RunningLab lab) => lab.Links.Select(link => link.Name);
}
