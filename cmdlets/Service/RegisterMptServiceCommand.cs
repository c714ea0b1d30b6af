using System.Management.Automation;
using System.Reflection;
using System.Text;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Has systemd run a server: from now on and whenever the host starts.</summary>
[Cmdlet(VerbsLifecycle.Register, "MptService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MptServiceInfo))]
public sealed class RegisterMptServiceCommand : ServiceCmdlet
{
    private const string NamePattern = @"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z";

    /// <summary>The configuration directory of the server.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Path", "PSPath", "ConfigDirectory")]
    [ValidateNotNullOrEmpty]
    public string ConfigPath { get; set; } = ConfigDirectory.System;

    /// <summary>The service's name, without .service.</summary>
    [Parameter(Position = 1)]
    [ValidateText(NamePattern, "The name of a service has up to 64 letters, digits, '_', '.' and '-', and begins with a letter or a digit.")]
    public string Name { get; set; } = UnitFile.DefaultName;

    /// <summary>The program mptsrv; the module's own where left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Program { get; set; }

    /// <summary>How long the server may give no sign of life before systemd ends and restarts it, in seconds; 0: for ever.</summary>
    [Parameter]
    [ValidateNumber(0, 3600)]
    public int WatchdogSeconds { get; set; } = 30;

    /// <summary>The least grave events in the journal.</summary>
    [Parameter]
    [ValidateSet("error", "warning", "notice", "info", "debug")]
    public string LogLevel { get; set; } = "info";

    /// <summary>Do not start it now; it starts with the host.</summary>
    [Parameter]
    public SwitchParameter NoStart { get; set; }

    /// <summary>Replace a unit of that name.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string configuration = GetUnresolvedProviderPathFromPSPath(ConfigPath);
        string program = Program is null
            ? Path.Combine(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!, "mptsrv")
            : GetUnresolvedProviderPathFromPSPath(Program);
        string file = UnitFile.PathOf(UnitDirectory, Name);
        if (WhyNot(configuration, program, file) is { } error)
        {
            WriteError(error);
            return;
        }
        if (!ShouldProcess(file, NoStart ? $"Register a service for {configuration}" : $"Register and start a service for {configuration}"))
        {
            return;
        }
        try
        {
            string text = UnitFile.Render(program, configuration, WatchdogSeconds, LogLevel, Runtimes());
            new ConfigFileText(file, Encoding.UTF8.GetBytes(text), HoldsSecret: false).Write();
            WriteVerbose($"{file} is written.");
            WriteObject(IsManaged ? Enable(file, configuration, program) : Written(file, configuration, program));
        }
        catch (IOException e)
        {
            WriteError(MptErrors.NotWritten(e, file));
        }
        catch (InvalidOperationException e)
        {
            WriteError(MptErrors.SystemdFailed(e, Name));
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }

    private ErrorRecord? WhyNot(string configuration, string program, string file)
    {
        ConfigResult<ServerConfig> read = ConfigLoader.Load(configuration);
        if (read.Config is null)
        {
            return MptErrors.FaultyConfiguration(configuration, string.Join(Environment.NewLine, read.Diagnostics), undone: "registered");
        }
        if (!File.Exists(program) || (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(program) & UnixFileMode.UserExecute) == 0))
        {
            return MptErrors.NoProgram(program);
        }
        if (File.Exists(file) && !Force)
        {
            return MptErrors.ServiceExists(file);
        }
        foreach (string path in (string[])[configuration, program])
        {
            if (path.Any(char.IsControl))
            {
                return MptErrors.NoProgram(path);
            }
        }
        return null;
    }

    private MptServiceInfo Enable(string file, string configuration, string program)
    {
        string activity = $"Registering {Name}", unit = Path.GetFileName(file);
        Control(activity, "daemon-reload");
        Control(activity, "enable", unit);
        if (!NoStart)
        {
            // One that runs already would not notice a new unit otherwise.
            Control(activity, "restart", unit);
        }
        string[] state = Control(activity, "show", "--property=ActiveState", "--property=UnitFileState", "--value", unit).Split('\n', StringSplitOptions.TrimEntries);
        return new MptServiceInfo(Name, file, configuration, program, state[0], state.Length > 1 ? state[1] : "");
    }

    private MptServiceInfo Written(string file, string configuration, string program)
    {
        WriteWarning(UnitDirectory == UnitFile.SystemDirectory
            ? $"{file} is written, and nothing is started: systemd does not run here. Where it does, run: systemctl daemon-reload; systemctl enable --now {Name}."
            : $"{file} is written, and nothing is started: systemd looks into {UnitFile.SystemDirectory}. Bring the file there, and run: systemctl daemon-reload; systemctl enable --now {Name}.");
        return new MptServiceInfo(Name, file, configuration, program, "Unknown", "Unknown");
    }

    /// <summary>Where the program finds a runtime: the .NET of this host, or the one that this PowerShell brings.</summary>
    private IEnumerable<string> Runtimes()
    {
        string? dotnet = SessionState.InvokeCommand.GetCommand("dotnet", CommandTypes.Application) is ApplicationInfo { Path: { } found } ? Path.GetDirectoryName(found) : null;
        return dotnet is null ? [PowerShellHome()] : [dotnet, PowerShellHome()];
    }

    private string PowerShellHome() => (string)SessionState.PSVariable.GetValue("PSHOME");
}
