using System.Management.Automation;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>An IP address without a prefix length, or nothing, as in an empty column of a CSV file.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateAddressAttribute : ValidateArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void Validate(object? arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is not string { Length: > 0 } text)
        {
            return;
        }
        if (text.Contains('/'))
        {
            throw new ValidationMetadataException($"'{text}' has a prefix length, which does not belong here. Give an address such as 10.1.1.2 or fd00::2.");
        }
        if (!InterfaceAddress.TryParse(text, out _, out _))
        {
            throw new ValidationMetadataException($"'{text}' is no IP address. Give one such as 10.1.1.2 or fd00::2.");
        }
    }
}
