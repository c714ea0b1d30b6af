using System.Management.Automation;
using System.Text.RegularExpressions;

namespace MptTools.Cmdlets;

/// <summary>As ValidatePattern, with a sentence that says what would be right instead of the pattern.</summary>
/// <param name="pattern">What a whole argument matches.</param>
/// <param name="fault">The sentence for one that does not.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateTextAttribute(string pattern, string fault) : ValidateArgumentsAttribute
{
    /// <summary>What a whole argument matches.</summary>
    public string Pattern { get; } = pattern;

    /// <summary>The sentence for one that does not.</summary>
    public string Fault { get; } = fault;

    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is not string text || !Regex.IsMatch(text, Pattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
        {
            throw new ValidationMetadataException(Fault);
        }
    }
}
