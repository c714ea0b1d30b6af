using System.Management.Automation;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Reads configuration files and tells of every fault, on any system, without starting anything.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MptConfig")]
[OutputType(typeof(MptConfigFault), typeof(bool))]
public sealed class TestMptConfigCommand : PSCmdlet
{
    /// <summary>The directory of interface.conf. Without it: conf where that holds an interface.conf, else /etc/mpttools.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Path", "PSPath", "ConfigDirectory")]
    [ValidateNotNullOrEmpty]
    public string? ConfigPath { get; set; }

    /// <summary>Only tell whether the configuration can be used.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string here = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        ConfigResult<ServerConfig> result = ConfigLoader.Load(
            ConfigPath is null ? ConfigDirectory.Default(here) : GetUnresolvedProviderPathFromPSPath(ConfigPath));
        if (Quiet)
        {
            WriteObject(result.Config is not null);
        }
        else
        {
            WriteObject(result.Diagnostics.Select(diagnostic => new MptConfigFault(diagnostic)), enumerateCollection: true);
        }
    }
}
