using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Takes numbers also as one text with blanks or commas between them, as a CSV file has them; PowerShell reads "1, 2" as 12.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NumberListAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override bool TransformNullOptionalParameters => false;

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        EmptyIsNullAttribute.Plain(inputData) is string text ? text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries) : inputData;
}
