using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Sets interfaces of a running server's host up or down. Paths over an interface that is down are out of use until it is back.</summary>
[Cmdlet(VerbsCommon.Set, "MptInterface", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SetMptInterfaceCommand : ServerCmdlet
{
    private readonly CutConfirmation confirmation;

    /// <summary>Makes one.</summary>
    public SetMptInterfaceCommand() => confirmation = new CutConfirmation(this);

    /// <summary>The interfaces.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostInterfaceCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Interface { get; set; } = [];

    /// <summary>Up or Down.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public PathState Status { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        bool up = Status == PathState.Up;
        foreach (string name in Interface)
        {
            WithServer(name, client =>
            {
                if (ShouldProcess($"interface {name}", up ? "Set up" : "Set down")
                    && (up || confirmation.Allows($"Everything that goes over {name} stops, not only the tunnel's paths. Set {name} down?")))
                {
                    WriteVerbose($"Setting {name} {(up ? "up" : "down")} on the host of server {client.Name}.");
                    client.SetInterface(name, up);
                }
            });
        }
    }
}
