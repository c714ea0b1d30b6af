using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>An empty text stands for nothing, as in an empty column of a CSV file.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EmptyIsNullAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override bool TransformNullOptionalParameters => false;

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) => Plain(inputData) is "" ? null : inputData;

    internal static object? Plain(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}

/// <summary>Takes True and False as texts too, as a CSV file has them; for PowerShell every text is true.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BooleanTextAttribute : ArgumentTransformationAttribute
{
    /// <summary>An empty text is False: for PowerShell a switch that was given nothing is on.</summary>
    public bool EmptyIsFalse { get; set; }

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) => EmptyIsNullAttribute.Plain(inputData) switch
    {
        string text when bool.TryParse(text, out bool yes) => yes,
        "1" => true,
        "0" => false,
        null or "" => EmptyIsFalse ? false : null,
        _ => inputData,
    };
}
