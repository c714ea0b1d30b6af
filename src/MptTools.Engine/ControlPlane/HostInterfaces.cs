using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane.Hooks;
using MptTools.Engine.Linux;

namespace MptTools.Engine.ControlPlane;

/// <summary>Addresses and states of this host's interfaces, changed by command; the hooks of the site are called around it.</summary>
internal static class HostInterfaces
{
    /// <summary>Adds or removes an address.</summary>
    /// <param name="run">Runs something in the server's network namespace.</param>
    /// <exception cref="MptCommandException">The system or a hook refuses.</exception>
    internal static void ChangeAddress(HookRunner hooks, string name, InterfaceAddress address, bool isAdded, Action<Action> run)
    {
        HookFacts facts = new(isAdded ? HookChange.AddressAdd : HookChange.AddressDelete) { Interface = name, Address = address.ToString() };
        hooks.Around(facts, () => run(() =>
            Ip($"{address} cannot be {(isAdded ? "added to" : "removed from")} {name}", "address", isAdded ? "add" : "del", address.ToString(), "dev", name)));
    }

    /// <summary>Sets an interface up or down.</summary>
    /// <inheritdoc cref="ChangeAddress"/>
    internal static void Set(HookRunner hooks, string name, bool up, Action<Action> run)
    {
        HookFacts facts = new(up ? HookChange.InterfaceUp : HookChange.InterfaceDown) { Interface = name };
        hooks.Around(facts, () => run(() =>
            Ip($"{name} cannot be set {(up ? "up" : "down")}", "link", "set", "dev", name, up ? "up" : "down")));
    }

    private static void Ip(string failure, params ReadOnlySpan<string> arguments)
    {
        try
        {
            ProgramRun.Result result = IpCommand.Run(arguments);
            if (!result.Succeeded)
            {
                throw Refusal(failure, result.Error);
            }
        }
        catch (MptStartException e)
        {
            throw new MptCommandException($"{failure}: {e.Message}", e);
        }
    }

    // The tool's words differ between IPv4 and IPv6, and between its versions.
    private static MptCommandException Refusal(string failure, string error)
    {
        (string reason, MptErrorKind kind) = error switch
        {
            _ when Says(error, "Cannot find device") => ("there is no such interface on this host; 'ip link' lists them.", MptErrorKind.NotFound),
            _ when Says(error, "already assigned") || Says(error, "File exists") => ("the interface has it already.", MptErrorKind.Failed),
            _ when Says(error, "Address not found") || Says(error, "Cannot assign requested address") => ("the interface does not have it; 'ip address' shows what it has.", MptErrorKind.NotFound),
            _ => (error, MptErrorKind.Failed),
        };
        return new MptCommandException($"{failure}: {reason}") { Kind = kind };
    }

    private static bool Says(string error, string words) => error.Contains(words, StringComparison.OrdinalIgnoreCase);
}
