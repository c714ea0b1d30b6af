using System.Management.Automation;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>Carries out a command in the syntax of the existing servers' mpt client; mpt is an alias of it.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "MptCommand")]
[Alias("mpt")]
[OutputType(typeof(string))]
public sealed class InvokeMptCommandCommand : LinuxCmdlet
{
    /// <summary>The words of the command, as in: show status.</summary>
    [Parameter(Position = 0, ValueFromRemainingArguments = true)]
    [ArgumentCompleter(typeof(MptWordCompleter))]
    [AllowEmptyCollection]
    [ValidateNotNull]
    public string[] Command { get; set; } = [];

    /// <summary>The server: the name of its first tunnel. May be left out where only one server runs.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Server { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        MptCommandResult result = Execute();
        if (result.Output.Length > 0)
        {
            WriteObject(result.Output.TrimEnd('\n').Split('\n'), enumerateCollection: true);
        }
        // Scripts written for the program ask for its exit code.
        SessionState.PSVariable.Set("global:LASTEXITCODE", result.ExitCode);
        if (result.Error is { } error)
        {
            var failure = new MptCommandException(error) { Kind = result.ErrorKind ?? MptErrorKind.Failed };
            string words = string.Join(' ', Command);
            WriteError(result.ExitCode == MptCommandLine.Misused ? MptErrors.Misused(failure, words) : MptErrors.Record(failure, words));
        }
    }

    private MptCommandResult Execute()
    {
        try
        {
            return MptCommandLine.Execute(Command, Server, Stopped);
        }
        catch (OperationCanceledException) when (Stopping)
        {
            throw new PipelineStoppedException();
        }
    }
}
