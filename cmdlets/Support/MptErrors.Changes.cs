using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>What goes wrong where connections, paths and networks of running servers are changed.</summary>
internal static partial class MptErrors
{
    internal static ErrorRecord NoPath(string connection, int index, int count) => Record(
        new ItemNotFoundException($"Connection {connection} has no path {index}; it has {(count == 1 ? "path 0 only" : $"paths 0 to {count - 1}")}."),
        nameof(MptErrorKind.NotFound), ErrorCategory.ObjectNotFound, $"path {index} of connection {connection}", "See Get-MptPath for the paths there are.");

    internal static ErrorRecord NoRule(string connection, int index, int count) => Record(
        new ItemNotFoundException($"Connection {connection} has no rule {index}; it has {count switch { 0 => "none", 1 => "rule 0 only", _ => $"rules 0 to {count - 1}" }}."),
        nameof(MptErrorKind.NotFound), ErrorCategory.ObjectNotFound, $"rule {index} of connection {connection}", "See Get-MptRule for the rules there are.");

    internal static ErrorRecord OtherRule(string connection, int index, RuleStatus? now) => Record(
        new InvalidOperationException(
            $"Rule {index} of connection {connection} is no longer what it was: {(now is null ? "there is none of this number" : $"it is {Says(now)} now")}, and it is not found in another place."),
        "OtherRule", ErrorCategory.ObjectNotFound, $"rule {index} of connection {connection}", "Look at the rules with Get-MptRule, and pipe the one that is meant as it is now.");

    internal static ErrorRecord RuleOfPorts(string title, object? target) => Record(
        new InvalidOperationException($"{title} is no rule of its own: it stands for the ports of a path."),
        "RuleOfPorts", ErrorCategory.InvalidArgument, target, "Change the ports with Set-MptPath, for instance -TcpDestinationPort; an empty text takes them away.");

    internal static ErrorRecord NoRuleObject(PSObject input) => Record(
        new PSArgumentException($"'{input}' is no rule, so its number is not that of one."),
        "NotARule", ErrorCategory.InvalidArgument, input, "Pipe rules of Get-MptRule, or give the numbers of rules with -Index.");

    private static string Says(RuleStatus rule) => $"{(rule.Conditions.Length > 0 ? rule.Conditions : "every packet")} to {rule.Action}";

    internal static ErrorRecord InvalidSetting(string message, object? target) => Record(
        new MptCommandException(message) { Kind = MptErrorKind.InvalidSetting }, target);

    internal static ErrorRecord NothingToSet(string command) => Record(
        new PSArgumentException($"{command} was not told what to change."), "NothingToSet", ErrorCategory.InvalidArgument, target: null,
        "Give a parameter that changes something, or -Setting with a key and a value.");

    internal static ErrorRecord SettingTwice(string key) => Record(
        new PSArgumentException($"-Setting gives {key}, and so does another parameter."), "SettingTwice", ErrorCategory.InvalidArgument, key, "Leave one of the two out.");

    internal static ErrorRecord FaultyFile(string file, string faults) => Record(
        new InvalidDataException(faults), nameof(MptErrorKind.InvalidConfiguration), ErrorCategory.InvalidData, file, "Correct the file; docs/configuration.md tells what each key means.");

    internal static ErrorRecord RunsAlready(string connection, string file, string server) => Record(
        new InvalidOperationException($"Server '{server}' runs connection {connection} from {file} already."), "RunsAlready", ErrorCategory.ResourceExists, connection,
        "Change it with Set-MptConnection, or take it out with Remove-MptConnection first.");

    internal static ErrorRecord NoKeyForCreate(string connection) => Record(
        new InvalidOperationException($"Connection {connection} has no key, and a create is always authenticated."), "NoKey", ErrorCategory.InvalidArgument, connection,
        "Give the auth_key of the peer's conf.template as -AuthenticationKey, or in the file; default where an existing server has none there.");

    internal static ErrorRecord Incomplete(string connection, string file) => Record(
        new InvalidOperationException($"Connection {connection} cannot start: remote_port, or remote_ipaddr of a path, is missing in {file}."),
        "Incomplete", ErrorCategory.InvalidArgument, connection, "Give RemoteAddress in each path and RemotePort, or have the peer tell them with -CreateOnPeer.");
}
