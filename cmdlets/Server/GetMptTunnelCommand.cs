using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Gets the tunnel devices of a running server.</summary>
[Cmdlet(VerbsCommon.Get, "MptTunnel")]
[OutputType(typeof(MptTunnelInfo))]
public sealed class GetMptTunnelCommand : ServerCmdlet
{
    /// <summary>Names of tunnel devices, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(TunnelNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithServer(null, client =>
    {
        var patterns = new NamePatterns(Name);
        ServerStatus status = client.GetStatus();
        WriteObject(
            from tunnel in status.Tunnels
            where patterns.Match(tunnel.Name)
            select new MptTunnelInfo(status.Name, tunnel),
            enumerateCollection: true);
        foreach (string name in patterns.Missing([.. status.Tunnels.Select(tunnel => tunnel.Name)]))
        {
            WriteError(MptErrors.NothingNamed("tunnel", name, status.Name));
        }
    });
}
