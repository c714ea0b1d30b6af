using System.Management.Automation;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Removes addresses from an interface of a running server's host. A path that has such an address goes down until it is back.</summary>
[Cmdlet(VerbsCommon.Remove, "MptAddress", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMptAddressCommand : ServerCmdlet
{
    /// <summary>The interface.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostInterfaceCompleter))]
    [ValidateNotNullOrEmpty]
    public string Interface { get; set; } = "";

    /// <summary>Addresses with their prefix lengths, as in 10.1.1.7/24. Without one, 24 is taken for IPv4 and 64 for IPv6.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HostPrefixCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Address { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string text in Address)
        {
            if (!InterfaceAddress.TryParse(text, out InterfaceAddress address, out string? fault))
            {
                WriteError(MptErrors.InvalidSetting(fault, text));
                continue;
            }
            WithServer(text, client =>
            {
                if (ShouldProcess($"interface {Interface}", $"Remove address {address}"))
                {
                    WriteVerbose($"Removing {address} from {Interface} on the host of server {client.Name}.");
                    client.RemoveAddress(Interface, address);
                }
            });
        }
    }
}
