using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Gets the servers that run in this network namespace, in this process or another.</summary>
[Cmdlet(VerbsCommon.Get, "MptServer")]
[OutputType(typeof(MptServerInfo))]
public sealed class GetMptServerCommand : ServersCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Server ??= ["*"];
        base.ProcessRecord();
    }

    private protected override void Process(MptClient client) => WriteObject(new MptServerInfo(client.GetStatus()));
}
