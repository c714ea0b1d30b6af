using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Writes what was changed in a running server back into its files.</summary>
[Cmdlet(VerbsData.Save, "MptConfig", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(FileInfo))]
public sealed class SaveMptConfigCommand : ServerCmdlet
{
    /// <summary>Files of connections/, by name or path, wildcards allowed; all where left out.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("ConfigFile", "PSPath")]
    [ArgumentCompleter(typeof(ConfigFileCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? File { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (File is null)
        {
            WithServer(null, client => Save(client, null, ServerFiles.DirectoryOf(client)));
            return;
        }
        foreach (string given in File)
        {
            WithServer(given, client =>
            {
                string directory = ServerFiles.DirectoryOf(client);
                // A connection that runs without a file has a name for one.
                string[] known = [.. client.GetStatus().Connections.Select(connection => connection.ConfigFile)];
                IReadOnlyList<string> names = ServerFiles.Find(
                    given, GetUnresolvedProviderPathFromPSPath(given), client.Name, directory, known, out ErrorRecord? fault);
                if (fault is not null)
                {
                    WriteError(fault);
                }
                foreach (string name in names)
                {
                    WithServer(name, client => Save(client, name, directory));
                }
            });
        }
    }

    private void Save(MptClient client, string? file, string directory)
    {
        if (!ShouldProcess(file is null ? directory : Path.Combine(directory, file), $"Write what was changed in server {client.Name}"))
        {
            return;
        }
        IReadOnlyList<string> written = client.Save(file);
        if (written.Count == 0)
        {
            WriteVerbose($"Nothing was changed of {file ?? "any file"} of server {client.Name} since it was loaded, so nothing is written.");
        }
        foreach (string name in written)
        {
            FileItems.Write(this, Path.Combine(directory, name));
        }
    }
}
