using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;

namespace MptTools.Cmdlets;

/// <summary>Runs the program mptsrv that lies in the module, with the words it takes on a command line; mptsrv is an alias of it.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "MptDaemon")]
[Alias("mptsrv")]
[OutputType(typeof(string))]
public sealed class InvokeMptDaemonCommand : LinuxCmdlet
{
    /// <summary>The words of the command line, as in: check --config DIR.</summary>
    [Parameter(Position = 0, ValueFromRemainingArguments = true)]
    [AllowEmptyCollection]
    [ValidateNotNull]
    public string[] Argument { get; set; } = [];

    /// <summary>Go on in the background once the server runs: the program's own -d.</summary>
    [Parameter]
    [Alias("d")]
    public SwitchParameter Detach { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        string directory = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!;
        string pwsh = Path.Combine((string)SessionState.PSVariable.GetValue("PSHOME"), "pwsh");
        string program = Path.Combine(directory, "mptsrv.dll");
        WriteVerbose($"Running {program} {string.Join(' ', Argument)}");
        // In the runtime of this PowerShell, for there may be no other; StartupHook of the program says how.
        string[] words =
        [
            "/usr/bin/env", $"DOTNET_STARTUP_HOOKS={program}", "DOTNET_TieredCompilation=0", pwsh, .. Detach ? ["-d"] : Array.Empty<string>(), .. Argument,
        ];
        // A pipeline of its own, so that PowerShell runs the program as it runs every other: on the terminal where nobody takes its output, line by
        // line to who does, with its exit code in LASTEXITCODE. Words in quotation marks are words, whatever is in them.
        string call = "& " + string.Join(' ', words.Select(word => $"'{CodeGeneration.EscapeSingleQuotedStringContent(word)}'"));
        SteppablePipeline pipeline = ScriptBlock.Create(call).GetSteppablePipeline(CommandOrigin.Internal);
        pipeline.Begin(this);
        pipeline.End();
    }
}
