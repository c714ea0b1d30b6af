using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace MptTools.Cmdlets;

/// <summary>Runs a script block or a command in hosts of a lab.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "MptLab", DefaultParameterSetName = BlockSet)]
[OutputType(typeof(object))]
public sealed class InvokeMptLabCommand : LabCmdlet
{
    private const string BlockSet = "ScriptBlock", CommandSet = "Command";

    private readonly Lock gate = new();
    private LabRun? current;

    /// <summary>Names of hosts, wildcards allowed. The script runs in one after the other.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("Host")]
    [ArgumentCompleter(typeof(LabHostCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>What to run. It sees the caller's variables as $using:name, and keeps its own from one call to the next.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = BlockSet)]
    public ScriptBlock ScriptBlock { get; set; } = ScriptBlock.Create("");

    /// <summary>Arguments for the script block.</summary>
    [Parameter(ParameterSetName = BlockSet)]
    [Alias("Args")]
    [AllowNull]
    [AllowEmptyCollection]
    public object?[]? ArgumentList { get; set; }

    /// <summary>A program, or another command, to run.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = CommandSet)]
    [ValidateNotNullOrEmpty]
    public string Program { get; set; } = "";

    /// <summary>The words of the command.</summary>
    [Parameter(Position = 2, ValueFromRemainingArguments = true, ParameterSetName = CommandSet)]
    [AllowEmptyString]
    [ValidateNotNull]
    public string[] Argument { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (FindLab() is not { } lab)
        {
            return;
        }
        NamePatterns patterns = new(HostName);
        IReadOnlyList<string> hosts = lab.HostNames;
        foreach (string missing in patterns.Missing(hosts))
        {
            WriteError(LabErrors.NoHost(lab.Name, missing, hosts));
        }
        foreach (string host in hosts.Where(patterns.Match))
        {
            if (Stopping)
            {
                return;
            }
            RunIn(lab, host);
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        base.StopProcessing();
        lock (gate)
        {
            current?.Cancel();
        }
    }

    private void RunIn(RunningLab lab, string host)
    {
        string name = $"{lab.Name}: {host}";
        LabScript script = Script();
        using LabRun run = new(script);
        try
        {
            LabSession session = lab.Session(host, Manifest());
            if (session.WouldBlock)
            {
                WriteError(LabErrors.Busy(name));
                return;
            }
            lock (gate)
            {
                current = run;
            }
            session.Begin(run);
        }
        catch (ObjectDisposedException)
        {
            WriteError(LabErrors.Removed(name));
            return;
        }
        try
        {
            if (Stopping)
            {
                run.Cancel();
            }
            run.Relay(this);
        }
        finally
        {
            // What this cmdlet writes may end it, as with -ErrorAction Stop; the script ends with it.
            run.Cancel();
            lock (gate)
            {
                current = null;
            }
        }
        if (run.LastExitCode is { } exitCode)
        {
            SessionState.PSVariable.Set("global:LASTEXITCODE", exitCode);
        }
        if (run.Failure is { } failure && !Stopping)
        {
            if (failure is RuntimeException)
            {
                // As it is, with the id that it has there.
                ExceptionDispatchInfo.Throw(failure);
            }
            ThrowTerminatingError(failure is ObjectDisposedException ? LabErrors.Removed(name) : LabErrors.NotRun(failure, name));
        }
    }

    private LabScript Script()
    {
        string directory = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        if (ParameterSetName == CommandSet)
        {
            return LabScript.OfCommand(Program, Argument, directory, Preferences());
        }
        try
        {
            return LabScript.OfBlock(ScriptBlock, ArgumentList ?? [], SessionState.PSVariable.Get, directory, Preferences());
        }
        catch (ItemNotFoundException e)
        {
            ThrowTerminatingError(LabErrors.UsingNotSet(e));
            throw;
        }
    }

    /// <summary>-Verbose and -Debug are meant for what the script runs.</summary>
    private Dictionary<string, object> Preferences()
    {
        Dictionary<string, object> preferences = [];
        foreach ((string parameter, string variable) in new[] { ("Verbose", "VerbosePreference"), ("Debug", "DebugPreference") })
        {
            if (MyInvocation.BoundParameters.TryGetValue(parameter, out object? value) && value is SwitchParameter { IsPresent: true })
            {
                preferences[variable] = ActionPreference.Continue;
            }
        }
        return preferences;
    }

    private string Manifest() => Path.Combine(MyInvocation.MyCommand.Module.ModuleBase, "MptTools.psd1");
}
