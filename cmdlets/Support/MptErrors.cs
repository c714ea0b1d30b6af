using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>What goes wrong, as PowerShell's error records: an id that scripts can rely on, a category, what was meant, and what to do.</summary>
internal static partial class MptErrors
{
    internal static ErrorRecord Record(MptCommandException e, object? target)
    {
        (ErrorCategory category, string action) = e.Kind switch
        {
            MptErrorKind.NotFound => (ErrorCategory.ObjectNotFound, "See Get-MptConnection, Get-MptPath, Get-MptRule and Get-MptNetwork for what there is; ip link and ip address for interfaces and addresses."),
            MptErrorKind.InvalidConfiguration => (ErrorCategory.InvalidData, "Correct the files and check them with Test-MptConfig."),
            MptErrorKind.InvalidSetting => (ErrorCategory.InvalidArgument, "Correct the value; Get-Help about_MptTools_Configuration has all keys with their ranges."),
            MptErrorKind.BadRequest => (ErrorCategory.InvalidArgument, "Use the module of the same version as the server."),
            MptErrorKind.AccessDenied => (ErrorCategory.PermissionDenied, "Run PowerShell as root (sudo pwsh) or join group mpt."),
            MptErrorKind.NoServer => (ErrorCategory.ObjectNotFound, "Start a server with Start-MptServer, or choose one of Get-MptServer."),
            MptErrorKind.SeveralServers => (ErrorCategory.InvalidArgument, "Choose one with -Server; Get-MptServer lists them."),
            MptErrorKind.NotTrusted => (ErrorCategory.SecurityError, "Find out which program has taken the name, and end it."),
            MptErrorKind.Busy => (ErrorCategory.ResourceBusy, "Close other clients of the server and try again."),
            MptErrorKind.TimedOut => (ErrorCategory.OperationTimeout, "Look at the server's events and at the load of the host."),
            MptErrorKind.ConnectionLost => (ErrorCategory.ConnectionError, "See with Get-MptServer whether the server still runs."),
            MptErrorKind.StoppedByHook => (ErrorCategory.OperationStopped, "See the hook in hooks/ of the configuration directory; what it wrote is in the server's log."),
            MptErrorKind.Internal => (ErrorCategory.NotSpecified, "This is a defect of the server; please report it."),
            _ => (ErrorCategory.InvalidOperation, "Remove the cause that the message names and try again; the server's events (Receive-Job, or its log) have more of it."),
        };
        return Record(e, e.Kind.ToString(), category, target, action);
    }

    internal static ErrorRecord Misused(MptCommandException e, string command) =>
        Record(e, nameof(MptErrorKind.BadRequest), ErrorCategory.InvalidArgument, command, "'mpt' without a command shows the syntax.");

    internal static ErrorRecord NotStarted(MptStartException e, object target) =>
        Record(e, "NotStarted", ErrorCategory.OpenError, target, "Remove the cause that the message names and start again; nothing of this start was left behind.");

    internal static ErrorRecord Died(Exception e, string server) =>
        Record(e, "ServerDied", ErrorCategory.OperationStopped, server, "Remove the cause, and start it again with Start-MptServer.");

    internal static ErrorRecord FaultyConfiguration(string directory, string faults, string undone = "started") => Record(
        new InvalidDataException($"The configuration in {directory} has faults, so nothing was {undone}.{Environment.NewLine}{faults}"),
        nameof(MptErrorKind.InvalidConfiguration), ErrorCategory.InvalidData, directory, "Correct the files and check them with Test-MptConfig.");

    internal static ErrorRecord NeedsLinux(string command) => Record(
        new PlatformNotSupportedException(
            $"{command} needs Linux: an MPT server lives in the Linux kernel's TUN devices and routing rules. On this system "
            + "Test-MptConfig works, and nothing else."),
        "NeedsLinux", ErrorCategory.NotImplemented, target: null, "Run it on the Linux host of the server, for instance by ssh or Invoke-Command -HostName.");

    internal static ErrorRecord NothingNamed(string what, string name, string server) => Record(
        new ItemNotFoundException($"Server '{server}' has no {what} '{name}'."), nameof(MptErrorKind.NotFound), ErrorCategory.ObjectNotFound, name,
        $"See Get-Mpt{char.ToUpperInvariant(what[0])}{what[1..]} for what there is.");

    internal static ErrorRecord Gone(string what, string server) => Record(
        new ItemNotFoundException($"Server '{server}' no longer has {what}, or has it anew: it was removed while it was measured."), "Gone",
        ErrorCategory.ObjectNotFound, what, "Measure what Get-MptPath shows now.");

    internal static ErrorRecord Record(Exception e, string id, ErrorCategory category, object? target, string action) =>
        new(e, id, category, target) { ErrorDetails = new ErrorDetails(e.Message) { RecommendedAction = action } };
}
