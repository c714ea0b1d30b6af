using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Stops services that run servers, and takes their units away.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "MptService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class UnregisterMptServiceCommand : ServiceCmdlet
{
    /// <summary>Names of services, without .service, wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServiceNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [UnitFile.DefaultName];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var patterns = new NamePatterns(Name);
        IReadOnlyList<string> known = UnitFile.NamesIn(UnitDirectory);
        foreach (string name in known.Where(patterns.Match))
        {
            Remove(name, UnitFile.PathOf(UnitDirectory, name));
        }
        foreach (string name in patterns.Missing(known))
        {
            string file = UnitFile.PathOf(UnitDirectory, name);
            WriteError(File.Exists(file) ? MptErrors.ForeignService(file) : MptErrors.NoSuchService(name, UnitDirectory));
        }
    }

    private void Remove(string name, string file)
    {
        if (!ShouldProcess(file, IsManaged ? "Stop the service and remove it" : "Remove the service"))
        {
            return;
        }
        try
        {
            string activity = $"Removing {name}", unit = Path.GetFileName(file);
            if (IsManaged)
            {
                Control(activity, "disable", "--now", unit);
            }
            File.Delete(file);
            WriteVerbose($"{file} is removed; its configuration stays.");
            if (IsManaged)
            {
                Control(activity, "daemon-reload");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(MptErrors.NotWritten(new IOException($"{file} cannot be removed: {e.Message}", e), file));
        }
        catch (InvalidOperationException e)
        {
            WriteError(MptErrors.SystemdFailed(e, name));
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }
}
