using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>
/// A piped server, or its job or tunnel, stands for all connections of the server: its own name, which would bind to -Name otherwise,
/// is not that of a connection.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AllOfServerAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] Owners = [typeof(MptServerInfo).FullName!, typeof(MptTunnelInfo).FullName!, typeof(MptServerJob).FullName!];

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        // Those from another process have the prefix "Deserialized.".
        inputData is not null && PSObject.AsPSObject(inputData).TypeNames.Any(type => Owners.Any(owner => type.EndsWith(owner, StringComparison.Ordinal)))
            ? new[] { "*" }
            : inputData;
}
