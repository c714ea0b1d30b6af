using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Takes paths of a running server down, or up again.</summary>
[Cmdlet(VerbsCommon.Set, "MptPath", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MptPathInfo))]
public sealed class SetMptPathCommand : ServerCmdlet
{
    /// <summary>The connection's name.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Connection { get; set; } = "";

    /// <summary>Numbers of paths, as in [path_n].</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, 19)]
    public int[] Index { get; set; } = [];

    /// <summary>
    /// Down: the path carries nothing until it is taken up by hand. Up: it carries traffic as soon as its interface and
    /// its peer are there.
    /// </summary>
    [Parameter(Mandatory = true, Position = 2)]
    public PathState Status { get; set; }

    /// <summary>Write the paths as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (int index in Index)
        {
            string target = $"path {index} of connection {Connection}";
            WithServer(target, client =>
            {
                if (!ShouldProcess(target, Status == PathState.Up ? "Take up" : "Take down"))
                {
                    return;
                }
                PathStatus path = client.SetPathStatus(Connection, index, Status == PathState.Up);
                if (PassThru)
                {
                    WriteObject(new MptPathInfo(path));
                }
            });
        }
    }
}
