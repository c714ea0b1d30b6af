using System.Management.Automation;
using System.Text.RegularExpressions;

namespace MptTools.Cmdlets;

/// <summary>Takes what can be part of a network namespace's name.</summary>
public sealed partial class ValidateLabNameAttribute : ValidateEnumeratedArgumentsAttribute
{
    [GeneratedRegex("^[A-Za-z0-9_.]{1,40}$")]
    private static partial Regex Simple { get; }

    /// <inheritdoc/>
    protected override void ValidateElement(object element)
    {
        if (!Simple.IsMatch($"{element}"))
        {
            throw new ValidationMetadataException($"'{element}' cannot be a name here: use 1 to 40 letters, digits, '_' or '.'.");
        }
    }
}
