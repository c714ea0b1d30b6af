using System.Management.Automation;
using MptTools.Engine;

namespace MptTools.Cmdlets;

/// <summary>Has a running server read its configuration again: all of it, or single files of connections.</summary>
[Cmdlet(VerbsData.Import, "MptConfig", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MptConnectionInfo))]
public sealed class ImportMptConfigCommand : ServerCmdlet
{
    /// <summary>Files of connections/, by name or path, wildcards allowed; everything where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("ConfigFile", "PSPath")]
    [ArgumentCompleter(typeof(ConfigFileCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? File { get; set; }

    /// <summary>Write the connections as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (File is null)
        {
            WithServer(null, client =>
            {
                if (ShouldProcess($"server {client.Name}", "Read the whole configuration again"))
                {
                    client.Reload();
                    WriteVerbose($"Server {client.Name} has read its configuration again.");
                    Pass(client.GetStatus(), _ => true);
                }
            });
            return;
        }
        foreach (string given in File)
        {
            WithServer(given, client =>
            {
                string directory = ServerFiles.DirectoryOf(client);
                IReadOnlyList<string> names = ServerFiles.Find(
                    given, GetUnresolvedProviderPathFromPSPath(given), client.Name, directory, ServerFiles.NamesIn(directory), out ErrorRecord? fault);
                if (fault is not null)
                {
                    WriteError(fault);
                }
                foreach (string name in names)
                {
                    WithServer(name, client =>
                    {
                        if (ShouldProcess($"server {client.Name}", $"Read {name} again"))
                        {
                            client.Reload(name);
                            WriteVerbose($"Server {client.Name} has read {name} again.");
                            Pass(client.GetStatus(), connection => connection.ConfigFile == name);
                        }
                    });
                }
            });
        }
    }

    private void Pass(ServerStatus status, Func<ConnectionStatus, bool> isMeant)
    {
        if (PassThru)
        {
            WriteObject(status.Connections.Where(isMeant).Select(connection => new MptConnectionInfo(connection)), enumerateCollection: true);
        }
    }
}
