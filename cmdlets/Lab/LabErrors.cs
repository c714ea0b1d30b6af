using System.Management.Automation;
using static MptTools.Cmdlets.MptErrors;

namespace MptTools.Cmdlets;

/// <summary>What goes wrong with labs, as error records.</summary>
internal static class LabErrors
{
    internal static ErrorRecord NotMade(Exception e, string lab) => Record(
        new InvalidOperationException($"Lab '{lab}' was not made: {e.Message}", e), "LabNotMade", ErrorCategory.ResourceUnavailable, lab,
        "Labs need root, iproute2, /dev/net/tun and network namespaces.");

    internal static ErrorRecord Exists(string lab) => Record(
        new InvalidOperationException($"There is a lab '{lab}' in this process already."), "LabExists", ErrorCategory.ResourceExists, lab,
        "Give the new one another name, or remove the old one with Remove-MptLab.");

    internal static ErrorRecord BadPlan(string message, object? target) => Record(
        new ArgumentException(message), "InvalidLab", ErrorCategory.InvalidArgument, target, "Get-Help New-MptLab -Parameter Link lists the keys.");

    internal static ErrorRecord NoLab(string? name) => Record(
        new ItemNotFoundException(name is null ? "There is no lab in this process." : $"There is no lab '{name}' in this process."),
        "LabNotFound", ErrorCategory.ObjectNotFound, name, "Make one with New-MptLab; Get-MptLab lists those there are. Labs live in the process that made them.");

    internal static ErrorRecord SeveralLabs(IEnumerable<string> names) => Record(
        new ArgumentException($"There are several labs in this process ({string.Join(", ", names)})."), "SeveralLabs", ErrorCategory.InvalidArgument, null,
        "Choose one with -Lab.");

    internal static ErrorRecord NoHost(string lab, string host, IEnumerable<string> hosts) => Record(
        new ItemNotFoundException($"Lab '{lab}' has no host '{host}'; it has {string.Join(", ", hosts)}."), "LabHostNotFound", ErrorCategory.ObjectNotFound, host,
        "See Get-MptLab for the hosts of each lab.");

    internal static ErrorRecord NoLink(string lab, string link, IEnumerable<string> links) => Record(
        new ItemNotFoundException($"Lab '{lab}' has no link '{link}'; it has {string.Join(", ", links)}."), "LabLinkNotFound", ErrorCategory.ObjectNotFound, link,
        "See Get-MptLabLink for the links of each lab.");

    internal static ErrorRecord NotAnEnd(string link, string host, IEnumerable<string> hosts) => Record(
        new ArgumentException($"Host '{host}' is no end of link '{link}', which joins {string.Join(" and ", hosts)}."), "NotAnEnd", ErrorCategory.InvalidArgument, host,
        "Give -From one of the two hosts, or leave it out for both directions.");

    internal static ErrorRecord LinkNotChanged(Exception e, string link) => Record(e, "LinkNotChanged", ErrorCategory.InvalidOperation, link,
        "See Get-MptLabLink for how the link is now, and try again.");

    internal static ErrorRecord NothingToSet() => Record(
        new ArgumentException("Nothing was said that the link should do."), "NothingToSet", ErrorCategory.InvalidArgument, null,
        "Name a rate, delay, jitter, loss or queue, or use -Cut or -Heal.");

    internal static ErrorRecord HalfCarrier() => Record(
        new ArgumentException("A link that loses its carrier is cut in both directions, so -From and -NoCarrierAt cannot stand together."),
        "HalfCarrier", ErrorCategory.InvalidArgument, null, "Leave out one of them.");

    internal static ErrorRecord NotRemoved(Exception e, string lab) => Record(
        e, "LabNotRemoved", ErrorCategory.CloseError, lab, "Everything else is gone. The next New-MptLab, or Remove-MptLab -Leftover in another PowerShell, tries again.");

    internal static ErrorRecord Busy(string session) => Record(
        new InvalidOperationException($"Host {session} already runs something, and a script in a lab host does not wait for another one: it could wait for itself."),
        "LabHostBusy", ErrorCategory.ResourceBusy, session, "Run it from outside the lab's hosts.");

    internal static ErrorRecord Removed(string session) => Record(
        new InvalidOperationException($"Host {session} is gone: its lab is being removed."), "LabNotFound", ErrorCategory.ObjectNotFound, session,
        "Make a new lab with New-MptLab.");

    internal static ErrorRecord NotRun(Exception e, string session) => Record(
        new InvalidOperationException($"The script cannot be run in host {session}: {e.Message}", e), "LabScriptNotRun", ErrorCategory.OpenError, session,
        "Remove the cause that the message names and try again.");

    internal static ErrorRecord UsingNotSet(ItemNotFoundException e) => Record(e, "UsingVariableIsUndefined", ErrorCategory.InvalidOperation, null,
        "Set the variable before, or pass the value with -ArgumentList.");
}
