using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>A cmdlet that has to do with units of systemd.</summary>
public abstract class ServiceCmdlet : LinuxCmdlet
{
    /// <summary>The directory of the unit; systemd is told of those in its own only.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = UnitFile.SystemDirectory;

    /// <summary>The unit goes where systemd looks, and systemd runs.</summary>
    private protected bool IsManaged { get; private set; }

    /// <summary>The directory of units, as a full path.</summary>
    private protected string UnitDirectory { get; private set; } = "";

    private protected override void Begin()
    {
        UnitDirectory = GetUnresolvedProviderPathFromPSPath(Destination).TrimEnd('/');
        IsManaged = UnitDirectory == UnitFile.SystemDirectory && Systemd.IsRunning;
    }

    /// <summary>Has systemd do something, and waits for it.</summary>
    private protected string Control(string activity, params string[] arguments)
    {
        WriteVerbose($"systemctl {string.Join(' ', arguments)}");
        Task<string> run = Systemd.Control(arguments);
        Await(run, activity, $"Waiting for systemctl {arguments[0]}");
        return run.Result;
    }
}
