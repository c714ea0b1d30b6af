using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>What goes wrong with servers and services as a whole.</summary>
internal static partial class MptErrors
{
    internal static ErrorRecord CannotRestart(string server, int process, string directory) => Record(
        new InvalidOperationException(
            $"Server '{server}' runs in process {process}, which is neither a job of this PowerShell nor a service of systemd, so nobody here can start it again. It goes on as it was."),
        "CannotRestart", ErrorCategory.InvalidOperation, server,
        $"Restart it where it was started; or have it in this PowerShell from now on: Stop-MptServer {server}; Start-MptServer {directory}. Most changes need no restart: see Import-MptConfig.");

    internal static ErrorRecord FaultyForRestart(string directory, string server, string faults) => Record(
        new InvalidDataException($"The configuration in {directory} has faults, so server '{server}' was not restarted and goes on as it was.{Environment.NewLine}{faults}"),
        nameof(MptErrorKind.InvalidConfiguration), ErrorCategory.InvalidData, directory, "Correct the files and check them with Test-MptConfig.");

    internal static ErrorRecord NotStartedAgain(MptStartException e, string directory) => Record(
        new MptStartException($"The server was stopped and does not start again: {e.Message}", e), "NotStarted", ErrorCategory.OpenError, directory,
        $"Remove the cause, and start it with Start-MptServer {directory}.");

    internal static ErrorRecord SystemdFailed(InvalidOperationException e, object target) => Record(
        e, "SystemdFailed", ErrorCategory.InvalidResult, target, "See systemctl status and journalctl -u for the service.");

    internal static ErrorRecord NoProgram(string program) => Record(
        new FileNotFoundException($"A service cannot run {program}: it is no file that can be executed.", program),
        "NoProgram", ErrorCategory.ObjectNotFound, program, "Give the full path of mptsrv with -Program.");

    internal static ErrorRecord ServiceExists(string file) => Record(
        new IOException($"{file} exists, so nothing was changed."), "ServiceExists", ErrorCategory.ResourceExists, file,
        "Give the service another -Name, or replace the unit with -Force.");

    internal static ErrorRecord ForeignService(string file) => Record(
        new InvalidOperationException($"{file} was not written by Register-MptService, so it is left alone."), "ForeignService", ErrorCategory.InvalidOperation, file,
        "Remove it by hand: systemctl disable --now, and delete the file.");

    internal static ErrorRecord NoSuchService(string name, string directory) => Record(
        new ItemNotFoundException($"There is no service '{name}' in {directory}."), nameof(MptErrorKind.NotFound), ErrorCategory.ObjectNotFound, name,
        $"Services of Register-MptService are files in {directory}; Tab completes their names.");
}
